"""A replay's report as tables of text, one column a set of rules."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Report = Mapping[str, Any]
Rows = dict[str, str]  # what a line is about to its value
SHOWN_REJECTIONS = 20


def told(reports: Mapping[str, Report]) -> str:
    """Return the report of each set of rules, side by side where there are several."""
    first = next(iter(reports.values()))
    lines = [*_head(first)]
    for title, rows_of in _SECTIONS.items():
        lines += ["", title, *_table({name: rows_of(report) for name, report in reports.items()})]
    for name, report in reports.items():
        lines += _audit(name, report["audit"])
    return "\n".join(lines)


def _head(report: Report) -> Iterator[str]:
    period = report["period"]
    yield f"{period['from']} to {period['to']}, {period['working_days']} working days; staff act: {report['staff_do']}"
    for file in report["files"]:
        yield f"{file['kind']}: {file['read']} rows read, {len(file['rejected'])} rejected"
        for each in file["rejected"][:SHOWN_REJECTIONS]:
            yield f"  line {each['line']}, {each['column']}: {each['value']!r}: {each['reason']}"
        if len(file["rejected"]) > SHOWN_REJECTIONS:
            yield f"  and {len(file['rejected']) - SHOWN_REJECTIONS} more, all of them with --json"


def _numbers(report: Report) -> Rows:
    rows = {f"appointments, {status}": str(count) for status, count in report["appointments"].items()}
    rows["children"] = str(report["children"])
    rows |= {f"staff, {role}": str(count) for role, count in report["staff"].items()}
    rows["rows that could not be taken in their time"] = str(report["rows_that_came_late"])
    rows["texts that would have been offered"] = str(report["texts_offered"])
    return rows


def _follow_ups(report: Report) -> Rows:
    rows = {}
    for one in report["follow_ups"]:
        old = " (backlog)" if one["backlog"] else ""
        rows[f"{one['pathway']}, {one['trigger']}{old}"] = str(one["count"])
    return rows


def _alerts(report: Report) -> Rows:
    return {f"{one['kind']}, {one['urgency']}, {one['role']}": str(one["count"]) for one in report["alerts"]}


def _steps(report: Report) -> Rows:
    return {
        f"{one['pathway']}, {one['step']}, {one['role']}": f"{one['told']} (after {one['hours_after_opening']:g} h)"
        for one in report["steps"]
    }


def _late(report: Report) -> Rows:
    return {f"{one['pathway']}, {one['step']}, {one['event']}": str(one["times"]) for one in report["late_steps"]}


def _spread(each: Mapping[str, float]) -> str:
    return f"median {each['median']:g}, p95 {each['p95']:g}, most {each['max']:g}, mean {each['mean']:g}"


def _load(report: Report) -> Rows:
    rows = {role: _spread(each) for role, each in report["load"].items()}
    rows |= {f"{role}, right after go-live": _spread(each) for role, each in report["load_after_go_live"].items()}
    nurse = report["named_nurse"]
    rate = nurse["per_working_day_per_10000"]
    rows["new items of named nurses"] = str(nurse["new_items"]) + (
        "" if rate is None else f" ({rate:g} a working day for 10,000 children)"
    )
    rows["new items of named nurses about pregnancies"] = str(nurse["new_items_before_birth"])
    rows["alerts in team pools"] = str(report["in_team_pools"])
    return rows


def _targets(report: Report) -> Rows:
    said = {True: "met", False: "NOT met", None: "not known here"}
    return {name: f"at most {each['at_most']}: {said[each['met']]}" for name, each in report["targets"].items()}


def _acts(report: Report) -> Rows:
    return {name: str(count) for name, count in report["acts_of_staff"].items()}


_SECTIONS = {
    "What there was": _numbers,
    "Follow-ups opened, by plan and cause": _follow_ups,
    "Told, by kind, urgency and role": _alerts,
    "Who would have been told when: plan, step, role; how often, and how long after it opened (middle)": _steps,
    "Steps that came late, or were passed over because a later one was due": _late,
    "Interruptions of one person on one working day (e-mails)": _load,
    "Targets": _targets,
    "What staff did": _acts,
}


def _table(columns: Mapping[str, Rows]) -> Iterator[str]:
    """One line for each thing that any of the sets has; a dash where another has none."""
    labels: Iterable[str] = dict.fromkeys(label for rows in columns.values() for label in rows)
    names = list(columns)
    cells = [[label, *(columns[name].get(label, "-") for name in names)] for label in labels]
    if len(names) > 1:
        cells.insert(0, ["", *names])
    if not cells:
        yield "  none"
        return
    widths = [max(len(row[at]) for row in cells) for at in range(len(names) + 1)]
    for row in cells:
        yield ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()


def _audit(name: str, audit: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"Audit, rules {name}: {len(audit['violations'])} violations, {len(audit['warnings'])} warnings"
    for word in ("violations", "warnings"):
        for one in audit[word]:
            yield f"  {word[:-1]}: {one['code']}: {one['count']} {one['says']}"
