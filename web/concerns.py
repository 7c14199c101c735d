"""A red flag or a worry: a person ends it, or says that a red flag still holds. Never by itself, never in silence."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from models.db import concern_flags
from models.db.follow_up_actions import ActionRefused
from web import family, recording
from web.challenges import sentence
from web.pages import plain_page
from web.visits import AnAct

router = APIRouter()


@router.post("/people/{person_id}/concern")
def concern(person_id: int, act: AnAct) -> Response:
    """End the flag, or keep a red one for another span, with the reason."""
    visit = act.visit
    person = recording.find(visit, person_id)
    code, reason = act.text("code"), act.text("reason")
    try:
        if act.text("act") == "keep":
            until = visit.now + timedelta(days=visit.site.rules.prompts.red_flag_days)
            concern_flags.keep_red(
                visit.db,
                person_id=person_id,
                household_id=person.household_id,
                until=until,
                reason=reason,
                account=visit.scope,
                now=visit.now,
            )
        else:
            concern_flags.end(
                visit.db,
                person_id=person_id,
                household_id=person.household_id,
                code=code,
                reason=reason,
                account=visit.scope,
                now=visit.now,
            )
        visit.db.commit()
    except ActionRefused as refusal:
        visit.db.rollback()
        if person.household_id is None:
            return plain_page(visit.request, "error.html", status=422, kind="broken")
        return family.show(visit, family.find(visit, person.household_id), status=422, problem=sentence(refusal))
    visit.site.ring("engine")
    back = "/" if person.household_id is None else f"/families/{person.household_id}"
    return RedirectResponse(f"{back}?done=concern_recorded", status_code=303)
