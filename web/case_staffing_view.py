"""What a follow-up's page shows of who has the work: colleagues, steps whose time can change, agencies, the night."""

from dataclasses import dataclass
from datetime import datetime

from models.db import agency_contacts, assignments, case_story, out_of_hours, step_time_rows, step_times
from models.db.agency_contacts import Contact
from models.db.case import Case
from models.db.scope import LEAD_ROLES
from models.db.step_time_rows import Standing
from models.domain.ids import PractitionerId
from models.domain.out_of_hours import OutOfHours
from models.domain.pathway import AgencyTask, Pathway
from models.domain.words import FollowUpState, StepChangeState
from web.duty_words import hours_words
from web.sentences import step_title
from web.visits import Visit

_CLIMBING = (FollowUpState.OPEN, FollowUpState.SEEN, FollowUpState.CLOSING)


@dataclass(frozen=True, slots=True)
class CaseStaffing:
    """Everything of it, in values. `night` is None where somebody of the team can be reached at every hour."""

    colleagues: tuple[tuple[PractitionerId, str, str, bool], ...]
    pool: tuple[str, ...]  # who may take what a pool has, those away said so
    may_take: bool
    movable: tuple[tuple[str, str, datetime], ...]  # step id, its title, when it is due as it stands
    lease_step: str | None  # the step in hand, while it is acknowledged
    changed: tuple[tuple[Standing, str], ...]
    asked: tuple[tuple[Standing, str], ...]
    may_decide: bool
    task: AgencyTask | None
    contacted: bool  # for the step in hand, already
    contacts: tuple[Contact, ...]
    night: OutOfHours | None
    night_words: str


def case_staffing(visit: Visit, found: Case, pathway: Pathway) -> CaseStaffing:
    """Read what the page shows of one follow-up."""
    row, calendar = found.row, visit.site.rules.calendar
    teams = set() if row.team_id is None else {row.team_id}
    climbs = row.state in _CLIMBING
    people = assignments.colleagues(visit.db, teams, calendar=calendar, now=visit.now) if climbs else []
    facts = case_story.facts_row(visit.db, row.id) if row.state is FollowUpState.OPEN else None
    times = {} if facts is None else step_times.movable(facts, pathway, now=visit.now, calendar=calendar)
    standing = [(one, step_title(pathway, one.step_id)) for one in step_time_rows.standing(visit.db, row.id)]
    step = None if row.step_id is None else pathway.step(row.step_id)
    leased = row.acknowledged_until is not None and row.state is FollowUpState.OPEN
    night = _night(visit, found, pathway)
    contacts = agency_contacts.of(visit.db, row.id)
    is_pool = climbs and row.owner_team_name is not None
    return CaseStaffing(
        colleagues=tuple(people),
        pool=tuple(f"{name} (away)" if away else name for _, name, _, away in people) if is_pool else (),
        may_take=is_pool and row.step_id is not None and visit.scope.practitioner_id is not None,
        movable=tuple(
            (step_id, step_title(pathway, step_id), one.stands_at)
            for step_id, one in sorted(times.items(), key=lambda pair: pair[1].stands_at)
        ),
        lease_step=row.step_id if leased else None,
        changed=tuple(pair for pair in standing if pair[0].state is StepChangeState.IN_FORCE),
        asked=tuple(pair for pair in standing if pair[0].state is StepChangeState.ASKED),
        may_decide=visit.scope.role in LEAD_ROLES,
        task=step.contacts_agency if step is not None and climbs else None,
        contacted=any(one.step_id == row.step_id for one in contacts),
        contacts=tuple(contacts),
        night=night,
        night_words="" if night is None else hours_words(night.gaps),
    )


def _night(visit: Visit, found: Case, pathway: Pathway) -> OutOfHours | None:
    """Where the step's clock runs at night and nobody of the team can be reached then: what the card has to say."""
    row, rules = found.row, visit.site.rules
    if row.team_id is None or row.state not in _CLIMBING:
        return None
    step = (row.step_id and pathway.step(row.step_id)) or pathway.until_seen
    high_risk = pathway.runs_as_high_risk(high_risk=row.high_risk, contact_code=row.contact_code)
    if not step.terms(high_risk=high_risk).runs_in_hours:
        return None
    today = rules.calendar.civil_date(visit.now)
    stands = out_of_hours.standings(visit.db, {row.team_id}, rules=rules.staffing, today=today, now=visit.now)
    found_night = stands[row.team_id]
    return None if found_night.is_covered else found_night
