"""How a replay unfolds a file and what it counts: config/replay.yaml, or the file of that name in a trust's folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from config.rule_files import SHIPPED, schema_findings
from config.yaml_files import RulesError, read_rule_file
from models.domain.words import Urgency


@dataclass(frozen=True, slots=True)
class Unfolding:
    """When things of a file became known, where the file doesn't say."""

    deliver_every: timedelta
    look_every: timedelta
    booked_ahead: timedelta
    birth_known_after: timedelta
    pregnancy_known_before: timedelta
    outcome_known_at: time  # civil


@dataclass(frozen=True, slots=True)
class OnTime:
    """What staff do who do everything in time."""

    looks_at: tuple[time, ...]  # civil, on working days
    seen_after_working_days: int
    sooner_working_days: Mapping[str, int]  # by contact code
    hastened_working_days: Mapping[str, int]  # by ladder, of a follow-up that a pattern has hastened
    seen_after_high_risk: timedelta
    prompt_review_working_days: int


@dataclass(frozen=True, slots=True)
class Targets:
    """At how much a service still reads its alerts."""

    median: int
    p95: int
    named_nurse_per_10000: int


@dataclass(frozen=True, slots=True)
class ReplayRules:
    """All of it, with its version and source."""

    version: int
    source: str
    unfolding: Unfolding
    on_time: OnTime
    interrupting: frozenset[Urgency]
    settling_working_days: int
    under_years: int
    targets: Targets


def load_replay_rules(config_dir: Path | None = None) -> ReplayRules:
    """Return the rules. Raises RulesError naming every place that departs from the published schema."""
    own = None if config_dir is None else config_dir / "replay.yaml"
    file = read_rule_file(own if own is not None and own.exists() else SHIPPED / "replay.yaml")
    findings = schema_findings(file, "replay")
    if findings:
        raise RulesError(findings)
    content = file.content
    return ReplayRules(
        version=content["version"],
        source=content["source"],
        unfolding=_unfolding(content["unfolding"]),
        on_time=_on_time(content["staff"]["on_time"]),
        interrupting=frozenset(Urgency(word) for word in content["load"]["interrupting"]),
        settling_working_days=content["load"]["settling_working_days"],
        under_years=content["load"]["under_years"],
        targets=_targets(content["load"]["targets"]),
    )


def _unfolding(said: Mapping[str, Any]) -> Unfolding:
    return Unfolding(
        deliver_every=timedelta(minutes=said["deliver_every_minutes"]),
        look_every=timedelta(minutes=said["look_every_minutes"]),
        booked_ahead=timedelta(days=said["booked_days_ahead"]),
        birth_known_after=timedelta(days=said["birth_known_after_days"]),
        pregnancy_known_before=timedelta(days=said["pregnancy_known_days_before_due"]),
        outcome_known_at=time.fromisoformat(said["outcome_known_at"]),
    )


def _on_time(said: Mapping[str, Any]) -> OnTime:
    return OnTime(
        looks_at=tuple(sorted(time.fromisoformat(each) for each in said["looks_at"])),
        seen_after_working_days=said["seen_after_working_days"],
        sooner_working_days=said["sooner_working_days"],
        hastened_working_days=said["hastened_working_days"],
        seen_after_high_risk=timedelta(hours=said["seen_after_hours_high_risk"]),
        prompt_review_working_days=said["prompt_review_working_days"],
    )


def _targets(said: Mapping[str, Any]) -> Targets:
    visitor = said["health_visitor"]
    return Targets(visitor["median"], visitor["p95"], said["named_nurse_items_per_10000"])
