"""Load what the gate needs to know of family texts, at the moment of sending. Reads only; decides nothing.

A life, safety or confirmation that no source has told us is unknown, unless the trust has declared for a source that
knows these people what an empty value means (`source.empty_values` with `declared_by`; design 3.5):
`subject_deceased_on: alive`, `pregnancy_outcome: continuing`, `contact_safe_to_text: yes` and
`contact_confirmed_on: received`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.db.apart import apart
from models.domain import dedupe
from models.domain.gate_facts import BookedText, ContactFacts, FollowUpText, GateRules, PregnancyFacts, TextFacts
from models.domain.ids import MessageId
from models.domain.texting_hours import day_start
from models.domain.words import (
    AppointmentStatus,
    ContentLevel,
    FollowUpState,
    FollowUpTrigger,
    HoldKind,
    Known,
    LifeStatus,
    PregnancyOutcome,
    Purpose,
    TeamStage,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedText:
    """A family text's facts, and what its words need: the start it speaks of (None: none), and how many."""

    facts: TextFacts
    template_code: str
    language: str | None
    starts_at: datetime | None
    whole_day: bool
    appointments: int
    covered_by: MessageId | None


def load(
    session: Session, message_ids: Iterable[int], rules: GateRules, *, now: datetime
) -> dict[MessageId, LoadedText]:
    """Return the facts of these family texts, in two statements whatever their number."""
    params = {
        "ids": list(message_ids),
        "today": day_start(now, rules.hours.zone),
        "bereaved_since": (now - rules.holds.lately).astimezone(rules.hours.zone).date(),
        "reaching": sorted(rules.holds.reaching_households),
        "now": now,
    }
    subjects: dict[int, list[Row[Any]]] = {}
    for row in session.execute(_SUBJECTS, params):
        subjects.setdefault(row.message_id, []).append(row)
    return {
        MessageId(row.id): _loaded(row, subjects.get(row.id, []), rules) for row in session.execute(_MESSAGES, params)
    }


# The flags and losses that count are those of everybody in the household, of the recipient and of the subjects.
_SUBJECT_PEOPLE = """
  SELECT ms.message_id, COALESCE(f.person_id, a.person_id) AS person_id FROM message_subject ms
  LEFT JOIN follow_up f ON f.id = ms.follow_up_id LEFT JOIN appointment a ON a.id = ms.appointment_id
"""
# A hold on a person reaches whoever a text is for or about; of some kinds, the whole household's texts.
_HOLDS = f"""
  WITH own AS (
    SELECT c.person_id UNION SELECT s.person_id FROM ({_SUBJECT_PEOPLE}) s WHERE s.message_id = m.id
  ), home AS (
    SELECT m.household_id UNION SELECT h.household_id FROM household_member h
    WHERE h.person_id IN (SELECT person_id FROM own) AND h.valid_until IS NULL
  ), member AS (
    SELECT h.person_id FROM household_member h
    WHERE h.household_id IN (SELECT household_id FROM home) AND h.valid_until IS NULL
  )
  SELECT k.kind FROM home JOIN hold k ON k.household_id = home.household_id WHERE k.ended_at IS NULL
  UNION SELECT k.kind FROM own JOIN hold k ON k.person_id = own.person_id WHERE k.ended_at IS NULL
  UNION SELECT k.kind FROM member JOIN hold k ON k.person_id = member.person_id
    WHERE k.ended_at IS NULL AND k.kind = ANY(CAST(:reaching AS text[]))
  UNION SELECT k.kind FROM (SELECT person_id FROM own UNION SELECT person_id FROM member) AS mother
    JOIN pregnancy g ON g.mother_id = mother.person_id JOIN hold k ON k.pregnancy_id = g.id WHERE k.ended_at IS NULL
"""
_MESSAGES = text(f"""
SELECT m.id, m.purpose, m.send_after, m.not_after, m.dedupe_key, m.template_code, m.household_id,
  c.number, c.safe_to_text, c.safe_to_text_by, c.content_level, c.confirmed_on, c.confirmed_by,
  c.created_at AS number_since, c.interpreter, c.language,
  c.opted_out_at IS NOT NULL OR EXISTS (
    SELECT FROM contact_point o WHERE o.number = c.number AND o.opted_out_at IS NOT NULL) AS opted_out,
  c.failed_at IS NOT NULL AS failed,
  EXISTS (
    SELECT FROM contact_point o JOIN person other ON other.id = o.person_id AND other.merged_into IS NULL
    WHERE o.number = c.number AND o.person_id <> c.person_id
    AND NOT (COALESCE(c.safe_to_text_by, '') LIKE 'person:%' AND c.confirmed_on IS NOT NULL
             AND c.confirmed_on >= (o.created_at AT TIME ZONE 'UTC')::date)) AS shared,
  p.life_status AS recipient_life, household.texts_stopped_at IS NOT NULL AS household_stopped,
  team.stage AS team_stage, team.texts_stopped_at IS NOT NULL AS team_stopped, team.call_back_number,
  EXISTS (SELECT FROM texts_stop WHERE lifted_at IS NULL) AS all_stopped,
  ARRAY(SELECT DISTINCT flag.code FROM flag WHERE flag.ended_at IS NULL AND flag.person_id IN (
    SELECT h.person_id FROM household_member h WHERE h.household_id = m.household_id AND h.valid_until IS NULL
    UNION ALL SELECT c.person_id UNION ALL SELECT s.person_id FROM ({_SUBJECT_PEOPLE}) s WHERE s.message_id = m.id
  )) AS flags,
  EXISTS (SELECT FROM person d JOIN household_member h ON h.person_id = d.id
    WHERE h.household_id = m.household_id AND d.life_status = 'deceased'
    AND COALESCE(d.deceased_on >= :bereaved_since, true)
    AND NOT EXISTS (SELECT FROM hold l WHERE l.about_person_id = d.id AND l.ended_how = 'over'))
  OR EXISTS (SELECT FROM pregnancy g
    WHERE (g.household_id = m.household_id OR g.mother_id = c.person_id
           OR g.mother_id IN (SELECT s.person_id FROM ({_SUBJECT_PEOPLE}) s WHERE s.message_id = m.id))
    AND g.outcome IN ('miscarriage', 'stillbirth', 'termination', 'neonatal_death', 'other_end')
    AND COALESCE(g.ended_on, g.edd) >= :bereaved_since
    AND NOT EXISTS (SELECT FROM hold l WHERE l.pregnancy_id = g.id AND l.ended_how = 'over')) AS bereaved,
  ARRAY({_HOLDS}) AS holds,
  EXISTS (SELECT FROM ({_SUBJECT_PEOPLE}) s WHERE s.message_id = m.id AND {apart("c.person_id", "s.person_id")})
    AS lives_apart,
  (SELECT count(*) FROM message t WHERE t.contact_point_id IN (
      SELECT n.id FROM contact_point n WHERE n.person_id = c.person_id OR n.number = c.number)
    AND t.id <> m.id AND t.audience = 'family' AND t.sent_at >= :today) AS to_person,
  (SELECT count(*) FROM message t WHERE t.household_id = m.household_id
    AND t.id <> m.id AND t.audience = 'family' AND t.sent_at >= :today) AS to_household,
  (SELECT min(t.id) FROM message t WHERE t.contact_point_id = m.contact_point_id
    AND t.id <> m.id AND t.purpose = 'after_miss' AND m.purpose = 'after_miss' AND t.sent_at >= :today
    AND t.state IN ('sending', 'sent', 'delivered')) AS covered_by
FROM message m
JOIN contact_point c ON c.id = m.contact_point_id
JOIN person p ON p.id = c.person_id
LEFT JOIN household ON household.id = m.household_id
LEFT JOIN team ON team.id = m.team_id
WHERE m.id = ANY(CAST(:ids AS bigint[])) AND m.audience = 'family'
""")

_SUBJECTS = text("""
SELECT ms.message_id, ms.follow_up_id, COALESCE(ms.appointment_id, f.appointment_id) AS appointment_id,
  f.state AS follow_up_state, f.trigger, f.cycle, f.text_released_at IS NOT NULL AS released,
  pathway.signed_by IS NOT NULL AS pathway_signed, COALESCE(f.contact_code, a.contact_code) AS contact_code,
  EXISTS (SELECT FROM appointment n WHERE n.person_id = f.person_id AND n.contact_code = f.contact_code
    AND n.status = 'booked' AND n.starts_at > :now AND n.vanished_at IS NULL) AS rebooked,
  a.status AS appointment_status, a.starts_at, a.whole_day, a.subject_role, a.vanished_at IS NOT NULL AS vanished,
  s.sends_own_reminders, EXISTS (
    SELECT FROM source d WHERE (d.health IN ('late', 'small') OR d.next_expected_at < :now) AND CASE
      WHEN a.id IS NOT NULL THEN d.id = a.source_id
      ELSE d.id IN (SELECT i.source_id FROM person_identifier i WHERE i.person_id = p.id) END) AS feed_late,
  p.life_status, declared.empty_values,
  pregnancy.outcome AS pregnancy_outcome, pregnancy.edd
FROM message_subject ms
LEFT JOIN follow_up f ON f.id = ms.follow_up_id
LEFT JOIN pathway_version pathway ON pathway.code = f.pathway_code AND pathway.version = f.pathway_version
LEFT JOIN expected_contact e ON e.id = f.expected_contact_id
LEFT JOIN appointment a ON a.id = COALESCE(ms.appointment_id, f.appointment_id)
LEFT JOIN source s ON s.id = a.source_id
LEFT JOIN person p ON p.id = COALESCE(f.person_id, a.person_id)
LEFT JOIN LATERAL (
  SELECT g.outcome, g.edd FROM pregnancy g
  WHERE g.id = e.pregnancy_id
    OR (e.pregnancy_id IS NULL AND (g.mother_id = p.id OR g.household_id = COALESCE(f.household_id, a.household_id)))
  ORDER BY g.edd DESC, g.id DESC LIMIT 1) pregnancy ON true
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(v.key, v.value) AS empty_values FROM source d, jsonb_each(d.empty_values) v
  WHERE d.declared_by IS NOT NULL AND (d.id = a.source_id OR d.id IN (
    SELECT i.source_id FROM person_identifier i WHERE i.person_id = p.id))) declared ON true
WHERE ms.message_id = ANY(CAST(:ids AS bigint[])) AND ms.alert_id IS NULL
""")


def _loaded(row: Row[Any], subjects: Sequence[Row[Any]], rules: GateRules) -> LoadedText:
    empties: dict[str, object] = {}
    for subject in subjects:
        empties |= subject.empty_values or {}
    booked = [subject for subject in subjects if subject.appointment_id is not None]
    first = min(booked, key=lambda subject: subject.starts_at, default=None)
    return LoadedText(
        facts=_facts(row, subjects, booked, empties, rules),
        template_code=row.template_code,
        language=row.language,
        starts_at=None if first is None else first.starts_at,
        whole_day=first is not None and first.whole_day,
        appointments=len({subject.appointment_id for subject in booked}),
        covered_by=None if row.covered_by is None else MessageId(row.covered_by),
    )


def _facts(
    row: Row[Any],
    subjects: Sequence[Row[Any]],
    booked: Sequence[Row[Any]],
    empties: Mapping[str, object],
    rules: GateRules,
) -> TextFacts:
    return TextFacts(
        purpose=Purpose(row.purpose),
        due_at=row.send_after,
        not_after=row.not_after,
        contact=_contact(row, empties),
        recipient_life=_life(row.recipient_life, empties),
        subject_lives=tuple(_life(subject.life_status, empties) for subject in subjects),
        contact_codes=frozenset(subject.contact_code for subject in subjects),
        about_unborn=any(subject.subject_role == "unborn" for subject in subjects),
        pregnancy=_pregnancy(subjects, empties),
        bereaved=row.bereaved,
        holds=frozenset(HoldKind(kind) for kind in row.holds),
        lives_apart=row.lives_apart,
        flags=frozenset(row.flags),
        household_stopped=row.household_stopped,
        team_stopped=bool(row.team_stopped),
        all_stopped=row.all_stopped,
        team_stage=None if row.team_stage is None else TeamStage(row.team_stage),
        call_back_number=row.call_back_number,
        follow_ups=tuple(_follow_up(subject, row.dedupe_key) for subject in subjects if subject.follow_up_id),
        appointments=tuple(_booked(subject) for subject in booked),
        same_key=_key_now(row, booked, rules) == row.dedupe_key,
        feed_late=any(subject.feed_late for subject in subjects),
        covered=row.covered_by is not None,
        sent_today_to_person=row.to_person,
        sent_today_to_household=row.to_household,
    )


def _contact(row: Row[Any], empties: Mapping[str, object]) -> ContactFacts:
    # What a source's empty value means speaks for what nobody has entered; not against a person who unconfirmed it.
    safe = Known(row.safe_to_text)
    if safe is Known.UNKNOWN and row.safe_to_text_by is None and empties.get("contact_safe_to_text") in (True, "yes"):
        safe = Known.YES
    confirmed_on = row.confirmed_on
    if confirmed_on is None and row.confirmed_by is None and empties.get("contact_confirmed_on") == "received":
        confirmed_on = row.number_since.date()
    return ContactFacts(
        number=row.number,
        safe_to_text=safe,
        content_level=ContentLevel(row.content_level),
        confirmed_on=confirmed_on,
        opted_out=row.opted_out,
        failed=row.failed,
        shared=row.shared,
        interpreter=Known(row.interpreter),
        language=row.language or "en",
    )


def _life(word: str | None, empties: Mapping[str, object]) -> LifeStatus:
    life = LifeStatus(word or LifeStatus.UNKNOWN)
    if life is LifeStatus.UNKNOWN and empties.get("subject_deceased_on") == "alive":
        return LifeStatus.ALIVE
    return life


def _pregnancy(subjects: Sequence[Row[Any]], empties: Mapping[str, object]) -> PregnancyFacts | None:
    """Of several, one that has ended, or that nobody knows the outcome of, counts before one that goes on."""
    known = []
    for subject in subjects:
        if subject.pregnancy_outcome is not None:
            outcome = PregnancyOutcome(subject.pregnancy_outcome)
            if outcome is PregnancyOutcome.UNKNOWN and empties.get("pregnancy_outcome") == "continuing":
                outcome = PregnancyOutcome.CONTINUING
            known.append(PregnancyFacts(outcome=outcome, edd=subject.edd))
    return min(known, key=lambda each: each.outcome is PregnancyOutcome.CONTINUING, default=None)


def _follow_up(subject: Row[Any], key: str) -> FollowUpText:
    return FollowUpText(
        state=FollowUpState(subject.follow_up_state),
        trigger=FollowUpTrigger(subject.trigger),
        released=subject.released,
        same_cycle=dedupe.is_step_of(key, follow_up_id=subject.follow_up_id, cycle=subject.cycle),
        pathway_signed=bool(subject.pathway_signed),
        rebooked=subject.rebooked,
    )


def _booked(subject: Row[Any]) -> BookedText:
    return BookedText(
        status=AppointmentStatus(subject.appointment_status),
        starts_at=subject.starts_at,
        vanished=subject.vanished,
        source_sends_reminders=subject.sends_own_reminders,
    )


def _key_now(row: Row[Any], booked: Sequence[Row[Any]], rules: GateRules) -> str | None:
    """A reminder's key made again from its appointments as they are now: another one means that something moved."""
    purpose = Purpose(row.purpose)
    if purpose is Purpose.AFTER_MISS or not booked:
        return str(row.dedupe_key)
    if len(booked) == 1:
        return dedupe.reminder(booked[0].appointment_id, booked_start=booked[0].starts_at, purpose=purpose)
    starts = [subject.starts_at for subject in booked]
    day = min(starts).astimezone(rules.hours.zone).date()
    return dedupe.bundle(row.household_id, purpose=purpose, civil_day=day, starts=starts)
