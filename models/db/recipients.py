"""Whom a family's message is for, and at which number. Picks; whether that number may be texted is for the gate.

The rule (domain.md 6.2 and 5): the carer whom a person recorded as the one to reach about a child; else the person whom
the appointment names; else an adult subject herself; else the one with recorded parental responsibility for a child;
else the child's mother. Never every number on file, never one adult about another, never a guess by number or name, and
never somebody who lives apart from whom it is about. About a child nobody but the mother is reached unless the sender
names them, or a person has set that texts about the child may go to them; a person's "no" outweighs all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.db.apart import apart
from models.domain.ids import ContactPointId, FollowUpId, HouseholdId, PersonId, TeamId


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to reach about a subject. `contact_point_id` is None where that person has no number: a person must act."""

    person_id: PersonId
    contact_point_id: ContactPointId | None
    language: str | None
    household_id: HouseholdId | None
    team_id: TeamId | None


def for_follow_ups(session: Session, follow_up_ids: Iterable[int]) -> dict[FollowUpId, Recipient]:
    """Return whom to reach about each follow-up; one that is absent has nobody known to reach."""
    rows = session.execute(text(f"WITH asked AS ({_OF_FOLLOW_UPS}) {_CHOOSE}"), {"ids": list(follow_up_ids)})
    return {FollowUpId(row.asked_id): _recipient(row) for row in rows}


def for_appointments(session: Session, appointment_ids: Iterable[int]) -> dict[int, Recipient]:
    """Return whom to reach about each appointment; one that is absent has nobody known to reach."""
    rows = session.execute(text(f"WITH asked AS ({_OF_APPOINTMENTS}) {_CHOOSE}"), {"ids": list(appointment_ids)})
    return {row.asked_id: _recipient(row) for row in rows}


_OF_APPOINTMENTS = """
  SELECT a.id AS asked_id, a.person_id, a.household_id, a.team_id, a.contact_person_id, a.subject_role
  FROM appointment a WHERE a.id = ANY(CAST(:ids AS bigint[]))
"""

_OF_FOLLOW_UPS = """
  SELECT f.id AS asked_id, f.person_id, f.household_id, f.team_id,
    COALESCE(a.contact_person_id, (
      SELECT latest.contact_person_id FROM appointment latest
      WHERE latest.person_id = f.person_id AND latest.contact_person_id IS NOT NULL
      ORDER BY latest.starts_at DESC LIMIT 1)) AS contact_person_id,
    COALESCE(a.subject_role, m.role) AS subject_role
  FROM follow_up f LEFT JOIN appointment a ON a.id = f.appointment_id
  LEFT JOIN household_member m ON m.household_id = f.household_id AND m.person_id = f.person_id
    AND m.valid_until IS NULL
  WHERE f.id = ANY(CAST(:ids AS bigint[]))
"""

# What a person has set for this adult: whether texts about the household's children may go to them.
_SETTING = """
  coalesce((SELECT r.texts_about_child FROM adult_record r
            WHERE r.household_id = asked.household_id AND r.person_id = {person} ORDER BY r.id DESC LIMIT 1), 'unknown')
"""
# Rank -1: the carer a person recorded; 0: named to be reached; 1: the adult subject; 2: parental responsibility
# recorded; 3: the mother. An adult's own appointment, and a pregnancy, is never told to another adult because a sender
# names one.
_CHOOSE = f"""
, candidate AS (
  SELECT asked.asked_id, m.person_id, -1 AS rank FROM asked
  JOIN household_member m ON m.household_id = asked.household_id AND m.valid_until IS NULL
    AND m.reach_first_since IS NOT NULL
  WHERE asked.subject_role IN ('child', 'unborn') AND {_SETTING.format(person="m.person_id")} <> 'no'
  UNION ALL
  SELECT asked_id, contact_person_id, 0 FROM asked
  WHERE contact_person_id IS NOT NULL AND (contact_person_id = person_id
    OR (coalesce(subject_role, 'child') = 'child' AND {_SETTING.format(person="asked.contact_person_id")} <> 'no')
    OR (subject_role = 'unborn' AND (
      {_SETTING.format(person="asked.contact_person_id")} = 'yes'
      OR {_SETTING.format(person="asked.contact_person_id")} <> 'no' AND NOT EXISTS (
        SELECT FROM household_member m WHERE m.person_id = asked.contact_person_id AND m.valid_until IS NULL
          AND m.household_id = asked.household_id AND m.role IN ('father', 'partner')))))
  UNION ALL
  SELECT asked_id, person_id, 1 FROM asked WHERE subject_role IN ('mother', 'father', 'partner', 'carer')
  UNION ALL
  SELECT asked.asked_id, m.person_id, CASE WHEN m.parental_responsibility = 'yes' THEN 2 ELSE 3 END FROM asked
  JOIN household_member m ON m.household_id = asked.household_id AND m.valid_until IS NULL
    AND m.person_id <> asked.person_id
  CROSS JOIN LATERAL (SELECT {_SETTING.format(person="m.person_id")} AS says) AS setting
  WHERE asked.subject_role IN ('child', 'unborn') AND m.role IN ('mother', 'father', 'partner', 'carer')
    AND (m.parental_responsibility = 'yes' AND setting.says = 'yes'
         OR m.role = 'mother' AND m.parental_responsibility <> 'no' AND setting.says <> 'no')
)
SELECT DISTINCT ON (asked.asked_id) asked.asked_id, candidate.person_id, c.id AS contact_point_id, c.language,
  asked.household_id, asked.team_id
FROM asked JOIN candidate USING (asked_id)
LEFT JOIN contact_point c ON c.person_id = candidate.person_id
WHERE NOT {apart("candidate.person_id", "asked.person_id")}
ORDER BY asked.asked_id, candidate.rank, (c.id IS NULL), (c.safe_to_text = 'no'), (c.opted_out_at IS NOT NULL),
  (c.failed_at IS NOT NULL), (c.safe_to_text <> 'yes'), c.confirmed_on DESC NULLS LAST, c.id
"""


def _recipient(row: Row[Any]) -> Recipient:
    return Recipient(row.person_id, row.contact_point_id, row.language, row.household_id, row.team_id)
