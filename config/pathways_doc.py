"""Write docs/pathways.md and its drawings from the shipped rules, so that what people read is what the engine does.

`python -m config.pathways_doc` writes them; a test refuses a stale one.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from config.alert_load_doc import section as alert_load
from config.pathways_drawing import draw
from config.pathways_loader import pathway_from
from config.pathways_words import causes_words, dues_words, span_words, who_words, words
from config.patterns_doc import section as patterns_section
from config.rule_files import SHIPPED, read_all
from config.rules import Rules, load_rules
from config.schedules_doc import planned
from models.domain.pathway import Pathway, Step, Terms

TARGET = SHIPPED.parent / "docs" / "pathways.md"
IMAGES = TARGET.parent / "images" / "pathways"
ORDER = (
    "outcome-not-recorded",
    "new-birth-visit",
    "universal-review",
    "antenatal-midwifery",
    "postnatal-midwifery",
    "pmh-missed",
    "pre-birth",
    "general-missed",
    "pattern",
    "declined",
    "outcome-corrected",
    "family-review",
    "pregnancy-outcome-unknown",
    "adult-missed-contact",
    "discharge-proposed",
    "discharge-followed-up",
    "bereavement-care",
    "after-a-loss",
    "moved-out",
    "referral-unanswered",
)
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

Three paces, each with a lane of its own in the drawings:

- **Routine** runs in working days.
- **One rung faster**: a child under the age that the ladder names when it was missed, or a family in which a pattern
  was found (`config/patterns.yaml`). The same steps, each at about the time of the one before it.
- **High risk** runs in elapsed hours, under the overlay below. A ladder's own step then stands for one of the
  overlay's (the same time, the ladder's own words), gives way to one, or goes on beside it.
"""


def render(rules: Rules) -> str:
    """Return the whole page."""
    files = read_all([SHIPPED])
    said = {file.content["code"]: file.content for file in files.by_sort["pathway"]}
    parts = [
        _INTRO,
        *(_overlay(file.content, rules) for file in files.by_sort["overlay"]),
        *(_pathway(pathway, said[pathway.code]) for pathway in ladders(rules)),
        patterns_section(rules.patterns),
        planned(rules),
        alert_load(),
        _contacts(rules),
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def drawings(rules: Rules) -> dict[str, str]:
    """Return the drawing of each ladder by the name of its file."""
    return {f"{pathway.code}.svg": draw(pathway) for pathway in ladders(rules)}


def ladders(rules: Rules) -> list[Pathway]:
    """Return the newest version of every ladder, in the order of the page."""
    codes = (*ORDER, *sorted({pathway.code for pathway in rules.pathways.values()} - set(ORDER)))
    return [max((p for p in rules.pathways.values() if p.code == code), key=lambda p: p.version) for code in codes]


def _overlay(content: Any, rules: Rules) -> str:
    """An overlay's steps, with what they leave to the ladder as the first one that lies under it has it."""
    ids = {step["id"] for step in content["steps"]}
    under = [one for one in ladders(rules) if ids & {step.id for step in one.steps}]
    first = rules.pathway_contents[under[0].code, under[0].version]
    lines = [
        f"## {content['title']} (`{content['code']}`, version {content['version']})",
        "",
        f"Source: {content['source']}. {_signed(content['signed_by'])} Laid over "
        f"{', '.join(f'`{one.code}`' for one in under)}.",
        "",
        *_table(pathway_from({**first, "steps": content["steps"]}).steps, {}),
    ]
    return "\n".join(lines)


def _pathway(pathway: Pathway, said: Any) -> str:
    ties = {step["id"]: step.get("high_risk", {}) for step in said["steps"]}
    own = [step for step in pathway.steps if step.id in ties]
    lines = [
        f"## {pathway.title} (`{pathway.code}`, version {pathway.version})",
        "",
        f"![Timeline of the ladder: {pathway.title}](images/pathways/{pathway.code}.svg)",
        "",
        f"Source: {pathway.source}. {_signed(pathway.signed_by)} In force from {pathway.effective_from}. "
        f"Goes up: {', '.join(words(role) for role in pathway.goes_up)}.",
        _pauses(pathway),
    ]
    if said["overlays"]:
        under = (f"`{one['code']}` version {one['version']}" for one in said["overlays"])
        lines.append(f"Lies under: {', '.join(under)}.")
    if pathway.as_high_risk:
        lines.append(f"Always on high-risk terms: {', '.join(sorted(pathway.as_high_risk))}.")
    if pathway.faster_under_months is not None:
        lines.append(f"One rung faster for a child under {pathway.faster_under_months} months.")
    lines += ["", *_table([*own, pathway.until_seen], ties)]
    return "\n".join(lines)


def _signed(signed_by: str | None) -> str:
    return "Signed by nobody yet." if signed_by is None else f"Signed by {signed_by}."


def _pauses(pathway: Pathway) -> str:
    sooner = [
        f"{', '.join(sorted(one.contacts)) or f'from week {one.from_week}'}: {span_words(one.within)}"
        for one in pathway.pause_sooner
    ]
    return (
        "A new booking pauses what may pause if it is at most "
        f"{span_words(pathway.pause_within)} away{''.join(f' ({one})' for one in sooner)}, "
        f"until {span_words(pathway.pause_after)} after it."
    )


def _table(steps: Sequence[Step], ties: Mapping[str, Any]) -> list[str]:
    names = ("step", "for", "due", "who", "acknowledge within", "one rung faster", "high risk")
    head = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    return [*head, *(_row(step, ties.get(step.id, {})) for step in steps), "", *(_told(step) for step in steps), ""]


def _row(step: Step, tie: Any) -> str:
    routine = step.routine
    if step.high_risk_only:
        return f"| `{step.id}` | {causes_words(step)} | high risk only | | | | {_high_risk(step, None, tie)} |"
    faster = dues_words(step.faster)
    cells = (
        f"`{step.id}`",
        causes_words(step),
        dues_words(routine),
        who_words(routine),
        span_words(routine.acknowledge_within),
        faster if faster != dues_words(routine) else "",
    )
    return f"| {' | '.join(cells)} | {_high_risk(step, routine, tie)} |"


def _told(step: Step) -> str:
    text = " A neutral text may be released." if step.offers_text else ""
    task = step.contacts_agency
    agency = (
        f" Contacts an agency: {words(task.agency)}, whose answer is due within {span_words(task.reply_within)}."
        if task is not None
        else ""
    )
    pause = "" if step.may_pause.startswith("Nothing") else f" May pause: {step.may_pause}"
    return (
        f"- **{step.title}** (`{step.id}`). {step.action} *Evidence:* {step.evidence} "
        f"*If not done:* {step.if_not_done}{agency}{pause}{text}"
    )


def _high_risk(step: Step, routine: Terms | None, tie: Any) -> str:
    terms, said = step.high_risk, []
    if "left_to" in tie:
        causes = ", ".join(sorted(words(one) for one in step.not_high_risk))
        said.append(f"`{tie['left_to']}` instead ({causes})")
        if not step.triggers - step.not_high_risk:
            return said[0]
    if "stands_for" in tie:
        said.append(f"stands for `{tie['stands_for']}`")
    if routine is None or terms.due != routine.due or terms.repeat != routine.repeat:
        said.append(dues_words(terms))
    if routine is None or (terms.owner, terms.also_tell) != (routine.owner, routine.also_tell):
        said.append(who_words(terms))
    return "; ".join([*said, f"acknowledge within {span_words(terms.acknowledge_within)}"])


def _contacts(rules: Rules) -> str:
    lines = ["## Contact codes", "", f"Source: {rules.contacts.source}.", ""]
    lines += ["| code | contact | seen means | minutes | ladder | reminders |", "|---|---|---|---|---|---|"]
    for code, kind in rules.contacts.kinds.items():
        seen = f"{kind.subject}, face to face" if kind.face_to_face else f"{kind.subject}"
        reminders = "yes" if kind.reminders else "no"
        lines.append(f"| {code} | {kind.name} | {seen} | {kind.default_minutes} | `{kind.pathway}` | {reminders} |")
    return "\n".join([*lines, ""])


def shipped_rules() -> Rules:
    """Return the shipped rules; the date only bounds the holidays, which the page doesn't show."""
    return load_rules(config_dir=None, nation="england", today=date(2026, 11, 22))


def main() -> None:
    """Write the page and the drawings; a drawing of no ladder is removed."""
    rules = shipped_rules()
    TARGET.write_text(render(rules), encoding="utf-8")
    IMAGES.mkdir(parents=True, exist_ok=True)
    drawn = drawings(rules)
    for name, picture in drawn.items():
        (IMAGES / name).write_text(picture, encoding="utf-8")
    for path in IMAGES.glob("*.svg"):
        if path.name not in drawn:
            path.unlink()


if __name__ == "__main__":
    main()
