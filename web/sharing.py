"""Telling another service of an adult's missed contact or discharge: the page of the service that tells, and its acts.

Whoever was told has no way here: this page is within the scope of the telling team alone.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import (
    discharges,
    disclosure_actions,
    disclosure_page,
    disclosure_receipts,
    history,
    sharing_deeds,
)
from models.db.disclosure_actions import Decider
from models.db.disclosure_page import SharingPage
from models.db.follow_up_rows import ActionRefused, IllegalTransition
from models.domain.ids import HouseholdId
from models.domain.sharing import longest_hold
from models.domain.sharing_states import OPEN, may_hold
from models.domain.words import DischargeState, DisclosureState, FamilyEventKind
from web.case import find as find_case
from web.case import show as show_case
from web.pages import page
from web.visits import Act, AnAct, AVisit, NotFound, Visit

router = APIRouter()


def decider(visit: Visit) -> Decider:
    """Who decides, by the rules in force, now."""
    rules = visit.site.rules
    return Decider(visit.scope, rules.sharing, rules.calendar, visit.now)


@router.get("/disclosures/{disclosure_id}")
def disclosure(disclosure_id: int, visit: AVisit) -> HTMLResponse:
    """The page of one missed contact or discharge, by one of its questions; reading it is kept."""
    found = find(visit, disclosure_id)
    history.audited(
        visit.db,
        action="read",
        subject="disclosure",
        subject_id=disclosure_id,
        household_id=None if found.household_id is None else HouseholdId(found.household_id),
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return _show(visit, found)


@router.post("/disclosures/{disclosure_id}/tell")
def tell(disclosure_id: int, act: AnAct) -> Response:
    """Tell them, through their list here or in another way."""

    def do(who: Decider) -> str:
        disclosure_actions.share(
            act.visit.db,
            disclosure_id,
            who,
            basis=act.text("basis", longest=40),
            to_whom=act.text("to_whom", longest=200),
            received_how=act.text("received_how", longest=200),
        )
        return "told"

    return _do(act, disclosure_id, "tell", do)


@router.post("/disclosures/{disclosure_id}/refuse")
def refuse(disclosure_id: int, act: AnAct) -> Response:
    """Tell nobody, with a reason."""

    def do(who: Decider) -> str:
        disclosure_actions.refuse(act.visit.db, disclosure_id, who, reason=act.text("reason", longest=500))
        return "not_told"

    return _do(act, disclosure_id, "refuse", do)


@router.post("/disclosures/{disclosure_id}/hold")
def hold(disclosure_id: int, act: AnAct) -> Response:
    """Hold it, with a reason and an end."""

    def do(who: Decider) -> str:
        until = _until(act, who, find(act.visit, disclosure_id))
        disclosure_actions.hold(act.visit.db, disclosure_id, who, until=until, reason=act.text("reason", longest=500))
        return "held"

    return _do(act, disclosure_id, "hold", do)


@router.post("/disclosures/{disclosure_id}/hold-looked-at")
def hold_looked_at(disclosure_id: int, act: AnAct) -> Response:
    """The lead lets a hold stand."""

    def do(who: Decider) -> str:
        disclosure_actions.look_at_hold(act.visit.db, disclosure_id, who)
        return "hold_looked_at"

    return _do(act, disclosure_id, "hold-looked-at", do)


@router.post("/disclosures/{disclosure_id}/received")
def received(disclosure_id: int, act: AnAct) -> Response:
    """It arrived, and what shows it."""

    def do(who: Decider) -> str:
        how, view = act.text("received_how", longest=200), act.text("view", longest=2000)
        disclosure_actions.received(act.visit.db, disclosure_id, who, how=how, view=view)
        return "receipt_noted"

    return _do(act, disclosure_id, "received", do)


@router.post("/disclosures/{disclosure_id}/discharge")
def settle_discharge(disclosure_id: int, act: AnAct) -> Response:
    """The discharge goes ahead, or care goes on."""

    def do(who: Decider) -> str:
        found, note = find(act.visit, disclosure_id), act.text("note")
        if found.discharge is None:
            raise NotFound
        if act.text("settle") == "withdraw":
            discharges.withdraw(act.visit.db, found.discharge.id, who, note=note)
            return "discharge_withdrawn"
        letter = act.text("letter_copied", longest=300)
        discharges.settle(act.visit.db, found.discharge.id, who, letter_copied=letter, note=note)
        return "discharged"

    return _do(act, disclosure_id, "discharge", do)


@router.post("/follow-ups/{follow_up_id}/view")
def give_view(follow_up_id: int, act: AnAct) -> Response:
    """Whoever was asked about a discharge says what they think."""
    visit, view = act.visit, act.text("view")
    found = find_case(visit, follow_up_id)
    told = disclosure_page.told(visit.db, visit.scope, follow_up_id=found.row.id, team_id=found.row.team_id)
    if told is None or told.kind is not FamilyEventKind.DISCHARGE_PROPOSED:
        raise NotFound
    if not view:
        problem = "Write what you think of the proposed discharge."
        return show_case(visit, found, status=422, problem=problem, draft={"act": "view"})
    disclosure_receipts.give_view(visit.db, found.row.id, view=view, by=visit.scope.actor, now=visit.now)
    history.audited(
        visit.db,
        action="discharge_view",
        subject="follow_up",
        subject_id=found.row.id,
        household_id=found.row.household_id,
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return RedirectResponse(f"/follow-ups/{follow_up_id}?done=view_given", status_code=303)


def find(visit: Visit, disclosure_id: int) -> SharingPage:
    """The page within this visit's scope. Raises NotFound, also where it exists for others."""
    today = visit.site.rules.calendar.civil_date(visit.now)
    valid = 0 < disclosure_id < 2**63
    found = disclosure_page.find(visit.db, visit.scope, disclosure_id, today=today) if valid else None
    if found is None:
        raise NotFound
    return found


def _do(act: Act, disclosure_id: int, name: str, do: Callable[[Decider], str]) -> Response:
    """Run one act within scope; commit and nudge, or say what is missing with the draft kept."""
    visit = act.visit
    find(visit, disclosure_id)
    try:
        done = do(decider(visit))
        visit.db.commit()
    except IllegalTransition:
        visit.db.rollback()
        problem = "Somebody has decided this already; see below."
        return _show(visit, find(visit, disclosure_id), status=409, problem=problem)
    except ActionRefused as refusal:
        visit.db.rollback()
        draft = {"act": f"{name}-{disclosure_id}", **{key: act.text(key) for key in act.form if key != "csrf_token"}}
        return _show(visit, find(visit, disclosure_id), status=422, problem=str(refusal), draft=draft)
    visit.site.ring("engine")
    return RedirectResponse(f"/disclosures/{disclosure_id}?done={done}", status_code=303)


def _until(act: Act, who: Decider, found: SharingPage) -> datetime:
    """The end of the day that was chosen, or the longest a hold may last where that comes first or none was chosen."""
    longest = longest_hold(high_risk=found.high_risk, now=who.now, rules=who.rules, calendar=who.calendar)
    try:
        day = date.fromisoformat(act.text("until", longest=10))
    except ValueError:
        return longest
    close = who.calendar.at(day, who.calendar.day_ends)
    return longest if day == who.calendar.civil_date(longest) else close


def _show(
    visit: Visit,
    found: SharingPage,
    *,
    status: int = 200,
    problem: str = "",
    draft: Mapping[str, str] | None = None,
) -> HTMLResponse:
    rules, calendar = visit.site.rules.sharing, visit.site.rules.calendar
    return page(
        visit,
        "disclosure.html",
        status=status,
        found=found,
        gp=rules.gp,
        to_say={
            to_gp: sharing_deeds.minimum(
                rules,
                to_gp=to_gp,
                of_discharge=found.discharge is not None,
                on=calendar.civil_date(found.happened_at),
                last_seen_on=found.last_seen_on,
            )
            for to_gp in (True, False)
        },
        open_states=OPEN,
        bases=rules.bases,
        usual_basis=rules.basis_of_agreement,
        may_hold={one.id: may_hold(times_held=one.times_held, role=visit.scope.role) for one in found.questions},
        hold_until=calendar.civil_date(
            longest_hold(high_risk=found.high_risk, now=visit.now, rules=rules, calendar=calendar)
        ),
        waits_for_receipt=[
            one.id
            for one in found.questions
            if one.state is DisclosureState.SHARED and one.received_at is None and one.next_due_at is not None
        ],
        proposed=found.discharge is not None and found.discharge.state is DischargeState.PROPOSED,
        problem=problem,
        draft=draft or {},
    )
