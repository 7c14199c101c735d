"""Two records that may be one person: what agrees, what speaks against it, and which value is kept. Pure.

Nothing here joins anybody: a person decides (hazards 12 and 27). Sources: domain.md 10, design 3.11.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from models.domain.words import ContentLevel, Known, PersonRole

NEEDED = 2  # identifiers that have to agree, or a reason is written down (domain.md 10, hazard 12)
_YOUNG = frozenset({PersonRole.CHILD, PersonRole.UNBORN})


class Identifier(StrEnum):
    """What tells one person from another, as far as a record holds it."""

    NHS_NUMBER = "nhs_number"
    DATE_OF_BIRTH = "date_of_birth"
    NAME = "name"
    POSTCODE = "postcode"


class Against(StrEnum):
    """What speaks against two records being one person."""

    OTHER_NHS_NUMBER = "other_nhs_number"
    OTHER_DATE_OF_BIRTH = "other_date_of_birth"
    CHILD_AND_ADULT = "child_and_adult"
    SAME_HOUSEHOLD = "same_household"  # two children of one family: a twin is not a repeat


@dataclass(frozen=True, slots=True)
class Identity:
    """One record as it is compared. `told_numbers`: NHS numbers that a source gives it too and that stand elsewhere."""

    nhs_number: str | None
    name: str | None
    date_of_birth: date | None
    postcode: str | None
    roles: frozenset[PersonRole] = frozenset()
    households: frozenset[int] = frozenset()
    told_numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What agrees and what speaks against it. `refused`: nobody may join these two, whatever the reason."""

    agree: frozenset[Identifier]
    against: frozenset[Against]

    @property
    def needs_reason(self) -> bool:
        """Whether a reason has to be written down."""
        return len(self.agree) < NEEDED or bool(self.against)

    @property
    def refused(self) -> bool:
        """A mother is not her baby."""
        return Against.CHILD_AND_ADULT in self.against and Against.SAME_HOUSEHOLD in self.against


def compare(one: Identity, other: Identity) -> Comparison:
    """Compare two records; what only one of them holds neither agrees nor speaks against it."""
    agree: set[Identifier] = set()
    against: set[Against] = set()
    if one.nhs_number and other.nhs_number:
        if one.nhs_number == other.nhs_number:
            agree.add(Identifier.NHS_NUMBER)
        else:
            against.add(Against.OTHER_NHS_NUMBER)
    elif (one.told_numbers | {one.nhs_number}) & (other.told_numbers | {other.nhs_number}) - {None}:
        agree.add(Identifier.NHS_NUMBER)
    if one.date_of_birth and one.date_of_birth == other.date_of_birth:
        agree.add(Identifier.DATE_OF_BIRTH)
    elif one.date_of_birth and other.date_of_birth:
        against.add(Against.OTHER_DATE_OF_BIRTH)
    if _same(one.name, other.name):
        agree.add(Identifier.NAME)
    if _same(one.postcode, other.postcode):
        agree.add(Identifier.POSTCODE)
    if _young_and_old(one.roles, other.roles):
        against.add(Against.CHILD_AND_ADULT)
    if one.households & other.households:
        against.add(Against.SAME_HOUSEHOLD)
    return Comparison(frozenset(agree), frozenset(against))


def _same(one: str | None, other: str | None) -> bool:
    """Whether two texts are the same but for spaces and capitals; never "nearly"."""
    return bool(one and other) and _plain(one) == _plain(other)


def _plain(text: str | None) -> str:
    return "".join((text or "").split()).casefold()


def _young_and_old(one: frozenset[PersonRole], other: frozenset[PersonRole]) -> bool:
    return bool((one & _YOUNG and other - _YOUNG) or (other & _YOUNG and one - _YOUNG))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactState:
    """What is known of one number on one record. `*_by`: 'person:NAME' or 'import:SOURCE'."""

    language: str | None
    interpreter: Known
    safe_to_text: Known
    safe_to_text_by: str | None
    content_level: ContentLevel
    confirmed_on: date | None
    confirmed_by: str | None
    opted_out_at: datetime | None
    failed_at: datetime | None
    failed_code: str | None


def safest(kept: ContactState, gone: ContactState) -> ContactState:
    """Return what the number is known to be once both records are one: the safer of each, a person's word first.

    NO wins over everything; a person's YES over what no person said; else UNKNOWN wins over YES (design 3.11).
    """
    safe, safe_by = _safe(kept, gone)
    confirmed = _confirmed(kept, gone)
    failed = min((one for one in (kept, gone) if one.failed_at), key=lambda one: str(one.failed_at), default=kept)
    return ContactState(
        language=kept.language or gone.language,
        interpreter=_interpreter(kept.interpreter, gone.interpreter),
        safe_to_text=safe,
        safe_to_text_by=safe_by,
        content_level=min(kept.content_level, gone.content_level, key=list(ContentLevel).index),
        confirmed_on=confirmed.confirmed_on,
        confirmed_by=confirmed.confirmed_by,
        opted_out_at=min(filter(None, (kept.opted_out_at, gone.opted_out_at)), default=None),
        failed_at=failed.failed_at,
        failed_code=failed.failed_code,
    )


def _safe(kept: ContactState, gone: ContactState) -> tuple[Known, str | None]:
    both = (kept, gone)
    for one in both:
        if one.safe_to_text is Known.NO:
            return Known.NO, one.safe_to_text_by
    by_person = [one for one in both if by_a_person(one.safe_to_text_by)]
    for one in by_person:
        return one.safe_to_text, one.safe_to_text_by
    for one in both:
        if one.safe_to_text is not Known.YES:
            return one.safe_to_text, one.safe_to_text_by
    return kept.safe_to_text, kept.safe_to_text_by


def _confirmed(kept: ContactState, gone: ContactState) -> ContactState:
    """A person's confirmation counts, the later of two; a file's only where both have one, and then the earlier."""
    by_person = [one for one in (kept, gone) if one.confirmed_on and by_a_person(one.confirmed_by)]
    if by_person:
        return max(by_person, key=lambda one: one.confirmed_on or date.min)
    return min((kept, gone), key=lambda one: one.confirmed_on or date.min)


def _interpreter(kept: Known, gone: Known) -> Known:
    if Known.YES in (kept, gone):
        return Known.YES
    return kept if kept is not Known.UNKNOWN else gone


def by_a_person(by: str | None) -> bool:
    """Whether somebody entered it themselves."""
    return bool(by and by.startswith("person:"))
