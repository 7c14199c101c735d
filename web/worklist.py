"""The list of everything open: parse the question, ask within scope, tell each row in words."""

from dataclasses import asdict, replace

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from models.db import history, needs_person, out_of_hours, worklist, worklist_rows
from models.db.worklist import COUNT_CAP, Filter, Place
from models.domain.ids import TeamId
from models.domain.words import FollowUpState, FollowUpTrigger
from web import sentences, words
from web.pages import link, page
from web.visits import AVisit, NotFound, Visit

router = APIRouter()
SHOWN_STATES = (FollowUpState.SEEN, FollowUpState.CLOSING, FollowUpState.BACKLOG)


@router.get("/")
def open_follow_ups(visit: AVisit) -> HTMLResponse:
    """Everything open, in order, a page at a time."""
    wanted, after = _filter(visit), _after(visit)
    found = worklist.page(visit.db, visit.scope, wanted, after=after, size=visit.site.web.page_size)
    rows = worklist_rows.rows(visit.db, visit.scope, [place.id for place in found.places])
    _keep_reading(visit, [int(row.id) for row in rows])
    query = dict(visit.request.query_params)
    query.pop("after", None)
    query.pop("done", None)
    return page(
        visit,
        "worklist.html",
        told=[_tell(visit, row) for row in rows],
        nights=_nights(visit, rows),
        teams=worklist.visible_teams(visit.db, visit.scope),
        triggers=words.TRIGGERS,
        states=[(state, words.STATES[state]) for state in SHOWN_STATES],
        contacts=sorted((kind.name, code) for code, kind in visit.site.rules.contacts.kinds.items()),
        asked=query,
        filtered=any(value is not None for value in asdict(wanted).values()),
        counts=_counts(visit),
        count_cap=COUNT_CAP,
        waiting=needs_person.count(visit.db, visit.scope),
        next_page=link("/", **query, after=found.places[-1]) if found.more else "",
        first_page=link("/", **query) if after is not None else "",
    )


def _tell(visit: Visit, row: worklist_rows.ListRow) -> sentences.Told:
    rules = visit.site.rules
    pathway = visit.site.pathways.get(visit.db, row.pathway_code, row.pathway_version)
    return sentences.tell(
        row,
        kind=rules.contacts.get(row.contact_code),
        name=rules.name_of(row.contact_code),
        pathway=pathway,
        now=visit.now,
        zone=rules.calendar.zone,
    )


def _nights(visit: Visit, rows: list[worklist_rows.ListRow]) -> set[int]:
    """The high-risk rows of teams in which nobody can be reached at some hours: their entry says so."""
    teams = {row.team_id for row in rows if row.high_risk and row.team_id is not None}
    rules = visit.site.rules
    today = rules.calendar.civil_date(visit.now)
    stands = out_of_hours.standings(visit.db, teams, rules=rules.staffing, today=today, now=visit.now) if teams else {}
    open_teams = {team for team, stand in stands.items() if not stand.is_covered}
    return {row.id for row in rows if row.high_risk and row.team_id in open_teams}


def _counts(visit: Visit) -> dict[str, int]:
    """How many of each sort `scope` has open, capped; each number opens its list."""
    base = Filter(team_id=_team(visit))
    sorts = {
        "all": base,
        "red": replace(base, red_flag=True),
        "high": replace(base, high_risk=True),
        "seen": replace(base, state=FollowUpState.SEEN),
        "backlog": replace(base, state=FollowUpState.BACKLOG),
    }
    return {name: worklist.count(visit.db, visit.scope, wanted) for name, wanted in sorts.items()}


def _filter(visit: Visit) -> Filter:
    """The question in the address. A word we don't know is no filter at all: the list then shows more, never less."""
    asked = visit.request.query_params
    states = {str(state): state for state in SHOWN_STATES}
    triggers = {str(trigger): trigger for trigger in FollowUpTrigger}
    contact = asked.get("contact", "")
    return Filter(
        team_id=_team(visit),
        trigger=triggers.get(asked.get("kind", "")),
        contact_code=contact if visit.site.rules.contacts.get(contact) is not None else None,
        state=states.get(asked.get("state", "")),
        practitioner_id=visit.scope.practitioner_id if asked.get("who") == "me" else None,
        unacknowledged_at=visit.now if asked.get("who") == "nobody" else None,
        red_flag=True if asked.get("risk") == "red" else None,
        high_risk=True if asked.get("risk") == "high" else None,
    )


def _team(visit: Visit) -> TeamId | None:
    raw = visit.request.query_params.get("team", "")
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit() and visit.scope.covers(int(raw))):
        raise NotFound
    return TeamId(int(raw))


def _after(visit: Visit) -> Place | None:
    raw = visit.request.query_params.get("after", "")
    try:
        return Place.parse(raw) if raw else None
    except ValueError:
        return None  # a spoilt address begins at the top, where the most urgent are


def _keep_reading(visit: Visit, shown: list[int]) -> None:
    if shown:
        detail: dict[str, object] = {"follow_ups": shown}
        history.audited(
            visit.db,
            action="read",
            subject="follow_up",
            subject_id=None,
            actor=visit.scope,
            now=visit.now,
            detail=detail,
        )
    visit.db.commit()
