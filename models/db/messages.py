"""Messages: add them in sets, let them go, drop them. Never commits.

A message is written in the transaction that changes the state it speaks of (design 3.4); whether it may leave is
decided by the one gate, when it is sent, and never here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.base import words_in
from models.db.packing import packed, packed_tuples, unpacked
from models.domain import dedupe
from models.domain.ids import (
    AlertId,
    AppointmentId,
    ContactPointId,
    FollowUpId,
    HouseholdId,
    MessageId,
    PractitionerId,
    TeamId,
)
from models.domain.message_states import MessageEvent, before
from models.domain.words import Audience, Channel, MessageState, Purpose, Urgency

STAFF_ALERT_TEMPLATE = "staff_alert"
AFTER_MISS_TEMPLATE = "after_miss"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to add. The words are rendered when it is sent, by the version of the template then in force."""

    channel: Channel
    audience: Audience
    purpose: Purpose
    dedupe_key: str  # from models/domain/dedupe.py alone
    template_code: str
    send_after: datetime
    template_version: int = 1
    state: MessageState = MessageState.QUEUED
    urgency: Urgency = Urgency.ROUTINE
    language: str = "en"
    not_after: datetime | None = None
    team_id: TeamId | None = None
    household_id: HouseholdId | None = None
    contact_point_id: ContactPointId | None = None
    practitioner_id: PractitionerId | None = None
    follow_up_ids: tuple[FollowUpId, ...] = ()
    appointment_ids: tuple[AppointmentId, ...] = ()
    alert_ids: tuple[AlertId, ...] = ()


_COLUMNS = (
    ("channel", "text"),
    ("audience", "text"),
    ("purpose", "text"),
    ("urgency", "text"),
    ("state", "text"),
    ("dedupe_key", "text"),
    ("team_id", "bigint"),
    ("household_id", "bigint"),
    ("contact_point_id", "bigint"),
    ("practitioner_id", "bigint"),
    ("template_code", "text"),
    ("template_version", "bigint"),
    ("language", "text"),
    ("send_after", "timestamptz"),
    ("not_after", "timestamptz"),
)
_SUBJECTS = (
    ("subject_key", "text"),
    ("follow_up_id", "bigint"),
    ("appointment_id", "bigint"),
    ("alert_id", "bigint"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)
_ADD = text(f"""
WITH added AS (
  INSERT INTO message ({_NAMES}, created_at)
  SELECT {_NAMES}, CAST(:now AS timestamptz) FROM {unpacked(_COLUMNS, alias="r")}
  ORDER BY dedupe_key -- one order for all, so that two writers of the same keys wait for each other and never lock up
  ON CONFLICT (dedupe_key) DO NOTHING
  RETURNING id, dedupe_key
), linked AS (
  INSERT INTO message_subject (message_id, follow_up_id, appointment_id, alert_id)
  SELECT added.id, s.follow_up_id, s.appointment_id, s.alert_id
  FROM {unpacked(_SUBJECTS, alias="s")} JOIN added ON added.dedupe_key = s.subject_key
  ON CONFLICT DO NOTHING
)
SELECT id, dedupe_key FROM added
""")


def add_many(session: Session, rows: Sequence[NewMessage], *, now: datetime) -> list[MessageId | None]:
    """Add messages with what they speak of, in one statement; return their ids in the order of `rows`.

    None where a message of that key was there already (or came earlier in `rows`): nothing is added or changed then.
    """
    if not rows:
        return []
    params = packed(rows, _COLUMNS) | packed_tuples(_subjects(rows), _SUBJECTS)
    added = session.execute(_ADD, {**params, "now": now})
    by_key = {key: MessageId(row_id) for row_id, key in added}
    return [by_key.pop(row.dedupe_key, None) for row in rows]


def alert_emails(session: Session, alert_ids: Iterable[int], *, now: datetime) -> list[MessageId]:
    """Add one e-mail for each of these open alerts that can't wait and whose practitioner has an address.

    Returns the new ids, in no order. What is routine waits for `digests`. Nothing for a team still in shadow. Called
    again for an alert that was raised again, it adds that raising's e-mail; called twice for one raising, it adds
    nothing. The caller commits.
    """
    found = session.execute(_ALERTS_TO_MAIL, {"ids": list(alert_ids), "shadow": "shadow"})
    rows = [
        NewMessage(
            channel=Channel.EMAIL,
            audience=Audience.STAFF,
            purpose=Purpose.STAFF_ALERT,
            dedupe_key=dedupe.alert_message(
                row.id, times_raised=row.times_raised, practitioner_id=row.practitioner_id, channel=Channel.EMAIL
            ),
            template_code=STAFF_ALERT_TEMPLATE,
            send_after=now,
            urgency=Urgency(row.urgency),
            team_id=row.team_id,
            practitioner_id=row.practitioner_id,
            alert_ids=(row.id,),
        )
        for row in found
    ]
    return [message_id for message_id in add_many(session, rows, now=now) if message_id is not None]


_ALERTS_TO_MAIL = text("""
SELECT alert.id, alert.times_raised, alert.urgency, alert.practitioner_id, COALESCE(alert.team_id, p.team_id) AS team_id
FROM alert
JOIN practitioner p ON p.id = alert.practitioner_id
LEFT JOIN team ON team.id = COALESCE(alert.team_id, p.team_id)
WHERE alert.id = ANY(CAST(:ids AS bigint[])) AND alert.state = 'open' AND alert.urgency <> 'routine'
  AND p.email LIKE '%@%' AND COALESCE(team.stage, '') <> :shadow
""")


def digests(session: Session, *, at: datetime, now: datetime) -> list[MessageId]:
    """Add one e-mail to each person whose routine alerts wait and who has heard of none of them; `at` is its time.

    Speaks for all of them; return the new ids. Twice for one time adds nothing. The caller commits.
    """
    rows = [
        NewMessage(
            channel=Channel.EMAIL,
            audience=Audience.STAFF,
            purpose=Purpose.STAFF_ALERT,
            dedupe_key=dedupe.digest(row.practitioner_id, at=at),
            template_code=STAFF_ALERT_TEMPLATE,
            send_after=now,
            team_id=row.team_id,
            practitioner_id=row.practitioner_id,
            alert_ids=tuple(row.alert_ids),
        )
        for row in session.execute(_UNTOLD, {"shadow": "shadow"})
    ]
    return [message_id for message_id in add_many(session, rows, now=now) if message_id is not None]


_UNTOLD = text("""
SELECT p.id AS practitioner_id, p.team_id, array_agg(alert.id ORDER BY alert.id) AS alert_ids
FROM alert
JOIN practitioner p ON p.id = alert.practitioner_id
LEFT JOIN team ON team.id = COALESCE(alert.team_id, p.team_id)
WHERE alert.state = 'open' AND alert.urgency = 'routine' AND alert.acknowledged_at IS NULL
  AND p.email LIKE '%@%' AND COALESCE(team.stage, '') <> :shadow
  -- Each time that it is raised, up or again, or given on after somebody was told, somebody hears of it once more.
  AND (SELECT count(*) FROM message_subject s WHERE s.alert_id = alert.id)
      < alert.times_raised + alert.times_given_on
GROUP BY p.id ORDER BY p.id
""")


def release_texts(
    session: Session, follow_up_id: int, *, by: str, now: datetime, not_after: datetime | None = None
) -> list[MessageId]:
    """Let the family texts of a follow-up go that wait for a person: held, blocked by the gate, or expired.

    Marks the follow-up as released and writes its story; the gate still decides when each is sent. `not_after`: until
    when the text is of use, if anew. Returns the ids let go, empty if there was none; the caller commits.
    """
    released = list(session.scalars(_RELEASE, {"follow_up": follow_up_id, "now": now, "not_after": not_after}))
    if released:
        params = {"follow_up": follow_up_id, "now": now, "by": by}
        session.execute(_MARK_RELEASED, params)
        session.execute(_TELL_RELEASED, params | {"count": len(released)})
    return [MessageId(message_id) for message_id in released]


_RELEASE = text(f"""
UPDATE message SET state = 'queued', send_after = :now, block_reason = NULL, ended_at = NULL, ended_by = NULL,
  attempts = 0, not_after = COALESCE(CAST(:not_after AS timestamptz), CASE WHEN not_after > :now THEN not_after END)
WHERE audience = 'family' AND state IN {words_in(before(MessageEvent.RELEASED))}
  AND id IN (SELECT message_id FROM message_subject WHERE follow_up_id = :follow_up)
RETURNING id
""")
_MARK_RELEASED = text("UPDATE follow_up SET text_released_at = :now, text_released_by = :by WHERE id = :follow_up")
_TELL_RELEASED = text("""
INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor_kind, actor, detail)
SELECT id, :now, 'text_released', state, state, step_id, 'person', :by,
  jsonb_build_object('messages', CAST(:count AS int))
FROM follow_up WHERE id = :follow_up
""")


def drop(session: Session, message_ids: Iterable[int], *, by: str, now: datetime) -> list[MessageId]:
    """Drop, for good, messages that have not left; return the ids dropped. One that is being sent can't be dropped."""
    dropped = session.scalars(_DROP, {"ids": list(message_ids), "by": by, "now": now})
    return [MessageId(message_id) for message_id in dropped]


_DROP = text(f"""
UPDATE message SET state = 'dropped', ended_at = :now, ended_by = :by, lease_until = NULL, claim_token = NULL
WHERE id = ANY(:ids) AND state IN {words_in(before(MessageEvent.DROPPED))}
RETURNING id
""")


def _subjects(rows: Sequence[NewMessage]) -> list[tuple[str, int | None, int | None, int | None]]:
    """What the messages speak of, one line a subject."""
    links: list[tuple[str, int | None, int | None, int | None]] = []
    for row in rows:
        links += [(row.dedupe_key, subject, None, None) for subject in row.follow_up_ids]
        links += [(row.dedupe_key, None, subject, None) for subject in row.appointment_ids]
        links += [(row.dedupe_key, None, None, subject) for subject in row.alert_ids]
    return links
