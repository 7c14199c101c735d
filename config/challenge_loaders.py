"""Turn checked files into domain values: referral clocks, stages of challenge, the action plan, the numbers to ring.

Expects content that has passed its schema: `config.lint` first.
"""

from collections.abc import Iterable, Mapping
from datetime import time
from types import MappingProxyType
from typing import Any

from config.pathways_loader import span_from
from models.domain.action_plan import ActionRules
from models.domain.challenge import ChallengeRules, Stage
from models.domain.referral_rules import ReferralRules, ReferralService
from models.domain.referral_states import HopClocks
from models.domain.routes import Route, Routes
from models.domain.words import ChallengeState, OwnerRole, ReferralHop, Urgency

Content = Mapping[str, Any]


def referrals_from(content: Content) -> ReferralRules:
    """Build the services and the hop clocks."""
    services = {
        code: ReferralService(code, one["name"], tuple(one["contact_codes"]))
        for code, one in content["services"].items()
    }
    clocks = {Urgency(urgency): _clocks(one) for urgency, one in content["clocks"].items()}
    return ReferralRules(content["version"], MappingProxyType(services), MappingProxyType(clocks), content["source"])


def challenge_from(content: Content) -> ChallengeRules:
    """Build the stages of challenge."""
    stages = {ChallengeState(state): _stage(state, one) for state, one in content["stages"].items()}
    return ChallengeRules(
        version=content["version"],
        stages=MappingProxyType(stages),
        ask_again=span_from(content["ask_again"]),
        goes_up=tuple(map(OwnerRole, content["goes_up"])),
        immediate_danger=content["immediate_danger"].strip(),
        source=content["source"],
    )


def actions_from(content: Content) -> ActionRules:
    """Build the rules of the action plan."""
    return ActionRules(
        version=content["version"],
        due_at=time.fromisoformat(content["due_at"]),
        ask_again=span_from(content["ask_again"]),
        role_chain=tuple(map(OwnerRole, content["role_chain"])),
        source=content["source"],
    )


def routes_from(content: Content) -> Routes:
    """Build the numbers to ring."""
    return Routes(
        everywhere=_routes(content["everywhere"]),
        default=_routes(content["default"]),
        local=MappingProxyType({code: _routes(routes) for code, routes in content["teams"].items()}),
        wording=content["wording"].strip(),
        source=content["source"],
    )


def _clocks(content: Content) -> HopClocks:
    within = {hop: span_from(content[hop]) for hop in ReferralHop}
    return HopClocks(MappingProxyType(within), span_from(content["grace"]))


def _stage(state: str, content: Content) -> Stage:
    return Stage(
        state=ChallengeState(state),
        title=content["title"],
        owner=OwnerRole(content["owner"]),
        due_within=span_from(content["due_within"]),
        urgent_within=span_from(content["urgent_within"]),
        action=content["action"].strip(),
        to_move_on=content["to_move_on"].strip(),
    )


def _routes(content: Iterable[Content]) -> tuple[Route, ...]:
    return tuple(Route(one["name"], one["number"], one["use"], one["hours"]) for one in content)
