"""Which steps stand at which moment of a ladder's drawing, lane by lane. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.pathways_words import words
from models.domain.pathway import Anchor, Due, Pathway, Span, Step, Terms, Unit
from models.domain.words import FollowUpTrigger

ROUTINE, FASTER, HIGH_RISK = "Routine", "One rung faster", "High risk"
_GROUPS = {
    Anchor.OPENED: "From the start",
    Anchor.START: "From the start",
    Anchor.UNSEEN_SINCE: "From the start",
    Anchor.PATTERN_FOUND: "Whenever a pattern is found",
    Anchor.DATE_OF_BIRTH: "By the baby's age",
    Anchor.EDD: "By the due date",
    Anchor.WINDOW_END: "By the last day",
}
_AT_THE_END = "After the last of them"
_ORDER = tuple(dict.fromkeys((*_GROUPS.values(), _AT_THE_END)))


@dataclass(frozen=True, slots=True)
class Entry:
    """A step at a moment of one lane."""

    step: Step
    terms: Terms
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A moment: what it is reckoned from, its label, and the steps due then, by lane."""

    group: str
    label: str
    entries: Mapping[str, Sequence[Entry]]


def lanes_of(pathway: Pathway) -> tuple[str, ...]:
    """Return the lanes of a drawing: one rung faster only where it differs."""
    faster = any(step.faster != step.routine for step in pathway.steps)
    return (ROUTINE, FASTER, HIGH_RISK) if faster else (ROUTINE, HIGH_RISK)


def rows_of(pathway: Pathway, lanes: Sequence[str]) -> list[Row]:
    """Return the rows in the order of time, those reckoned from the same thing together."""
    known = frozenset(trigger for step in pathway.steps for trigger in step.triggers)
    found: dict[tuple[int, float, str, str], dict[str, list[Entry]]] = {}
    for lane in lanes:
        for step, terms in _steps(pathway, lane):
            for due in terms.due:
                group = _GROUPS[due.anchor]
                key = (_ORDER.index(group), _hours(due.span), group, _label(due))
                entry = Entry(step, terms, _notes(step, due, known, lane))
                found.setdefault(key, {}).setdefault(lane, []).append(entry)
        until = pathway.until_seen.terms(high_risk=lane == HIGH_RISK, faster=lane == FASTER)
        last = (_ORDER.index(_AT_THE_END), 0.0, _AT_THE_END, "until seen")
        found.setdefault(last, {}).setdefault(lane, []).append(Entry(pathway.until_seen, until, ()))
    return [Row(group, label, found[key]) for key in sorted(found) for _, _, group, label in (key,)]


def _steps(pathway: Pathway, lane: str) -> Iterator[tuple[Step, Terms]]:
    high_risk = lane == HIGH_RISK
    for step in pathway.steps:
        if any(step.applies(trigger, high_risk=high_risk) for trigger in step.triggers):
            yield step, step.terms(high_risk=high_risk, faster=lane == FASTER)


def _notes(step: Step, due: Due, known: frozenset[FollowUpTrigger], lane: str) -> tuple[str, ...]:
    """For which causes and misses alone, and what else a reader needs."""
    causes = frozenset(one for one in step.triggers if step.applies(one, high_risk=lane == HIGH_RISK))
    notes = [] if causes == known else [f"only: {', '.join(sorted(words(one) for one in causes))}"]
    least = max(step.misses_at_least, due.misses_at_least)
    if least > 1:
        notes.append(f"from miss {least} on")
    if step.misses_at_most is not None:
        notes.append(f"up to miss {step.misses_at_most}")
    if due.from_week is not None:
        notes.append(f"from week {due.from_week} on")
    if step.offers_text:
        notes.append("a neutral text may be released")
    return tuple(notes)


def _label(due: Due) -> str:
    span = due.span
    clock = "" if span.at is None else f", {span.at:%H:%M}"
    since = " after the first miss" if due.anchor is Anchor.UNSEEN_SINCE else ""
    if span.count == 0 and span.unit is Unit.HOURS:
        return "at once"
    match span.unit:
        case Unit.HOURS:
            return f"{span.count:g} h{since}"
        case Unit.WORKING_HOURS:
            return f"{span.count:g} working h{since}"
        case Unit.WORKING_DAYS:
            return f"WD {span.count:g}{clock}{since}"
        case Unit.DAYS:
            return f"{_day(due)}{clock}{since}"


def _day(due: Due) -> str:
    count = due.span.count
    if due.anchor is Anchor.DATE_OF_BIRTH or due.anchor is Anchor.UNSEEN_SINCE:
        return f"day {count:g}"
    return f"{-count:g} days before" if count < 0 else f"{count:g} days after"


def _hours(span: Span) -> float:
    """Where a span stands in a drawing: roughly in hours, a working day's morning before its evening."""
    match span.unit:
        case Unit.HOURS | Unit.WORKING_HOURS:
            return span.count
        case Unit.WORKING_DAYS | Unit.DAYS:
            return span.count * 24 - (7 if span.at is not None and span.at.hour < 12 else 0)
