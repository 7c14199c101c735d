"""How late is too late for the auditor: config/audit.yaml, or the file of that name in a trust's own folder."""

from datetime import date, timedelta
from pathlib import Path

from config.challenge_loaders import routes_from
from config.planning_loader import family_review_from, planning_from
from config.rule_files import SHIPPED
from config.sharing_rules import sharing_from
from config.yaml_files import Finding, RuleFile, RulesError, read_rule_file
from models.domain.audit_limits import AuditLimits, PlanningLimits

_MINUTES = ("settling_minutes", "late_minutes", "message_late_minutes", "sending_minutes")
_DAYS = ("untold_days", "holiday_horizon_days")
_ENTRIES = "chain_entries"


def load_audit_limits(*, config_dir: Path | None) -> AuditLimits:
    """Return the limits. Raises RulesError naming every value that is no positive whole number."""
    file = _read("audit.yaml", config_dir)
    findings = [finding for key in (*_MINUTES, *_DAYS, _ENTRIES) for finding in _faults(file, key)]
    if findings:
        raise RulesError(findings)
    settling, late, message_late, sending = (timedelta(minutes=file.content[key]) for key in _MINUTES)
    silent = timedelta(days=_read("staffing.yaml", config_dir).content["weekly_check"]["silent_after_days"])
    checked_until = date.fromisoformat(_read("holidays.yaml", config_dir).content["checked_until"])
    untold, horizon = (timedelta(days=file.content[key]) for key in _DAYS)
    planning = PlanningLimits(
        planning_from(_read("planning.yaml", config_dir).content),
        family_review_from(_read("family-review.yaml", config_dir).content),
    )
    sharing = sharing_from(_read("sharing.yaml", config_dir).content, _read("contacts.yaml", config_dir).content)
    routes = routes_from(_read("routes.yaml", config_dir).content)
    return AuditLimits(
        settling,
        late,
        message_late,
        sending,
        silent,
        untold,
        horizon,
        checked_until,
        planning,
        routes,
        file.content[_ENTRIES],
        sharing.counted,
    )


def _read(name: str, config_dir: Path | None) -> RuleFile:
    own = None if config_dir is None else config_dir / name
    return read_rule_file(own if own is not None and own.exists() else SHIPPED / name)


def _faults(file: RuleFile, key: str) -> list[Finding]:
    value = file.at((key,))
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return []
    return [file.finding((key,), "a whole number above 0")]
