"""Contacts that should happen: looked at when due, met or handed over to a follow-up. Never commits."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed_tuples, unpacked
from models.domain.words import ExpectedState


class DueExpected(NamedTuple):
    """A contact whose time to be looked at has come, locked, with what is known of it.

    `booked_until`: the end of an appointment for it that is still to come. `over_since`: of the last one that is over
    and whose outcome has not come. `followed`: it has a follow-up, of its own or of an appointment for it.
    `born_child`: the contact that takes an antenatal one's place, of the child this pregnancy brought.
    """

    id: int
    state: str
    person_id: int
    pregnancy_id: int | None
    household_id: int | None
    team_id: int | None
    contact_code: str
    unbooked_on: date | None
    overdue_on: date
    first_received_at: datetime
    caseload_holder: int | None
    life_status: str
    pregnancy_outcome: str | None
    whole_family: bool
    booked_until: datetime | None
    over_since: datetime | None
    met_at: datetime | None
    followed: bool
    born_child: int | None
    handed_over: bool  # moved out, and accepted elsewhere


def take_due(session: Session, *, now: datetime, limit: int, twins_within: timedelta) -> list[DueExpected]:
    """Lock up to `limit` contacts that are due to be looked at; the caller must settle each."""
    params = {"now": now, "limit": limit, "twins": twins_within.days}
    return [DueExpected._make(row) for row in session.execute(_TAKE, params)]


class Successor(NamedTuple):
    """The contact that takes an antenatal one's place after birth, with whose it is."""

    id: int
    state: str
    person_id: int
    household_id: int | None
    team_id: int | None
    contact_code: str
    caseload_holder: int | None
    first_received_at: datetime
    followed: bool  # it has a follow-up of its own, live or closed


def successors(session: Session, contacts: Collection[int]) -> dict[int, Successor]:
    """Lock and return these contacts by id."""
    rows = session.execute(_SUCCESSORS, {"ids": list(contacts)}) if contacts else ()
    return {row.id: Successor._make(row) for row in rows}


def settle(session: Session, rows: Sequence[tuple[int, ExpectedState, datetime | None]]) -> None:
    """Store what was found: id, state, when to look again. One that was met stays met."""
    if rows:
        session.execute(_SETTLE, packed_tuples(rows, _SETTLED))


def mark_met(session: Session, met: Sequence[tuple[int, datetime]], *, now: datetime) -> None:
    """These contacts took place at these times. One on which something hangs is looked at once more."""
    if met:
        session.execute(_MET, {**packed_tuples(met, _MEETINGS), "now": now})


def mark_not_met(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    """An appointment for these shows nobody seen: one that was met by it is open again and looked at.

    Other attendances for it are considered anew, and meet it again where they show somebody seen.
    """
    if ids:
        session.execute(_NOT_MET, {"ids": list(set(ids)), "now": now})


def ask_anew(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    """The appointment that these relied on is no miss any more: whether they are booked or overdue is asked anew."""
    if ids:
        session.execute(_ASK_ANEW, {"ids": list(set(ids)), "now": now})


def close_seen(session: Session) -> None:
    """Contacts of the people of `planning` whose follow-up a person closed as seen have taken place."""
    session.execute(_CLOSED_SEEN)


def look_again(session: Session, contacts: Sequence[tuple[int, datetime]]) -> None:
    """Look at these booked contacts by these times, if not sooner: their booking was called off."""
    if contacts:
        session.execute(_AGAIN, packed_tuples(contacts, _MEETINGS))


def superseded_by(session: Session, contacts: Collection[int]) -> dict[int, list[int]]:
    """For each of these contacts, the person's overdue ones whose place it takes."""
    found: dict[int, list[int]] = {}
    for row in session.execute(_EARLIER, {"ids": list(contacts)}):
        found.setdefault(row.later, []).append(row.earlier)
    return found


def mark_superseded(session: Session, contacts: Collection[int]) -> None:
    """A later contact has taken the place of these overdue ones."""
    if contacts:
        session.execute(_SUPERSEDED, {"ids": list(contacts)})


def live_follow_ups(session: Session, contacts: Collection[int]) -> dict[int, int]:
    """Of these contacts, those with a live follow-up, their own or of an appointment: contact to follow-up."""
    rows = session.execute(_LIVE, {"ids": list(contacts)})
    return {row.contact: row.follow_up for row in rows}


_LIVE_STATES = "('open', 'backlog', 'seen', 'closing')"
# Where they live now: a plan was made where they lived then.
_HOME = """
    LEFT JOIN LATERAL (
        SELECT (array_agg(m.household_id ORDER BY m.household_id IS DISTINCT FROM e.household_id, m.id))[1]
               AS household_id
        FROM household_member m WHERE m.person_id = e.person_id AND m.valid_until IS NULL
    ) AS home ON true
"""
_TAKE = text(
    f"""
    WITH due AS MATERIALIZED (
        SELECT e.* FROM expected_contact e WHERE e.next_due_at <= :now
        ORDER BY e.next_due_at, e.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT e.id, e.state, e.person_id, e.pregnancy_id, coalesce(home.household_id, e.household_id),
           coalesce(p.team_id, e.team_id), e.contact_code, e.unbooked_on, e.overdue_on, e.first_received_at,
           p.caseload_holder_id, p.life_status,
           g.outcome, e.whole_family, booked.until, booked.over, e.met_at,
           EXISTS (SELECT FROM follow_up f WHERE f.expected_contact_id = e.id)
           OR EXISTS (SELECT FROM appointment a JOIN follow_up f ON f.appointment_id = a.id
                      WHERE a.expected_contact_id = e.id AND f.trigger <> 'corrected'
                        AND coalesce(f.closed_reason, '') NOT IN ('outcome_recorded', 'entered_in_error')),
           CASE WHEN e.state = 'superseded' AND g.outcome = 'live_birth' THEN (
               SELECT n.id FROM household_member mother
               JOIN household_member baby ON baby.household_id = mother.household_id AND baby.role = 'child'
                    AND baby.valid_until IS NULL
               JOIN expected_contact n ON n.person_id = baby.person_id AND n.contact_code = e.superseded_by
               WHERE mother.person_id = e.person_id AND mother.valid_until IS NULL
                 AND n.anchor_on BETWEEN g.ended_on AND g.ended_on + CAST(:twins AS int)
                 AND n.state IN ('planned', 'booked', 'overdue')
               ORDER BY n.anchor_on, n.id LIMIT 1) END,
           EXISTS (SELECT FROM hold h WHERE h.person_id = e.person_id AND h.ended_at IS NULL
                   AND h.handover_id IS NOT NULL)
           OR EXISTS (SELECT FROM household_member m JOIN hold h ON h.household_id = m.household_id
                      WHERE m.person_id = e.person_id AND m.valid_until IS NULL AND h.ended_at IS NULL
                        AND h.handover_id IS NOT NULL)
    FROM due e
    JOIN person p ON p.id = e.person_id
    LEFT JOIN pregnancy g ON g.id = e.pregnancy_id
    {_HOME}
    CROSS JOIN LATERAL (
        SELECT min(a.ends_at) FILTER (WHERE a.ends_at > :now) AS until,
               max(a.ends_at) FILTER (WHERE a.ends_at <= :now) AS over
        FROM (SELECT a.id, a.ends_at, a.status, a.vanished_at FROM appointment a
              WHERE a.expected_contact_id = e.id
              UNION
              SELECT a.id, a.ends_at, a.status, a.vanished_at FROM appointment a
              WHERE a.person_id = e.person_id AND a.contact_code = e.contact_code AND a.expected_contact_id IS NULL
                AND a.ends_at > :now) AS a
        WHERE a.status IN ('planned', 'booked', 'arrived') AND a.vanished_at IS NULL
    ) AS booked
    """
)
_SETTLED = (("id", "bigint"), ("state", "text"), ("next_due_at", "timestamptz"))
_SETTLE = text(
    f"""
    UPDATE expected_contact e SET state = CASE WHEN e.state = 'met' THEN e.state ELSE u.state END,
        next_due_at = u.next_due_at
    FROM {unpacked(_SETTLED, alias="u")} WHERE e.id = u.id
    """
)
_MEETINGS = (("id", "bigint"), ("at", "timestamptz"))
_MET = text(
    f"""
    UPDATE expected_contact e SET state = 'met', met_at = coalesce(e.met_at, u.at),
        next_due_at = CASE WHEN e.whole_family
            OR EXISTS (SELECT FROM follow_up f WHERE f.expected_contact_id = e.id AND f.state IN {_LIVE_STATES})
            OR EXISTS (SELECT FROM expected_contact o WHERE o.person_id = e.person_id AND o.state = 'overdue'
                         AND o.superseded_by = e.contact_code)
            THEN CAST(:now AS timestamptz) END
    FROM {unpacked(_MEETINGS, alias="u")} WHERE e.id = u.id AND e.state <> 'met'
    """
)
_NOT_MET = text(
    """
    WITH open_again AS (
        UPDATE expected_contact SET state = 'planned', met_at = NULL, next_due_at = :now
        WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'met' RETURNING id
    )
    UPDATE appointment SET reconsider_at = :now FROM open_again
    WHERE expected_contact_id = open_again.id AND status IN ('attended', 'attended_late')
    """
)
_ASK_ANEW = text(
    """
    UPDATE expected_contact SET state = 'planned', next_due_at = :now
    WHERE id = ANY(CAST(:ids AS bigint[])) AND state IN ('booked', 'overdue')
    """
)
_CLOSED_SEEN = text(
    """
    UPDATE expected_contact e SET state = 'met', next_due_at = NULL,
        met_at = coalesce(e.met_at, f.seen_at, f.closed_at)
    FROM planning x JOIN follow_up f ON f.person_id = x.person_id AND f.closed_reason = 'seen'
    LEFT JOIN appointment a ON a.id = f.appointment_id
    WHERE e.id = coalesce(f.expected_contact_id, a.expected_contact_id) AND e.state IN ('planned', 'booked', 'overdue')
    """
)
_AGAIN = text(
    f"""
    UPDATE expected_contact e SET next_due_at = least(e.next_due_at, u.at)
    FROM {unpacked(_MEETINGS, alias="u")} WHERE e.id = u.id AND e.state = 'booked'
    """
)
_EARLIER = text(
    """
    SELECT n.id AS later, o.id AS earlier FROM expected_contact n
    JOIN expected_contact o ON o.person_id = n.person_id AND o.superseded_by = n.contact_code AND o.state = 'overdue'
    WHERE n.id = ANY(CAST(:ids AS bigint[])) ORDER BY o.id
    """
)
_SUPERSEDED = text(
    "UPDATE expected_contact SET state = 'superseded', next_due_at = NULL"
    " WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'overdue'"
)
_SUCCESSORS = text(
    f"""
    SELECT e.id, e.state, e.person_id, coalesce(home.household_id, e.household_id), coalesce(p.team_id, e.team_id),
           e.contact_code, p.caseload_holder_id, e.first_received_at,
           EXISTS (SELECT FROM follow_up f WHERE f.expected_contact_id = e.id)
    FROM expected_contact e JOIN person p ON p.id = e.person_id {_HOME}
    WHERE e.id = ANY(CAST(:ids AS bigint[])) ORDER BY e.id FOR NO KEY UPDATE OF e
    """
)
_LIVE = text(
    f"""
    SELECT wanted.id AS contact, min(f.id) AS follow_up
    FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
    JOIN LATERAL (
        SELECT f.id FROM follow_up f WHERE f.expected_contact_id = wanted.id AND f.state IN {_LIVE_STATES}
        UNION ALL
        SELECT f.id FROM appointment a JOIN follow_up f ON f.appointment_id = a.id
        WHERE a.expected_contact_id = wanted.id AND f.state IN {_LIVE_STATES}
    ) AS f ON true GROUP BY 1
    """
)
