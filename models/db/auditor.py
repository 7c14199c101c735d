"""The auditor: asks over all ages whether what must always hold does, by other queries than the engine's."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import audit_planning
from models.db.audit_check import Check
from models.db.audit_checks import CHECKS
from models.db.seal import chain_breaks, shares
from models.domain.audit_limits import AuditLimits
from models.domain.routes import Routes

SAMPLE = 5  # ids named in a finding; the count is always whole


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that does not hold: how often, and a few of the rows."""

    code: str
    rule: str
    says: str
    count: int
    ids: tuple[int, ...]

    def __str__(self) -> str:
        named = ", ".join(map(str, self.ids))
        where = self.rule if self.rule.startswith(("hazard", "domain")) else f"design {self.rule}"
        return f"{self.code} ({where}): {self.count} {self.says}" + (f"; ids {named}" if named else "")

    def to_json(self) -> dict[str, object]:
        """The finding as JSON."""
        return {"code": self.code, "rule": self.rule, "says": self.says, "count": self.count, "ids": list(self.ids)}


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What the auditor found; violations break what must hold, warnings will if nobody acts."""

    violations: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    def to_json(self) -> dict[str, object]:
        """The report as the one JSON object of `steadfast audit --json`."""
        return {
            "violations": [finding.to_json() for finding in self.violations],
            "warnings": [finding.to_json() for finding in self.warnings],
        }


def audit(session: Session, now: datetime, *, limits: AuditLimits, turn: int | None = None) -> AuditReport:
    """Run every check as of `now` (aware); read-only. `turn`: read a long audit trail only in that turn's share."""
    moments: dict[str, object] = {
        **audit_planning.parameters(limits.planning, now),
        "now": now,
        "settled_by": now - limits.settling,
        "late_by": now - limits.late,
        "message_late_by": now - limits.message_late,
        "sending_by": now - limits.sending,
        "staffing_by": now - limits.staffing_silent,
        "untold_by": now - limits.untold,
        "told_contacts": sorted(limits.told_contacts),
    }
    clean = _clean_at_a_reading(session, moments)
    found = [(check, _finding(session, check, moments)) for check in CHECKS if check.code not in clean]
    violations = [finding for check, finding in found if finding is not None and not check.warns_only]
    trail = shares(session, entries=limits.chain_entries)
    read = trail if turn is None else [trail[turn % len(trail)]]
    broken = [seal_id for share in read for seal_id in chain_breaks(session, share)]
    if broken:
        says = "seals of the audit trail that do not fit the entries they seal"
        violations.append(Finding("audit_trail_changed", "3.12", says, len(broken), tuple(broken[:SAMPLE])))
    warnings = [finding for check, finding in found if finding is not None and check.warns_only]
    if limits.holidays_end_soon(now.date()):
        says = f"lists of bank holidays, checked until {limits.holidays_checked_until} (config/holidays.yaml)"
        warnings.append(Finding("holidays_end_soon", "hazard 20", says, 1, ()))
    warnings += _without_numbers(session, limits.routes)
    return AuditReport(tuple(violations), tuple(warnings))


def teams_without_numbers(session: Session, routes: Routes) -> list[tuple[int, str]]:
    """The teams (id, code) whose red-flag card can't say whom to phone locally, by code."""
    teams = session.execute(text("SELECT id, code FROM team ORDER BY code"))
    return [(team.id, team.code) for team in teams if routes.lacks_local(team.code)]


def _without_numbers(session: Session, routes: Routes) -> list[Finding]:
    lacking = teams_without_numbers(session, routes)
    if not lacking:
        return []
    says = "teams without local numbers on the red-flag card (config/routes.yaml)"
    ids = tuple(team_id for team_id, _ in lacking[:SAMPLE])
    return [Finding("team_without_local_numbers", "hazard 16", says, len(lacking), ids)]


def _clean_at_a_reading(session: Session, moments: dict[str, object]) -> frozenset[str]:
    """The codes of those checks of each follow-up that hold for all of them: a million are read once, not ten times."""
    checks = [check for check in CHECKS if check.broken_row]
    counts = ", ".join(f"count(*) FILTER (WHERE {check.broken_row})" for check in checks)
    counted = session.execute(text(f"SELECT {counts} FROM follow_up f"), _used(counts, moments)).one()
    return frozenset(check.code for check, count in zip(checks, counted, strict=True) if not count)


def _used(query: str, moments: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in moments.items() if f":{name}" in query}


def _finding(session: Session, check: Check, moments: dict[str, object]) -> Finding | None:
    counted = f"""
        WITH broken(id) AS MATERIALIZED ({check.query})
        SELECT (SELECT count(*) FROM broken), array(SELECT id FROM broken ORDER BY id LIMIT {SAMPLE})
    """
    count, ids = session.execute(text(counted), _used(check.query, moments)).one()
    return Finding(check.code, check.rule, check.says, count, tuple(ids)) if count else None
