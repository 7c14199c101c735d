"""Expect: look at each planned contact when it should be booked or over.

Never booked is as visible as missed (design 3.1). A look ends in a follow-up, a later look, or a reason why neither.
"""

from datetime import date, datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import cases, expected, follow_ups
from models.db.expected import DueExpected
from models.db.people_resolution import Whose, directory
from models.domain.schedule import PlannedContact, ScheduledContact, next_look
from models.domain.words import LOST_PREGNANCIES, ExpectedState, FollowUpTrigger, LifeStatus
from workers.advance import harmless_flags
from workers.backlog import triage_alerts
from workers.holds import settle_plans
from workers.opening import Opener, Opening

SET_SIZE = 2_000


def look_at_expected(session: Session, rules: Rules, now: datetime) -> int:
    """Look at one set of contacts whose time has come. The caller commits."""
    rows = expected.take_due(session, now=now, limit=SET_SIZE)
    if not rows:
        return 0
    work = _casework(session, rules, rows, now=now)
    expected.settle(session, [(row.id, *_look(work, row)) for row in rows])
    cases.save(session, work.opened, now=now)
    settle_plans(session, rules, [case.id for case in work.opened], now)
    triage_alerts(session, work.triage, now=now)
    return len(rows)


def _look(work: Opener, row: DueExpected) -> tuple[ExpectedState, datetime | None, datetime | None]:
    """Return state, when to look again, and when it was met."""
    rules, now = work.rules, work.now
    today = rules.calendar.civil_date(now)
    line = _line(rules, row)
    if row.met_at is not None:
        return ExpectedState.MET, None, row.met_at
    if row.life_status == LifeStatus.DECEASED or row.pregnancy_outcome in LOST_PREGNANCIES or not row.is_current:
        return ExpectedState.NOT_APPLICABLE, None, None
    if row.handed_over:
        return ExpectedState.NOT_APPLICABLE, None, None
    if line is None or (row.pregnancy_id is not None and row.pregnancy_outcome not in ("unknown", "continuing")):
        return ExpectedState.SUPERSEDED, None, None
    if line.recall_until is not None and today > line.recall_until.from_date(row.anchor_on) and not row.followed:
        return ExpectedState.SUPERSEDED, None, None
    overdue_at = _at(work, row, line, booked=True)
    if row.booked_until is not None and now < overdue_at:
        return ExpectedState.BOOKED, overdue_at, None
    unbooked_at = _at(work, row, line, booked=False)
    if row.booked_until is None and now < unbooked_at:
        return ExpectedState.PLANNED, unbooked_at, None
    if not row.followed:
        booked = row.booked_until is not None
        _open(
            work,
            row,
            FollowUpTrigger.OVERDUE if booked else FollowUpTrigger.NEVER_BOOKED,
            at=overdue_at if booked else unbooked_at,
        )
    return ExpectedState.OVERDUE, None, None


def _open(work: Opener, row: DueExpected, trigger: FollowUpTrigger, *, at: datetime) -> None:
    kind = work.rules.contacts.get(row.contact_code)
    pathway = kind.pathway if kind is not None else work.rules.contacts.outcome_pathway
    work.open(
        Opening(
            trigger=trigger,
            pathway_code=pathway,
            happened_at=min(at, work.now),
            first_received_at=row.first_received_at,
            go_live_on=None,
            person_id=row.person_id,
            household_id=row.household_id,
            team_id=row.team_id,
            contact_code=row.contact_code,
            whose=Whose(None, row.caseload_holder, row.team_id),
            expected_contact_id=row.id,
        )
    )


def _at(work: Opener, row: DueExpected, line: ScheduledContact, *, booked: bool) -> datetime:
    """When to look: the schedule's own rule for the day, at the start of the working day."""
    return next_look(
        _planned(line, row.anchor_on), is_booked=booked, at=work.rules.calendar.day_starts, calendar=work.rules.calendar
    )


def _line(rules: Rules, row: DueExpected) -> ScheduledContact | None:
    """The line of the schedule version it was planned by, else of the one in force."""
    found = [s for s in rules.schedules if (s.code, s.version) == (row.schedule_code, row.schedule_version)]
    schedule = found[0] if found else rules.schedule(on=row.anchor_on)
    return next((line for line in schedule.contacts if line.contact_code == row.contact_code), None)


def _planned(line: ScheduledContact, anchor: date) -> PlannedContact:
    return PlannedContact(
        contact_code=line.contact_code,
        anchor_on=anchor,
        window_start=line.window_start.from_date(anchor),
        window_end=line.window_end.from_date(anchor),
        late_until=None if line.late_until is None else line.late_until.from_date(anchor),
        unbooked_on=line.unbooked_on.from_date(anchor),
        overdue_on=line.overdue_on.from_date(anchor),
        superseded_by=line.superseded_by,
        initial_state=ExpectedState.PLANNED,
        already_past=False,
    )


def _casework(session: Session, rules: Rules, rows: list[DueExpected], *, now: datetime) -> Opener:
    risky = follow_ups.flagged(
        session, [(row.person_id, row.household_id) for row in rows], harmless_flags=harmless_flags(rules)
    )
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={row.team_id for row in rows if row.team_id is not None},
        practitioner_ids={row.caseload_holder for row in rows if row.caseload_holder is not None},
    )
    return Opener(
        rules=rules,
        staff=staff,
        now=now,
        high_risk=lambda person_id, household_id: (person_id, household_id) in risky,
    )
