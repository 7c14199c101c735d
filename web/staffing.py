"""Who can be reached: gaps, absences and cover, what each person holds, nights without anybody. No family is on it."""

from datetime import date, datetime, time

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from intake.bad_value import BadValue
from intake.moments import date_parser, end_of_day
from models.db import absences, assignments, out_of_hours, staffing_gaps, staffing_page
from models.db.follow_up_rows import ActionRefused, NotAllowed
from models.db.scope import LEAD_ROLES
from models.db.staffing_page import Person
from models.domain.ids import PractitionerId, TeamId
from models.domain.staffing_gaps import ladders_by_role
from models.domain.words import AccountRole
from web.duty_words import hours_words
from web.pages import page
from web.visits import Act, AnAct, AVisit, NotFound, Visit, need_role

router = APIRouter()


@router.get("/staffing")
def staffing(visit: AVisit) -> HTMLResponse:
    """The page, for the teams of this login."""
    return _show(visit)


@router.post("/staffing/absences")
def record_absence(act: AnAct) -> Response:
    """Enter that somebody of one's teams is away, and who covers."""
    visit = act.visit
    try:
        who, cover = _person(act, "who"), act.number("cover")
        if cover is not None:
            _person(act, "cover")
        zone = visit.site.rules.calendar.zone
        first, last = _day(act, "first"), _day(act, "last")
        absences.record(
            visit.db,
            practitioner_id=who.id,
            starts_at=datetime.combine(first, time(), zone),
            ends_at=end_of_day(last, zone),
            cover_id=None if cover is None else PractitionerId(cover),
            account=visit.scope,
            now=visit.now,
        )
    except ActionRefused as refusal:
        return _refused(act, "absence", refusal)
    return _done(visit, "absence_recorded")


@router.post("/staffing/absences/{absence_id}/call-off")
def call_off(absence_id: int, act: AnAct) -> Response:
    """Call an absence of one's teams off."""
    visit = act.visit
    known = staffing_page.absences(visit.db, _team_ids(visit), now=visit.now)
    if absence_id not in {one.id for one in known}:
        raise NotFound
    absences.call_off(visit.db, absence_id=absence_id, account=visit.scope, now=visit.now)
    return _done(visit, "absence_called_off")


@router.post("/staffing/hand-over")
def hand_over(act: AnAct) -> Response:
    """Give all that somebody holds to a colleague: a lead's act."""
    visit = act.visit
    need_role(visit, *LEAD_ROLES)
    try:
        assignments.assign_all(
            visit.db,
            holder=_person(act, "holder").id,
            to=_person(act, "to").id,
            reason=act.text("reason", longest=500),
            account=visit.scope,
            calendar=visit.site.rules.calendar,
            now=visit.now,
        )
    except ActionRefused as refusal:
        return _refused(act, "hand-over", refusal)
    return _done(visit, "all_handed_over")


@router.post("/staffing/routes/{route_id}/tested")
def tested(route_id: int, act: AnAct) -> Response:
    """Somebody has reached whoever is on duty by this route, today."""
    visit = act.visit
    if route_id not in {route.id for route in out_of_hours.routes(visit.db, _team_ids(visit))}:
        raise NotFound
    out_of_hours.record_test(visit.db, route_id=route_id, by=visit.scope.actor, on=_today(visit), now=visit.now)
    return _done(visit, "route_tested")


@router.post("/staffing/teams/{team_id}/sign")
def sign(team_id: int, act: AnAct) -> Response:
    """A named manager signs that a team has nobody out of hours, until a day."""
    visit = act.visit
    if team_id not in _team_ids(visit):
        raise NotFound
    try:
        out_of_hours.sign_gap(
            visit.db,
            team_id=team_id,
            until=end_of_day(_day(act, "until"), visit.site.rules.calendar.zone),
            reason=act.text("reason", longest=500),
            account=visit.scope,
            rules=visit.site.rules.staffing,
            now=visit.now,
        )
    except ActionRefused as refusal:
        return _refused(act, f"sign-{team_id}", refusal)
    return _done(visit, "gap_signed")


def _show(visit: Visit, *, status: int = 200, problem: str = "", draft: dict[str, str] | None = None) -> HTMLResponse:
    rules, team_ids = visit.site.rules, _team_ids(visit)
    today = _today(visit)
    with_trust = visit.scope.all_teams or visit.scope.role is AccountRole.ADMINISTRATOR
    codes = sorted({code for code, _ in rules.pathways})
    gaps = staffing_gaps.find(
        visit.db,
        team_ids,
        with_trust=with_trust,
        ladders=ladders_by_role(rules.current_pathway(code, on=today) for code in codes),
        rules=rules.staffing,
        calendar=rules.calendar,
        now=visit.now,
    )
    gaps += staffing_gaps.last_never_answering(visit.db, team_ids, with_trust=with_trust)
    stands = out_of_hours.standings(visit.db, team_ids, rules=rules.staffing, today=today, now=visit.now)
    return page(
        visit,
        "staffing.html",
        status=status,
        teams=staffing_page.teams(visit.db, visit.scope),
        gaps=gaps,
        people=staffing_page.people(visit.db, team_ids, now=visit.now, today=today),
        away=staffing_page.absences(visit.db, team_ids, now=visit.now),
        routes=[(route, hours_words(route.hours)) for route in out_of_hours.routes(visit.db, team_ids)],
        nights={team: (stand, hours_words(stand.gaps)) for team, stand in stands.items() if not stand.is_covered},
        emergency_routes=rules.staffing.emergency_routes,
        longest_gap=rules.staffing.longest_gap.days,
        titles={pathway.code: pathway.title for pathway in rules.pathways.values()},
        is_lead=visit.scope.role in LEAD_ROLES,
        today=today,
        problem=problem,
        draft=draft or {},
    )


def _team_ids(visit: Visit) -> set[TeamId]:
    return {team for team, _, _ in staffing_page.teams(visit.db, visit.scope)}


def _person(act: Act, field: str) -> Person:
    """The practitioner chosen, of one's own teams. Raises NotAllowed."""
    visit, chosen = act.visit, act.number(field)
    known = staffing_page.people(visit.db, _team_ids(visit), now=visit.now, today=_today(visit))
    found = next((one for one in known if one.id == chosen), None)
    if found is None:
        raise NotAllowed("choose somebody of your teams")
    return found


def _day(act: Act, field: str) -> date:
    try:
        return date_parser(())(act.text(field, longest=10))
    except BadValue as error:
        raise NotAllowed(f"write the day: {error}") from error


def _today(visit: Visit) -> date:
    return visit.site.rules.calendar.civil_date(visit.now)


def _refused(act: Act, name: str, refusal: ActionRefused) -> Response:
    act.visit.db.rollback()
    draft = {"act": name, **{key: act.text(key) for key in act.form if key != "csrf_token"}}
    words = str(refusal)
    return _show(act.visit, status=422, problem=words[:1].upper() + words[1:], draft=draft)


def _done(visit: Visit, word: str) -> Response:
    visit.db.commit()
    visit.site.ring("engine")
    return RedirectResponse(f"/staffing?done={word}", status_code=303)
