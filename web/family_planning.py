"""What people record of a family's plan: a contact that was held, school nursing's acceptance, a pregnancy's facts.

Each act checks scope and that what it names is this household's, calls one function, and rings for the engine.
"""

from collections.abc import Callable
from datetime import date, timedelta

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from models.db import planning_acts
from models.db.family_page import Family, holds
from models.db.follow_up_rows import ActionRefused
from models.domain.words import Known, PregnancyOutcome
from web.family import find, show
from web.family_plan import view
from web.visits import Act, AnAct

router = APIRouter()
# At a contact of the whole family these have to be asked about before it counts as held.
ASKED = ("ordinary_day", "each_adult")
LONGEST_AGO = timedelta(days=366)  # a day further back, or a due date further away, is a slip


class Incomplete(ActionRefused):
    """The form lacks something; the message asks for it in the users' words."""


@router.post("/families/{household_id}/held")
def held(household_id: int, act: AnAct) -> Response:
    """Record that a checkpoint or a family review took place."""

    def do(found: Family) -> str:
        visit, contact = act.visit, act.number("contact")
        rules = visit.site.rules
        plan = view(visit, found).plan
        chosen = next((one for one in plan.recordable if one.id == contact), None)
        if chosen is None:
            raise Incomplete("Choose what took place.")
        kind = rules.contacts.get(chosen.contact_code)
        asked = {name: "yes" for name in ASKED if name in act.form.getlist("asked")}
        if kind is not None and kind.whole_family and set(ASKED) - asked.keys():
            raise Incomplete(
                "A family review counts once each child's ordinary day and each adult were asked about. Tick both, or"
                " hold it again."
            )
        on = _past_day(act, "on", "Write the day it took place.")
        by_whom, reference = act.text("by_whom", longest=200), act.text("reference", longest=200)
        if not by_whom or not reference:
            raise Incomplete("Write who did it, and where it is written in the record.")
        calendar = rules.calendar
        planning_acts.record_held(
            visit.db,
            planning_acts.Held(
                contact_id=chosen.id,
                on=on,
                at=min(calendar.at(on, calendar.day_ends), visit.now),
                by_whom=by_whom,
                reference=reference,
                asked=asked,
            ),
            household_id=found.household_id,
            codes=rules.contacts.recorded,
            account=visit.scope,
            now=visit.now,
        )
        return "contact_held"

    return _do(act, household_id, "held", do)


@router.post("/families/{household_id}/school-handover")
def school_handover(household_id: int, act: AnAct) -> Response:
    """Record that school nursing has accepted a child, or take that back."""

    def do(found: Family) -> str:
        visit = act.visit
        person = holds(found, act.number("person"))
        children = {member.person_id for member in found.members if member.is_child}
        if person is None or person not in children:
            raise Incomplete("Choose the child.")
        common = {"person_id": person, "household_id": found.household_id, "account": visit.scope, "now": visit.now}
        if act.text("take_back") == "yes":
            planning_acts.withdraw_handover(visit.db, **common)  # type: ignore[arg-type]
            return "handover_withdrawn"
        accepted_by = act.text("accepted_by", longest=200)
        if not accepted_by:
            raise Incomplete("Write who of school nursing accepted the child.")
        planning_acts.record_handover(
            visit.db,
            accepted_on=_past_day(act, "on", "Write the day on which school nursing accepted."),
            accepted_by=accepted_by,
            reference=act.text("reference", longest=200),
            **common,  # type: ignore[arg-type]
        )
        return "handed_over"

    return _do(act, household_id, "school-handover", do)


@router.post("/families/{household_id}/pregnancy")
def pregnancy(household_id: int, act: AnAct) -> Response:
    """Record the due date, whether it is a first birth, or what became of the pregnancy."""

    def do(found: Family) -> str:
        visit, chosen = act.visit, act.number("pregnancy")
        expecting = {one.id: one for one in view(visit, found).plan.expecting}
        if chosen is None or chosen not in expecting:
            raise Incomplete("Choose the pregnancy.")
        facts = _pregnancy_facts(act, expecting[chosen].edd)
        planning_acts.record_pregnancy(
            visit.db,
            facts,
            pregnancy_id=chosen,
            household_id=found.household_id,
            account=visit.scope,
            now=visit.now,
        )
        return "pregnancy_recorded"

    return _do(act, household_id, "pregnancy", do)


def _pregnancy_facts(act: Act, edd_now: date) -> planning_acts.PregnancyFacts:
    raw, first, told = act.text("outcome"), act.text("nulliparous"), act.text("edd")
    outcome = PregnancyOutcome(raw) if raw in list(PregnancyOutcome) and raw != PregnancyOutcome.UNKNOWN else None
    edd = None if not told else _day(told, "Write the due date as a day, such as 2027-03-01.")
    if edd is not None and abs((edd - edd_now).days) > LONGEST_AGO.days:
        raise Incomplete("This due date lies more than a year from the one we have. Check it.")
    ended_on = None
    if outcome is not None and outcome is not PregnancyOutcome.CONTINUING:
        ended_on = _past_day(act, "ended_on", "Write the day on which the pregnancy ended.")
    nulliparous = Known(first) if first in (Known.YES, Known.NO) else None
    if outcome is None and nulliparous is None and edd in (None, edd_now):
        raise Incomplete("Nothing was chosen that could be recorded.")
    return planning_acts.PregnancyFacts(
        edd=None if edd == edd_now else edd, nulliparous=nulliparous, outcome=outcome, ended_on=ended_on
    )


def _past_day(act: Act, name: str, missing: str) -> date:
    day = _day(act.text(name), missing)
    today = act.visit.site.rules.calendar.civil_date(act.visit.now)
    if day > today:
        raise Incomplete("This day is still to come. Record it when it has been.")
    if day < today - LONGEST_AGO:
        raise Incomplete("This day lies more than a year back. Check it.")
    return day


def _day(text: str, missing: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Incomplete(missing) from error


def _do(act: Act, household_id: int, name: str, do: Callable[[Family], str]) -> Response:
    """Run one act on the household; commit and ring, or draw the page with what was wrong and what they had written."""
    visit = act.visit
    found = find(visit, household_id)
    try:
        done = do(found)
        visit.db.commit()
    except ActionRefused as refusal:
        visit.db.rollback()
        draft = {"act": name, **{key: act.text(key) for key in act.form if key != "csrf_token"}}
        return show(visit, find(visit, household_id), status=422, problem=str(refusal), **draft)
    visit.site.ring("engine")
    return RedirectResponse(f"/families/{household_id}?done={done}", status_code=303)
