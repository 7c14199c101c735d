"""Do the prompt rules make sense: known instruments and items, whole bands, answers that don't come too late?"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from config.bounds import ceilings
from config.yaml_files import Finding, RuleFile, Where

_SPANS = ("decide_within", "ask_again", "lease")
_URGENCIES = ("routine", "urgent")


def prompt_findings(prompts: RuleFile, flags: RuleFile | None) -> Iterator[Finding]:
    """Yield every fault of the prompts file; `flags` is None where that file can't be read."""
    content = prompts.content
    everything = [(("rules", n), rule) for n, rule in enumerate(content["rules"])]
    asking = [(("without_threshold", n), rule) for n, rule in enumerate(content["without_threshold"])]
    ids = [rule["id"] for _, rule in (*everything, *asking)]
    for where, rule in (*everything, *asking):
        if ids.count(rule["id"]) > 1:
            yield prompts.finding((*where, "id"), "an id that no other rule has")
        yield from _slow(prompts, where, rule)
    for where, rule in everything:
        yield from _condition(prompts, where, rule)
        yield from _signature(prompts, where, rule)
        yield from _telling(prompts, where, rule)
        if flags is not None:
            yield from _flag(prompts, where, rule, flags.content["flags"])
    yield from _red_flags_first(prompts)
    general = {rule["urgency"] for rule in content["without_threshold"] if rule["people"] is None}
    if missing := set(_URGENCIES) - general:
        wanted = f"one for everybody (people: null) that is {min(missing)}"
        yield prompts.finding(("without_threshold",), wanted, value="none")


def _condition(prompts: RuleFile, where: Where, rule: Any) -> Iterator[Finding]:
    instruments, when = prompts.content["instruments"], rule["when"]
    instrument = instruments.get(rule["instrument"])
    if instrument is None:
        yield prompts.finding((*where, "instrument"), f"one of {', '.join(instruments)}")
        return
    highest = instrument.get("highest_total")
    least, most = when.get("total_at_least"), when.get("total_at_most")
    if (least is not None or most is not None) and highest is None:
        yield prompts.finding((*where, "when"), "no total: this instrument has none")
    elif least is not None and not 0 < least <= highest:
        yield prompts.finding((*where, "when", "total_at_least"), f"a total from 1 to {highest}")
    if most is not None and most < (least or 0):
        yield prompts.finding((*where, "when"), "total_at_most not below total_at_least")
    if "self_harm_item_at_least" in when and "self_harm_item" not in instrument:
        yield prompts.finding((*where, "when"), "no self-harm item: this instrument has none")
    for key in ("any_yes", "all_yes"):
        for unknown in set(when.get(key, ())) - set(instrument.get("items", {})):
            yield prompts.finding((*where, "when", key), "items of the instrument", value=unknown)


def _signature(prompts: RuleFile, where: Where, rule: Any) -> Iterator[Finding]:
    if (rule["signed_by"] is None) != (rule["signed_on"] is None):
        yield prompts.finding((*where, "signed_on"), "both signed_by and signed_on, or neither")
    if rule["signed_on"] is not None:
        try:
            date.fromisoformat(rule["signed_on"])
        except ValueError:
            yield prompts.finding((*where, "signed_on"), "a date that exists, such as 2026-11-01")


def _flag(prompts: RuleFile, where: Where, rule: Any, flags: Any) -> Iterator[Finding]:
    code = rule.get("sets_flag")
    if code is not None and code not in flags:
        yield prompts.finding((*where, "sets_flag"), "a code of flags.yaml")
    elif rule["urgency"] == "red_flag" and (code != "red_flag" or not flags[code]["high_risk"]):
        yield prompts.finding((*where, "sets_flag"), "red_flag, which flags.yaml has as high risk")


def _telling(prompts: RuleFile, where: Where, rule: Any) -> Iterator[Finding]:
    for role in rule.get("also_tell", {}):
        if role not in prompts.content["role_chain"]:
            yield prompts.finding((*where, "also_tell", role), "a role of role_chain", value=role)


def _red_flags_first(prompts: RuleFile) -> Iterator[Finding]:
    """A red flag weighs more than all else: it always cuts through."""
    rules = prompts.content["rules"]
    others = max((rule["weight"] for rule in rules if rule["urgency"] != "red_flag"), default=0)
    for n, rule in enumerate(rules):
        if rule["urgency"] == "red_flag" and rule["weight"] <= others:
            yield prompts.finding(("rules", n, "weight"), f"more than {others}, which another rule weighs")


def _slow(prompts: RuleFile, where: Where, rule: Any) -> Iterator[Finding]:
    if "self_harm_item_at_least" in rule.get("when", {}) and not rule.get("same_day"):
        yield prompts.finding((*where, "same_day"), "true: a self-harm item is assessed the same day", value="false")
    for key in _SPANS:
        if problem := _too_slow(rule, key):
            yield prompts.finding((*where, key), problem)


def _too_slow(rule: Any, key: str) -> str | None:
    """What a span has to be; None where it is. A red flag runs in minutes, a same-day assessment in hours."""
    limits, hours = ceilings()["prompts"], rule[key].get("hours", 0)
    if rule["urgency"] == "red_flag" or rule.get("same_day"):
        most = limits["self_harm_hours"]
        if rule["urgency"] == "red_flag":
            most = limits["red_flag_lease_hours"] if key == "lease" else limits["red_flag_minutes"] / 60
        return None if 0 < hours <= most else f"elapsed hours, more than 0 and at most {most:g}"
    days = _working_days(rule[key])
    most = limits["decide_working_days"]
    return None if days is not None and days <= most else f"hours, working_hours, or at most {most} working days"


def _working_days(span: Any) -> int | None:
    """How many working days a span has; 0 for one in hours, None for any other."""
    if span.get("hours") or span.get("working_hours"):
        return 0
    days = span.get("working_days")
    return days if isinstance(days, int) else None
