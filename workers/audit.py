"""Run the auditor now and then, tell a named person of what it finds, and seal the audit trail."""

import structlog
from sqlalchemy.orm import Session

from models.db import alerts, auditor, messages, ticks
from models.db.alerts import NewAlert
from models.db.people_resolution import Whose, directory
from models.db.seal import seal
from models.domain import dedupe
from models.domain.words import AlertKind, OwnerRole, Urgency
from workers.machine import Machine

log = structlog.get_logger(__name__)
SEAL_ENTRIES = 5_000
TICK = "audit"
CLEAN = "audit_clean"


def audit_if_due(machine: Machine) -> int:
    """Audit unless one ended well lately; violations become one task a day for the last-resort owner."""
    with Session(machine.engine) as session, session.begin():
        now = machine.clock(session)
        last = ticks.last_success(session, TICK)
        if last is not None and now - last < machine.engine_rules.audit_every:
            return 0
    # One snapshot for all questions: what two of them see must fit together.
    with Session(machine.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        turn = int(now.timestamp() // machine.engine_rules.audit_every.total_seconds())
        report = auditor.audit(session, now, limits=machine.audit_limits, turn=turn)
    with Session(machine.engine) as session, session.begin():
        if report.violations:
            log.error("audit found violations", action="audit_violation", codes=[f.code for f in report.violations])
            _tell(session, machine, report)
        else:
            ticks.succeeded(session, CLEAN, handled=0, now=now)
        ticks.succeeded(session, TICK, handled=len(report.violations), now=now)
    return len(report.violations)


def seal_history(machine: Machine) -> int:
    """Seal what has settled of the audit trail."""
    with Session(machine.engine) as session, session.begin():
        return seal(session, limit=SEAL_ENTRIES)


def _tell(session: Session, machine: Machine, report: auditor.AuditReport) -> None:
    rules = machine.rules()
    now = machine.clock(session)
    today = rules.calendar.civil_date(now)
    staff = directory(session, now=now, today=today, team_ids=set(), practitioner_ids=set())
    owner = staff.resolve(Whose(None, None, None), (OwnerRole.LAST_RESORT,))
    pathway = rules.current_pathway(rules.contacts.outcome_pathway, on=today)
    due = pathway.steps[0].high_risk.acknowledge_within.after(now, calendar=rules.calendar)
    codes = ",".join(sorted(f"{finding.code}={finding.count}" for finding in report.violations))
    raised = alerts.raise_or_renew(
        session,
        [
            NewAlert(
                kind=AlertKind.AUDIT_VIOLATION,
                urgency=Urgency.URGENT,
                dedupe_key=dedupe.subject_alert(AlertKind.AUDIT_VIOLATION, "day", 0, since=today),
                practitioner_id=owner.practitioner_id,
                owner_team_id=None,
                audience_role=owner.role,
                next_due_at=due,
                detail=f'{{"violations": "{codes}"}}',
            )
        ],
        now=now,
    )
    messages.alert_emails(session, raised, now=now)
