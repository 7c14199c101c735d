"""What a replay's scratch database tells: counts over all its families, and each telling of an alert. No names."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

_CHUNK = 10_000


class Telling(NamedTuple):
    """One time that somebody is told: an alert raised, raised up, or raised again.

    `times`: which telling of this alert it is. `role`: whom the step was for; `staff_role`: what the person told is.
    A telling without a practitioner waits in a team's pool.
    """

    at: datetime
    alert_id: int
    times: int
    kind: str
    urgency: str
    role: str | None
    practitioner_id: int | None
    staff_role: str | None
    team: str | None
    follow_up_id: int | None
    opened_at: datetime | None
    contact_code: str | None
    pathway: str | None
    step: str | None


class Email(NamedTuple):
    """One e-mail that would have left to a member of staff."""

    at: datetime
    urgency: str
    practitioner_id: int


class Opened(NamedTuple):
    """Follow-ups that were opened: how many of a ladder and cause, and whether as backlog."""

    pathway: str
    trigger: str
    backlog: bool
    opened: int


class Passed(NamedTuple):
    """Steps that were late: `fired` late, or `passed` without firing because a later one was due too."""

    pathway: str
    step: str
    event: str
    times: int


def tellings(session: Session, *, start: datetime, end: datetime) -> Iterator[Telling]:
    """Each telling of the period, in order of time and alert."""
    rows = session.execute(_TELLINGS, {"start": start, "end": end}, execution_options={"yield_per": _CHUNK})
    for row in rows:
        yield Telling._make(row)


def goes_on_in(session: Session) -> dict[int, int]:
    """Each follow-up whose thread went on in a later one, with that one."""
    return {row.id: row.continued_in for row in session.execute(_GOES_ON)}


def emails(session: Session, *, start: datetime, end: datetime) -> list[Email]:
    """The e-mails to staff of the period, in no order."""
    return [Email._make(row) for row in session.execute(_EMAILS, {"start": start, "end": end})]


def opened(session: Session, *, start: datetime, end: datetime) -> list[Opened]:
    """The follow-ups opened in the period, by ladder and cause."""
    return [Opened._make(row) for row in session.execute(_OPENED, {"start": start, "end": end})]


def late_steps(session: Session, *, start: datetime, end: datetime, tolerance: timedelta) -> list[Passed]:
    """Steps that fired later than due by more than `tolerance`, or were passed over."""
    given = {"start": start, "end": end, "tolerance": tolerance}
    return [Passed._make(row) for row in session.execute(_LATE, given)]


def appointments(session: Session, *, start: datetime, end: datetime) -> dict[str, int]:
    """The appointments that began in the period, by status at its end."""
    return {row.status: row.appointments for row in session.execute(_APPOINTMENTS, {"start": start, "end": end})}


def children(session: Session, *, born_after: date) -> int:
    """How many living children born after that day are known."""
    return int(session.execute(_CHILDREN, {"born_after": born_after}).scalar_one())


def staff(session: Session) -> dict[int, str]:
    """Each practitioner's role; the deployment's last resort as such."""
    return {row.id: row.role for row in session.execute(_STAFF)}


def texts_offered(session: Session, *, start: datetime, end: datetime) -> int:
    """Texts to families that waited for a person's release after a miss."""
    return int(session.execute(_TEXTS, {"start": start, "end": end}).scalar_one())


_ROLE = "CASE WHEN p.last_resort THEN 'last_resort' ELSE p.role END"
_TELLINGS = text(
    f"""
    SELECT t.at, t.alert_id, t.times, a.kind, a.urgency, t.role, t.practitioner_id, {_ROLE}, m.code, a.follow_up_id,
           f.opened_at, f.contact_code, f.pathway_code, a.step_id
    FROM replay_told t JOIN alert a ON a.id = t.alert_id
    LEFT JOIN practitioner p ON p.id = t.practitioner_id
    LEFT JOIN team m ON m.id = coalesce(a.team_id, t.pool_id, p.team_id)
    LEFT JOIN follow_up f ON f.id = a.follow_up_id
    WHERE t.at >= :start AND t.at < :end ORDER BY t.at, t.alert_id, t.times
    """
)
_GOES_ON = text("SELECT id, continued_in FROM follow_up WHERE continued_in IS NOT NULL")
_EMAILS = text(
    """
    SELECT created_at, urgency, practitioner_id FROM message
    WHERE audience = 'staff' AND created_at >= :start AND created_at < :end
    """
)
_OPENED = text(
    """
    SELECT f.pathway_code, f.trigger, e.to_state IS NOT DISTINCT FROM 'backlog' AS backlog, count(*)
    FROM follow_up f
    LEFT JOIN LATERAL (SELECT to_state FROM follow_up_event e WHERE e.follow_up_id = f.id ORDER BY id LIMIT 1) e ON true
    WHERE f.opened_at >= :start AND f.opened_at < :end GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """
)
_LATE = text(
    """
    SELECT f.pathway_code, e.step_id, CASE e.event WHEN 'step_passed' THEN 'passed' ELSE 'fired' END, count(*)
    FROM follow_up_event e JOIN follow_up f ON f.id = e.follow_up_id
    WHERE e.event IN ('step_passed', 'step_fired') AND e.at >= :start AND e.at < :end AND e.step_id IS NOT NULL
      AND (e.event = 'step_passed'
           OR e.at > greatest(CAST(e.detail ->> 'was_due_at' AS timestamptz), f.opened_at)
                     + CAST(:tolerance AS interval))
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """
)
_APPOINTMENTS = text(
    """
    SELECT status, count(*) AS appointments FROM appointment WHERE starts_at >= :start AND starts_at < :end
    GROUP BY 1 ORDER BY 1
    """
)
_CHILDREN = text("SELECT count(*) FROM person WHERE date_of_birth > :born_after AND life_status <> 'deceased'")
_STAFF = text(f"SELECT p.id, {_ROLE} AS role FROM practitioner p")
_TEXTS = text(
    """
    SELECT count(*) FROM message
    WHERE audience = 'family' AND purpose = 'after_miss' AND created_at >= :start AND created_at < :end
    """
)
