"""What needs a person beside the follow-ups, and saying that it is dealt with."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import alerts, history, needs_person
from models.domain.ids import AlertId
from models.domain.words import AlertKind, Urgency
from web import words
from web.pages import page
from web.visits import AnAct, AVisit, NotFound, Visit

router = APIRouter()
# These end by the work itself, not by somebody saying so here.
BY_THE_WORK = (
    AlertKind.REFERRAL_PROMPT,
    AlertKind.RED_FLAG,
    AlertKind.BACKLOG_TRIAGE,
    AlertKind.SECOND_SIGNATURE,
    AlertKind.CONFIRM_SEEN,
    AlertKind.STEP_EXTENSION,
    AlertKind.DISCLOSURE_DUE,
    AlertKind.FATHER_NOT_ASKED,
    AlertKind.HOLD_ENDING,
    AlertKind.CANCELLATION_UNEXPLAINED,
    AlertKind.MERGE_PROPOSED,
    AlertKind.CHALLENGE,
    AlertKind.ACTION_OVERDUE,
    AlertKind.INDICATOR_REVIEW,
)


def by_the_work(kind: str, detail: Mapping[str, object]) -> bool:
    """Whether it ends by the work itself. To challenge an agency that was contacted ends by saying that it was done."""
    return kind in BY_THE_WORK and not (kind == AlertKind.CHALLENGE and "agency" in detail)


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
        by_the_work=by_the_work,
        replies=words.REPLIES,
    )


@router.post("/alerts/{alert_id}/done")
def done(alert_id: int, act: AnAct) -> Response:
    """Mark an alert as dealt with; a second press finds it ended and changes nothing."""
    visit, outcome = act.visit, act.text("outcome")
    if not 0 < alert_id < 2**63:
        raise NotFound
    found = needs_person.open_alert(visit.db, visit.scope, AlertId(alert_id))
    if found is None:
        return RedirectResponse("/needs-a-person?done=already", status_code=303)
    if outcome not in words.ALERT_OUTCOMES or by_the_work(found.kind, found.detail):
        raise NotFound
    ended = alerts.end(visit.db, alert_id=alert_id, outcome=outcome, account=visit.scope, now=visit.now)
    visit.db.commit()
    return RedirectResponse(f"/needs-a-person?done={'alert_done' if ended else 'already'}", status_code=303)


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(alert_id: int, act: AnAct) -> Response:
    """Take an alert on for a while; it is not dealt with by that, and goes up when the time is over."""
    visit = act.visit
    if not 0 < alert_id < 2**63:
        raise NotFound
    found = needs_person.open_alert(visit.db, visit.scope, AlertId(alert_id))
    if found is None:
        return RedirectResponse("/needs-a-person?done=already", status_code=303)
    if by_the_work(found.kind, found.detail):
        raise NotFound
    until = _lease_end(visit, is_urgent=found.urgency is not Urgency.ROUTINE)
    taken = alerts.acknowledge(visit.db, alert_id=alert_id, until=until, account=visit.scope, now=visit.now)
    visit.db.commit()
    return RedirectResponse(f"/needs-a-person?done={'acknowledged' if taken else 'already'}", status_code=303)


def _lease_end(visit: Visit, *, is_urgent: bool) -> datetime:
    """How long taking an alert on may last: as for the first step of an unrecorded outcome."""
    rules = visit.site.rules
    pathway = rules.current_pathway(rules.contacts.outcome_pathway, on=rules.calendar.civil_date(visit.now))
    first = pathway.steps[0]
    return (first.high_risk if is_urgent else first.routine).lease.after(visit.now, calendar=rules.calendar)
