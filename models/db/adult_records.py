"""What a person writes down about the adults who care for or live with a child. Kept row by row; never commits.

UNKNOWN, NOT ASKED, NO and YES stay four values. A person's word can make a number less safe here, never safer.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history, messages
from models.db.base import words_in
from models.db.follow_up_rows import NotAllowed
from models.db.scope import Scope
from models.db.tables.adults import KNOWN_COLUMNS
from models.domain.ids import HouseholdId, PersonId
from models.domain.message_states import MessageEvent, before
from models.domain.words import Asked, ContactPattern, Known, PersonRole, Relationship, ToldBy

ROLE_OF = {
    Relationship.BIRTH_MOTHER: PersonRole.MOTHER,
    Relationship.BIRTH_FATHER: PersonRole.FATHER,
    Relationship.STEP_PARENT: PersonRole.PARTNER,
    Relationship.PARTNER: PersonRole.PARTNER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdultFacts:
    """What is known of one adult in one household. `texts_about_child` is the explicit setting of domain.md 5."""

    relationship: Relationship = Relationship.UNKNOWN
    is_man: Known = Known.UNKNOWN
    lives_with: Known = Known.UNKNOWN
    parental_responsibility: Known = Known.UNKNOWN
    contact_pattern: ContactPattern = ContactPattern.UNKNOWN
    seen_on: date | None = None
    mental_health_asked: Asked = Asked.NOT_ASKED
    mental_health_asked_on: date | None = None
    domestic_abuse: Known = Known.NOT_ASKED
    violence: Known = Known.NOT_ASKED
    substance_misuse: Known = Known.NOT_ASKED
    other_children: Known = Known.NOT_ASKED
    safe_to_contact: Known = Known.UNKNOWN
    texts_about_child: Known = Known.UNKNOWN
    told_by: ToldBy
    legal_basis: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The newest record of an adult: what it says, by whom, when."""

    facts: AdultFacts
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NewAdult:
    """An adult whom no source has told us of; their NHS number joins them to a record, nothing else does."""

    name: str
    date_of_birth: date | None
    nhs_number: str | None  # checked


def newest(session: Session, household_id: int) -> dict[PersonId, Recorded]:
    """Return the newest record of each adult of a household."""
    rows = session.execute(_NEWEST, {"household": household_id}).mappings()
    return {PersonId(row["person_id"]): _recorded(dict(row)) for row in rows}


def record(
    session: Session,
    household_id: HouseholdId,
    person_id: PersonId,
    facts: AdultFacts,
    *,
    account: Scope,
    now: datetime,
) -> None:
    """Keep a record of an adult who is in this household now; what it says of home and responsibility holds there too.

    Not safe to contact, or no texts about the child: what waits to leave for that number is dropped. Raises NotAllowed
    for a question answered without its day, or a person who is not there.
    """
    if facts.mental_health_asked in (Asked.DONE, Asked.DECLINED) and facts.mental_health_asked_on is None:
        raise NotAllowed("Write the day when they were asked about their own mental health.")
    there = {"household": household_id, "person": person_id}
    member = {"lives": facts.lives_with, "responsibility": facts.parental_responsibility}
    if session.execute(_MEMBER, {**there, **member}).one_or_none() is None:
        raise NotAllowed("This person is not in the household now.")
    session.execute(_RECORD, {**asdict(facts), **there, "by": account.actor, "now": now})
    if facts.safe_to_contact is Known.NO:
        session.execute(_NOT_SAFE, {"person": person_id, "by": account.actor})
    if Known.NO in (facts.safe_to_contact, facts.texts_about_child):
        messages.drop(session, session.scalars(_ON_THEIR_WAY, there).all(), by=account.actor, now=now)
    history.audited(
        session,
        action="adult_recorded",
        subject="person",
        subject_id=person_id,
        household_id=household_id,
        actor=account,
        now=now,
    )


def add(
    session: Session, household_id: HouseholdId, adult: NewAdult, *, role: PersonRole, account: Scope, now: datetime
) -> PersonId:
    """Put an adult into the household; return who it is. A known NHS number means the person who has it.

    Raises NotAllowed where that number belongs to somebody with another date of birth: a person has to find out.
    """
    known = None
    if adult.nhs_number is not None:
        known = session.execute(_BY_NUMBER, {"number": adult.nhs_number}).one_or_none()
    born = adult.date_of_birth
    if known is not None and born is not None and known.date_of_birth not in (None, born):
        raise NotAllowed("This NHS number belongs to somebody born on another day. Check it, or leave it out.")
    params = {"name": adult.name, "born": adult.date_of_birth, "number": adult.nhs_number, "by": account.actor}
    person = PersonId(session.scalars(_ADD, params).one() if known is None else known.id)
    session.execute(_JOIN, {"household": household_id, "person": person, "role": role, "now": now})
    history.audited(
        session,
        action="adult_added",
        subject="person",
        subject_id=person,
        household_id=household_id,
        actor=account,
        now=now,
    )
    return person


def take_along(session: Session, people: Collection[int], *, old: int, new: int) -> None:
    """What holds of adults who leave a household holds where they are now, by whom and when it was written."""
    session.execute(_TAKE_ALONG, {"people": list(people), "old": old, "new": new})


def _recorded(row: dict[str, object]) -> Recorded:
    values = {field.name: row[field.name] for field in fields(AdultFacts)}
    for name, words in _WORDS.items():
        values[name] = words(str(values[name]))
    facts = AdultFacts(**values)  # type: ignore[arg-type]
    return Recorded(facts, str(row["recorded_by"]), row["recorded_at"])  # type: ignore[arg-type]


_WORDS: Mapping[str, type[StrEnum]] = {
    **dict.fromkeys(KNOWN_COLUMNS, Known),
    "relationship": Relationship,
    "contact_pattern": ContactPattern,
    "mental_health_asked": Asked,
    "told_by": ToldBy,
}
_COLUMNS = [field.name for field in fields(AdultFacts)]
_NEWEST = text(
    f"""
    SELECT DISTINCT ON (person_id) person_id, {", ".join(_COLUMNS)}, recorded_by, recorded_at
    FROM adult_record WHERE household_id = :household ORDER BY person_id, id DESC
    """
)
_RECORD = text(
    f"""
    INSERT INTO adult_record (household_id, person_id, {", ".join(_COLUMNS)}, recorded_by, recorded_at)
    VALUES (:household, :person, {", ".join(f":{name}" for name in _COLUMNS)}, :by, :now)
    """
)
_TAKE_ALONG = text(
    f"""
    INSERT INTO adult_record (household_id, person_id, {", ".join(_COLUMNS)}, recorded_by, recorded_at)
    SELECT :new, r.* FROM (
        SELECT DISTINCT ON (person_id) person_id, {", ".join(_COLUMNS)}, recorded_by, recorded_at
        FROM adult_record WHERE household_id = :old AND person_id = ANY(CAST(:people AS bigint[]))
        ORDER BY person_id, id DESC) AS r
    """
)
_MEMBER = text(
    """
    UPDATE household_member SET lives_with = :lives, parental_responsibility = :responsibility
    WHERE household_id = :household AND person_id = :person AND valid_until IS NULL
      AND role NOT IN ('child', 'unborn') RETURNING id
    """
)
_NOT_SAFE = text(
    """
    UPDATE contact_point SET safe_to_text = 'no', safe_to_text_by = :by
    WHERE person_id = :person AND safe_to_text <> 'no'
    """
)
_ON_THEIR_WAY = text(
    f"""
    SELECT m.id FROM message m JOIN contact_point c ON c.id = m.contact_point_id
    WHERE c.person_id = :person AND m.household_id = :household AND m.audience = 'family'
      AND m.state IN {words_in(before(MessageEvent.DROPPED))}
    """
)
_BY_NUMBER = text("SELECT id, date_of_birth FROM person WHERE nhs_number = :number")
_ADD = text(
    """
    INSERT INTO person (name, date_of_birth, nhs_number, details_by) VALUES (:name, :born, :number, :by) RETURNING id
    """
)
_JOIN = text(
    """
    INSERT INTO household_member (household_id, person_id, role, valid_from)
    VALUES (:household, :person, :role, :now)
    ON CONFLICT (household_id, person_id) WHERE valid_until IS NULL DO NOTHING
    """
)
