"""Write docs/pathways.md from the shipped rules, so that what people read is what the engine does.

`python -m config.pathways_doc` writes it; a test refuses a stale one.
"""

from datetime import date
from pathlib import Path

from config.rule_files import SHIPPED
from config.rules import Rules, load_rules
from models.domain.pathway import Anchor, Due, Pathway, Span, Step, Terms, Unit

TARGET = SHIPPED.parent / "docs" / "pathways.md"
_ORDER = (
    "outcome-not-recorded",
    "new-birth-visit",
    "universal-review",
    "general-missed",
    "declined",
    "outcome-corrected",
    "family-event",
    "referral-unanswered",
)
_AFTER = {
    Anchor.OPENED: "after it opened",
    Anchor.START: "after the start",
    Anchor.UNSEEN_SINCE: "after the first miss",
    Anchor.DATE_OF_BIRTH: "of age",
    Anchor.EDD: "after the due date",
    Anchor.WINDOW_END: "after the last day",
}
_INTRO = """# The ladders

Written from the files in `config/` by `python -m config.pathways_doc`; change those, not this page.

A ladder ("plan" on the screens) is a file in `config/pathways/`. A trust puts its own files in the folder named by
`STEADFAST_CONFIG_DIR`: one of the same path replaces ours, others are added. `steadfast pathways lint` names every
fault by file, line and place; nothing of faulty rules is used. A version once loaded never changes: write the next one,
keep the ids of the steps that mean the same, and list those that are gone under `retired_steps`. Running follow-ups
keep the version they began with. Unsigned ladders text no family; `steadfast pathways approve` signs one. The published
schemas are in `config/schema/`, the limits that no ladder may exceed in `config/ceilings.yaml`.

How the clocks run:

- **The start** (T0) is the end of the missed appointment, else the time when it was cancelled, fell overdue or was
  found unbooked. "2 working days (09:00)" means: told at 09:00, to be done by 17:00 of that day.
- A step tied to a birth or due date that falls on a day off comes on the working day before, never after.
- Hours are real hours, also over a holiday and a clock change; high risk runs in hours. Working hours are 09:00 to
  17:00 on working days of the nation.
- Nobody acknowledges in time: the step goes up, and the next steps with it. Acknowledging is a lease: when it ends, the
  step comes back. After the last step the ladder repeats for ever. No timer closes anything.
- Several steps due at once: the highest (lowest in the table) fires, late ones are recorded as passed; one that isn't
  late and is for somebody else is said as well.
- Seen: the steps stop and the owner confirms and closes. High risk: a second person agrees. Both are chased like steps.
"""


def render(rules: Rules) -> str:
    """Return the whole page."""
    pathways = [max((p for p in rules.pathways.values() if p.code == code), key=lambda p: p.version) for code in _ORDER]
    parts = [_INTRO, *(_pathway(pathway) for pathway in pathways), _schedule(rules), _contacts(rules)]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _pathway(pathway: Pathway) -> str:
    lines = [
        f"## {pathway.title} (`{pathway.code}`, version {pathway.version})",
        "",
        f"Source: {pathway.source}. Goes up: {', '.join(_words(role) for role in pathway.goes_up)}.",
        "A new booking pauses what may pause if it is at most "
        f"{_span(pathway.pause_within)} away, until {_span(pathway.pause_after)} after it.",
    ]
    if pathway.as_high_risk:
        lines.append(f"Always on high-risk terms: {', '.join(sorted(pathway.as_high_risk))}.")
    lines += ["", "| step | for | due | who | acknowledge within | high risk |", "|---|---|---|---|---|---|"]
    lines += [_row(step) for step in (*pathway.steps, pathway.until_seen)]
    lines += ["", *(_told(step) for step in (*pathway.steps, pathway.until_seen)), ""]
    return "\n".join(lines)


def _row(step: Step) -> str:
    routine, high_risk = step.routine, step.high_risk
    what = ", ".join(sorted(_words(trigger) for trigger in step.triggers)) or "everything, at the end"
    if step.misses_at_least > 1:
        what += f", from miss {step.misses_at_least} on"
    if step.misses_at_most is not None:
        what += f", up to miss {step.misses_at_most}"
    if step.how:
        what += f" ({', '.join(sorted(_words(how) for how in step.how))})"
    if step.high_risk_only:
        return f"| `{step.id}` | {what} | high risk only | | | {_high_risk(high_risk, None)} |"
    cells = (f"`{step.id}`", what, _dues(routine), _who(routine), _span(routine.acknowledge_within))
    return f"| {' | '.join(cells)} | {_high_risk(high_risk, routine)} |"


def _told(step: Step) -> str:
    text = " A neutral text may be released." if step.offers_text else ""
    pause = "" if step.may_pause.startswith("Nothing") else f" May pause: {step.may_pause}"
    return (
        f"- **{step.title}** (`{step.id}`). {step.action} *Evidence:* {step.evidence} "
        f"*If not done:* {step.if_not_done}{pause}{text}"
    )


def _high_risk(terms: Terms, routine: Terms | None) -> str:
    said = []
    if routine is None or terms.due != routine.due or terms.repeat != routine.repeat:
        said.append(_dues(terms))
    if routine is None or (terms.owner, terms.also_tell) != (routine.owner, routine.also_tell):
        said.append(_who(terms))
    return "; ".join([*said, f"acknowledge within {_span(terms.acknowledge_within)}"])


def _who(terms: Terms) -> str:
    also = f" (also {', '.join(_words(role) for role in terms.also_tell)})" if terms.also_tell else ""
    return _words(terms.owner) + also


def _dues(terms: Terms) -> str:
    said = " or ".join(_due(due) for due in terms.due)
    if terms.repeat is None:
        return said
    every = f"every {_span(terms.repeat)}"
    return f"{said}, then {every}" if said else every


def _due(due: Due) -> str:
    misses = f" from miss {due.misses_at_least} on" if due.misses_at_least > 1 else ""
    span = due.span
    at = "" if span.at is None else f", {span.at:%H:%M}"
    if due.anchor is Anchor.DATE_OF_BIRTH:
        return f"day {span.count:g}{at}{misses}"
    if span.count == 0 and span.unit is Unit.HOURS:
        return ("at the start" if due.anchor is Anchor.START else "when it opens") + misses
    if span.count < 0:
        return f"{-span.count:g} days before the last day{at}{misses}"
    return f"{_span(span)} {_AFTER[due.anchor]}{misses}"


def _span(span: Span) -> str:
    unit = str(span.unit).replace("_", " ")
    unit = unit.removesuffix("s") if span.count == 1 else unit
    at = "" if span.at is None else f" ({span.at:%H:%M})"
    return f"{span.count:g} {unit}{at}"


def _schedule(rules: Rules) -> str:
    schedule = rules.schedule(on=date.max)
    lines = [f"## Contacts due ({schedule.code}, version {schedule.version})", "", f"Source: {schedule.source}.", ""]
    lines += ["| contact | from | window | late until | unbooked from | overdue from |", "|---|---|---|---|---|---|"]
    for line in schedule.contacts:
        name = rules.contacts.kinds[line.contact_code].name
        window = f"{_offset(line.window_start)} to {_offset(line.window_end)}"
        late = "" if line.late_until is None else _offset(line.late_until)
        start = "birth" if line.anchor == "date_of_birth" else "due date"
        cells = (
            f"{line.contact_code} {name}",
            start,
            window,
            late,
            _offset(line.unbooked_on),
            _offset(line.overdue_on),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _offset(offset: object) -> str:
    months, days = getattr(offset, "months", 0), getattr(offset, "days", 0)
    if not months:
        return f"{days:+d} d"
    return f"{months} m" if not days else f"{months} m {days:+d} d"


def _contacts(rules: Rules) -> str:
    lines = ["## Contact codes", "", f"Source: {rules.contacts.source}.", ""]
    lines += ["| code | contact | seen means | minutes | ladder | reminders |", "|---|---|---|---|---|---|"]
    for code, kind in rules.contacts.kinds.items():
        seen = f"{kind.subject}, face to face" if kind.face_to_face else f"{kind.subject}"
        reminders = "yes" if kind.reminders else "no"
        lines.append(f"| {code} | {kind.name} | {seen} | {kind.default_minutes} | `{kind.pathway}` | {reminders} |")
    return "\n".join([*lines, ""])


def _words(word: object) -> str:
    return str(word).replace("_", " ")


def shipped_rules() -> Rules:
    """Return the shipped rules; the date only bounds the holidays, which the page doesn't show."""
    return load_rules(config_dir=None, nation="england", today=date(2026, 11, 22))


def main(target: Path = TARGET) -> None:
    """Write the page."""
    target.write_text(render(shipped_rules()), encoding="utf-8")


if __name__ == "__main__":
    main()
