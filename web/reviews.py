"""Scores that were already old when they first came: a list to read, one entry at a time. Not an alarm."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import history, indicator_reviews
from models.db.follow_up_actions import ActionRefused
from web.pages import page
from web.visits import AnAct, AVisit

router = APIRouter()


@router.get("/older-scores")
def older_scores(visit: AVisit) -> HTMLResponse:
    """The list; reading it is kept."""
    found = indicator_reviews.listed(visit.db, visit.scope)
    if found:
        detail: dict[str, object] = {"indicators": [one.indicator_id for one in found]}
        history.audited(
            visit.db, action="read", subject="indicator", subject_id=None, actor=visit.scope, now=visit.now,
            detail=detail,
        )  # fmt: skip
        visit.db.commit()
    return page(
        visit,
        "older_scores.html",
        listed=found,
        instruments=visit.site.rules.prompts.instruments,
        more=len(found) >= indicator_reviews.PAGE,
    )


@router.post("/older-scores/{indicator_id}")
def read(indicator_id: int, act: AnAct) -> Response:
    """It was read; or it is asked about as though it were new."""
    visit = act.visit
    try:
        indicator_reviews.mark_read(
            visit.db,
            indicator_id=indicator_id if 0 < indicator_id < 2**63 else 0,
            raised=act.text("act") == "ask",
            account=visit.scope,
            now=visit.now,
        )
        visit.db.commit()
    except ActionRefused:
        visit.db.rollback()
        return RedirectResponse("/older-scores?done=already", status_code=303)
    visit.site.ring("engine")
    return RedirectResponse("/older-scores?done=score_read", status_code=303)
