"""How often the engine looks: config/engine.yaml, or the file of that name in a trust's own folder."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from config.rule_files import SHIPPED
from config.yaml_files import Finding, RuleFile, RulesError, read_rule_file

_SECONDS = ("ring_seconds", "lease_seconds", "heartbeat_seconds", "unrung_seconds")
_MINUTES = ("audit_minutes", "housekeeping_minutes")
RINGS_IN_A_LEASE = 3  # a leader that misses one ring must not lose its lease


@dataclass(frozen=True, slots=True)
class EngineRules:
    """The rhythm of the scheduler, the workers and the auditor."""

    ring_every: timedelta
    lease: timedelta
    heartbeat_every: timedelta
    unrung: timedelta
    audit_every: timedelta
    housekeeping_every: timedelta


def load_engine_rules(config_dir: Path | None = None) -> EngineRules:
    """Return the rhythm. Raises RulesError naming every value that is no positive whole number or does not fit."""
    own = None if config_dir is None else config_dir / "engine.yaml"
    file = read_rule_file(own if own is not None and own.exists() else SHIPPED / "engine.yaml")
    findings = [finding for key in (*_SECONDS, *_MINUTES) for finding in _faults(file, key)]
    if not findings and file.content["lease_seconds"] < RINGS_IN_A_LEASE * file.content["ring_seconds"]:
        findings.append(file.finding(("lease_seconds",), f"at least {RINGS_IN_A_LEASE} times ring_seconds"))
    if findings:
        raise RulesError(findings)
    ring, lease, heartbeat, unrung = (timedelta(seconds=file.content[key]) for key in _SECONDS)
    audit, housekeeping = (timedelta(minutes=file.content[key]) for key in _MINUTES)
    return EngineRules(ring, lease, heartbeat, unrung, audit, housekeeping)


def _faults(file: RuleFile, key: str) -> list[Finding]:
    value = file.at((key,))
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return []
    return [file.finding((key,), "a whole number above 0")]
