"""Do schedules make sense, each by itself, with the contact codes and flags, and one version with the next?"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from config.schedules_loader import schedule_from
from config.yaml_files import Finding, RuleFile, Where
from models.domain.schedule import ContactOf, ScheduleAnchor, ScheduledContact

# Windows are compared from a day whose months are long and from one whose February is short.
SAMPLE_ANCHORS = (date(2026, 1, 31), date(2027, 8, 31))
_DAYS = ("late_until", "unbooked_on", "overdue_on", "recall_until")
_SUBJECTS = {ContactOf.CHILD: "child", ContactOf.MOTHER: "woman"}


def schedule_findings(schedules: Sequence[RuleFile], contacts: RuleFile, flags: RuleFile | None) -> Iterator[Finding]:
    """Yield faults: codes nobody knows, windows the wrong way round, a version given twice or of another service."""
    first: dict[str, RuleFile] = {}
    seen: set[tuple[str, int]] = set()
    for file in schedules:
        content = file.content
        key = (content["code"], content["version"])
        if key in seen:
            yield file.finding(("version",), "a version that no other file of this schedule has")
        seen.add(key)
        before = first.setdefault(content["code"], file)
        if content["service"] != before.content["service"]:
            yield file.finding(("service",), f"{before.content['service']}, as in {before.name}")
        for n, flag in enumerate(content.get("flags", ())):
            if flags is not None and flag not in flags.content["flags"]:
                yield file.finding(("flags", n), "a flag of flags.yaml")
        dates = list(_dates(file))
        yield from dates or _lines(file, contacts)


def order_problem(line: ScheduledContact) -> str | None:
    """Return what is the wrong way round in a line, whatever the months; None where nothing is."""
    for anchor in SAMPLE_ANCHORS:
        start, end = line.window_start.from_date(anchor), line.window_end.from_date(anchor)
        if start > end:
            return "a window that starts before it ends"
        if line.late_until is not None and line.late_until.from_date(anchor) < end:
            return "late_until not before the window's end"
        if line.overdue_on.from_date(anchor) > end:
            return "overdue_on within the window"
        if line.unbooked_on is not None and line.unbooked_on.from_date(anchor) > line.overdue_on.from_date(anchor):
            return "unbooked_on not after overdue_on"
    return None


def _dates(file: RuleFile) -> Iterator[Finding]:
    try:
        date.fromisoformat(file.content["effective_from"])
    except ValueError:
        yield file.finding(("effective_from",), "a date that exists, such as 2026-11-01")


def _lines(file: RuleFile, contacts: RuleFile) -> Iterator[Finding]:
    lines = file.content["contacts"]
    codes = [line["code"] for line in lines]
    for n, (line, scheduled) in enumerate(zip(lines, schedule_from(file.content).contacts, strict=True)):
        where = ("contacts", n)
        yield from _kind(file, where, scheduled, contacts)
        if codes.count(line["code"]) > 1:
            yield file.finding((*where, "code"), "every contact once")
        if line["superseded_by"] is not None and line["superseded_by"] not in codes:
            yield file.finding((*where, "superseded_by"), "a contact of this schedule, or null")
        for place in _gestations(line, where):
            if scheduled.anchor is not ScheduleAnchor.EDD:
                yield file.finding(place, "months and days: gestation needs the anchor edd")
        if problem := order_problem(scheduled):
            yield file.finding(where, problem, value=line["code"])


def _kind(file: RuleFile, where: Where, line: ScheduledContact, contacts: RuleFile) -> Iterator[Finding]:
    kind = contacts.content["contacts"].get(line.contact_code)
    if kind is None:
        yield file.finding((*where, "code"), "a code of contacts.yaml")
        return
    if kind["service"] != file.content["service"]:
        yield file.finding((*where, "code"), f"a contact of {file.content['service']}, as the schedule is")
    if kind["subject"] != _SUBJECTS[line.of]:
        yield file.finding((*where, "code"), f"a contact whose subject is the {_SUBJECTS[line.of]}")
    if line.unbooked_on is None and not kind.get("recorded"):
        yield file.finding((*where, "unbooked_on"), "a day: nobody can record that this contact took place")


def _gestations(line: Mapping[str, Any], where: Where) -> Iterator[Where]:
    """The places of a line whose offset is written as weeks and days of pregnancy."""
    places = [("window", "from"), ("window", "until"), *((name,) for name in _DAYS)]
    for place in places:
        offset: Any = line
        for part in place:
            offset = offset[part]
        if offset is not None and "gestation" in offset:
            yield (*where, *place)
