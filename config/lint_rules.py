"""Do contact codes, events, schedules and holidays make sense, each by itself and with one another?"""

from collections.abc import Iterator, Sequence
from datetime import date

from config.rule_loaders import schedule_from
from config.yaml_files import Finding, RuleFile, Where
from models.domain.schedule import ScheduledContact

# Windows are compared from a day whose months are long and from one whose February is short.
_SAMPLE_ANCHORS = (date(2026, 1, 31), date(2027, 8, 31))


def contact_findings(contacts: RuleFile, pathways: Sequence[RuleFile]) -> Iterator[Finding]:
    """Yield faults: a pathway that doesn't exist or can't take what the contact opens, an unknown set of statuses."""
    triggers = _triggers(pathways)
    content = contacts.content
    for key, needed in (("outcome_pathway", "outcome_not_recorded"), ("referral_pathway", "referral_unanswered")):
        if needed not in triggers.get(content[key], set()):
            yield contacts.finding((key,), f"a pathway with steps for {needed}")
    for code, kind in content["contacts"].items():
        where = ("contacts", code)
        if kind["opens"] not in content["opens"]:
            yield contacts.finding((*where, "opens"), f"one of {', '.join(content['opens'])}")
            continue
        if kind["pathway"] not in triggers:
            yield contacts.finding((*where, "pathway"), f"one of {', '.join(sorted(triggers))}")
            continue
        needed_triggers = {*content["opens"][kind["opens"]].values(), "never_booked", "overdue"}
        if missing := needed_triggers - triggers[kind["pathway"]]:
            yield contacts.finding((*where, "pathway"), f"a pathway with steps for {', '.join(sorted(missing))} too")


def event_findings(events: RuleFile, pathways: Sequence[RuleFile]) -> Iterator[Finding]:
    """Yield faults: a code given twice, a pathway that doesn't exist or has no steps for a family event."""
    triggers = _triggers(pathways)
    codes = [rule["code"] for rule in events.content["events"].values()]
    for kind, rule in events.content["events"].items():
        where = ("events", kind)
        if codes.count(rule["code"]) > 1:
            yield events.finding((*where, "code"), "a code that no other event has")
        if "family_event" not in triggers.get(rule["pathway"], set()):
            yield events.finding((*where, "pathway"), "a pathway with steps for family_event")


def schedule_findings(schedules: Sequence[RuleFile], contacts: RuleFile) -> Iterator[Finding]:
    """Yield faults: codes nobody knows, windows the wrong way round, a version given twice."""
    seen: set[tuple[str, int]] = set()
    for file in schedules:
        key = (file.content["code"], file.content["version"])
        if key in seen:
            yield file.finding(("version",), "a version that no other file of this schedule has")
        seen.add(key)
        codes = [line["code"] for line in file.content["contacts"]]
        for n, (line, scheduled) in enumerate(
            zip(file.content["contacts"], schedule_from(file.content).contacts, strict=True)
        ):
            where = ("contacts", n)
            if line["code"] not in contacts.content["contacts"]:
                yield file.finding((*where, "code"), "a code of contacts.yaml")
            if codes.count(line["code"]) > 1:
                yield file.finding((*where, "code"), "every contact once")
            if line["superseded_by"] is not None and line["superseded_by"] not in codes:
                yield file.finding((*where, "superseded_by"), "a contact of this schedule, or null")
            if problem := _order_problem(scheduled):
                yield file.finding(where, problem, value=line["code"])


def holiday_findings(holidays: RuleFile) -> Iterator[Finding]:
    """Yield dates that don't exist."""
    places: list[tuple[Where, str]] = [(("checked_until",), holidays.content["checked_until"])]
    for nation, days in holidays.content["extra"].items():
        places += [(("extra", nation, day), day) for day in days]
    for where, day in places:
        try:
            date.fromisoformat(day)
        except ValueError:
            yield holidays.finding(where, "a date that exists, such as 2027-12-31", value=day)


def _triggers(pathways: Sequence[RuleFile]) -> dict[str, set[str]]:
    newest: dict[str, RuleFile] = {}
    for file in sorted(pathways, key=lambda file: int(file.content["version"])):
        newest[file.content["code"]] = file
    return {
        code: {trigger for step in file.content["steps"] for trigger in step["when"]["triggers"]}
        for code, file in newest.items()
    }


def _order_problem(line: ScheduledContact) -> str | None:
    for anchor in _SAMPLE_ANCHORS:
        start, end = line.window_start.from_date(anchor), line.window_end.from_date(anchor)
        if start > end:
            return "a window that starts before it ends"
        if line.late_until is not None and line.late_until.from_date(anchor) < end:
            return "late_until not before the window's end"
        if line.overdue_on.from_date(anchor) > end:
            return "overdue_on within the window"
        if line.unbooked_on.from_date(anchor) > line.overdue_on.from_date(anchor):
            return "unbooked_on not after overdue_on"
    return None
