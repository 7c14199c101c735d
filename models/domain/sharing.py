"""Which missed contacts of an adult another service has to hear of, by when, and when it may be told by itself. Pure.

The rules are data: config/sharing.yaml. Sources: domain.md 3.3 (iv), 6.1; design.md section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.domain.pathway import Span, Unit
from models.domain.words import AppointmentStatus, OutcomeSubtype, PersonRole, WhyNotNeeded
from models.domain.working_time import WorkingCalendar, add_months, working_day_on_or_after

# Recorded as missed, yet no adult stayed away.
_NO_MISS = frozenset({OutcomeSubtype.PERSON_DIED, OutcomeSubtype.DEFERRED})


@dataclass(frozen=True, slots=True)
class SharingTerms:
    """The clocks for one level of risk."""

    deadline: Span  # from the end of the missed appointment
    notice: Span  # at least so long for the clinician, where the miss became known only after the deadline
    ask_again: Span
    hold_longest: Span
    hold_looked_at: Span  # by when the lead looks at a hold


@dataclass(frozen=True, slots=True)
class DischargeTerms:
    """The clocks of a proposed discharge, and when the family is looked at afterwards."""

    settle_within: Span
    looked_at_after_months: tuple[int, ...]


@dataclass(frozen=True)
class SharingRules:
    """Everything of config/sharing.yaml. Services are those of config/contacts.yaml."""

    version: int
    source: str
    guarded: Mapping[str, str]  # contact codes whose appointments only their own service sees, to that service
    counted: frozenset[str]  # those of them whose miss is told
    statuses: frozenset[AppointmentStatus]
    roles: frozenset[PersonRole]
    relation_ends: timedelta  # since its last appointment with one of them, a service sees a family's page so long
    for_children: str  # the service that holds a pre-school child
    for_pregnancy: str
    gp: str
    pre_school_months: int
    after_due_date_days: int  # an unsettled pregnancy counts this long past its due date
    ask_about_children_again_days: int
    routine: SharingTerms
    high_risk: SharingTerms
    gp_within: Span
    receipt_within: Span
    discharge: DischargeTerms
    words: Mapping[str, str]
    bases: Mapping[str, str]
    basis_of_agreement: str  # a key of `bases`

    def terms(self, *, high_risk: bool) -> SharingTerms:
        """Return the clocks for one level of risk."""
        return self.high_risk if high_risk else self.routine

    def counts(self, *, contact_code: str, status: str, subtype: str | None, role: str | None) -> bool:
        """Whether this appointment is a missed contact of an adult; a role that nobody told us counts."""
        return (
            contact_code in self.counted
            and status in self.statuses
            and (subtype is None or subtype not in _NO_MISS)
            and (role is None or role in self.roles)
        )

    def born_after(self, today: date) -> date:
        """Return the last date of birth of a child who is past pre-school age today."""
        return add_months(today, -self.pre_school_months)


@dataclass(frozen=True, slots=True)
class Around:
    """What is known round an adult whose contact was missed, over all the households they belong to."""

    children: int  # living children of any age
    pre_school: int  # of pre-school age, or of unknown age
    pre_school_at_home: int  # those whom the adult may live with: unknown counts
    pregnant: bool
    lost: bool  # a pregnancy that ended without a living child
    midwife_known: bool
    asked_already: bool


@dataclass(frozen=True, slots=True)
class Tell:
    """One question to be decided: tell `to_service`, or not. `why_not`: settled by rule."""

    to_service: str
    may_be_automatic: bool
    why_not: WhyNotNeeded | None = None


def whom_to_tell(around: Around, *, old: bool, died: bool, rules: SharingRules) -> tuple[Tell, ...]:
    """Return who has to hear of one missed contact; always at least one row, so that nothing is left undecided.

    Nobody of the household known: a person is asked, because households are never guessed. `old`: already older than
    its ladder when first received. `died`: of an adult who has died a missed contact is no event; the bereavement hold
    says what their family needs.
    """
    if died:
        return (Tell(rules.for_children, False, WhyNotNeeded.PERSON_DIED),)
    if old:
        return (Tell(rules.for_children, False, WhyNotNeeded.OLD_WHEN_RECEIVED),)
    if not (around.pre_school or around.pregnant):
        if around.children or around.lost:
            return (Tell(rules.for_children, False, WhyNotNeeded.NO_PRE_SCHOOL_CHILD),)
        if around.asked_already:
            return (Tell(rules.for_children, False, WhyNotNeeded.ASKED_ALREADY),)
        return (Tell(rules.for_children, False), Tell(rules.gp, False))
    told = []
    if around.pre_school or not around.midwife_known:
        told.append(Tell(rules.for_children, around.pre_school_at_home > 0))
    if around.pregnant and around.midwife_known:
        told.append(Tell(rules.for_pregnancy, True))
    return (*told, Tell(rules.gp, False))


def tell_by(
    missed_at: datetime, *, to_gp: bool, high_risk: bool, now: datetime, rules: SharingRules, calendar: WorkingCalendar
) -> datetime:
    """Return the deadline of one question, as UTC.

    The copy to the GP has its own. A day off has no close of its own: the deadline is that of the next working day,
    except for high risk, which runs in real hours. What became known only after its deadline leaves the clinician a
    short notice to hold it.
    """
    if to_gp:
        return rules.gp_within.after(now, calendar=calendar)
    terms = rules.terms(high_risk=high_risk)
    start = missed_at if terms.deadline.unit is Unit.HOURS else _in_working_time(missed_at, calendar)
    deadline = terms.deadline.after(start, calendar=calendar)
    return deadline if deadline > now else terms.notice.after(now, calendar=calendar)


def longest_hold(*, high_risk: bool, now: datetime, rules: SharingRules, calendar: WorkingCalendar) -> datetime:
    """Return how long a clinician may hold it at most; then it is decided anew."""
    return rules.terms(high_risk=high_risk).hold_longest.after(now, calendar=calendar)


def next_look(discharged_on: date, *, looks_done: int, rules: SharingRules) -> date | None:
    """Return when the family is looked at next after a discharge; None after the last look of the year."""
    months = rules.discharge.looked_at_after_months
    return add_months(discharged_on, months[looks_done]) if looks_done < len(months) else None


def _in_working_time(moment: datetime, calendar: WorkingCalendar) -> datetime:
    day = calendar.civil_date(moment)
    working = working_day_on_or_after(day, calendar=calendar)
    return moment if working == day else calendar.at(working, calendar.day_starts)
