"""Do the pattern rules make sense: words they can fill, services and contacts there are, effects that reach anybody?"""

from collections.abc import Iterator
from string import Formatter
from typing import Any

from config.bounds import ceilings
from config.yaml_files import Finding, RuleFile
from models.domain.patterns import DISCLOSED

_FIELDS = {"count", "nth", "since"}


def pattern_findings(patterns: RuleFile, contacts: RuleFile | None) -> Iterator[Finding]:
    """Yield the faults of the patterns file, which has the right shape already."""
    limits = ceilings()["pattern"]
    content = patterns.content
    if not limits["recent_days_at_least"] <= content["recent_days"] <= limits["recent_days_at_most"]:
        expected = f"{limits['recent_days_at_least']} to {limits['recent_days_at_most']} days"
        yield patterns.finding(("recent_days",), expected)
    for rule_id, rule in content["rules"].items():
        yield from _rule(patterns, rule_id, rule, limits)
    if contacts is not None:
        yield from _known(patterns, contacts)


def _rule(patterns: RuleFile, rule_id: str, rule: Any, limits: Any) -> Iterator[Finding]:
    where = ("rules", rule_id)
    if rule["again_after_days"] > limits["again_after_days"]:
        yield patterns.finding((*where, "again_after_days"), f"at most {limits['again_after_days']} days")
    if rule["opens"] and not rule["tells"]:
        yield patterns.finding((*where, "opens"), "tells as well: what is worth a follow-up is worth telling")
    if rule["faster"] and rule["kind"] == "sibling":
        yield patterns.finding((*where, "faster"), "false: a brother's or sister's follow-up informs and no more")
    try:
        fields = {name for _, name, _, _ in Formatter().parse(rule["says"]) if name is not None}
    except ValueError:
        fields = {"?"}
    if not fields <= _FIELDS:
        yield patterns.finding((*where, "says"), "no other fields than {count}, {nth} and {since}")


def _known(patterns: RuleFile, contacts: RuleFile) -> Iterator[Finding]:
    kinds = contacts.content["contacts"]
    services = {kind["service"] for kind in kinds.values()}
    for n, code in enumerate(patterns.content["recurring_contacts"]):
        if code not in kinds:
            yield patterns.finding(("recurring_contacts", n), "a code of contacts.yaml")
    for n, service in enumerate(patterns.content["confidential_services"]):
        if service not in services:
            yield patterns.finding(("confidential_services", n), f"one of {', '.join(sorted(services))}")
    for rule_id, rule in patterns.content["rules"].items():
        for n, service in enumerate(rule.get("leaves_out", ())):
            if service not in services | {DISCLOSED}:
                where = ("rules", rule_id, "leaves_out", n)
                yield patterns.finding(where, f"one of {', '.join(sorted(services))}, or {DISCLOSED}")
