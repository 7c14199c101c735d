"""Turn the checked prompts file into domain values: instruments, thresholds, and what asks where there is none.

Expects content that has passed its schema: `config.lint` first.
"""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from config.pathways_loader import span_from
from models.domain.indicators import Instrument, InstrumentKind
from models.domain.prompts import Condition, PromptRule, PromptRules, ValidFor
from models.domain.words import OwnerRole, PerinatalPhase, PersonRole, Urgency

Content = Mapping[str, Any]
_SIGNATURE = ("signed_by", "signed_on")


def prompts_from(content: Content) -> PromptRules:
    """Build the prompt rules."""
    return PromptRules(
        version=content["version"],
        instruments=MappingProxyType({code: _instrument(code, one) for code, one in content["instruments"].items()}),
        rules=tuple(_rule(rule, content) for rule in content["rules"]),
        without_threshold=tuple(_asking(rule, content) for rule in content["without_threshold"]),
        merge_days=content["merge_days"],
        postnatal_months=content["postnatal_months"],
        red_flag_days=content["red_flag_days"],
        review_at_most_days=content["review_at_most_days"],
        source=content["source"],
    )


def _instrument(code: str, content: Content) -> Instrument:
    return Instrument(
        code=code,
        name=content["name"],
        kind=InstrumentKind(content["kind"]),
        highest_total=content.get("highest_total"),
        self_harm_item=content.get("self_harm_item"),
        highest_item=content.get("highest_item", 0),
        items=MappingProxyType(dict(content.get("items", {}))),
        note_asked=content.get("note_asked", False),
        licence=content.get("licence", ""),
        standing=content.get("standing", False),
    )


def _asking(rule: Content, whole: Content) -> PromptRule:
    """What asks without a threshold: nobody signs it, because it says nothing about the person."""
    valid_for = {"phases": None, "people": rule["people"], "languages": None}
    unsigned = {"instrument": "", "valid_for": valid_for, "when": {}, "signed_by": None}
    return _rule({**rule, **unsigned}, whole)


def _rule(rule: Content, whole: Content) -> PromptRule:
    chain = (*(OwnerRole(role) for role in whole["role_chain"]), OwnerRole.LAST_RESORT)
    also_tell = {OwnerRole(role): tuple(map(OwnerRole, roles)) for role, roles in rule.get("also_tell", {}).items()}
    return PromptRule(
        id=rule["id"],
        version=whole["version"],
        instrument=rule["instrument"],
        valid_for=_valid_for(rule["valid_for"]),
        when=_condition(rule["when"]),
        weight=rule["weight"],
        urgency=Urgency(rule["urgency"]),
        same_day=rule.get("same_day", False),
        title=rule["title"],
        action=rule["action"].strip(),
        source=rule["source"],
        content_sha256=_digest(rule),
        signed_by=rule["signed_by"],
        role_chain=chain,
        also_tell=MappingProxyType(also_tell),
        decide_within=span_from(rule["decide_within"]),
        ask_again=span_from(rule["ask_again"]),
        lease=span_from(rule["lease"]),
        asks_per_role=rule["asks_per_role"],
        old_after_days=rule.get("old_after_days", whole["old_after_days"]),
        sets_flag=rule.get("sets_flag"),
    )


def _valid_for(content: Content) -> ValidFor:
    phases, people, languages = (content[key] for key in ("phases", "people", "languages"))
    return ValidFor(
        phases=None if phases is None else frozenset(map(PerinatalPhase, phases)),
        people=None if people is None else frozenset(map(PersonRole, people)),
        languages=None if languages is None else frozenset(languages),
    )


def _condition(content: Content) -> Condition:
    return Condition(
        total_at_least=content.get("total_at_least"),
        total_at_most=content.get("total_at_most"),
        self_harm_item_at_least=content.get("self_harm_item_at_least"),
        any_yes=tuple(content.get("any_yes", ())),
        all_yes=tuple(content.get("all_yes", ())),
    )


def _digest(rule: Content) -> str:
    """Of what the rule does: a signature is for this content, and ends with it."""
    unsigned = {key: value for key, value in rule.items() if key not in _SIGNATURE}
    return hashlib.sha256(json.dumps(unsigned, sort_keys=True).encode()).hexdigest()
