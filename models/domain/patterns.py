"""Patterns over time: what the rules of config/patterns.yaml ask of a family's contacts, and what is known of them.

Data only; the questions themselves are in `pattern_rules`. Source: domain.md 3.4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from models.domain.words import AppointmentStatus, OutcomeSubtype

DISCLOSED = "disclosed"  # stands for the service of an adult's contact of which no more is told


class Happened(StrEnum):
    """What a contact counts as."""

    NOT_SEEN = "not_seen"
    SEEN = "seen"
    FAMILY_CANCELLED = "family_cancelled"
    SERVICE_CANCELLED = "service_cancelled"
    MOVED = "moved"
    NOTHING = "nothing"


class PatternKind(StrEnum):
    """What a rule looks for."""

    CONSECUTIVE = "consecutive"  # so many in a row
    COUNT = "count"  # so many within a time
    SAME_CONTACT = "same_contact"  # so many of one contact since it last took place
    SERVICES = "services"  # with so many services
    SIBLING = "sibling"  # children with an open follow-up
    UNSEEN = "unseen"  # a child not seen in person for longer than its age allows
    ONE_SIDED = "one_sided"  # parents seen at their own contacts and children never, or the reverse
    DETAILS_CHANGED = "details_changed"  # number and address, and a contact not kept
    AFTER_SCREEN = "after_screen"  # not kept after a score or a concern


class Scope(StrEnum):
    """Whose contacts are read together."""

    CHILD = "child"
    PARENT = "parent"
    HOUSEHOLD = "household"


@dataclass(frozen=True, slots=True)
class UnseenLimits:
    """How long a child may go unseen by any professional, by age: R6."""

    until_weeks: int
    days_then: int
    until_months: int
    days_after: int
    until_years: int
    months_past_review: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRule:
    """One rule. `leaves_out`: services not counted, or DISCLOSED. `opens`: also where nothing is live."""

    id: str
    kind: PatternKind
    of: tuple[Scope, ...]
    counts: frozenset[Happened]
    at_least: int
    within: timedelta | None
    leaves_out: frozenset[str]
    again_after: timedelta
    tells: bool
    faster: bool
    opens: bool
    says: str
    unseen: UnseenLimits | None


@dataclass(frozen=True)
class PatternRules:
    """All rules of one version, and what a recorded outcome counts as."""

    version: int
    rules: tuple[PatternRule, ...]
    recent: timedelta
    counts_as: Mapping[AppointmentStatus, Happened]
    counts_as_subtype: Mapping[OutcomeSubtype, Happened]
    confidential: frozenset[str]
    recurring: frozenset[str]
    source: str

    def meaning(self, status: AppointmentStatus, subtype: OutcomeSubtype | None) -> Happened:
        """Return what an outcome counts as; the sub-type says more than the status."""
        if subtype is not None and subtype in self.counts_as_subtype:
            return self.counts_as_subtype[subtype]
        return self.counts_as.get(status, Happened.NOTHING)

    @property
    def reach(self) -> timedelta:
        """How far back any rule reads."""
        return max(rule.within for rule in self.rules if rule.within is not None)

    def rule(self, rule_id: str) -> PatternRule:
        """Return a rule by its id. Raises KeyError."""
        return next(rule for rule in self.rules if rule.id == rule_id)


@dataclass(frozen=True, slots=True)
class Event:
    """One contact of the family: when it took place or did not. `about` is the appointment's id, which never moves.

    `person_id` None: an adult's contact that was disclosed without saying more; then `about` is below nought.
    `backlog`: old when first received.
    """

    what: Happened
    person_id: int | None
    contact_code: str
    service: str
    at: datetime
    on: date
    about: int
    backlog: bool = False


@dataclass(frozen=True, slots=True)
class Relative:
    """A living member of the household. `last_seen_on`: in person, by a professional whose word is authoritative.

    `review_due`: the last day in time of the earliest review since then that did not take place.
    """

    person_id: int
    is_child: bool
    born: date | None
    known_since: date
    last_seen_on: date | None = None
    review_due: date | None = None
    flagged: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """A live follow-up outside the backlog. `about`: its appointment. `is_miss`: of a contact, not an event or L0.

    `tells`: its ladder has a step for a pattern. One without, such as what is ended after a loss, is never raised.
    """

    follow_up_id: int
    person_id: int
    service: str
    team_id: int | None
    about: int | None
    opened_at: datetime
    breach_at: datetime
    high_risk: bool
    is_miss: bool
    tells: bool = True


@dataclass(frozen=True, slots=True)
class Screen:
    """A score or concern that asked for a decision, by whose team."""

    person_id: int
    on: date
    team_id: int | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A pattern found before. `person_id` None: of the household. `reader`: the confidential service it is for."""

    reader: str | None
    rule_id: str
    person_id: int | None
    about: str
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One household, or a person without one, as far as one reader may see it. Events in the order of time."""

    household_id: int | None
    relatives: Sequence[Relative]
    events: Sequence[Event] = ()
    live: Sequence[Live] = ()
    screens: Sequence[Screen] = ()
    earlier: Sequence[Earlier] = ()
    number_changed_at: datetime | None = None
    address_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern. `about` tells one occasion from the next. It raises `follow_up_id`; None: it opens a follow-up.

    `person_id`: whom it is about; `of_household`: all of them, that person only stands for them.
    """

    rule: PatternRule
    person_id: int
    of_household: bool
    about: str
    events: tuple[int, ...]
    count: int
    says: str
    follow_up_id: int | None


def views(family: Family, rules: PatternRules) -> list[tuple[str | None, Family]]:
    """Return the family as each reader may see it: everybody's view, and one for each confidential service.

    A confidential service sees its own contacts of each adult, and nothing else; everybody else sees nothing of it.
    """
    services = sorted({event.service for event in family.events} & rules.confidential)
    return [(None, _open_view(family, rules)), *((service, _own_view(family, service)) for service in services)]


def _open_view(family: Family, rules: PatternRules) -> Family:
    return replace(
        family,
        events=[event for event in family.events if event.service not in rules.confidential],
        live=[live for live in family.live if live.service not in rules.confidential],
        earlier=[earlier for earlier in family.earlier if earlier.reader is None],
    )


def _own_view(family: Family, service: str) -> Family:
    return Family(
        household_id=None,
        relatives=[relative for relative in family.relatives if not relative.is_child],
        events=[event for event in family.events if event.service == service],
        live=[live for live in family.live if live.service == service],
        earlier=[earlier for earlier in family.earlier if earlier.reader == service],
    )
