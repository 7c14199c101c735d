"""The shared action plan on a family's page: agree an action, move it, say that it is done or no longer needed."""

from collections.abc import Callable
from datetime import date

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from models.db import family_concerns, planned_actions
from models.db.family_page import Family
from models.db.follow_up_actions import ActionRefused, ChangedMeanwhile, NotAllowed
from models.db.planned_actions import NewAction
from models.domain.action_plan import ActionEvent
from web import family
from web.challenges import sentence
from web.visits import Act, AnAct

router = APIRouter()
_ENDINGS = {"done": ActionEvent.DONE, "cancelled": ActionEvent.CANCELLED}


@router.post("/families/{household_id}/actions")
def agree(household_id: int, act: AnAct) -> Response:
    """Add an action: what, who answers for it, which agency does it, by when."""

    def do(found: Family) -> str:
        visit, rules = act.visit, act.visit.site.rules
        owner, due_on = act.number("owner"), _day(act)
        today = rules.calendar.civil_date(visit.now)
        if owner not in {one.id for one in family_concerns.colleagues(visit.db, found.household_id, today=today)}:
            raise NotAllowed("choose who of us answers for it")
        planned_actions.agree(
            visit.db,
            NewAction(
                household_id=found.household_id,
                team_id=found.team_id,
                what=act.text("what"),
                owner_practitioner_id=owner,
                agency=act.text("agency", longest=200),
                due_on=due_on,
                due_at=rules.actions.due(due_on, calendar=rules.calendar),
            ),
            account=visit.scope,
            now=visit.now,
        )
        return "action_agreed"

    return _do(act, household_id, do)


@router.post("/families/{household_id}/actions/{action_id}/move")
def move(household_id: int, action_id: int, act: AnAct) -> Response:
    """Give it another day, with the reason."""

    def do(found: Family) -> str:
        visit, rules, due_on = act.visit, act.visit.site.rules, _day(act)
        planned_actions.move(
            visit.db,
            action_id=_of(act, found, action_id),
            row_version=act.number("row_version") or 0,
            due_on=due_on,
            due_at=rules.actions.due(due_on, calendar=rules.calendar),
            reason=act.text("note"),
            account=visit.scope,
            now=visit.now,
        )
        return "action_moved"

    return _do(act, household_id, do)


@router.post("/families/{household_id}/actions/{action_id}/end")
def end(household_id: int, action_id: int, act: AnAct) -> Response:
    """Done, with what shows it; or no longer needed, with the reason."""

    def do(found: Family) -> str:
        event = _ENDINGS.get(act.text("ending"))
        if event is None:
            raise NotAllowed("choose whether it is done or no longer needed")
        planned_actions.end(
            act.visit.db,
            action_id=_of(act, found, action_id),
            row_version=act.number("row_version") or 0,
            event=event,
            note=act.text("note"),
            account=act.visit.scope,
            now=act.visit.now,
        )
        return "action_ended"

    return _do(act, household_id, do)


def _of(act: Act, found: Family, action_id: int) -> int:
    """The action, if it is of this household. Raises ChangedMeanwhile otherwise."""
    if not planned_actions.belongs(act.visit.db, action_id, found.household_id):
        raise ChangedMeanwhile(f"action {action_id} is not of this household")
    return action_id


def _day(act: Act) -> date:
    try:
        day = date.fromisoformat(act.text("due_on"))
    except ValueError:
        raise NotAllowed("write the day by which it is due") from None
    if day < act.visit.site.rules.calendar.civil_date(act.visit.now):
        raise NotAllowed("choose a day that is still to come")
    return day


def _do(act: Act, household_id: int, do: Callable[[Family], str]) -> Response:
    visit = act.visit
    found = family.find(visit, household_id)
    try:
        done = do(found)
        visit.db.commit()
    except ActionRefused as refusal:
        visit.db.rollback()
        changed = "Somebody changed this action meanwhile. Look at it as it is now."
        problem = changed if isinstance(refusal, ChangedMeanwhile) else sentence(refusal)
        draft = {name: str(value) for name, value in act.form.items() if isinstance(value, str)}
        return family.show(visit, found, status=422, problem=problem, **draft)
    visit.site.ring("engine")
    return RedirectResponse(f"/families/{household_id}?done={done}#plan", status_code=303)
