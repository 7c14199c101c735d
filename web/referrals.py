"""A referral and how far it has got: the hops a person records, and the way to a challenge."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import history, referral_actions, referral_page
from models.db.follow_up_actions import ActionRefused, ChangedMeanwhile
from models.db.referral_page import ReferralPage
from models.domain.referral_states import NEXT_HOP, TRANSITIONS, ReferralEvent, hop_due
from web.pages import page
from web.visits import Act, AnAct, AVisit, NotFound, Visit

router = APIRouter()


@router.get("/referrals/{referral_id}")
def referral(referral_id: int, visit: AVisit) -> HTMLResponse:
    """One referral; reading it is kept."""
    found = find(visit, referral_id)
    history.audited(
        visit.db,
        action="read",
        subject="referral",
        subject_id=found.id,
        household_id=found.household_id,
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return _show(visit, found)


@router.post("/referrals/{referral_id}/hop")
def hop(referral_id: int, act: AnAct) -> Response:
    """Record what is known now; the clock of the next hop begins."""
    visit = act.visit
    found = find(visit, referral_id)
    draft = {name: str(value) for name, value in act.form.items() if isinstance(value, str)}
    raw = act.text("event")
    if raw not in list(ReferralEvent):
        return _show(visit, found, problem="Choose what you know now.", draft=draft)
    try:
        _record(act, found, ReferralEvent(raw))
        visit.db.commit()
    except ChangedMeanwhile:
        visit.db.rollback()
        problem = "Somebody recorded something meanwhile. Look at it as it is now; what you wrote is still in its box."
        return _show(visit, find(visit, referral_id), problem=problem, draft=draft)
    except ActionRefused as refusal:
        visit.db.rollback()
        text = str(refusal)
        return _show(visit, find(visit, referral_id), problem=f"{text[:1].upper()}{text[1:]}.", draft=draft)
    visit.site.ring("engine")
    return RedirectResponse(f"/referrals/{referral_id}?done=hop_recorded", status_code=303)


def find(visit: Visit, referral_id: int) -> ReferralPage:
    """The referral within this visit's scope. Raises NotFound, also where it exists for others."""
    found = referral_page.find(visit.db, visit.scope, referral_id) if 0 < referral_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _record(act: Act, found: ReferralPage, event: ReferralEvent) -> None:
    visit, rules = act.visit, act.visit.site.rules
    held = referral_actions.lock(visit.db, found.id, act.number("row_version") or 0)
    state = referral_actions.state_after(held, event)
    due = hop_due(
        state,
        rules.referrals.clocks[held.urgency],
        sent_at=held.sent_at,
        known_at=visit.now,
        calendar=rules.calendar,
    )
    referral_actions.record(
        visit.db,
        held,
        event,
        hop_due_at=due,
        account=visit.scope,
        now=visit.now,
        note=act.text("note"),
        advice=act.text("advice"),
        first_appointment_at=_appointment(act),
    )


def _appointment(act: Act) -> datetime | None:
    """The date and time of the first appointment in local time; None where none, or none that can be read."""
    try:
        local = datetime.fromisoformat(act.text("appointment_at", longest=20))
    except ValueError:
        return None
    calendar = act.visit.site.rules.calendar
    return calendar.at(local.date(), local.time()) if local.tzinfo is None else local


def _show(
    visit: Visit, found: ReferralPage, *, problem: str = "", draft: Mapping[str, str] | None = None
) -> HTMLResponse:
    rules = visit.site.rules
    return page(
        visit,
        "referral.html",
        status=422 if problem else 200,
        referral=found,
        service=rules.referrals.name_of(found.service),
        next_hop=NEXT_HOP.get(found.state),
        events=[event for event in ReferralEvent if (found.state, event) in TRANSITIONS],
        source=rules.referrals.source,
        problem=problem,
        draft=draft or {},
    )
