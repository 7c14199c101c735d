"""Follow-ups that are due: claimed in sets with the facts of their decision, and stored in sets again. Never commits.

Arrays in, arrays out: one statement per table and claimed set, whatever the size of the set.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed, packed_tuples, unpacked
from models.domain.ladder_facts import NOTHING_MOVED, FollowUpFacts, HandOver, MovedTime, Pause, load_done
from models.domain.threads import clocks
from models.domain.words import ActorKind, FollowUpState, FollowUpTrigger, How, StepChange


class Claimed(NamedTuple):
    """One due follow-up, locked for this transaction, with what its decision needs to know."""

    id: int
    state: str
    trigger: str
    person_id: int
    household_id: int | None
    team_id: int | None
    contact_code: str
    pathway_code: str
    pathway_version: int
    cycle: int
    miss_count: int
    high_risk: bool
    red_flag: bool
    anchor_at: datetime
    breach_at: datetime
    opened_at: datetime
    step_id: str | None
    step_fired_at: datetime | None
    step_raised_to: int
    steps_done: dict[str, list[object]]
    acknowledged_until: datetime | None
    owner_practitioner_id: int | None
    owner_team_id: int | None
    booked_with: int | None
    caseload_holder: int | None
    date_of_birth: date | None
    edd: date | None
    window_end: date | None
    booked_until: datetime | None
    faster: bool
    pattern_at: datetime | None
    assigned_to: int | None
    assigned_at: datetime | None
    caseload_moved_at: datetime | None
    step_times: list[tuple[str, str, str, str, bool]] | None
    how: str | None

    def facts(
        self, *, high_risk: bool, hand_over: HandOver | None = None, pauses: tuple[Pause, ...] = ()
    ) -> FollowUpFacts:
        """Return what the ladder's decision asks for. `pauses`: what holds keep waiting."""
        trigger = FollowUpTrigger(self.trigger)
        started_at, unseen_since = clocks(
            trigger,
            misses=self.miss_count,
            anchor_at=self.anchor_at,
            breach_at=self.breach_at,
            opened_at=self.opened_at,
        )
        return FollowUpFacts(
            FollowUpState(self.state),
            trigger,
            self.contact_code,
            high_risk,
            self.miss_count,
            self.opened_at,
            started_at,
            unseen_since,
            self.date_of_birth,
            self.edd,
            self.window_end,
            self.booked_until,
            self.step_id,
            self.step_fired_at,
            self.step_raised_to,
            self.acknowledged_until,
            load_done(self.steps_done),
            self.faster,
            self.pattern_at,
            _moved(self.step_times) if self.step_times else NOTHING_MOVED,
            hand_over,
            pauses,
            None if self.how is None else How(self.how),
        )


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a decision leaves on the row. `visible`: people should see that it changed."""

    id: int
    state: str
    next_due_at: datetime | None
    next_step_id: str | None
    step_id: str | None
    step_fired_at: datetime | None
    step_raised_to: int
    acknowledged_until: datetime | None
    steps_done: str  # JSON
    high_risk: bool
    owner_practitioner_id: int | None
    owner_team_id: int | None
    visible: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a follow-up's story. `detail` is JSON."""

    follow_up_id: int
    event: str
    from_state: str | None
    to_state: str
    step_id: str | None
    reason: str | None = None
    detail: str | None = None
    actor: str = "engine"
    actor_kind: str = ActorKind.ENGINE


def claim_due(session: Session, *, now: datetime, limit: int, urgent_only: bool = False) -> list[Claimed]:
    """Lock up to `limit` due follow-ups that nobody else is at, longest due first, with their facts.

    They stay locked until the caller's transaction ends; a row that another worker holds is passed over.
    """
    statement = _CLAIM_URGENT if urgent_only else _CLAIM
    rows = session.execute(statement, {"now": now, "limit": limit}).all()
    return [Claimed._make(row) for row in rows]


def flagged(
    session: Session, people: Collection[tuple[int, int | None]], *, harmless_flags: Collection[str]
) -> set[tuple[int, int | None]]:
    """Return those of `people` (with their household) who carry, or whose household does, a flag not harmless.

    A flag on anybody in the household counts; a code that nobody has configured counts: unknown is not safe.
    """
    distinct = list(set(people))
    if not distinct:
        return set()
    params = {**packed_tuples(distinct, _PEOPLE), "harmless": sorted(harmless_flags)}
    return {(row.person_id, row.household_id) for row in session.execute(_FLAGGED, params)}


def store(session: Session, rows: Sequence[Advanced]) -> None:
    """Write what the decisions left, in one statement. A risk once known is never lowered here."""
    if rows:
        session.execute(_STORE, packed(rows, _STORED))


def tell(session: Session, events: Sequence[Told], *, now: datetime) -> None:
    """Append events to the stories, in one statement."""
    if events:
        session.execute(_TELL, {**packed(events, _TOLD), "now": now})


def wake_flagged(session: Session, *, harmless_flags: Collection[str], now: datetime) -> int:
    """Make due the live follow-ups not yet known as high risk whose family carries such a flag; return how many."""
    rows = session.execute(_WAKE, {"harmless": sorted(harmless_flags), "now": now})
    return len(rows.all())


def _moved(step_times: Sequence[tuple[str, str, str, str, bool]]) -> dict[str, MovedTime]:
    """The steps whose time a person changed, from the row's JSON."""
    instant = datetime.fromisoformat
    return {
        step_id: MovedTime(instant(due_at), instant(moved_at), change == StepChange.LATER, high_risk)
        for step_id, due_at, moved_at, change, high_risk in step_times
    }


_DUE = """
    SELECT f.* FROM follow_up f WHERE f.next_due_at <= :now {urgent}
    ORDER BY f.next_due_at, f.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
"""
# The columns come from the locked scan itself: joined again by id they would be those of the snapshot before the lock.
_FACTS = """
    WITH due AS MATERIALIZED ({due})
    SELECT f.id, f.state, f.trigger, f.person_id, f.household_id, f.team_id, f.contact_code, f.pathway_code,
           f.pathway_version, f.cycle, f.miss_count, f.high_risk, f.red_flag, f.anchor_at, f.breach_at, f.opened_at,
           f.step_id, f.step_fired_at, f.step_raised_to, f.steps_done, f.acknowledged_until, f.owner_practitioner_id,
           f.owner_team_id,
           -- Whoever gave the family on since it was booked with them does not keep it for having been booked. Of a
           -- closed record only the named nurse hears.
           CASE WHEN p.protected_at IS NULL AND NOT EXISTS (
               SELECT FROM caseload_move g
               WHERE g.person_id = f.person_id
                 AND g.applied_at > coalesce(a.first_received_at, v.recorded_at, r.sent_at)
                 AND g.from_practitioner_id = coalesce(a.practitioner_id, v.practitioner_id, r.practitioner_id))
           THEN coalesce(a.practitioner_id, v.practitioner_id, r.practitioner_id) END,
           p.caseload_holder_id, p.date_of_birth, preg.edd, coalesce(e.late_until, e.window_end),
           (SELECT b.ends_at FROM appointment b
            WHERE b.person_id = f.person_id AND b.contact_code = f.contact_code AND b.starts_at > f.anchor_at
              AND b.status IN ('planned', 'booked', 'arrived', 'outcome_due') AND b.vanished_at IS NULL
            ORDER BY b.starts_at LIMIT 1),
           f.faster, f.pattern_at, f.assigned_practitioner_id, f.assigned_at,
           (SELECT max(g.applied_at) FROM caseload_move g WHERE g.person_id = f.person_id),
           (SELECT jsonb_agg(jsonb_build_array(t.step_id, t.due_at, t.decided_at, t.change, t.high_risk))
            FROM step_time t
            WHERE t.follow_up_id = f.id AND t.cycle = f.cycle AND t.state = 'in_force' AND NOT t.of_lease),
           f.how
    FROM due f
    JOIN person p ON p.id = f.person_id
    LEFT JOIN appointment a ON a.id = f.appointment_id
    LEFT JOIN family_event v ON v.id = f.family_event_id
    LEFT JOIN referral r ON r.id = f.referral_id
    LEFT JOIN expected_contact e ON e.id = coalesce(f.expected_contact_id, a.expected_contact_id)
    LEFT JOIN pregnancy preg ON preg.mother_id = f.person_id AND preg.outcome IN ('unknown','continuing')
"""
_CLAIM = text(_FACTS.format(due=_DUE.format(urgent="")))
_CLAIM_URGENT = text(_FACTS.format(due=_DUE.format(urgent="AND (f.red_flag OR f.high_risk)")))

_PEOPLE = (("person_id", "bigint"), ("household_id", "bigint"))
_FLAGGED = text(
    f"""
    SELECT c.person_id, c.household_id FROM {unpacked(_PEOPLE, alias="c")}
    WHERE EXISTS (SELECT FROM flag g WHERE g.person_id = c.person_id AND g.ended_at IS NULL
                  AND g.code <> ALL(CAST(:harmless AS text[])))
       OR EXISTS (SELECT FROM household_member m JOIN flag g ON g.person_id = m.person_id AND g.ended_at IS NULL
                  WHERE m.household_id = c.household_id AND m.valid_until IS NULL
                    AND g.code <> ALL(CAST(:harmless AS text[])))
    """
)

# From the flags, which are few, to the follow-ups of their families: never a look at every follow-up.
_UNAWARE = "NOT f.high_risk AND f.state IN ('open', 'backlog', 'seen', 'closing') AND f.next_due_at > :now"
_WAKE = text(
    f"""
    WITH risky AS MATERIALIZED (
        SELECT DISTINCT g.person_id FROM flag g
        WHERE g.ended_at IS NULL AND g.code <> ALL(CAST(:harmless AS text[]))
    ), due AS MATERIALIZED (
        SELECT id FROM follow_up WHERE id IN (
            SELECT f.id FROM risky JOIN follow_up f USING (person_id) WHERE {_UNAWARE}
            UNION SELECT f.id FROM risky JOIN household_member m USING (person_id)
                JOIN follow_up f ON f.household_id = m.household_id WHERE m.valid_until IS NULL AND {_UNAWARE})
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE follow_up SET next_due_at = :now FROM due WHERE follow_up.id = due.id RETURNING follow_up.id
    """
)

_STORED = (
    ("id", "bigint"),
    ("state", "text"),
    ("next_due_at", "timestamptz"),
    ("next_step_id", "text"),
    ("step_id", "text"),
    ("step_fired_at", "timestamptz"),
    ("step_raised_to", "bigint"),
    ("acknowledged_until", "timestamptz"),
    ("steps_done", "jsonb"),
    ("high_risk", "boolean"),
    ("owner_practitioner_id", "bigint"),
    ("owner_team_id", "bigint"),
    ("visible", "boolean"),
)
_STORE = text(
    f"""
    UPDATE follow_up f SET
        state = u.state, next_due_at = u.next_due_at, next_step_id = u.next_step_id, step_id = u.step_id,
        step_fired_at = u.step_fired_at, step_raised_to = u.step_raised_to,
        acknowledged_until = u.acknowledged_until,
        acknowledged_at = CASE WHEN u.acknowledged_until IS NOT NULL THEN f.acknowledged_at END,
        acknowledged_by = CASE WHEN u.acknowledged_until IS NOT NULL THEN f.acknowledged_by END,
        steps_done = u.steps_done, high_risk = f.high_risk OR u.high_risk,
        owner_practitioner_id = u.owner_practitioner_id, owner_team_id = u.owner_team_id,
        row_version = f.row_version + CAST(u.visible AS int)
    FROM {unpacked(_STORED, alias="u")} WHERE f.id = u.id
    """
)

_TOLD = (
    ("follow_up_id", "bigint"),
    ("event", "text"),
    ("from_state", "text"),
    ("to_state", "text"),
    ("step_id", "text"),
    ("reason", "text"),
    ("detail", "jsonb"),
    ("actor", "text"),
    ("actor_kind", "text"),
)
_TELL = text(
    f"""
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, reason, detail, actor,
                                 actor_kind)
    SELECT follow_up_id, :now, event, from_state, to_state, step_id, reason, detail, actor, actor_kind
    FROM {unpacked(_TOLD, alias="u")} ORDER BY u.place
    """
)
