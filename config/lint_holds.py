"""Do the holds make sense with ladders, flags, contacts and schedules? Some texts no trust may let go."""

from collections.abc import Iterator, Sequence

from config.bounds import ceilings, working_days
from config.pathways_loader import pathway_from, span_from
from config.rule_files import RuleFiles
from config.yaml_files import Finding, RuleFile, Where
from models.domain.pathway import Pathway, Unit
from models.domain.words import FollowUpTrigger

# A trust may not let texts go under these: hazards 2 and 27.
ALWAYS_BLOCK = ("bereavement", "pregnancy_ended", "protected_identity")


def hold_findings(files: RuleFiles, *, ladders_read: bool) -> Iterator[Finding]:
    """Yield faults; what is asked of the ladders only where those could be read."""
    holds, flags, contacts = (files.one(sort) for sort in ("holds", "flags", "contacts"))
    if holds is None:
        return
    if flags is not None:
        yield from _flags(holds, flags)
    if contacts is not None:
        yield from _antenatal(holds, contacts, files.by_sort["schedule"])
    newest = _newest(files.by_sort["pathway"]) if ladders_read else None
    for kind, rule in holds.content["kinds"].items():
        where = ("kinds", kind)
        if kind in ALWAYS_BLOCK and not rule["blocks_texts"]:
            yield holds.finding((*where, "blocks_texts"), "true: no text leaves under this kind")
        review = rule["review"]
        if review["after_days"] > review["longest_days"]:
            yield holds.finding((*where, "review", "after_days"), "at most longest_days")
        if rule["pauses"] is not None:
            yield from _ceilings(holds, (*where, "pauses"), rule["pauses"])
        if newest is not None:
            yield from _ladders(holds, where, rule, newest)
    if newest is not None and (events := files.one("events")) is not None:
        yield from _events_text_nobody(events, newest)


def _flags(holds: RuleFile, flags: RuleFile) -> Iterator[Finding]:
    known, seen = flags.content["flags"], set[str]()
    for kind, rule in holds.content["kinds"].items():
        for n, code in enumerate(rule["flags"]):
            where: Where = ("kinds", kind, "flags", n)
            if code not in known:
                yield holds.finding(where, "a flag of flags.yaml")
            elif rule["blocks_texts"] and not known[code]["blocks_texts"]:
                yield holds.finding(where, "a flag that blocks texts too")
            if code in seen:
                yield holds.finding(where, "a flag that no other kind has")
            seen.add(code)
    for key in ("after_split_flag", "placed_flag"):
        if not known.get(holds.content[key], {}).get("high_risk"):
            yield holds.finding((key,), "a high-risk flag of flags.yaml")


def _antenatal(holds: RuleFile, contacts: RuleFile, schedules: Sequence[RuleFile]) -> Iterator[Finding]:
    """Whatever is planned from a due date makes sense only while the pregnancy goes on."""
    listed = holds.content["antenatal_contacts"]
    for n, code in enumerate(listed):
        if code not in contacts.content["contacts"]:
            yield holds.finding(("antenatal_contacts", n), "a code of contacts.yaml")
    for schedule in schedules:
        for n, line in enumerate(schedule.content["contacts"]):
            if line["anchor"] == "edd" and line["code"] not in listed:
                yield schedule.finding(("contacts", n, "code"), "a code among antenatal_contacts of holds.yaml")


def _ceilings(holds: RuleFile, where: Where, pauses: dict[str, dict[str, int]]) -> Iterator[Finding]:
    top = ceilings()["holds"]
    routine, high_risk = span_from(pauses["routine_at_most"]), span_from(pauses["high_risk_at_most"])
    if working_days(routine) > top["routine_pause_working_days"]:
        expected = f"at most {top['routine_pause_working_days']} working days"
        yield holds.finding((*where, "routine_at_most"), expected)
    if high_risk.unit is not Unit.HOURS or high_risk.count > top["high_risk_pause_hours"]:
        expected = f"elapsed hours, at most {top['high_risk_pause_hours']}, for high risk"
        yield holds.finding((*where, "high_risk_at_most"), expected)


def _ladders(holds: RuleFile, where: Where, rule: dict[str, object], newest: dict[str, Pathway]) -> Iterator[Finding]:
    pauses = rule["pauses"]
    for code, steps in pauses["steps"].items() if isinstance(pauses, dict) else ():
        if code not in newest:
            yield holds.finding((*where, "pauses", "steps", code), f"one of {', '.join(sorted(newest))}")
            continue
        ids = {step.id for step in (*newest[code].steps, newest[code].until_seen)}
        for n, step_id in enumerate(steps):
            if step_id not in ids:
                yield holds.finding((*where, "pauses", "steps", code, n), f"a step of {code}")
    replaced_by = rule["replaced_by"]
    if not isinstance(replaced_by, str):
        return
    pathway = newest.get(replaced_by)
    if pathway is None:
        yield holds.finding((*where, "replaced_by"), f"one of {', '.join(sorted(newest))}")
        return
    if missing := set(FollowUpTrigger) - {trigger for step in pathway.steps for trigger in step.triggers}:
        yield holds.finding((*where, "replaced_by"), f"a pathway with steps for {', '.join(sorted(missing))} too")
    if any(step.offers_text for step in pathway.steps):
        yield holds.finding((*where, "replaced_by"), "a pathway that offers no text to the family")


def _events_text_nobody(events: RuleFile, newest: dict[str, Pathway]) -> Iterator[Finding]:
    """Care after a loss and a hand-over are on staff: a family hears of them from a person."""
    for kind in ("bereavement_care", "moved_out"):
        pathway = newest.get(events.content["events"][kind]["pathway"])
        if pathway is not None and any(step.offers_text for step in pathway.steps):
            yield events.finding(("events", kind, "pathway"), "a pathway that offers no text to the family")


def _newest(files: Sequence[RuleFile]) -> dict[str, Pathway]:
    ordered = sorted(files, key=lambda file: int(file.content["version"]))
    return {file.content["code"]: pathway_from(file.content) for file in ordered}
