"""Tell a person what became of a message: blocked, not delivered, of unknown fate, too late. Never commits.

The alert goes to the owner of the follow-up that the message speaks for, else to the practitioner of its appointment,
else up to the team's lead and the deployment's last resort. Its e-mail is added with it.
"""

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.messages import alert_emails
from models.domain import dedupe
from models.domain.ids import AlertId
from models.domain.words import AlertKind


def raise_for_message(
    session: Session,
    message_id: int,
    kind: AlertKind,
    *,
    code: str,
    answer_by: datetime,
    now: datetime,
    attempt: int = 0,
) -> AlertId | None:
    """Raise the alert about a message, once per `attempt`; None where that was done or its follow-up has ended."""
    key = dedupe.message_alert(kind, message_id, attempt=attempt)
    return _raise(session, _ABOUT_MESSAGE, kind, key, code, answer_by, now, {"message": message_id})


def raise_for_number(
    session: Session, message_id: int, *, code: str, answer_by: datetime, now: datetime
) -> AlertId | None:
    """Raise one alert that the number of a reminder doesn't work, however many reminders it fails."""
    number = session.scalar(text("SELECT contact_point_id FROM message WHERE id = :id"), {"id": message_id})
    key = dedupe.subject_alert(AlertKind.TEXT_UNDELIVERED, "contact_point", number, since=code)
    return _raise(
        session, _ABOUT_MESSAGE, AlertKind.TEXT_UNDELIVERED, key, code, answer_by, now, {"message": message_id}
    )


def raise_for_team(
    session: Session, team_id: int | None, kind: AlertKind, *, day: date, code: str, answer_by: datetime, now: datetime
) -> AlertId | None:
    """Raise one alert a day to a team's lead (without a team, to the last resort) for what would be many small ones."""
    key = dedupe.subject_alert(kind, "team", team_id or 0, since=f"{day}:{code}")
    return _raise(session, _ABOUT_TEAM, kind, key, code, answer_by, now, {"team": team_id})


def overtake(session: Session, message_id: int, kind: AlertKind, *, outcome: str, now: datetime) -> None:
    """End an open alert about a message that the provider has answered for since."""
    session.execute(_OVERTAKE, {"message": message_id, "kind": kind, "outcome": outcome, "now": now})


def _raise(
    session: Session,
    statement: str,
    kind: AlertKind,
    key: str,
    code: str,
    answer_by: datetime,
    now: datetime,
    subject: dict[str, int | None],
) -> AlertId | None:
    params = {"kind": kind, "key": key, "code": code, "answer_by": answer_by, "now": now} | subject
    alert_id = session.scalar(text(statement), params)
    if alert_id is None:
        return None
    alert_emails(session, [alert_id], now=now)
    return AlertId(alert_id)


_LAST_RESORT = "(SELECT id FROM practitioner WHERE last_resort)"
_ABOUT_MESSAGE = f"""
INSERT INTO alert (kind, urgency, dedupe_key, follow_up_id, household_id, person_id, message_id, team_id, step_id,
  practitioner_id, owner_team_id, raised_at, next_due_at, detail)
SELECT :kind, CASE WHEN f.high_risk THEN 'urgent' ELSE 'routine' END, :key, f.id, m.household_id,
  COALESCE(f.person_id, a.person_id), m.id, COALESCE(f.team_id, a.team_id, m.team_id), f.step_id,
  CASE WHEN f.owner_team_id IS NULL OR f.owner_practitioner_id IS NOT NULL THEN
    COALESCE(f.owner_practitioner_id, a.practitioner_id, team.lead_practitioner_id, {_LAST_RESORT}) END,
  f.owner_team_id, :now, :answer_by, jsonb_build_object('code', CAST(:code AS text))
FROM message m
LEFT JOIN LATERAL (SELECT * FROM message_subject s WHERE s.message_id = m.id ORDER BY s.id LIMIT 1) s ON true
LEFT JOIN follow_up f ON f.id = s.follow_up_id
LEFT JOIN appointment a ON a.id = COALESCE(s.appointment_id, f.appointment_id)
LEFT JOIN team ON team.id = COALESCE(f.team_id, a.team_id, m.team_id)
WHERE m.id = :message AND (f.id IS NULL OR f.state NOT IN ('closed', 'continued'))
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING id
"""
_ABOUT_TEAM = f"""
INSERT INTO alert (kind, urgency, dedupe_key, team_id, practitioner_id, raised_at, next_due_at, detail)
SELECT :kind, 'routine', :key, team.id, COALESCE(team.lead_practitioner_id, {_LAST_RESORT}), :now, :answer_by,
  jsonb_build_object('code', CAST(:code AS text))
FROM (SELECT CAST(:team AS bigint) AS id) asked LEFT JOIN team ON team.id = asked.id
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING id
"""
_OVERTAKE = text("""
UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = 'provider', outcome = :outcome
WHERE message_id = :message AND kind = :kind AND state = 'open'
""")
