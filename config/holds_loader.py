"""Turn the checked holds file into domain values. Expects content that has passed its schema: `config.lint` first."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from config.pathways_loader import span_from
from models.domain.holds import HoldRule, HoldRules, LadderPause
from models.domain.words import AccountRole, FamilyEventKind, HoldKind, HoldScope, OwnerRole

Content = Mapping[str, Any]


def holds_from(content: Content) -> HoldRules:
    """Build the rules of every kind of hold, in the order of what does most harm."""
    rules = {kind: _rule(kind, content["kinds"][kind.value]) for kind in HoldKind}
    return HoldRules(
        rules=MappingProxyType(rules),
        lately=timedelta(days=content["lately_days"]),
        text_left_within=span_from(content["text_left_answer_within"]),
        antenatal_contacts=frozenset(content["antenatal_contacts"]),
        after_split_flag=content["after_split_flag"],
        placed_flag=content["placed_flag"],
        source=content["source"],
    )


def _rule(kind: HoldKind, content: Content) -> HoldRule:
    review, starts = content["review"], content["starts"]
    return HoldRule(
        kind=kind,
        name=content["name"],
        sign=content["sign"],
        scopes=frozenset(HoldScope(scope) for scope in content["scopes"]),
        blocks_texts=content["blocks_texts"],
        texts_reach=HoldScope(content["texts_reach"]),
        pauses=None if content["pauses"] is None else _pause(content["pauses"]),
        replaced_by=content["replaced_by"],
        starts=None if starts is None else FamilyEventKind(starts),
        flags=frozenset(content["flags"]),
        owner=OwnerRole(content["owner"]),
        review_after=timedelta(days=review["after_days"]),
        longest=timedelta(days=review["longest_days"]),
        remind_before=timedelta(days=review["remind_days_before"]),
        answer_within=span_from(review["answer_within"]),
        may_end=frozenset(AccountRole(role) for role in content["may_end"]),
    )


def _pause(content: Content) -> LadderPause:
    return LadderPause(
        steps=MappingProxyType({code: frozenset(steps) for code, steps in content["steps"].items()}),
        routine_at_most=span_from(content["routine_at_most"]),
        high_risk_at_most=span_from(content["high_risk_at_most"]),
    )
