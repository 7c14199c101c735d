"""A pathway: the ladder of steps that a follow-up climbs, as a trust has written and signed it. Data only, no decision.

Built by `config.pathways_loader` from YAML; never changed once loaded. Compared by identity, because a version is
loaded once and asked about a hundred thousand times.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import product

from models.domain.words import Agency, FollowUpTrigger, How, OwnerRole, Urgency
from models.domain.working_time import (
    WorkingCalendar,
    add_months,
    after_hours,
    after_working_days,
    after_working_hours,
    staff_moment,
)

FRONT_LINE = frozenset({OwnerRole.PRACTITIONER, OwnerRole.ADMIN, OwnerRole.DUTY, OwnerRole.TEAM_POOL})
# Reached when nobody else is, never climbed to.
STAND_INS = frozenset({OwnerRole.DUTY, OwnerRole.TEAM_POOL, OwnerRole.LAST_RESORT})


class Anchor(StrEnum):
    """What a step's due time is reckoned from."""

    OPENED = "opened"
    START = "start"  # T0 of domain.md 3.2: the end of the latest missed appointment, else when the cause arose
    UNSEEN_SINCE = "unseen_since"  # the first miss in a row
    DATE_OF_BIRTH = "date_of_birth"
    EDD = "edd"  # estimated date of delivery
    WINDOW_END = "window_end"  # last day of the contact's late band, else of its window
    PATTERN_FOUND = "pattern_found"  # when a pattern last raised this follow-up; the step fires anew for each


# What is taken for granted where nobody has said how: the plainest words, and for a cancellation that it isn't known.
PLAIN_WAY: Mapping[FollowUpTrigger, How] = {
    FollowUpTrigger.MISSED: How.NOT_BROUGHT,
    FollowUpTrigger.CANCELLED: How.BY_UNKNOWN,
    FollowUpTrigger.DECLINED: How.DECLINE_INCOMPLETE,
}
# In which ways a cause may have arisen: each needs a first step, and in high risk every rung, whose words fit it.
WAYS: Mapping[FollowUpTrigger, tuple[How, ...]] = {
    FollowUpTrigger.MISSED: (
        How.NOT_BROUGHT,
        How.NO_ACCESS,
        How.CAME,
        How.CHILD_NOT_SEEN,
        How.NOT_FOUND,
        How.UNPROVEN,
    ),
    FollowUpTrigger.CANCELLED: (How.BY_FAMILY, How.BY_SERVICE, How.BY_UNKNOWN),
    FollowUpTrigger.DECLINED: (
        How.DECLINE_INCOMPLETE,
        How.DECLINE_COMPLETE,
        How.DECLINE_INCOMPLETE_LEAD,
        How.DECLINE_COMPLETE_LEAD,
    ),
}
DATE_ANCHORS = frozenset({Anchor.DATE_OF_BIRTH, Anchor.EDD, Anchor.WINDOW_END})


class Unit(StrEnum):
    """How a span is counted."""

    HOURS = "hours"  # elapsed, real
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    DAYS = "days"  # civil days, on the working day before where the last is a day off


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time by one of the field's clocks. `at`: the local time on the last day; None: the day's close."""

    unit: Unit
    count: float
    at: time | None = None

    def after(self, moment: datetime, *, calendar: WorkingCalendar) -> datetime:
        """Return when the span after `moment` is over, as UTC."""
        unit = self.unit
        if unit is Unit.HOURS:
            return after_hours(moment, self.count)
        if unit is Unit.WORKING_DAYS:
            return after_working_days(moment, int(self.count), calendar=calendar, at=self.at)
        if unit is Unit.WORKING_HOURS:
            return after_working_hours(moment, self.count, calendar=calendar)
        return self.after_date(calendar.civil_date(moment), calendar=calendar)

    def after_date(self, day: date, *, calendar: WorkingCalendar) -> datetime:
        """Return the staff's moment `count` days after `day`, which may be negative: never after a day off."""
        return staff_moment(day + timedelta(days=self.count), self.at or calendar.day_ends, calendar=calendar)


@dataclass(frozen=True, slots=True)
class Due:
    """One way a step becomes due: a span from an anchor, once there are so many misses in a row.

    `from_week`: not before the pregnancy has reached this week; never where no due date is known.
    `younger_than_months`: only for a child who is younger when the cause arises; one of unknown age counts as younger.
    """

    anchor: Anchor
    span: Span
    misses_at_least: int = 0
    from_week: int | None = None
    younger_than_months: int | None = None


@dataclass(frozen=True, slots=True)
class Sooner:
    """For these contacts, or from this week of pregnancy on, only a booking within a shorter span pauses a step."""

    contacts: frozenset[str]
    from_week: int | None
    within: Span


@dataclass(frozen=True, slots=True)
class Terms:
    """When and to whom a step goes, at one pace. The earliest of `due` counts."""

    due: tuple[Due, ...]
    owner: OwnerRole
    also_tell: tuple[OwnerRole, ...]
    urgency: Urgency
    acknowledge_within: Span
    climb_after: Span  # how long each role further up has
    lease: Span
    repeat: Span | None
    pauses_while_booked: bool

    @property
    def runs_in_hours(self) -> bool:
        """Whether its clock runs at night and over weekends too."""
        return Unit.HOURS in (self.acknowledge_within.unit, self.climb_after.unit)


@dataclass(frozen=True, slots=True)
class AgencyTask:
    """A step's owner, who is ours, contacts somebody outside; silence longer than `reply_within` is challenged."""

    agency: Agency
    reply_within: Span


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: who does what, by when, with what evidence, and what follows if it isn't done."""

    id: str
    title: str
    action: str
    evidence: str
    if_not_done: str
    may_pause: str
    triggers: frozenset[FollowUpTrigger]
    misses_at_least: int
    misses_at_most: int | None
    high_risk_only: bool
    not_high_risk: frozenset[FollowUpTrigger]  # of these, a step of the overlay takes its place in high risk
    how: frozenset[How]  # only for what did not take place in one of these ways; empty: in any
    offers_text: bool
    routine: Terms
    faster: Terms  # one rung faster: the same, but sooner
    high_risk: Terms
    of_pattern: bool = False  # reckoned from a pattern, so it fires anew for each
    contacts_agency: AgencyTask | None = None

    def terms(self, *, high_risk: bool, faster: bool = False) -> Terms:
        """Return the terms for one pace; high risk is faster than faster."""
        return self.high_risk if high_risk else self.faster if faster else self.routine

    def applies(self, trigger: FollowUpTrigger, *, high_risk: bool) -> bool:
        """Whether the step is of this cause's ladder at this level of risk."""
        if trigger not in self.triggers:
            return False
        return trigger not in self.not_high_risk if high_risk else not self.high_risk_only

    def fits(self, how: How | None) -> bool:
        """Whether its words fit how the contact did not take place; where there is no such thing to say, they do."""
        return not self.how or how is None or how in self.how


PlannedStep = tuple[int, Step, Terms]


@dataclass(frozen=True, eq=False, repr=False)
class Pathway:
    """A version of a ladder. `steps` run from lowest to highest; the four standing ones are asked for by state."""

    code: str
    version: int
    effective_from: date
    title: str
    source: str
    signed_by: str | None
    signed_on: date | None
    goes_up: tuple[OwnerRole, ...]
    as_high_risk: frozenset[str]  # contact codes whose ladder runs on high-risk terms whatever the flags
    faster_under_months: int | None  # a child younger than this at T0 is followed one rung faster
    pause_within: Span  # only a booking this near pauses a step
    pause_sooner: tuple[Sooner, ...]
    pause_after: Span  # and the pause lasts this long after the booked appointment's end
    steps: tuple[Step, ...]
    until_seen: Step  # repeats after the last step, for ever
    confirm_seen: Step
    second_person: Step
    backlog_triage: Step
    retired_steps: frozenset[str]
    # Worked out once: a version is asked about a hundred thousand times in a burst.
    _plans: Mapping[tuple[bool, bool], Mapping[FollowUpTrigger, tuple[PlannedStep, ...]]] = field(init=False)
    _chains: Mapping[OwnerRole, tuple[OwnerRole, ...]] = field(init=False)

    def __post_init__(self) -> None:
        paces = product((False, True), (False, True))
        plans = {pace: {one: _plan(self, one, *pace) for one in FollowUpTrigger} for pace in paces}
        object.__setattr__(self, "_plans", plans)
        object.__setattr__(self, "_chains", {role: _chain(self.goes_up, role) for role in OwnerRole})

    def __repr__(self) -> str:
        return f"<Pathway {self.code} version {self.version}>"

    def runs_as_high_risk(self, *, high_risk: bool, contact_code: str) -> bool:
        """Whether high-risk terms apply: the family's flags say so, or the contact always does."""
        return high_risk or contact_code in self.as_high_risk

    def runs_faster(self, *, faster: bool, born: date | None, started_on: date) -> bool:
        """Whether the ladder goes one rung faster: a pattern says so, or the child was that young at T0.

        `started_on` is the civil date of T0: a birthday in between slows nothing down.
        """
        if faster or born is None or self.faster_under_months is None:
            return faster
        return started_on < add_months(born, self.faster_under_months)

    def plan(self, trigger: FollowUpTrigger, *, high_risk: bool, faster: bool = False) -> tuple[PlannedStep, ...]:
        """Return the steps that can apply, lowest first, each with its height and terms."""
        return self._plans[high_risk, faster][trigger]

    def chain(self, role: OwnerRole) -> tuple[OwnerRole, ...]:
        """Return whom to try for a step of `role`, in order; the last always resolves."""
        return self._chains[role]

    def rank(self, role: OwnerRole) -> int:
        """Return how far up a role stands: 0 for the front line, then along `goes_up`."""
        return self.goes_up.index(role) + 1 if role in self.goes_up else 0

    def step(self, step_id: str) -> Step | None:
        """Return the step of this id, standing ones included; None if this version has none."""
        return next((step for step in (*self.steps, *self.standing) if step.id == step_id), None)

    @property
    def standing(self) -> tuple[Step, ...]:
        """The steps asked for by a follow-up's state instead of by its ladder."""
        return (self.until_seen, self.confirm_seen, self.second_person, self.backlog_triage)


def _plan(pathway: Pathway, trigger: FollowUpTrigger, high_risk: bool, faster: bool) -> tuple[PlannedStep, ...]:
    return tuple(
        (height, step, step.terms(high_risk=high_risk, faster=faster))
        for height, step in enumerate(pathway.steps)
        if step.applies(trigger, high_risk=high_risk)
    )


def _chain(goes_up: tuple[OwnerRole, ...], role: OwnerRole) -> tuple[OwnerRole, ...]:
    if role is OwnerRole.LAST_RESORT:
        return (role,)
    if role in goes_up:
        return (*goes_up[goes_up.index(role) :], OwnerRole.LAST_RESORT)
    # Away and no cover named: duty, then the team lead.
    duty = (OwnerRole.DUTY,) if role in (OwnerRole.PRACTITIONER, OwnerRole.ADMIN) else ()
    return (role, *duty, *goes_up, OwnerRole.LAST_RESORT)
