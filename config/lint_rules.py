"""Do contact codes, events and holidays make sense, each by itself and with one another?"""

from collections.abc import Iterator, Sequence
from datetime import date

from config.yaml_files import Finding, RuleFile, Where

_OWN_LADDERS = {
    "outcome_pathway": "outcome_not_recorded",
    "referral_pathway": "referral_unanswered",
    "declined_pathway": "declined",
    "corrected_pathway": "corrected",
}


def contact_findings(contacts: RuleFile, pathways: Sequence[RuleFile]) -> Iterator[Finding]:
    """Yield faults: a pathway that doesn't exist or can't take what the contact opens, an unknown set of statuses."""
    triggers = _triggers(pathways)
    content = contacts.content
    for key, needed in _OWN_LADDERS.items():
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
        needed_triggers = {*content["opens"][kind["opens"]].values(), "never_booked", "overdue"} - {"declined"}
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

    return None
