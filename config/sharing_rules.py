"""The rules of sharing between services (config/sharing.yaml): their faults, and the value built of them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from string import Formatter
from types import MappingProxyType
from typing import Any

from config.bounds import ceilings
from config.pathways_loader import span_from
from config.yaml_files import Finding, RuleFile
from models.domain.pathway import Unit
from models.domain.sharing import DischargeTerms, SharingRules, SharingTerms
from models.domain.words import AppointmentStatus, PersonRole

Content = Mapping[str, Any]
# What a sentence may have filled in, and words that would tell of which service or why.
_FIELDS = {
    "adult_missed": {"on", "seen"}, "gp_missed": {"on", "seen"}, "discharge": {"on"}, "gp_discharge": {"on"},
    "purpose_missed": set(), "purpose_discharge": set(),
}  # fmt: skip
_MINIMUM = ("adult_missed", "discharge")  # what the receiving side reads
_TELLING = ("mental", "perinatal", "psych", "clinic", "pmh", "therapy", "depress", "mother", "father")
_HOURS_A_WORKING_DAY = 8


def sharing_findings(sharing: RuleFile, contacts: RuleFile) -> Iterator[Finding]:
    """Yield faults: services and codes nobody knows, slow clocks, words that would tell more than the minimum."""
    known = contacts.content["contacts"]
    services = {kind["service"] for kind in known.values()}
    content = sharing.content
    for n, service in enumerate(content["appointments"]["services"]):
        if service not in services:
            yield sharing.finding(("appointments", "services", n), f"a service of contacts.yaml: {_all(services)}")
    for key in ("contacts", "except"):
        for n, code in enumerate(content["appointments"][key]):
            if code not in known:
                yield sharing.finding(("appointments", key, n), "a code of contacts.yaml")
    for key, service in content["tell"].items():
        if service not in services or service in content["appointments"]["services"]:
            yield sharing.finding(("tell", key), "another service of contacts.yaml than the one that shares")
    if content["basis_of_agreement"] not in content["bases"]:
        yield sharing.finding(("basis_of_agreement",), f"one of bases: {_all(content['bases'])}")
    yield from _clocks(sharing)
    yield from _words(sharing)


def sharing_from(content: Content, contacts: Content) -> SharingRules:
    """Build the rules; `contacts` is the content of contacts.yaml."""
    which = content["appointments"]
    guarded = {
        code: kind["service"]
        for code, kind in contacts["contacts"].items()
        if kind["service"] in which["services"] or code in which["contacts"]
    }
    return SharingRules(
        version=content["version"],
        source=content["source"],
        guarded=MappingProxyType(guarded),
        counted=frozenset(guarded) - frozenset(which["except"]),
        statuses=frozenset(AppointmentStatus(status) for status in which["statuses"]),
        roles=frozenset(PersonRole(role) for role in which["roles"]),
        relation_ends=timedelta(days=content["relation_ends_after_days"]),
        for_children=content["tell"]["child"],
        for_pregnancy=content["tell"]["pregnancy"],
        gp=content["tell"]["copy"],
        pre_school_months=content["pre_school_months"],
        after_due_date_days=content["after_due_date_days"],
        ask_about_children_again_days=content["ask_about_children_again_days"],
        routine=_terms(content["terms"]["routine"]),
        high_risk=_terms(content["terms"]["high_risk"]),
        gp_within=span_from(content["copy_to_gp"]["within"]),
        receipt_within=span_from(content["copy_to_gp"]["receipt_within"]),
        discharge=DischargeTerms(
            settle_within=span_from(content["discharge"]["settle_within"]),
            looked_at_after_months=tuple(sorted(content["discharge"]["looked_at_after_months"])),
        ),
        words=MappingProxyType(content["words"]),
        bases=MappingProxyType(content["bases"]),
        basis_of_agreement=content["basis_of_agreement"],
    )


def _terms(content: Content) -> SharingTerms:
    return SharingTerms(**{name: span_from(content[name]) for name in content})


def _clocks(sharing: RuleFile) -> Iterator[Finding]:
    top = ceilings()["sharing"]
    for name in ("deadline", "notice", "ask_again", "hold_longest", "hold_looked_at"):
        high_risk = span_from(sharing.content["terms"]["high_risk"][name])
        hours = top["high_risk_deadline_hours"] if name == "deadline" else top["high_risk_hours"]
        if high_risk.unit is not Unit.HOURS or not 0 < high_risk.count <= hours:
            expected = f"elapsed hours, more than 0 and at most {hours}, for high risk"
            yield sharing.finding(("terms", "high_risk", name), expected)
        days = top["deadline_working_days"] if name == "deadline" else top["routine_working_days"]
        yield from _slow(sharing, ("terms", "routine", name), days)
    for where in (("copy_to_gp", "within"), ("copy_to_gp", "receipt_within"), ("discharge", "settle_within")):
        yield from _slow(sharing, where, top["routine_working_days"])


def _slow(sharing: RuleFile, where: tuple[str, ...], days: int) -> Iterator[Finding]:
    span = span_from(sharing.at(where))
    count = span.count if span.unit is Unit.WORKING_DAYS else span.count / _HOURS_A_WORKING_DAY
    if count > days:
        yield sharing.finding(where, f"at most {days} working days")


def _words(sharing: RuleFile) -> Iterator[Finding]:
    for name, allowed in _FIELDS.items():
        words = sharing.content["words"][name]
        try:
            fields = {field for _, field, _, _ in Formatter().parse(words) if field is not None}
        except ValueError:
            yield sharing.finding(("words", name), "braces in pairs, such as {on}")
            continue
        if fields - allowed:
            may = _all(f"{{{one}}}" for one in allowed) or "nothing"
            yield sharing.finding(("words", name), f"nothing filled in but {may}")
        told = [word for word in _TELLING if name in _MINIMUM and word in words.lower()]
        if told:
            yield sharing.finding(("words", name), "the minimum: no service, reason, clinic or person", value=told[0])


def _all(words: Any) -> str:
    return ", ".join(sorted(words))
