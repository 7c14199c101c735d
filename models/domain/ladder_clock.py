"""When the steps of a ladder are due, paused, unanswered, and to whom they go up. Pure; used by `ladder` alone."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter

from models.domain.ladder_facts import FollowUpFacts, MovedTime, StepDone
from models.domain.pathway import STAND_INS, Anchor, Due, Pathway, Sooner, Terms
from models.domain.words import OwnerRole
from models.domain.working_time import WorkingCalendar, add_months, staff_moment

_ANCHORED = {
    Anchor.OPENED: attrgetter("opened_at"),
    Anchor.START: attrgetter("started_at"),
    Anchor.UNSEEN_SINCE: attrgetter("unseen_since"),
    Anchor.DATE_OF_BIRTH: attrgetter("date_of_birth"),
    Anchor.EDD: attrgetter("edd"),
    Anchor.WINDOW_END: attrgetter("window_end"),
    Anchor.PATTERN_FOUND: attrgetter("pattern_at"),
}
_DAYS_OF_PREGNANCY = 280  # gestation g weeks is EDD - 280 + 7g days: domain.md 1.1


def due_at(terms: Terms, facts: FollowUpFacts, entry: StepDone | None, *, calendar: WorkingCalendar) -> datetime | None:
    """Return when a step is due, as UTC; None where it has fired for good or nothing to reckon from is known."""
    if entry is not None:
        return None if terms.repeat is None else terms.repeat.after(entry.at, calendar=calendar)
    earliest: datetime | None = None
    for due in terms.due:
        if due.misses_at_least <= facts.miss_count and _young_enough(due, facts, calendar):
            at = _reckoned(due, facts, calendar)
            if at is not None and (earliest is None or at < earliest):
                earliest = at
    return earliest


def moved_to(moved: MovedTime | None, entry: StepDone | None, *, high_risk: bool) -> datetime | None:
    """Return when a person wants a step; None where nobody moved it or what they said is over.

    It is over once the step has fired since. More time given to a routine step does not hold for high risk.
    """
    if moved is None or (entry is not None and entry.at >= moved.moved_at):
        return None
    return None if moved.later and high_risk and not moved.high_risk else moved.due_at


def pause_end(pathway: Pathway, facts: FollowUpFacts, *, now: datetime, calendar: WorkingCalendar) -> datetime | None:
    """Return until when a booking pauses the steps that may pause; None without one, or where it is too far off."""
    if facts.booked_until is None:
        return None
    today = calendar.civil_date(now)
    for within in (pathway.pause_within, *(one.within for one in pathway.pause_sooner if _is_for(one, facts, today))):
        if facts.booked_until > within.after(now, calendar=calendar):
            return None
    return pathway.pause_after.after(facts.booked_until, calendar=calendar)


def answer_by(
    pathway: Pathway, terms: Terms, *, fired_at: datetime, raised_to: int, high_risk: bool, calendar: WorkingCalendar
) -> datetime:
    """Return by when somebody must acknowledge, before the step goes up; at the top, when it is said again."""
    chain = pathway.chain(terms.owner)
    place = min(raised_to, len(chain) - 1)
    if place > 0 and next_level(chain, place) == place:
        again = pathway.until_seen.terms(high_risk=high_risk).repeat or terms.climb_after
        return again.after(fired_at, calendar=calendar)
    first = place == 0 or chain[place] in STAND_INS
    return (terms.acknowledge_within if first else terms.climb_after).after(fired_at, calendar=calendar)


def until_seen_at(terms: Terms, facts: FollowUpFacts, *, calendar: WorkingCalendar) -> datetime:
    """Return when the step that follows the last one is due: an interval after anything last fired, for ever."""
    last = max((entry.at for entry in facts.done.values()), default=None)
    if last is None:
        return facts.opened_at
    due = (terms.repeat or terms.acknowledge_within).after(last, calendar=calendar)
    return due if facts.acknowledged_until is None else max(due, facts.acknowledged_until)


def next_level(chain: Sequence[OwnerRole], level: int) -> int:
    """Return the place in `chain` of the next role up; `level` itself at the top."""
    for place in range(level + 1, len(chain)):
        if chain[place] not in STAND_INS:
            return place
    return level


def week_begins(edd: date, week: int) -> date:
    """Return the first day on which a pregnancy with this due date has reached a week."""
    return edd - timedelta(days=_DAYS_OF_PREGNANCY - 7 * week)


def _is_for(sooner: Sooner, facts: FollowUpFacts, today: date) -> bool:
    if facts.contact_code in sooner.contacts:
        return True
    return sooner.from_week is not None and facts.edd is not None and today >= week_begins(facts.edd, sooner.from_week)


def _young_enough(due: Due, facts: FollowUpFacts, calendar: WorkingCalendar) -> bool:
    if due.younger_than_months is None or facts.date_of_birth is None:
        return True
    return calendar.civil_date(facts.started_at) < add_months(facts.date_of_birth, due.younger_than_months)


def _reckoned(due: Due, facts: FollowUpFacts, calendar: WorkingCalendar) -> datetime | None:
    anchor: datetime | date | None = _ANCHORED[due.anchor](facts)
    if anchor is None:
        return None
    if isinstance(anchor, datetime):
        at = due.span.after(anchor, calendar=calendar)
    else:
        at = due.span.after_date(anchor, calendar=calendar)
    if due.from_week is None:
        return at
    if facts.edd is None:
        return None
    return max(at, staff_moment(week_begins(facts.edd, due.from_week), calendar.day_starts, calendar=calendar))
