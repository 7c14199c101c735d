"""Questions of sharing: raise them, claim those that are due, store what was decided, and keep each one's history.

Sets in, sets out; never commits. Only for the side that tells: nothing here is read for whoever is told.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.sharing_states import DisclosureEvent
from models.domain.words import ActorKind, DisclosureState, WhyNotNeeded


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDisclosure:
    """A question to raise, about one missed contact or one proposed discharge. `next_due_at` None: settled by rule."""

    appointment_id: int | None
    discharge_id: int | None
    person_id: int
    household_id: int | None
    from_service: str
    from_team_id: int | None
    practitioner_id: int | None
    to_service: str
    why_not: WhyNotNeeded | None
    high_risk: bool
    may_be_automatic: bool
    happened_at: datetime
    last_seen_on: date | None
    misses: int
    next_due_at: datetime | None
    held_by: str | None = None
    held_reason: str | None = None
    held_until: datetime | None = None

    @property
    def state(self) -> DisclosureState:
        """The state it begins in."""
        if self.why_not is not None:
            return DisclosureState.NOT_NEEDED
        return DisclosureState.WAITING if self.held_until is None else DisclosureState.HELD


class Question(NamedTuple):
    """One question as its row stands, locked. `agreement_id`: one between the two services that stands today."""

    id: int
    state: str
    appointment_id: int | None
    discharge_id: int | None
    person_id: int
    household_id: int | None
    from_service: str
    from_team_id: int | None
    practitioner_id: int | None
    to_service: str
    high_risk: bool
    may_be_automatic: bool
    happened_at: datetime
    last_seen_on: date | None
    misses: int
    times_held: int
    next_due_at: datetime | None
    agreement_id: int | None

    @property
    def cause(self) -> tuple[str, int]:
        """What it is about: the table's name and the row's id."""
        if self.appointment_id is not None:
            return "appointment", self.appointment_id
        assert self.discharge_id is not None  # the database says that it is one of the two
        return "discharge", self.discharge_id


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a question's history."""

    disclosure_id: int
    event: DisclosureEvent
    to_state: str
    actor: str = "engine"
    reason: str | None = None
    detail: Mapping[str, object] | None = None


def raise_many(session: Session, new: Sequence[NewDisclosure], *, now: datetime) -> list[int]:
    """Raise the questions that are new, and again those that were withdrawn; return their ids. Tells the history."""
    if not new:
        return []
    rows = [asdict(one) | {"state": one.state} for one in new]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    raised = session.execute(_RAISE, {**columns, "now": now}).all()
    tell(
        session,
        [
            Happened(row.id, DisclosureEvent.RAISED, row.state, row.held_by or "engine", row.held_reason)
            for row in raised
        ],
        now=now,
    )
    return [row.id for row in raised]


def claim_due(session: Session, *, now: datetime, today: date, limit: int) -> list[Question]:
    """Lock up to `limit` questions that are due, longest due first; those that others hold are passed over."""
    rows = session.execute(_CLAIM, {"now": now, "today": today, "limit": limit})
    return [Question._make(row) for row in rows]


def lock(session: Session, ids: Collection[int], *, today: date) -> list[Question]:
    """Lock and return these questions, by id."""
    return [Question._make(row) for row in session.execute(_LOCK, {"ids": sorted(ids), "today": today})]


def ask(session: Session, asked: Sequence[tuple[int, datetime]]) -> None:
    """A person has to decide: questions with when they are looked at next."""
    if asked:
        ids, due = zip(*asked, strict=True)
        session.execute(_ASK, {"ids": list(ids), "due": list(due)})


def look_again(session: Session, again: Sequence[tuple[int, datetime]]) -> None:
    """Shared, and no receipt yet: questions with when that is asked about next."""
    if again:
        ids, due = zip(*again, strict=True)
        session.execute(_LOOK_AGAIN, {"ids": list(ids), "due": list(due)})


def withdraw(session: Session, appointment_ids: Collection[int], *, by: Mapping[int, str], now: datetime) -> list[int]:
    """The record was put right: end undecided questions about these appointments; return the appointments of them."""
    rows = session.execute(_WITHDRAW, {"ids": list(appointment_ids)}).all()
    told = [
        Happened(row.id, DisclosureEvent.CORRECTED, DisclosureState.WITHDRAWN, by[row.appointment_id]) for row in rows
    ]
    tell(session, told, now=now)
    return [row.appointment_id for row in rows]


def undecided_under(session: Session, holds: Collection[int]) -> list[int]:
    """Return the undecided questions about missed contacts of whoever died, by these holds."""
    return list(session.scalars(_UNDECIDED_UNDER, {"holds": list(holds)}))


def end_for_the_dead(session: Session, ids: Collection[int], *, now: datetime) -> dict[int, int]:
    """Of these questions end the undecided ones about a missed contact of an adult who has died. Tells the history.

    Return the appointments of those that ended, by question. A proposed discharge is still for a person to settle.
    """
    ended = {row.id: row.appointment_id for row in session.execute(_END_FOR_THE_DEAD, {"ids": list(ids)})}
    state = DisclosureState.NOT_NEEDED
    lines = [Happened(row_id, DisclosureEvent.PERSON_DIED, state, reason="the adult has died") for row_id in ended]
    tell(session, lines, now=now)
    return ended


def withdraw_for_the_living(session: Session, appointment_ids: Collection[int], *, now: datetime) -> None:
    """Of these missed contacts nothing rests on a death that was none: what nobody has to be asked is withdrawn."""
    ended = session.scalars(_WITHDRAW_FOR_THE_LIVING, {"ids": list(appointment_ids)}).all()
    event, state = DisclosureEvent.CORRECTED, DisclosureState.WITHDRAWN
    tell(session, [Happened(row_id, event, state, reason="the adult has not died") for row_id in ended], now=now)


def look_again_at_the_living(session: Session, people: Collection[int], *, now: datetime) -> None:
    """The news of a death was wrong: detection looks again at the missed contacts that it settled."""
    session.execute(_LOOK_AGAIN_AT_THE_LIVING, {"people": list(people), "now": now})


def left_home(session: Session, adults: Collection[int], *, household_id: int, by: str, now: datetime) -> None:
    """These adults have left this household: what is undecided about them stays asked for the children who are there.

    No agreement tells it any more; a person decides (whom they reach: models/db/share_recipients.py). Tells the
    history.
    """
    rows = session.execute(_LEFT_HOME, {"adults": list(adults), "household": household_id}).all()
    tell(session, [Happened(row.id, DisclosureEvent.LEFT_HOME, row.state, by) for row in rows], now=now)


def withdraw_of_discharge(session: Session, discharge_id: int, *, by: str, now: datetime) -> None:
    """The discharge is no longer proposed: end its undecided questions."""
    rows = session.execute(_WITHDRAW_DISCHARGE, {"id": discharge_id}).all()
    tell(session, [Happened(row.id, DisclosureEvent.CORRECTED, row.state, by) for row in rows], now=now)


def events_told(session: Session, appointment_ids: Collection[int]) -> list[tuple[int, int, int]]:
    """Return what was told of these appointments: disclosure, appointment, family event."""
    rows = session.execute(_EVENTS_TOLD, {"ids": list(appointment_ids)})
    return [(row.id, row.appointment_id, row.family_event_id) for row in rows]


def tell(session: Session, happened: Sequence[Happened], *, now: datetime) -> None:
    """Append to the histories, in one statement."""
    if not happened:
        return
    columns: dict[str, list[Any]] = {
        "ids": [one.disclosure_id for one in happened],
        "events": [one.event for one in happened],
        "states": [one.to_state for one in happened],
        "kinds": [_kind(one.actor) for one in happened],
        "actors": [one.actor for one in happened],
        "reasons": [one.reason for one in happened],
        "details": [None if one.detail is None else json.dumps(dict(one.detail)) for one in happened],
    }
    session.execute(_TELL, {**columns, "now": now})


def _kind(actor: str) -> ActorKind:
    return {"person": ActorKind.PERSON, "import": ActorKind.IMPORT}.get(actor.partition(":")[0], ActorKind.ENGINE)


_NEW = (
    ("appointment_id", "bigint"),
    ("discharge_id", "bigint"),
    ("person_id", "bigint"),
    ("household_id", "bigint"),
    ("from_service", "text"),
    ("from_team_id", "bigint"),
    ("practitioner_id", "bigint"),
    ("to_service", "text"),
    ("state", "text"),
    ("why_not", "text"),
    ("high_risk", "boolean"),
    ("may_be_automatic", "boolean"),
    ("happened_at", "timestamptz"),
    ("last_seen_on", "date"),
    ("misses", "bigint"),
    ("next_due_at", "timestamptz"),
    ("held_by", "text"),
    ("held_reason", "text"),
    ("held_until", "timestamptz"),
)
_NAMES = ", ".join(name for name, _ in _NEW)
_AGAIN = ", ".join(
    f"{name} = EXCLUDED.{name}" for name, _ in _NEW if name not in ("appointment_id", "discharge_id", "to_service")
)
_RAISE = text(
    f"""
    INSERT INTO disclosure ({_NAMES}, times_held, raised_at)
    SELECT {_NAMES}, CAST(held_until IS NOT NULL AS int), CAST(:now AS timestamptz)
    FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _NEW)}) AS u ({_NAMES})
    ORDER BY appointment_id, discharge_id, to_service
    ON CONFLICT (appointment_id, to_service) DO UPDATE SET {_AGAIN}, raised_at = EXCLUDED.raised_at
    WHERE disclosure.state = 'withdrawn'
       OR (disclosure.why_not = 'person_died' AND EXCLUDED.why_not IS DISTINCT FROM 'person_died')
    RETURNING id, state, held_by, held_reason
    """
)
_QUESTION = """
    d.id, d.state, d.appointment_id, d.discharge_id, d.person_id, d.household_id, d.from_service, d.from_team_id,
    d.practitioner_id, d.to_service, d.high_risk, d.may_be_automatic, d.happened_at, d.last_seen_on, d.misses,
    d.times_held, d.next_due_at,
    (SELECT s.id FROM sharing_agreement s WHERE s.from_service = d.from_service AND s.to_service = d.to_service
       AND s.ended_at IS NULL AND s.valid_until >= :today)
"""
_CLAIM = text(
    f"""
    SELECT {_QUESTION} FROM disclosure d WHERE d.next_due_at <= :now
    ORDER BY d.next_due_at, d.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    """
)
_LOCK = text(f"SELECT {_QUESTION} FROM disclosure d WHERE d.id = ANY(:ids) ORDER BY d.id FOR NO KEY UPDATE")
_DUE = "FROM unnest(CAST(:ids AS bigint[]), CAST(:due AS timestamptz[])) AS u (id, due) WHERE disclosure.id = u.id"
_ASK = text(f"UPDATE disclosure SET state = 'asked', next_due_at = u.due {_DUE}")
_LOOK_AGAIN = text(f"UPDATE disclosure SET next_due_at = u.due {_DUE} AND state = 'shared' AND received_at IS NULL")
_WITHDRAW = text(
    """
    UPDATE disclosure SET state = 'withdrawn', next_due_at = NULL
    WHERE appointment_id = ANY(:ids) AND state IN ('waiting', 'asked', 'held') RETURNING id, appointment_id
    """
)
_WITHDRAW_FOR_THE_LIVING = text(
    """
    UPDATE disclosure SET state = 'withdrawn', why_not = NULL
    WHERE appointment_id = ANY(:ids) AND why_not = 'person_died' RETURNING id
    """
)
_WITHDRAW_DISCHARGE = text(
    """
    UPDATE disclosure SET state = CASE WHEN state = 'shared' THEN 'shared' ELSE 'withdrawn' END, next_due_at = NULL
    WHERE discharge_id = :id AND next_due_at IS NOT NULL RETURNING id, state
    """
)
_LEFT_HOME = text(
    """
    UPDATE disclosure SET may_be_automatic = false
    WHERE person_id = ANY(:adults) AND may_be_automatic AND state IN ('waiting', 'asked', 'held')
      AND EXISTS (SELECT FROM household_member m JOIN person c ON c.id = m.person_id AND c.life_status <> 'deceased'
                  WHERE m.household_id = :household AND m.valid_until IS NULL
                    AND (m.role IN ('child', 'unborn') OR EXISTS (
                        SELECT FROM pregnancy g WHERE g.mother_id = c.id AND g.outcome IN ('unknown', 'continuing'))))
    RETURNING id, state
    """
)
_UNDECIDED_UNDER = text(
    """
    SELECT d.id FROM hold h JOIN disclosure d ON d.person_id = h.about_person_id
    WHERE h.id = ANY(:holds) AND d.appointment_id IS NOT NULL AND d.state IN ('waiting', 'asked', 'held')
    """
)
_END_FOR_THE_DEAD = text(
    """
    WITH over AS MATERIALIZED (
        SELECT d.id FROM disclosure d JOIN person p ON p.id = d.person_id AND p.life_status = 'deceased'
        WHERE d.id = ANY(:ids) AND d.appointment_id IS NOT NULL AND d.state IN ('waiting', 'asked', 'held')
        ORDER BY d.id FOR NO KEY UPDATE OF d
    )
    UPDATE disclosure d SET state = 'not_needed', why_not = 'person_died', next_due_at = NULL
    FROM over WHERE d.id = over.id RETURNING d.id, d.appointment_id
    """
)
_LOOK_AGAIN_AT_THE_LIVING = text(
    """
    UPDATE appointment SET reconsider_at = :now WHERE id IN (
        SELECT appointment_id FROM disclosure WHERE person_id = ANY(:people) AND why_not = 'person_died')
    """
)
_EVENTS_TOLD = text(
    """
    SELECT d.id, d.appointment_id, r.family_event_id
    FROM disclosure d JOIN disclosure_recipient r ON r.disclosure_id = d.id
    WHERE d.appointment_id = ANY(:ids) AND r.family_event_id IS NOT NULL ORDER BY d.id, r.id
    """
)
_TELL = text(
    """
    INSERT INTO disclosure_history (disclosure_id, at, event, to_state, actor_kind, actor, reason, detail)
    SELECT id, CAST(:now AS timestamptz), event, state, kind, actor, reason, detail
    FROM unnest(CAST(:ids AS bigint[]), CAST(:events AS text[]), CAST(:states AS text[]), CAST(:kinds AS text[]),
                CAST(:actors AS text[]), CAST(:reasons AS text[]), CAST(:details AS jsonb[]))
         AS u (id, event, state, kind, actor, reason, detail)
    """
)
