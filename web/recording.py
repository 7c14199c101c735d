"""Record what was asked of a parent: which list, then its fields alone, then what it calls for. No instrument text."""

from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import history, indicators, person_seen, prompts
from models.db.indicators import NewIndicator
from models.db.person_seen import PersonSeen
from models.db.prompts import Look
from models.db.threshold_signatures import signed
from models.domain.indicators import Instrument
from models.domain.prompts import prompt_for
from models.domain.words import ContactMode, Known
from web.pages import page
from web.visits import Act, AnAct, AVisit, NotFound, Visit

router = APIRouter()
JUST_NOW = timedelta(hours=1)
ANSWERS = (Known.YES, Known.NO, Known.NOT_ASKED)


class Incomplete(Exception):
    """The form lacks something or holds what can't be; the message says what is expected, `field` where."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


@router.get("/people/{person_id}/record")
def choose_or_fill(person_id: int, visit: AVisit, what: str = "") -> HTMLResponse:
    """The fields of one instrument; without one that we know, the choice of it."""
    person = find(visit, person_id)
    _keep_read(visit, person)
    return _show(visit, person, visit.site.rules.prompts.instruments.get(what))


@router.post("/people/{person_id}/record")
def record(person_id: int, act: AnAct) -> Response:
    """Store it; the rules look at it at once, and the next page says what it calls for."""
    visit = act.visit
    person = find(visit, person_id)
    instrument = visit.site.rules.prompts.instruments.get(act.text("what"))
    if instrument is None:
        return _show(visit, person, None, problem="Choose what you want to record.", field="what")
    try:
        new = _read(act, person, instrument)
    except Incomplete as fault:
        draft = {name: str(value) for name, value in act.form.items() if isinstance(value, str)}
        return _show(visit, person, instrument, problem=str(fault), field=fault.field, draft=draft)
    indicators.record(visit.db, new, account=visit.scope, now=visit.now)
    visit.db.commit()
    visit.site.ring("urgent")
    visit.site.ring("engine")
    return RedirectResponse(f"/people/{person_id}/recorded", status_code=303)


@router.get("/people/{person_id}/recorded")
def recorded(person_id: int, visit: AVisit) -> Response:
    """What was just recorded and what it calls for now; a red flag fills the screen with whom to phone."""
    person = find(visit, person_id)
    line = person_seen.newest_recorded(visit.db, person_id, by=visit.scope.actor, since=visit.now - JUST_NOW)
    if line is None:
        return RedirectResponse(f"/people/{person_id}/record", status_code=303)
    _keep_read(visit, person)
    rules, routes = visit.site.rules.prompts, visit.site.rules.routes
    look = Look(visit.now, visit.site.rules.calendar.civil_date(visit.now), rules.standing, rules.postnatal_months)
    seen = prompts.as_looked_at(visit.db, line.id, look)
    found = prompt_for(seen.recorded, rules, signed=signed(visit.db))
    return page(
        visit,
        "recorded.html",
        person=person,
        line=line,
        instrument=rules.instruments.get(line.instrument),
        rule=None if found is None else found.rule,
        routes=routes,
        local=routes.of_team(person.team_code),
        back=_back(person),
    )


def find(visit: Visit, person_id: int) -> PersonSeen:
    """The person within this visit's scope. Raises NotFound, also where they exist for others."""
    found = person_seen.find(visit.db, visit.scope, person_id) if 0 < person_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _keep_read(visit: Visit, person: PersonSeen) -> None:
    history.audited(
        visit.db,
        action="read",
        subject="person",
        subject_id=person.person_id,
        household_id=person.household_id,
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()


def _show(
    visit: Visit,
    person: PersonSeen,
    instrument: Instrument | None,
    *,
    problem: str = "",
    field: str = "",
    draft: dict[str, Any] | None = None,
) -> HTMLResponse:
    return page(
        visit,
        "record.html",
        status=422 if problem else 200,
        person=person,
        instrument=instrument,
        instruments=visit.site.rules.prompts.instruments,
        problem=problem,
        field=field,
        draft=draft or {},
        today=visit.site.rules.calendar.civil_date(visit.now),
        back=_back(person),
    )


def _back(person: PersonSeen) -> str:
    return "/" if person.household_id is None else f"/families/{person.household_id}"


def _read(act: Act, person: PersonSeen, instrument: Instrument) -> NewIndicator:
    """The form's values within the instrument's bounds. Raises Incomplete."""
    total = _bounded(act, "total", instrument.highest_total)
    answers = {item: _answer(act, item) for item in instrument.items}
    if instrument.highest_total is not None and total is None:
        raise Incomplete("total", f"Write the total as a number from 0 to {instrument.highest_total}.")
    if instrument.highest_total is None and not set(answers.values()) & {Known.YES, Known.NO}:
        raise Incomplete(f"item-{next(iter(answers))}", "Answer at least one with yes or no.")
    note = act.text("note")
    if instrument.note_asked and Known.YES in answers.values() and not note:
        raise Incomplete("note", "Write what you saw or heard: it says more than the box.")
    language = act.text("language", longest=8).lower()
    if language and not language.replace("-", "").isalpha():
        raise Incomplete("language", "Write the language as a code such as en, cy or pl.")
    mode = act.text("mode")
    return NewIndicator(
        person_id=person.person_id,
        household_id=person.household_id,
        instrument=instrument.code,
        recorded_on=_day(act),
        total=total,
        self_harm_item=_bounded(act, "self_harm_item", instrument.highest_item if instrument.self_harm_item else None),
        answers=answers or None,
        note=note,
        language=language or None,
        mode=ContactMode(mode) if mode in list(ContactMode) else None,
        interpreter=_known(act, "interpreter"),
        low_literacy=_known(act, "low_literacy"),
    )


def _bounded(act: Act, field: str, highest: int | None) -> int | None:
    raw = act.text(field, longest=10)
    if not raw or highest is None:
        return None
    if not (raw.isascii() and raw.isdigit() and int(raw) <= highest):
        raise Incomplete(field, f"Write a whole number from 0 to {highest}.")
    return int(raw)


def _answer(act: Act, item: str) -> Known:
    return _known(act, f"item-{item}")


def _known(act: Act, field: str) -> Known:
    raw = act.text(field)
    return Known(raw) if raw in ANSWERS else Known.UNKNOWN


def _day(act: Act) -> date:
    today = act.visit.site.rules.calendar.civil_date(act.visit.now)
    try:
        day = date.fromisoformat(act.text("recorded_on") or today.isoformat())
    except ValueError:
        raise Incomplete("recorded_on", "Write the date on which it was asked.") from None
    if day > today:
        raise Incomplete("recorded_on", "The date can't be in the future.")
    return day
