"""A referral prompt: what was recorded, what the rule asks, who else knows, and the decision. Never a diagnosis."""

from collections.abc import Mapping
from datetime import date, datetime

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import history, prompt_actions, prompt_page, referral_actions
from models.db.follow_up_actions import ActionRefused, NotAllowed
from models.db.prompt_actions import Decision
from models.db.prompt_page import PromptPage
from models.db.referral_actions import NewReferral
from models.domain.referral_states import hop_due
from models.domain.words import PromptBasis, PromptDecision, ReferralState, Urgency
from web import prompt_words, words
from web.pages import page
from web.visits import Act, AnAct, AVisit, NotFound, Visit

router = APIRouter()


@router.get("/prompts/{prompt_id}")
def prompt(prompt_id: int, visit: AVisit) -> HTMLResponse:
    """One prompt; reading it is kept, and puts nothing off."""
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
    prompt_actions.view(visit.db, prompt_id=found.id, account=visit.scope, now=visit.now)
    visit.db.commit()
    return _show(visit, _find(visit, prompt_id))


@router.post("/prompts/{prompt_id}/acknowledge")
def acknowledge(prompt_id: int, act: AnAct) -> Response:
    """ "I am on it": it asks again when the lease is over."""
    visit = act.visit
    found = _find(visit, prompt_id)
    rule = visit.site.rules.prompts.rule(found.rule_id) or visit.site.rules.prompts.without_threshold[-1]
    until = rule.lease.after(visit.now, calendar=visit.site.rules.calendar)
    try:
        prompt_actions.acknowledge(visit.db, prompt_id=found.id, until=until, account=visit.scope, now=visit.now)
        visit.db.commit()
    except ActionRefused:
        visit.db.rollback()
        return _show(visit, _find(visit, prompt_id), problem="Somebody has decided on this already; see below.")
    return RedirectResponse(f"/prompts/{prompt_id}?done=acknowledged", status_code=303)


@router.post("/prompts/{prompt_id}")
def decide(prompt_id: int, act: AnAct) -> Response:
    """Store the decision; a referral is chased from then on, and one not made is looked at again."""
    visit = act.visit
    found = _find(visit, prompt_id)
    draft = {name: str(value) for name, value in act.form.items() if isinstance(value, str)}
    raw = act.text("decision")
    if raw not in list(PromptDecision):
        return _show(visit, found, problem="Choose what you have decided.", draft=draft)
    decision = PromptDecision(raw)
    try:
        made = _decision(act, found, decision)
        referral = _referral(act, found) if decision is PromptDecision.REFER else None
        prompt_actions.decide_prompt(visit.db, prompt_id=found.id, made=made, account=visit.scope, now=visit.now)
        if referral is not None:
            referral_actions.send(visit.db, referral, account=visit.scope, now=visit.now)
        visit.db.commit()
    except NotAllowed as refusal:
        visit.db.rollback()
        return _show(visit, _find(visit, prompt_id), problem=_sentence(refusal), draft=draft)
    except ActionRefused:
        visit.db.rollback()
        return _show(visit, _find(visit, prompt_id), problem="Somebody has decided on this already; see below.")
    visit.site.ring("urgent")
    visit.site.ring("engine")
    done = "referred" if decision is PromptDecision.REFER else "prompt_decided"
    return RedirectResponse(f"/prompts/{prompt_id}?done={done}", status_code=303)


def _decision(act: Act, found: PromptPage, decision: PromptDecision) -> Decision:
    told = [code for code in act.form.getlist("told") if isinstance(code, str) and code in prompt_words.TOLD]
    reason = act.text("reason")
    if decision is PromptDecision.REFER:
        return Decision(decision=decision, reason=reason, told=told)
    if not reason:
        raise NotAllowed("write your reason for not referring")
    rules = act.visit.site.rules
    last = rules.prompts.review_at_most_days
    on = _day(act, "review_on", "write the day on which it is looked at again")
    if not 0 < (on - rules.calendar.civil_date(act.visit.now)).days <= last:
        raise NotAllowed(f"choose a day to look again, from tomorrow to {last} days on")
    reviewer = act.number("reviewer")
    if reviewer not in {one.id for one in found.colleagues} | {found.holder_id}:
        raise NotAllowed("choose who looks again")
    due = rules.calendar.at(on, rules.calendar.day_starts)
    return Decision(decision=decision, reason=reason, told=told, reviewer_id=reviewer, review_due_at=due)


def _referral(act: Act, found: PromptPage) -> NewReferral:
    """The referral as it was sent. Raises NotAllowed where the service or the date can't be."""
    rules = act.visit.site.rules
    service = act.text("service")
    if service not in rules.referrals.services:
        raise NotAllowed("choose where you referred to")
    raw = act.text("urgency") or found.urgency.value
    urgency = Urgency(raw) if raw in list(Urgency) else found.urgency
    sent_at = _sent_at(act)
    due = hop_due(
        ReferralState.SENT,
        rules.referrals.clocks[urgency],
        sent_at=sent_at,
        known_at=sent_at,
        calendar=rules.calendar,
    )
    assert due is not None
    return NewReferral(
        prompt_id=found.id,
        person_id=found.person_id,
        household_id=found.household_id,
        team_id=found.team_id,
        service=service,
        urgency=urgency,
        reference=act.text("reference", longest=100) or None,
        sent_at=sent_at,
        hop_due_at=due,
    )


def _sent_at(act: Act) -> datetime:
    """Now for today; for an earlier day its close: the service has had it since then at the latest."""
    calendar, now = act.visit.site.rules.calendar, act.visit.now
    if not act.text("sent_on"):
        return now
    on = _day(act, "sent_on", "write the day on which you referred")
    if on > calendar.civil_date(now):
        raise NotAllowed("a referral is recorded once it has been sent")
    return min(now, calendar.at(on, calendar.day_ends))


def _day(act: Act, field: str, expected: str) -> date:
    try:
        return date.fromisoformat(act.text(field))
    except ValueError:
        raise NotAllowed(expected) from None


def _sentence(refusal: NotAllowed) -> str:
    text = str(refusal)
    return f"{text[:1].upper()}{text[1:]}."


def _find(visit: Visit, prompt_id: int) -> PromptPage:
    found = prompt_page.find(visit.db, visit.scope, prompt_id) if 0 < prompt_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _show(
    visit: Visit, found: PromptPage, *, problem: str = "", draft: Mapping[str, str] | None = None
) -> HTMLResponse:
    rules = visit.site.rules
    rule = rules.prompts.rule(found.rule_id)
    return page(
        visit,
        "prompt.html",
        status=422 if problem else 200,
        prompt=found,
        rule=rule,
        shows_band=rule is not None and (found.basis is PromptBasis.THRESHOLD or not rule.when.is_band),
        instruments=rules.prompts.instruments,
        services=rules.referrals.services,
        decisions=words.DECISIONS,
        told_words=prompt_words.TOLD,
        routes=rules.routes,
        local=rules.routes.of_team(found.team_code),
        problem=problem,
        draft=draft or {},
        today=rules.calendar.civil_date(visit.now),
    )
