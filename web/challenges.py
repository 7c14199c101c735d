"""Professional challenge: the list, one of them, and what people record: a reply, a raise, the outcome."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import challenge_page, challenges, history
from models.db.challenge_page import ChallengePage
from models.db.follow_up_actions import ActionRefused, ChangedMeanwhile, NotAllowed
from models.domain.challenge import STAGES, stage_due
from models.domain.words import ChallengeOutcome
from web import prompt_words
from web.pages import page
from web.visits import Act, AnAct, AVisit, NotFound, Visit

router = APIRouter()


@router.get("/challenges")
def listed(visit: AVisit) -> HTMLResponse:
    """All challenges of this login's teams: open ones first, longest due first."""
    found = challenge_page.listed(visit.db, visit.scope)
    if found:
        detail: dict[str, object] = {"challenges": [one.id for one in found]}
        history.audited(
            visit.db,
            action="read",
            subject="challenge",
            subject_id=None,
            actor=visit.scope,
            now=visit.now,
            detail=detail,
        )
        visit.db.commit()
    return page(visit, "challenges.html", listed=found, rules=visit.site.rules.challenge)


@router.get("/challenges/{challenge_id}")
def challenge(challenge_id: int, visit: AVisit) -> HTMLResponse:
    """One challenge; reading it is kept."""
    found = _find(visit, challenge_id)
    history.audited(
        visit.db,
        action="read",
        subject="challenge",
        subject_id=found.id,
        household_id=found.household_id,
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return _show(visit, found)


@router.post("/challenges/{challenge_id}/reply")
def reply(challenge_id: int, act: AnAct) -> Response:
    """Keep what the other side answered."""

    def do(found: ChallengePage, version: int) -> str:
        visit, note = act.visit, act.text("reply")
        challenges.reply(
            visit.db, challenge_id=found.id, row_version=version, note=note, account=visit.scope, now=visit.now
        )
        return "challenge_replied"

    return _do(act, challenge_id, do)


@router.post("/challenges/{challenge_id}/raise")
def raise_(challenge_id: int, act: AnAct) -> Response:
    """Take it to the next stage, with the evidence that the present one asks for."""

    def do(found: ChallengePage, version: int) -> str:
        visit, rules = act.visit, act.visit.site.rules
        if found.state not in STAGES[:-1]:
            raise NotAllowed("this is the last stage; it is resolved here")
        stage = rules.challenge.stages[STAGES[STAGES.index(found.state) + 1]]
        due = stage_due(stage, urgent=found.urgent, began_at=visit.now, calendar=rules.calendar)
        challenges.raise_(
            visit.db,
            challenge_id=found.id,
            row_version=version,
            evidence=act.text("evidence"),
            stage_due_at=due,
            account=visit.scope,
            now=visit.now,
        )
        return "challenge_raised"

    return _do(act, challenge_id, do)


@router.post("/challenges/{challenge_id}/resolve")
def resolve(challenge_id: int, act: AnAct) -> Response:
    """End it with its outcome."""

    def do(found: ChallengePage, version: int) -> str:
        raw = act.text("outcome")
        if raw not in list(ChallengeOutcome):
            raise NotAllowed("choose how it ended")
        challenges.resolve(
            act.visit.db,
            challenge_id=found.id,
            row_version=version,
            outcome=ChallengeOutcome(raw),
            note=act.text("outcome_note"),
            account=act.visit.scope,
            now=act.visit.now,
        )
        return "challenge_resolved"

    return _do(act, challenge_id, do)


def _do(act: Act, challenge_id: int, do: Callable[[ChallengePage, int], str]) -> Response:
    visit = act.visit
    found = _find(visit, challenge_id)
    try:
        done = do(found, act.number("row_version") or 0)
        visit.db.commit()
    except ActionRefused as refusal:
        visit.db.rollback()
        changed = "Somebody recorded something meanwhile. Look at it as it is now; your words are still in their box."
        problem = changed if isinstance(refusal, ChangedMeanwhile) else sentence(refusal)
        draft = {name: str(value) for name, value in act.form.items() if isinstance(value, str)}
        return _show(visit, _find(visit, challenge_id), problem=problem, draft=draft)
    visit.site.ring("engine")
    return RedirectResponse(f"/challenges/{challenge_id}?done={done}", status_code=303)


def _find(visit: Visit, challenge_id: int) -> ChallengePage:
    found = challenge_page.find(visit.db, visit.scope, challenge_id) if 0 < challenge_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _show(
    visit: Visit, found: ChallengePage, *, problem: str = "", draft: Mapping[str, str] | None = None
) -> HTMLResponse:
    rules = visit.site.rules.challenge
    place = STAGES.index(found.state) if found.state in STAGES else len(STAGES)
    return page(
        visit,
        "challenge.html",
        status=422 if problem else 200,
        challenge=found,
        rules=rules,
        stage=rules.stages.get(found.state),
        following=rules.stages[STAGES[place + 1]] if place + 1 < len(STAGES) else None,
        stages=[rules.stages[state] for state in STAGES],
        place=place,
        outcomes=prompt_words.CHALLENGE_OUTCOMES,
        problem=problem,
        draft=draft or {},
    )


def sentence(refusal: ActionRefused) -> str:
    """A refusal as a sentence for the page."""
    text = str(refusal)
    return f"{text[:1].upper()}{text[1:]}."
