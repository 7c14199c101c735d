"""Corrections at any time put things right: every outcome turned into every other, with the follow-up in every state.

One test a state: all pairs are tried on children of their own in one small trust, and what is left is compared whole.
"""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db import follow_up_actions
from models.db.auditor import audit
from models.domain.ids import FollowUpId
from models.domain.words import ClosedReason
from tests.engine.world import World, at

LIMITS = load_audit_limits(config_dir=None)
MONDAY = at("2026-06-01 10:00")  # a week before the world's noon


class Outcome(NamedTuple):
    """What may be recorded, and what it means: `opens` is the trigger and the way of the follow-up it opens."""

    status: str
    subtype: str | None = None
    mode: str = "home"
    opens: tuple[str, str] | None = None
    means: str = ""


OUTCOMES = {
    "not brought": Outcome("missed", "wnb", opens=("missed", "not_brought")),
    "no answer": Outcome("missed", "nav_no_answer", opens=("missed", "no_access")),
    "refused entry": Outcome("missed", "nav_refused_entry", opens=("missed", "no_access")),
    "address unknown": Outcome("missed", "address_unknown", opens=("missed", "not_found")),
    "travelling": Outcome("missed", "travelling", opens=("missed", "not_found")),
    "late cancellation again": Outcome("missed", "repeat_late_cancel", opens=("missed", "not_brought")),
    "came, not seen": Outcome("arrived_not_seen", opens=("missed", "came")),
    "left before seen": Outcome("arrived_not_seen", "left_before_seen", opens=("missed", "came")),
    "child not seen": Outcome("attended", "child_not_seen", opens=("missed", "child_not_seen")),
    "cancelled by family": Outcome("cancelled_by_family", opens=("cancelled", "by_family")),
    "cancelled by us": Outcome("cancelled_by_service", opens=("cancelled", "by_service")),
    "cancelled by whom": Outcome("cancelled", opens=("cancelled", "by_unknown")),
    "declined": Outcome("declined", opens=("declined", "decline_incomplete")),
    "attended": Outcome("attended", means="seen"),
    "attended late": Outcome("attended_late", means="seen"),
    "by video": Outcome("attended", mode="video", means="unproven"),
    "died": Outcome("cancelled", "person_died", means="nothing"),
    "void": Outcome("void", means="nothing"),
    "unrecorded": Outcome("booked", means="unrecorded"),  # a week ago: detection asks for it at once
    "booked again": Outcome("booked", means="waiting"),  # in a week's time, under the same id
}
FROM = {name: outcome for name, outcome in OUTCOMES.items() if outcome.means != "waiting"}
UNRECORDED = ("outcome_not_recorded", None)
UNPROVEN = ("missed", "unproven")
CORRECTED = ("corrected", None)
Left = tuple[str, str, str | None] | None  # state, trigger and way of the follow-up; None: there is none
Pairs = dict[tuple[str, str], tuple[int, int]]  # from and to, with child and appointment


def every_pair(world: World, *, flag: str | None = None, **given: object) -> Pairs:
    """A child and an appointment of a week ago for each pair, recorded as its `from`, and looked at."""
    pairs = {}
    for before, outcome in FROM.items():
        for after in OUTCOMES:
            child = world.child()
            if flag:
                world.add("flag", person_id=child, code=flag, set_at=world.now, set_by="import:epr")
            row = {"status": outcome.status, "subtype": outcome.subtype, "mode": outcome.mode, "ends_at": MONDAY}
            pairs[before, after] = child, world.appointment(child, **(row | given))
    look(world)
    return pairs


def look(world: World) -> None:
    """The engine looks at what has come, and tells whom it concerns."""
    world.detect()
    world.advance()


def correct(world: World, pairs: Pairs) -> None:
    """Each appointment is recorded anew as its `to`, and looked at."""
    world.later(hours=1)
    for (before, after), (_, appointment) in pairs.items():
        outcome = OUTCOMES[after]
        if outcome.means == "waiting":
            world.moves(appointment, world.now + timedelta(days=7))
        elif before != after:
            world.records(appointment, outcome.status, subtype=outcome.subtype, mode=outcome.mode)
    look(world)


def left(world: World, pairs: Pairs) -> dict[tuple[str, str], Left]:
    """What became of each pair's own follow-up."""
    rows = world.rows("SELECT appointment_id, state, trigger, how FROM follow_up WHERE appointment_id IS NOT NULL")
    found = {row.appointment_id: (row.state, row.trigger, row.how) for row in rows}
    return {pair: found.get(appointment) for pair, (_, appointment) in pairs.items()}


def expected(before: str, after: str, *, live: str = "open", seen: str = "seen") -> Left:
    """What a correction leaves of a follow-up that stood as detection left it. `live`, `seen`: its states by then."""
    old, new = OUTCOMES[before], OUTCOMES[after]
    unrecorded = old.means == "unrecorded"
    if before == after:
        return (live, *old.opens) if old.opens else (live, *UNRECORDED) if unrecorded else None
    if new.opens:
        return (live, *new.opens)
    if new.means == "unrecorded":
        return (live, *UNRECORDED)
    if unrecorded:
        return ("closed", *UNRECORDED)
    if old.opens is None:
        return None
    match new.means:
        case "seen":
            return (seen, *old.opens)
        case "unproven":
            return (live, *UNPROVEN)
        case "nothing":
            return (live, *CORRECTED)
    return (live, *old.opens)  # booked again: a booking never ends a miss


def table(**states: str) -> dict[tuple[str, str], Left]:
    return {(before, after): expected(before, after, **states) for before in FROM for after in OUTCOMES}


def is_clean(world: World) -> None:
    """Design section 3 holds, as far as the auditor looks."""
    with Session(world.engine) as session:
        assert audit(session, world.now, limits=LIMITS).violations == ()


class TestCorrectionOfAnOutcome:
    def test_turns_a_follow_up_into_what_the_record_says_now(self, world: World):
        """Open, or none yet: the ladder of what happened; seen asks to confirm; nothing else closes but an L0."""
        pairs = every_pair(world)
        correct(world, pairs)
        assert left(world, pairs) == table()
        is_clean(world)

    def test_keeps_the_backlog_apart(self, world: World):
        """Old when first heard of: put right where it stands, with no alert each, and triaged as before."""
        pairs = every_pair(world, ends_at=at("2025-06-02 10:00"), first_received_at=world.now)
        correct(world, pairs)
        assert left(world, pairs) == table(live="backlog", seen="backlog")
        assert {alert.kind for alert in world.told()} == {"backlog_triage"}
        is_clean(world)

    def test_of_a_child_seen_since_stays_seen(self, world: World):
        """A visit on Thursday shows the child seen: whatever is put right of Monday, nobody is chased for it."""
        pairs = every_pair(world)
        for child, _ in pairs.values():
            world.appointment(child, status="attended", ends_at=at("2026-06-04 10:00"))
        look(world)
        correct(world, pairs)
        unrecorded = {pair: ("open", *UNRECORDED) for pair in pairs if "unrecorded" in pair and pair[1] == "unrecorded"}
        assert left(world, pairs) == {**table(live="seen"), **unrecorded}
        is_clean(world)

    def test_leaves_a_request_to_close_to_the_second_person(self, world: World):
        """High risk, one person asked to close: the story says what changed; an outcome taken back ends the request."""
        pairs = every_pair(world, flag="CPP")
        closes(world, pairs)
        correct(world, pairs)
        wanted = table(live="closing", seen="closing")
        wanted |= {pair: left_open(pair) for pair in pairs if not was_closable(pair[0]) or pair[1] == "unrecorded"}
        assert left(world, pairs) == wanted
        is_clean(world)

    def test_after_closing_opens_it_again_for_another_miss_alone(self, world: World):
        """Closed by a person who knew what was recorded then: only another miss, or no outcome, opens it again.

        That a miss is told more exactly is no other miss.
        """
        pairs = every_pair(world)
        closes(world, pairs)
        correct(world, pairs)
        wanted = table()
        for before, after in pairs:
            old, new = OUTCOMES[before], OUTCOMES[after]
            is_news = old.status != new.status and (new.opens is not None or new.means == "unrecorded")
            if was_closable(before) and not is_news:
                assert old.opens is not None
                wanted[before, after] = ("closed", *old.opens)
        assert left(world, pairs) == wanted
        assert {
            row.closed_reason for row in world.rows("SELECT closed_reason FROM follow_up WHERE state = 'closed'")
        } == {
            "died",
            "outcome_recorded",
        }
        is_clean(world)

    def test_of_an_earlier_miss_puts_the_later_ones_count_right(self, world: World):
        """Two misses, one thread: what was not a miss counts no more, and what was one after all counts."""
        pairs = every_pair(world)
        later = {
            pair: world.appointment(child, status="missed", subtype="wnb", ends_at=at("2026-06-05 10:00"))
            for pair, (child, _) in pairs.items()
        }
        look(world)
        correct(world, pairs)
        wanted = table(live="continued", seen="continued")
        for before, after in pairs:
            old, new = OUTCOMES[before], OUTCOMES[after]
            if new.means == "unrecorded":
                wanted[before, after] = ("open", *UNRECORDED)
            elif new.means == "seen" and old.opens and before != after:
                wanted[before, after] = ("continued", *CORRECTED)  # the later miss was a new one: nobody confirms twice
        assert left(world, pairs) == wanted
        counts = {pair: world.follow_up(appointment).miss_count for pair, appointment in later.items()}
        assert counts == {pair: 1 + counts_as_missed(*pair) for pair in pairs}
        is_clean(world)


def counts_as_missed(before: str, after: str) -> bool:
    """Whether Monday's appointment counts among the misses in a row; booked anew, what it was before still does."""
    outcome = OUTCOMES[before if OUTCOMES[after].means == "waiting" else after]
    return outcome.opens is not None and outcome.opens[0] == "missed"


def was_closable(before: str) -> bool:
    return OUTCOMES[before].opens is not None


def left_open(pair: tuple[str, str]) -> Left:
    return expected(*pair)


def closes(world: World, pairs: Pairs) -> None:
    """A person closes every follow-up of a miss, or asks to where a second one has to agree."""
    for (before, _), (_, appointment) in pairs.items():
        if not was_closable(before):
            continue
        row = world.follow_up(appointment)
        with Session(world.engine) as session, session.begin():
            follow_up_actions.close(
                session,
                follow_up_id=FollowUpId(row.id),
                row_version=row.row_version,
                account=world.person_at_page(),
                reason=ClosedReason.DIED,
                note="Taken on by the next town",
                now=world.now,
            )
