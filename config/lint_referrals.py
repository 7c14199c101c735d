"""Do the referral clocks, the stages of challenge and the action plan make sense, and none come later than it may?"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from config.bounds import ceilings
from config.pathways_loader import span_from
from config.rule_files import RuleFiles
from config.yaml_files import Finding, RuleFile, Where
from models.domain.working_time import WorkingCalendar

_IN_ORDER = ("received", "accepted", "appointed", "attended", "treatment")
# Spans of different units are compared as they fall from a Monday morning with no holidays near.
_FROM = datetime(2026, 6, 1, 8, tzinfo=UTC)
_CALENDAR = WorkingCalendar(ZoneInfo("Europe/London"), frozenset(), time(9), time(17), date(2030, 1, 1))


def joint_findings(files: RuleFiles) -> Iterator[Finding]:
    """Yield every fault of the referral, challenge and action files that could be read."""
    referrals, contacts = files.one("referrals"), files.one("contacts")
    challenge, actions = files.one("challenge"), files.one("actions")
    if referrals is not None:
        yield from _referral_findings(referrals)
        if contacts is not None:
            yield from _appointment_findings(referrals, contacts)
    if challenge is not None:
        yield from _challenge_findings(challenge)
    if actions is not None:
        most = ceilings()["actions"]["ask_again_working_days"]
        yield from _too_long(actions, ("ask_again",), {"working_days": most})


def _referral_findings(referrals: RuleFile) -> Iterator[Finding]:
    limits = ceilings()["referrals"]
    for urgency, clocks in referrals.content["clocks"].items():
        where = ("clocks", urgency)
        for before, after in pairwise(_IN_ORDER):
            if _falls(clocks[after]) < _falls(clocks[before]):
                yield referrals.finding((*where, after), f"a clock not shorter than {before}")
        if urgency == "red_flag":
            yield from _too_long(referrals, (*where, "attended"), {"hours": limits["emergency_hours"]})
            continue
        most = limits["received_working_days"][urgency]
        yield from _too_long(referrals, (*where, "received"), {"working_days": most})
        yield from _too_long(referrals, (*where, "attended"), {"days": limits["attended_days"]})
        yield from _too_long(referrals, (*where, "treatment"), {"days": limits["treatment_days"]})


def _appointment_findings(referrals: RuleFile, contacts: RuleFile) -> Iterator[Finding]:
    """A code of two services would match one appointment to both."""
    seen: dict[str, str] = {}
    for service, one in referrals.content["services"].items():
        for n, code in enumerate(one["contact_codes"]):
            where = ("services", service, "contact_codes", n)
            if code not in contacts.content["contacts"]:
                yield referrals.finding(where, "a code of contacts.yaml")
            if seen.setdefault(code, service) != service:
                yield referrals.finding(where, f"a code that {seen[code]} does not have")


def _challenge_findings(challenge: RuleFile) -> Iterator[Finding]:
    limits = ceilings()["challenge"]
    yield from _too_long(challenge, ("ask_again",), {"working_days": limits["ask_again_working_days"]})
    for stage in challenge.content["stages"]:
        for key in ("due_within", "urgent_within"):
            yield from _too_long(challenge, ("stages", stage, key), {"working_days": limits["stage_working_days"]})


def _too_long(file: RuleFile, where: Where, most: dict[str, Any]) -> Iterator[Finding]:
    if _falls(file.at(where)) > _falls(most):
        unit, count = next(iter(most.items()))
        yield file.finding(where, f"at most {count} {unit.replace('_', ' ')}")


def _falls(span: Any) -> datetime:
    return span_from(span).after(_FROM, calendar=_CALENDAR)
