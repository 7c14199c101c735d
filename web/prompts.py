"""A referral prompt: what the record shows, what the rule asks, and the decision. Never a diagnosis."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import history, prompt_actions, prompt_page
from models.db.follow_up_actions import ActionRefused
from models.db.prompt_page import PromptPage
from models.domain.words import PromptDecision
from web import words
from web.pages import page
from web.visits import AnAct, AVisit, NotFound, Visit

router = APIRouter()
SERVICE = "perinatal_mental_health"


@router.get("/prompts/{prompt_id}")
def prompt(prompt_id: int, visit: AVisit) -> HTMLResponse:
    """One prompt; reading it is kept."""
    found = _find(visit, prompt_id)
    history.audited(
        visit.db,
        action="read",
        subject="referral_prompt",
        subject_id=found.id,
        household_id=found.household_id,
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return _show(visit, found)


@router.post("/prompts/{prompt_id}")
def decide(prompt_id: int, act: AnAct) -> Response:
    """Store the decision; a referral is chased from then on."""
    visit = act.visit
    found = _find(visit, prompt_id)
    raw, reason = act.text("decision"), act.text("reason")
    rule = visit.site.rules.prompts.rule(found.rule_id)
    draft = {"decision": raw, "reason": reason}
    if raw not in list(PromptDecision):
        return _show(visit, found, problem="Choose what you have decided.", draft=draft)
    decision = PromptDecision(raw)
    if decision is not PromptDecision.REFER and not reason:
        return _show(visit, found, problem="Write your reason for not referring.", draft=draft)
    calendar = visit.site.rules.calendar
    try:
        prompt_actions.decide_prompt(
            visit.db,
            prompt_id=found.id,
            decision=decision,
            reason=reason,
            account=visit.scope,
            now=visit.now,
            service=SERVICE if decision is PromptDecision.REFER else None,
            reply_due_at=rule.reply_within.after(visit.now, calendar=calendar) if rule is not None else None,
        )
        visit.db.commit()
    except ActionRefused:
        visit.db.rollback()
        return _show(visit, _find(visit, prompt_id), problem="Somebody has decided on this already; see below.")
    visit.site.ring("engine")
    done = "referred" if decision is PromptDecision.REFER else "prompt_decided"
    return RedirectResponse(f"/prompts/{prompt_id}?done={done}", status_code=303)


def _find(visit: Visit, prompt_id: int) -> PromptPage:
    found = prompt_page.find(visit.db, visit.scope, prompt_id) if 0 < prompt_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _show(
    visit: Visit, found: PromptPage, *, problem: str = "", draft: Mapping[str, str] | None = None
) -> HTMLResponse:
    return page(
        visit,
        "prompt.html",
        status=422 if problem else 200,
        prompt=found,
        rule=visit.site.rules.prompts.rule(found.rule_id),
        decisions=words.DECISIONS,
        problem=problem,
        draft=draft or {},
    )
