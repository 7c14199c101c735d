"""Texts from outside: stored first, once each; a wish to stop is obeyed; a person gets all the rest. Never commits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.apart import apart
from models.db.messages import alert_emails
from models.domain import dedupe
from models.domain.replies import ReplyMeaning, ReplyWords, meaning
from models.domain.words import AlertKind

_LONGEST_BODY = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundText:
    """A text as the provider gave it, its signature checked."""

    provider_sid: str
    from_number: str
    to_number: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """`is_new`: false where the provider delivered it before. `answer`: whether the neutral answer should go now."""

    is_new: bool
    meaning: ReplyMeaning
    answer: bool


def receive(
    session: Session,
    inbound: InboundText,
    *,
    words: ReplyWords,
    answer_by: datetime,
    answer_at_most_every: timedelta,
    now: datetime,
) -> Received:
    """Store a text, once per provider id, and act on it: opt its number out, or raise an alert for a person.

    "1" (I'll come) raises none and lowers nothing. `answer_by`: by when a person should have dealt with it.
    """
    said = meaning(inbound.body, words)
    params = _params(inbound, said, now)
    row = session.execute(_STORE, params).one_or_none()
    if row is None:
        return Received(is_new=False, meaning=said, answer=False)
    if said is ReplyMeaning.STOP:
        session.execute(_OPT_OUT, params)
    if said is not ReplyMeaning.COMING:
        _tell(session, row.id, inbound, said, answer_by=answer_by, now=now)
    else:
        session.execute(text("UPDATE inbound_message SET handled_at = :now WHERE id = :id"), {"id": row.id, "now": now})
    guard = {"number": params["from_number"], "id": row.id, "since": now - answer_at_most_every}
    lately = session.scalar(_ANSWERED_LATELY, guard)
    return Received(is_new=True, meaning=said, answer=said is not ReplyMeaning.STOP and not lately)


def _params(inbound: InboundText, said: ReplyMeaning, now: datetime) -> dict[str, object]:
    return {
        "sid": _plain(inbound.provider_sid)[:64],
        "from_number": _plain(inbound.from_number)[:64],
        "to_number": _plain(inbound.to_number)[:64],
        "body": _plain(inbound.body)[:_LONGEST_BODY],
        "meaning": said,
        "now": now,
    }


# Of several people with one number, the one texted last is the one who answers.
_STORE = text("""
INSERT INTO inbound_message (provider_sid, from_number, to_number, body, received_at, meaning, contact_point_id)
VALUES (:sid, :from_number, :to_number, :body, :now, :meaning, (
  SELECT c.id FROM contact_point c JOIN person p ON p.id = c.person_id AND p.merged_into IS NULL
  LEFT JOIN message m ON m.contact_point_id = c.id AND m.sent_at IS NOT NULL
  WHERE c.number = :from_number GROUP BY c.id ORDER BY max(m.sent_at) DESC NULLS LAST, c.id LIMIT 1))
ON CONFLICT (provider_sid) DO NOTHING
RETURNING id
""")
_OPT_OUT = text("""
UPDATE contact_point SET opted_out_at = COALESCE(opted_out_at, :now) WHERE number = :from_number
""")
_ANSWERED_LATELY = text("""
SELECT EXISTS (SELECT FROM inbound_message WHERE from_number = :number AND id <> :id AND received_at > :since)
""")


def _tell(
    session: Session, inbound_id: int, inbound: InboundText, said: ReplyMeaning, *, answer_by: datetime, now: datetime
) -> None:
    """Raise the alert to whoever follows this family up, else to its team, else to the last resort."""
    params = {
        "inbound": inbound_id,
        "kind": AlertKind.FAMILY_REPLY,
        "urgency": "urgent" if said is ReplyMeaning.OTHER else "routine",
        "key": dedupe.inbound_alert(_plain(inbound.provider_sid)[:64]),
        "meaning": said,
        "answer_by": answer_by,
        "now": now,
    }
    alert_id = session.scalar(_RAISE, params)
    if alert_id is None:
        return
    session.execute(
        text("UPDATE inbound_message SET alert_id = :alert WHERE id = :id"), {"alert": alert_id, "id": inbound_id}
    )
    session.execute(_TELL_STORY, {"alert": alert_id, "event": f"reply_{said}", "now": now})
    alert_emails(session, [alert_id], now=now)


_RAISE = text(f"""
INSERT INTO alert (kind, urgency, dedupe_key, follow_up_id, household_id, person_id, message_id, team_id, step_id,
  practitioner_id, owner_team_id, raised_at, next_due_at, detail)
SELECT :kind, :urgency, :key, f.id, COALESCE(f.household_id, h.household_id), c.person_id, latest.id,
  COALESCE(f.team_id, p.team_id, latest.team_id), f.step_id,
  CASE WHEN f.owner_team_id IS NULL OR f.owner_practitioner_id IS NOT NULL THEN
    COALESCE(f.owner_practitioner_id, a.practitioner_id, p.caseload_holder_id, team.lead_practitioner_id,
             (SELECT id FROM practitioner WHERE last_resort)) END,
  f.owner_team_id, :now, :answer_by, jsonb_build_object('meaning', CAST(:meaning AS text))
FROM inbound_message i
LEFT JOIN contact_point c ON c.id = i.contact_point_id
LEFT JOIN person p ON p.id = c.person_id
LEFT JOIN LATERAL (
  SELECT m.id, m.team_id, m.household_id FROM message m WHERE m.contact_point_id = c.id AND m.sent_at IS NOT NULL
  ORDER BY m.sent_at DESC LIMIT 1) latest ON true
LEFT JOIN LATERAL (
  SELECT member.household_id FROM household_member member
  WHERE member.person_id = c.person_id AND member.valid_until IS NULL
  ORDER BY member.household_id = latest.household_id DESC, member.id DESC LIMIT 1) h ON true
LEFT JOIN LATERAL (
  SELECT f.* FROM follow_up f
  LEFT JOIN message_subject s ON s.follow_up_id = f.id AND s.message_id = latest.id
  WHERE f.state NOT IN ('closed', 'continued') AND (s.id IS NOT NULL OR f.household_id = h.household_id
    OR f.person_id = c.person_id)
    AND NOT {apart("c.person_id", "f.person_id")} -- what one side of a split writes is not told on the other's
  ORDER BY s.id IS NULL, f.opened_at DESC LIMIT 1) f ON true
LEFT JOIN LATERAL (
  SELECT a.practitioner_id FROM message_subject s JOIN appointment a ON a.id = s.appointment_id
  WHERE s.message_id = latest.id LIMIT 1) a ON true
LEFT JOIN team ON team.id = COALESCE(f.team_id, p.team_id, latest.team_id)
WHERE i.id = :inbound
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING id
""")
_TELL_STORY = text("""
INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor_kind, actor, detail)
SELECT f.id, :now, :event, f.state, f.state, f.step_id, 'provider', 'family', jsonb_build_object('alert', a.id)
FROM alert a JOIN follow_up f ON f.id = a.follow_up_id WHERE a.id = :alert
""")


def _plain(value: str) -> str:
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
