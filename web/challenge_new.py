"""Open a professional challenge, about a referral or about a person; its first stage is the opener's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import challenges, history
from models.db.challenges import NewChallenge
from models.db.follow_up_actions import ActionRefused
from models.db.people_resolution import Whose, directory
from models.domain.challenge import stage_due
from models.domain.ids import HouseholdId
from models.domain.words import ChallengeState, Urgency
from web import recording, referrals
from web.challenges import sentence
from web.pages import page
from web.visits import Act, AnAct, AVisit, Visit

router = APIRouter()


@dataclass(frozen=True, slots=True)
class About:
    """Whom a new challenge is about, and which service, where a referral says so; within the scope."""

    person_id: int
    name: str | None
    household_id: HouseholdId | None
    team_id: int | None
    service: str
    urgent: bool


@router.get("/challenges/new")
def new(visit: AVisit, referral: int = 0, person: int = 0) -> HTMLResponse:
    """The form for a new one; whom it is about is read with it."""
    about = _about(visit, referral, person)
    history.audited(
        visit.db,
        action="read",
        subject="person",
        subject_id=about.person_id,
        household_id=about.household_id,
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return _form(visit, referral, person)


@router.post("/challenges/new")
def open_(act: AnAct) -> Response:
    """Open it at its first stage; its owner is told at once."""
    visit = act.visit
    referral_id, person_id = act.number("referral") or 0, act.number("person") or 0
    try:
        made = _made(act, _about(visit, referral_id, person_id), referral_id)
        challenge_id = challenges.open_(visit.db, made, account=visit.scope, now=visit.now)
        visit.db.commit()
    except ActionRefused as refusal:
        visit.db.rollback()
        draft = {name: str(value) for name, value in act.form.items() if isinstance(value, str)}
        return _form(visit, referral_id, person_id, problem=sentence(refusal), draft=draft)
    visit.site.ring("engine")
    return RedirectResponse(f"/challenges/{challenge_id}?done=challenge_opened", status_code=303)


def _made(act: Act, about: About, referral_id: int) -> NewChallenge:
    """What the form says, with the first stage's owner and due time."""
    visit, rules = act.visit, act.visit.site.rules
    urgent = act.text("urgent") == "yes"
    stage = rules.challenge.stages[ChallengeState.PRACTITIONER]
    mine = visit.scope.practitioner_id
    staff = directory(
        visit.db,
        now=visit.now,
        today=rules.calendar.civil_date(visit.now),
        team_ids=set() if about.team_id is None else {about.team_id},
        practitioner_ids=set() if mine is None else {mine},
    )
    chain = rules.challenge.owner_chain(ChallengeState.PRACTITIONER, times_asked=0)
    owner = staff.resolve(Whose(mine, None, about.team_id), chain)
    return NewChallenge(
        person_id=about.person_id,
        household_id=about.household_id,
        team_id=about.team_id,
        referral_id=referral_id or None,
        service=about.service or act.text("service", longest=200),
        urgent=urgent,
        issue=act.text("issue"),
        child_impact=act.text("child_impact"),
        view_sought=act.text("view_sought"),
        safety_plan=act.text("safety_plan"),
        stage_due_at=stage_due(stage, urgent=urgent, began_at=visit.now, calendar=rules.calendar),
        owner_practitioner_id=owner.practitioner_id,
        owner_team_id=owner.owner_team_id,
    )


def _about(visit: Visit, referral_id: int, person_id: int) -> About:
    """Raises NotFound where neither is within the scope."""
    if not referral_id:
        seen = recording.find(visit, person_id)
        return About(seen.person_id, seen.name, seen.household_id, seen.team_id, "", False)
    found = referrals.find(visit, referral_id)
    return About(
        person_id=found.person_id,
        name=found.person_name,
        household_id=found.household_id,
        team_id=found.team_id,
        service=visit.site.rules.referrals.name_of(found.service),
        urgent=found.urgency is not Urgency.ROUTINE,
    )


def _form(
    visit: Visit, referral_id: int, person_id: int, *, problem: str = "", draft: Mapping[str, str] | None = None
) -> HTMLResponse:
    return page(
        visit,
        "challenge_new.html",
        status=422 if problem else 200,
        about=_about(visit, referral_id, person_id),
        referral_id=referral_id,
        person_id=person_id,
        rules=visit.site.rules.challenge,
        problem=problem,
        draft=draft or {},
    )
