"""Turn the checked patterns file into domain values. Expects content that has passed its schema: `config.lint`."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from models.domain.patterns import Happened, PatternKind, PatternRule, PatternRules, Scope, UnseenLimits
from models.domain.words import AppointmentStatus, OutcomeSubtype

Content = Mapping[str, Any]


def patterns_from(content: Content) -> PatternRules:
    """Build all pattern rules."""
    statuses = {AppointmentStatus(status): Happened(what) for status, what in content["counts_as"].items()}
    subtypes = {OutcomeSubtype(one): Happened(what) for one, what in content["counts_as_subtype"].items()}
    return PatternRules(
        version=content["version"],
        rules=tuple(_rule(rule_id, rule) for rule_id, rule in content["rules"].items()),
        recent=timedelta(days=content["recent_days"]),
        counts_as=MappingProxyType(statuses),
        counts_as_subtype=MappingProxyType(subtypes),
        confidential=frozenset(content["confidential_services"]),
        recurring=frozenset(content["recurring_contacts"]),
        source=content["source"],
    )


def _rule(rule_id: str, rule: Content) -> PatternRule:
    within = rule.get("within_days")
    return PatternRule(
        id=rule_id,
        kind=PatternKind(rule["kind"]),
        of=tuple(Scope(scope) for scope in rule["of"]),
        counts=frozenset(Happened(what) for what in rule.get("counts", ())),
        at_least=rule.get("at_least", 1),
        within=None if within is None else timedelta(days=within),
        leaves_out=frozenset(rule.get("leaves_out", ())),
        again_after=timedelta(days=rule["again_after_days"]),
        tells=rule["tells"],
        faster=rule["faster"],
        opens=rule["opens"],
        says=rule["says"],
        unseen=_unseen(rule) if rule["kind"] == PatternKind.UNSEEN else None,
    )


def _unseen(rule: Content) -> UnseenLimits:
    weeks, months, years = rule["until_weeks"], rule["until_months"], rule["until_years"]
    return UnseenLimits(
        weeks["weeks"],
        weeks["unseen_days"],
        months["months"],
        months["unseen_days"],
        years["years"],
        years["months_past_review"],
    )
