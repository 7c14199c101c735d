"""Texts on their way when a hold or a split is set: dropped where they have not left, told to a person where they may
have. Never commits.

A sender takes the household's lock, asks the gate and writes `sending` in one transaction (`sending.lock_claimed`).
Whoever sets a hold takes the same locks first: a sender that was quicker has written `sending` by then and is told of;
one that comes later meets the hold at the gate. Rows that a sender holds while it waits for the lock are passed over
for that reason, so that the two never wait for each other.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import alerts, messages
from models.db.alerts import NewAlert
from models.db.base import words_in
from models.db.sending import CONTACT_LOCK, HOUSEHOLD_LOCK
from models.domain import dedupe
from models.domain.ids import AlertId
from models.domain.message_states import WAITING
from models.domain.words import AlertKind, MessageState, Urgency

LEFT_AS_HOLD_BEGAN = "left_as_hold_began"  # the code in the alert's detail


def people_of(session: Session, *, people: Collection[int], households: Collection[int]) -> list[int]:
    """Return these people and everybody who is in these households, in order: whom texts may be about or for."""
    return list(session.scalars(_PEOPLE, {"people": list(people), "households": list(households)}))


def lock(session: Session, people: Collection[int]) -> None:
    """Let no text to or about these people pass the gate until this transaction ends."""
    for kind, key in session.execute(_LOCKS, {"people": list(people)}).all():
        number = HOUSEHOLD_LOCK if kind == "household" else CONTACT_LOCK
        session.execute(_LOCK, {"kind": number, "key": key})


def drop_waiting(session: Session, people: Collection[int], *, by: str, reason: str, now: datetime) -> int:
    """Drop every family text to or about these people that has not left; return how many. Their stories say so."""
    params = {"people": list(people), "by": by, "reason": reason, "now": now}
    return int(session.execute(_DROP, params).scalar_one())


def count_waiting(session: Session, people: Collection[int]) -> int:
    """How many texts `drop_waiting` would drop now."""
    return int(session.execute(_COUNT, {"people": list(people)}).scalar_one())


def tell_of_leaving(session: Session, people: Collection[int], *, answer_by: datetime, now: datetime) -> list[AlertId]:
    """Tell a person of each text to or about these people that is with the provider just now; return the alerts."""
    raised = [
        NewAlert(
            kind=AlertKind.TEXT_FATE_UNKNOWN,
            urgency=Urgency.URGENT,
            dedupe_key=dedupe.subject_alert(AlertKind.TEXT_FATE_UNKNOWN, LEFT_AS_HOLD_BEGAN, row.message_id),
            practitioner_id=row.practitioner_id,
            owner_team_id=row.owner_team_id,
            follow_up_id=row.follow_up_id,
            household_id=row.household_id,
            person_id=row.person_id,
            team_id=row.team_id,
            next_due_at=answer_by,
            detail=f'{{"code": "{LEFT_AS_HOLD_BEGAN}"}}',
        )
        for row in session.execute(_LEAVING, {"people": list(people)})
    ]
    told = alerts.raise_many(session, raised, now=now)
    messages.alert_emails(session, told, now=now)
    return told


_PEOPLE = text(
    """
    SELECT unnest(CAST(:people AS bigint[])) AS person_id
    UNION SELECT m.person_id FROM household_member m
          WHERE m.household_id = ANY(CAST(:households AS bigint[])) AND m.valid_until IS NULL
    ORDER BY 1
    """
)
# By recipient, and by whom each text speaks for; never a look at every message.
_TO_OR_ABOUT = """
    SELECT m.id FROM contact_point c JOIN message m ON m.contact_point_id = c.id
    WHERE c.person_id = ANY(CAST(:people AS bigint[])) AND m.audience = 'family'
    UNION
    SELECT s.message_id FROM follow_up f JOIN message_subject s ON s.follow_up_id = f.id
    WHERE f.person_id = ANY(CAST(:people AS bigint[]))
    UNION
    SELECT s.message_id FROM appointment a JOIN message_subject s ON s.appointment_id = a.id
    WHERE a.person_id = ANY(CAST(:people AS bigint[]))
"""
_NOT_LEFT = f"m.audience = 'family' AND m.state IN {words_in((*WAITING, MessageState.CLAIMED))}"
_LOCKS = text(
    f"""
    SELECT DISTINCT CASE WHEN m.household_id IS NULL THEN 'contact' ELSE 'household' END AS kind,
           CAST(coalesce(m.household_id, m.contact_point_id) % 2147483647 AS int) AS key
    FROM message m WHERE m.id IN ({_TO_OR_ABOUT})
      AND m.audience = 'family' AND m.state IN ('held', 'queued', 'claimed', 'sending', 'blocked')
    ORDER BY 1, 2 -- one order for all, so that two who lock the same ones never lock up
    """
)
_LOCK = text("SELECT pg_advisory_xact_lock(CAST(:kind AS int), CAST(:key AS int))")
_COUNT = text(f"SELECT count(*) FROM message m WHERE {_NOT_LEFT} AND m.id IN ({_TO_OR_ABOUT})")
_DROP = text(
    f"""
    WITH waiting AS MATERIALIZED (
        SELECT m.id FROM message m WHERE {_NOT_LEFT} AND m.id IN ({_TO_OR_ABOUT})
        ORDER BY m.id FOR UPDATE OF m SKIP LOCKED
    ), dropped AS (
        UPDATE message m SET state = 'dropped', ended_at = :now, ended_by = :by, block_reason = :reason,
            lease_until = NULL, claim_token = NULL
        FROM waiting WHERE m.id = waiting.id RETURNING m.id
    ), told AS (
        INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor_kind, actor, reason)
        SELECT DISTINCT f.id, CAST(:now AS timestamptz), 'text_dropped', f.state, f.state, f.step_id,
               CASE split_part(:by, ':', 1) WHEN 'person' THEN 'person' WHEN 'import' THEN 'import' ELSE 'engine' END,
               :by, :reason
        FROM dropped JOIN message_subject s ON s.message_id = dropped.id JOIN follow_up f ON f.id = s.follow_up_id
    )
    SELECT count(*) FROM dropped
    """
)
_LEAVING = text(
    f"""
    SELECT m.id AS message_id, f.id AS follow_up_id, m.household_id, coalesce(f.person_id, a.person_id) AS person_id,
           coalesce(f.team_id, a.team_id, m.team_id) AS team_id, f.owner_team_id,
           CASE WHEN f.owner_team_id IS NULL OR f.owner_practitioner_id IS NOT NULL THEN
               coalesce(f.owner_practitioner_id, a.practitioner_id, team.lead_practitioner_id,
                        (SELECT id FROM practitioner WHERE last_resort)) END AS practitioner_id
    FROM message m
    LEFT JOIN LATERAL (SELECT * FROM message_subject s WHERE s.message_id = m.id ORDER BY s.id LIMIT 1) s ON true
    LEFT JOIN follow_up f ON f.id = s.follow_up_id
    LEFT JOIN appointment a ON a.id = coalesce(s.appointment_id, f.appointment_id)
    LEFT JOIN team ON team.id = coalesce(f.team_id, a.team_id, m.team_id)
    WHERE m.audience = 'family' AND m.state = 'sending' AND m.id IN ({_TO_OR_ABOUT})
    """
)
