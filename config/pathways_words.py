"""A ladder's spans, due times and roles in words, for the page and the drawings that are made of it."""

from models.domain.pathway import Anchor, Due, Span, Step, Terms, Unit

_AFTER = {
    Anchor.OPENED: "after it opened",
    Anchor.START: "after the start",
    Anchor.UNSEEN_SINCE: "after the first miss",
    Anchor.DATE_OF_BIRTH: "of age",
    Anchor.EDD: "after the due date",
    Anchor.WINDOW_END: "after the last day",
    Anchor.PATTERN_FOUND: "after the pattern",
}
_AT_ONCE = {Anchor.START: "at the start", Anchor.PATTERN_FOUND: "when a pattern is found"}
_BEFORE = {Anchor.EDD: "before the due date"}


def words(word: object) -> str:
    """Return a word of ours as people write it."""
    return str(word).replace("_", " ")


def span_words(span: Span) -> str:
    """Such as "2 working days (09:00)"."""
    unit = words(span.unit)
    unit = unit.removesuffix("s") if span.count == 1 else unit
    return f"{span.count:g} {unit}{_clock(span, before=' (', after=')')}"


def due_words(due: Due) -> str:
    """Such as "5 working days (09:00) after the first miss, from miss 2 on"."""
    span = due.span
    conditions = [f"from miss {due.misses_at_least} on"] if due.misses_at_least > 1 else []
    conditions += [f"from week {due.from_week} on"] if due.from_week is not None else []
    young = due.younger_than_months
    conditions += [f"for a child younger than {young} months"] if young is not None else []
    return ", ".join([_when(due, span), *conditions])


def dues_words(terms: Terms) -> str:
    """All ways in which a step becomes due, and how it repeats."""
    said = " or ".join(due_words(due) for due in terms.due)
    if terms.repeat is None:
        return said
    every = f"every {span_words(terms.repeat)}"
    return f"{said}, then {every}" if said else every


def who_words(terms: Terms) -> str:
    """Who has to act, and who else is told."""
    also = f" (also {', '.join(words(role) for role in terms.also_tell)})" if terms.also_tell else ""
    return words(terms.owner) + also


def causes_words(step: Step) -> str:
    """For which causes and misses a step is."""
    what = ", ".join(sorted(words(trigger) for trigger in step.triggers)) or "everything, at the end"
    if step.misses_at_least > 1:
        what += f", from miss {step.misses_at_least} on"
    if step.misses_at_most is not None:
        what += f", up to miss {step.misses_at_most}"
    if step.how:
        what += f" ({', '.join(sorted(words(how) for how in step.how))})"
    return what


def _when(due: Due, span: Span) -> str:
    if due.anchor is Anchor.DATE_OF_BIRTH:
        return f"day {span.count:g}{_clock(span, before=', ')}"
    if span.count == 0 and span.unit is Unit.HOURS:
        return _AT_ONCE.get(due.anchor, "when it opens")
    if span.count < 0:
        return f"{-span.count:g} days {_BEFORE.get(due.anchor, 'before the last day')}{_clock(span, before=', ')}"
    return f"{span_words(span)} {_AFTER[due.anchor]}"


def _clock(span: Span, *, before: str, after: str = "") -> str:
    return "" if span.at is None else f"{before}{span.at:%H:%M}{after}"
