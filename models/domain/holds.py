"""What each kind of hold does to family texts and to the staff's plan. Pure; the kinds are data: config/holds.yaml.

A hold ends by a person alone. When its time comes and nobody has decided, the safe side stays: texts stay blocked, and
the staff's plan, which a hold may keep waiting up to a ceiling, goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.domain.ladder_facts import Pause
from models.domain.pathway import Span
from models.domain.words import AccountRole, FamilyEventKind, HoldKind, HoldScope, OwnerRole
from models.domain.working_time import WorkingCalendar, staff_moment


@dataclass(frozen=True, slots=True)
class LadderPause:
    """Which steps wait while a hold stands, by pathway, and for how long at most from its start."""

    steps: Mapping[str, frozenset[str]]
    routine_at_most: Span
    high_risk_at_most: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRule:
    """One kind of config/holds.yaml.

    `texts_reach`: whose texts it blocks, the whole household's or those to and about whom it is set on. `pauses` None:
    the staff's plan goes on. `replaced_by`: the ladder that takes over the follow-ups of whoever died, or of the
    pregnancy that ended. `starts`: the family event it records. `flags`: an import's way of saying it.
    """

    kind: HoldKind
    name: str
    sign: str  # on lists and pages
    scopes: frozenset[HoldScope]
    blocks_texts: bool
    texts_reach: HoldScope
    pauses: LadderPause | None
    replaced_by: str | None
    starts: FamilyEventKind | None
    flags: frozenset[str]
    owner: OwnerRole
    review_after: timedelta  # where nobody names a day
    longest: timedelta  # the furthest day that may be named
    remind_before: timedelta
    answer_within: Span
    may_end: frozenset[AccountRole]


@dataclass(frozen=True)
class HoldRules:
    """Every kind, and what they share. `lately`: a loss longer ago than that is no news when it first reaches us."""

    rules: Mapping[HoldKind, HoldRule]
    lately: timedelta
    text_left_within: Span  # by when somebody deals with a text that was leaving as a hold was set
    antenatal_contacts: frozenset[str]  # contacts that make sense only while a pregnancy goes on
    after_split_flag: str  # keeps both sides high risk where they were by a flag on the other side
    placed_flag: str  # of a child placed in care
    source: str

    @property
    def blocking(self) -> frozenset[HoldKind]:
        """The kinds under which no family text leaves."""
        return frozenset(kind for kind, rule in self.rules.items() if rule.blocks_texts)

    @property
    def reaching_households(self) -> frozenset[HoldKind]:
        """The kinds that block the texts of everybody in the household."""
        return frozenset(kind for kind, rule in self.rules.items() if rule.texts_reach is HoldScope.HOUSEHOLD)

    @property
    def pausing(self) -> frozenset[HoldKind]:
        """The kinds that keep steps waiting."""
        return frozenset(kind for kind, rule in self.rules.items() if rule.pauses is not None)

    @property
    def kind_of_flag(self) -> Mapping[str, HoldKind]:
        """The kind that each flag is an import's word for."""
        return {code: kind for kind, rule in self.rules.items() for code in rule.flags}


@dataclass(frozen=True, slots=True)
class StandingHold:
    """A hold as a plan needs to know it."""

    kind: HoldKind
    starts_at: datetime
    review_at: datetime


def pauses(
    holds: Iterable[StandingHold], rules: HoldRules, *, pathway_code: str, high_risk: bool, calendar: WorkingCalendar
) -> tuple[Pause, ...]:
    """Return which steps of a ladder wait, and until when: at most to the hold's review, never past its ceiling."""
    found = []
    for hold in holds:
        pause = rules.rules[hold.kind].pauses
        if pause is not None and (steps := pause.steps.get(pathway_code)):
            at_most = pause.high_risk_at_most if high_risk else pause.routine_at_most
            until = min(hold.review_at, at_most.after(hold.starts_at, calendar=calendar))
            found.append(Pause(until, steps))
    return tuple(found)


def review_at(rule: HoldRule, *, now: datetime, until: date | None, calendar: WorkingCalendar) -> datetime:
    """Return by when a person has to decide: at the end of the day named, else after the kind's own span.

    Raises ValueError for a day that is over or further off than the kind allows.
    """
    today = calendar.civil_date(now)
    if until is None:
        until = today + rule.review_after
    if not today <= until <= today + rule.longest:
        raise ValueError(f"{until} is not from {today} to {today + rule.longest}")
    return max(calendar.at(until, calendar.day_ends), now + timedelta(minutes=1))


def remind_at(rule: HoldRule, review: datetime, *, now: datetime, calendar: WorkingCalendar) -> datetime:
    """Return when somebody is told that a hold is due for review: on the working day before it, never in the past."""
    day = calendar.civil_date(review) - rule.remind_before
    at = staff_moment(day, calendar.day_starts, calendar=calendar)
    return at if at > now else review
