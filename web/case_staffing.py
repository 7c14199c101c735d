"""What people do on a follow-up's page about who has it and when: give it on, move a step, contact an agency."""

from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from intake.bad_value import BadValue
from intake.moments import moment_parser
from models.db import agency_contacts, assignments, step_times
from models.db.case import Case
from models.db.step_times import Means, Wanted
from models.domain.ids import PractitionerId
from models.domain.words import StepChangeState
from web.case_actions import Incomplete, perform
from web.visits import Act, AnAct

router = APIRouter()


@router.post("/follow-ups/{follow_up_id}/assign")
def assign(follow_up_id: int, act: AnAct) -> Response:
    """Give it to a colleague, with a reason."""

    def do(found: Case, version: int) -> str:
        visit, to, reason = act.visit, act.number("to"), act.text("reason", longest=500)
        teams = set() if found.row.team_id is None else {found.row.team_id}
        calendar = visit.site.rules.calendar
        known = {each for each, *_ in assignments.colleagues(visit.db, teams, calendar=calendar, now=visit.now)}
        if to is None or PractitionerId(to) not in known:
            raise Incomplete("Choose a colleague of this team.")
        if not reason:
            raise Incomplete("Write why you give it to them.")
        assignments.assign(
            visit.db,
            follow_up_id=found.row.id,
            row_version=version,
            to=PractitionerId(to),
            reason=reason,
            account=visit.scope,
            calendar=calendar,
            now=visit.now,
        )
        return "reassigned"

    return perform(act, follow_up_id, "assign", do)


@router.post("/follow-ups/{follow_up_id}/step-time")
def step_time(follow_up_id: int, act: AnAct) -> Response:
    """Make a step earlier or later; for high risk, later is asked of a team lead."""

    def do(found: Case, version: int) -> str:
        visit, (step_id, of_lease) = act.visit, _step(act)
        state = step_times.move(
            visit.db,
            follow_up_id=found.row.id,
            row_version=version,
            account=visit.scope,
            wanted=Wanted(step_id=step_id, at=_moment(act), of_lease=of_lease, reason=act.text("reason", longest=500)),
            means=Means(visit.site.pathways, visit.site.rules.staffing.step_ceilings, visit.site.rules.calendar),
            now=visit.now,
        )
        return "step_moved" if state is StepChangeState.IN_FORCE else "step_asked"

    return perform(act, follow_up_id, "step-time", do)


@router.post("/follow-ups/{follow_up_id}/step-time/{step_time_id}/agree")
def agree(follow_up_id: int, step_time_id: int, act: AnAct) -> Response:
    """A team lead agrees to more time."""
    return _decide(act, follow_up_id, step_time_id, agrees=True)


@router.post("/follow-ups/{follow_up_id}/step-time/{step_time_id}/refuse")
def refuse(follow_up_id: int, step_time_id: int, act: AnAct) -> Response:
    """A team lead does not agree to more time."""
    return _decide(act, follow_up_id, step_time_id, agrees=False)


@router.post("/follow-ups/{follow_up_id}/agency")
def contact_agency(follow_up_id: int, act: AnAct) -> Response:
    """The agency that the step names was contacted."""

    def do(found: Case, version: int) -> str:
        visit = act.visit
        agency_contacts.record(
            visit.db,
            follow_up_id=found.row.id,
            row_version=version,
            evidence=act.text("evidence"),
            account=visit.scope,
            pathways=visit.site.pathways,
            calendar=visit.site.rules.calendar,
            now=visit.now,
        )
        return "agency_contacted"

    return perform(act, follow_up_id, "agency", do)


@router.post("/follow-ups/{follow_up_id}/agency/{contact_id}/reply")
def agency_replied(follow_up_id: int, contact_id: int, act: AnAct) -> Response:
    """The agency answered."""

    def do(found: Case, version: int) -> str:
        agency_contacts.record_reply(
            act.visit.db,
            follow_up_id=found.row.id,
            row_version=version,
            contact_id=contact_id,
            reply=act.text("reply"),
            account=act.visit.scope,
            now=act.visit.now,
        )
        return "agency_replied"

    return perform(act, follow_up_id, "agency-reply", do)


def _decide(act: Act, follow_up_id: int, step_time_id: int, *, agrees: bool) -> Response:
    def do(found: Case, version: int) -> str:
        step_times.decide(
            act.visit.db,
            follow_up_id=found.row.id,
            row_version=version,
            step_time_id=step_time_id,
            agrees=agrees,
            note=act.text("note", longest=500),
            account=act.visit.scope,
            now=act.visit.now,
        )
        return "step_agreed" if agrees else "step_refused"

    return perform(act, follow_up_id, "step-decision", do)


def _step(act: Act) -> tuple[str, bool]:
    """The step chosen, and whether it is the acknowledgement of the one in hand: 'lease:ID' or 'step:ID'."""
    kind, mark, step_id = act.text("step", longest=80).partition(":")
    if not mark or kind not in ("lease", "step") or not step_id:
        raise Incomplete("Choose a step.")
    return step_id, kind == "lease"


def _moment(act: Act) -> datetime:
    """The day and time given, in civil time."""
    raw = f"{act.text('day', longest=10)}T{act.text('clock', longest=5)}"
    try:
        return moment_parser(act.visit.site.rules.calendar.zone, ())(raw).at
    except BadValue as error:
        raise Incomplete(f"Write the day and the time: {error}.") from error
