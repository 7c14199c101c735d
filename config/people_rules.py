"""The rules about the adults round a child (config/adults.yaml) and about reflections (config/reflections.yaml)."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from config.pathways_loader import span_from
from config.yaml_files import Finding, RuleFile
from models.domain.carers import CarersRules
from models.domain.reflections import Fit, Reflection, ReflectionRules
from models.domain.words import AccountRole

Content = Mapping[str, Any]


def adults_findings(adults: RuleFile, contacts: RuleFile) -> Iterator[Finding]:
    """Yield occasions at contacts that nobody knows."""
    for code in adults.content["occasions"]:
        if code not in contacts.content["contacts"]:
            yield adults.finding(("occasions", code), "a code of contacts.yaml", value=code)


def adults_from(content: Content) -> CarersRules:
    """Build the rules about the adults round a child."""
    return CarersRules(
        version=content["version"],
        source=content["source"],
        question=content["question"],
        occasions=MappingProxyType({code: rule["task"] for code, rule in content["occasions"].items()}),
        not_older_than=timedelta(days=content["not_older_than_days"]),
        raise_after=span_from(content["raise_after"]),
        goes_up_after=span_from(content["goes_up_after"]),
        review_after_months=content["review_after_months"],
        bases=MappingProxyType(content["bases"]),
    )


def reflections_from(content: Content) -> ReflectionRules:
    """Build the reflective prompts."""
    return ReflectionRules(
        version=content["version"],
        source=content["source"],
        at_once=content["at_once"],
        early_weeks_days=content["early_weeks_days"],
        prompts=tuple(
            Reflection(
                id=code,
                words=prompt["words"],
                roles=frozenset(AccountRole(role) for role in prompt["roles"]),
                fits=frozenset(Fit(fit) for fit in prompt.get("fits", ())),
            )
            for code, prompt in content["prompts"].items()
        ),
    )
