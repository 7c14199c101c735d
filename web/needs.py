"""What needs a person beside the follow-ups, and saying that it is dealt with."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import alerts, history, needs_person
from models.domain.ids import AlertId
from models.domain.words import AlertKind
from web import words
from web.pages import page
from web.visits import AnAct, AVisit, NotFound

router = APIRouter()
# These end by the work itself, not by somebody saying so here.
BY_THE_WORK = (
    AlertKind.REFERRAL_PROMPT,
    AlertKind.RED_FLAG,
    AlertKind.BACKLOG_TRIAGE,
    AlertKind.SECOND_SIGNATURE,
    AlertKind.CONFIRM_SEEN,
    AlertKind.CHALLENGE,
    AlertKind.ACTION_OVERDUE,
    AlertKind.INDICATOR_REVIEW,
)


@router.get("/needs-a-person")
def needs_a_person(visit: AVisit) -> HTMLResponse:
    """All open alerts that no follow-up drives, so that nothing drops."""
    waiting = needs_person.waiting(visit.db, visit.scope)
    if any(one.household_id or one.person_name for one in waiting):
        read: dict[str, object] = {"alerts": [int(one.id) for one in waiting]}
        history.audited(
            visit.db, action="read", subject="alert", subject_id=None, actor=visit.scope, now=visit.now, detail=read
        )
    visit.db.commit()
    return page(
        visit,
        "needs.html",
        waiting=waiting,
        more=len(waiting) >= needs_person.PAGE,
        outcomes=words.ALERT_OUTCOMES,
        by_the_work=BY_THE_WORK,
        replies=words.REPLIES,
    )


@router.post("/alerts/{alert_id}/done")
def done(alert_id: int, act: AnAct) -> Response:
    """Mark an alert as dealt with; a second press finds it ended and changes nothing."""
    visit, outcome = act.visit, act.text("outcome")
    if not 0 < alert_id < 2**63:
        raise NotFound
    if not needs_person.visible(visit.db, visit.scope, AlertId(alert_id)):
        return RedirectResponse("/needs-a-person?done=already", status_code=303)
    if outcome not in words.ALERT_OUTCOMES:
        raise NotFound
    alerts.end(visit.db, alert_id=alert_id, outcome=outcome, account=visit.scope, now=visit.now)
    visit.db.commit()
    return RedirectResponse("/needs-a-person?done=alert_done", status_code=303)
