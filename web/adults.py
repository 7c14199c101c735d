"""The adults round a child: who else cares, what is known of each, and what a person writes down about them."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from fastapi import APIRouter
from nhs_number.validate import is_valid
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import adult_records, carers, discharges, history, pre_birth
from models.db.adult_records import ROLE_OF, AdultFacts, NewAdult
from models.db.case import Member
from models.db.discharges import Proposal
from models.db.family_page import Family, holds
from models.db.follow_up_rows import ActionRefused
from models.db.pre_birth import NotHeld
from models.domain.carers import review_on
from models.domain.words import Asked, ContactPattern, Known, MissedBy, PersonRole, Relationship, ToldBy
from web import adult_words, words
from web.case_actions import Incomplete
from web.family import find, show
from web.pages import page
from web.sharing import decider
from web.visits import Act, AnAct, AVisit, NotFound, Visit

router = APIRouter()
ANSWERS = (Known.YES, Known.NO, Known.UNKNOWN)  # NOT ASKED is no answer
E = TypeVar("E", bound=StrEnum)
# The fields of the forms on a family's page: what was written in them is kept when an act is refused.
_DRAFTED = (
    "answer", "told_by", "note", "name", "date_of_birth", "nhs_number", "relationship", "person", "on", "by", "reason",
)  # fmt: skip


@router.post("/families/{household_id}/carers")
def answer_carers(household_id: int, act: AnAct) -> Response:
    """Who else cares for the baby: yes, nobody by somebody's account, or not known."""
    visit = act.visit
    found = find(visit, household_id)
    try:
        given = _word(act, "answer", Known, "Choose the answer.")
        if given not in ANSWERS:
            raise Incomplete("Choose the answer.")
        told_by = _word(act, "told_by", ToldBy, "Choose who told us.")
    except Incomplete as missing:
        return _refused(act, found, "carers", missing)
    calendar, rules = visit.site.rules.calendar, visit.site.rules.carers
    review = review_on(given, answered_on=calendar.civil_date(visit.now), rules=rules)
    carers.answer(
        visit.db,
        found.household_id,
        given,
        told_by=told_by,
        note=act.text("note", longest=500) or None,
        review_at=None if review is None else calendar.at(review, calendar.day_starts),
        account=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return RedirectResponse(f"/families/{household_id}?done=carers_answered#carers", status_code=303)


@router.post("/families/{household_id}/adults")
def add_adult(household_id: int, act: AnAct) -> Response:
    """Put an adult into the household whom no source has told us of; that answers the question who else cares."""
    visit = act.visit
    found = find(visit, household_id)
    try:
        relationship = _word(act, "relationship", Relationship, "Choose what they are to the children.")
        told_by = _word(act, "told_by", ToldBy, "Choose who told us.")
        adult = _new_adult(act)
        person = adult_records.add(
            visit.db,
            found.household_id,
            adult,
            role=ROLE_OF.get(relationship, PersonRole.CARER),
            account=visit.scope,
            now=visit.now,
        )
    except ActionRefused as refusal:
        visit.db.rollback()
        return _refused(act, find(visit, household_id), "add-adult", refusal)
    carers.answer(
        visit.db, found.household_id, Known.YES, told_by=told_by, note=None, review_at=None, account=visit.scope,
        now=visit.now,
    )  # fmt: skip
    visit.db.commit()
    address = f"/families/{household_id}/adults/{person}?done=adult_added&relationship={relationship}"
    return RedirectResponse(address, status_code=303)


@router.get("/families/{household_id}/adults/{person_id}")
def adult(household_id: int, person_id: int, visit: AVisit) -> HTMLResponse:
    """What is known of one adult in this household; reading it is kept."""
    found = find(visit, household_id)
    member = _adult(found, person_id)
    history.audited(
        visit.db,
        action="read",
        subject="person",
        subject_id=member.person_id,
        household_id=found.household_id,
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return _show(visit, found, member)


@router.post("/families/{household_id}/adults/{person_id}")
def record_adult(household_id: int, person_id: int, act: AnAct) -> Response:
    """Keep what is known of one adult now."""
    visit = act.visit
    found = find(visit, household_id)
    member = _adult(found, person_id)
    try:
        adult_records.record(
            visit.db, found.household_id, member.person_id, _facts(act), account=visit.scope, now=visit.now
        )
    except ActionRefused as refusal:
        visit.db.rollback()
        draft = {key: act.text(key) for key in act.form}
        return _show(visit, find(visit, household_id), member, problem=str(refusal), draft=draft)
    visit.db.commit()
    return RedirectResponse(f"/families/{household_id}?done=adult_recorded#adults", status_code=303)


@router.post("/families/{household_id}/pre-birth")
def pre_birth_missed(household_id: int, act: AnAct) -> Response:
    """A pre-birth assessment did not take place."""
    visit = act.visit
    found = find(visit, household_id)
    calendar = visit.site.rules.calendar
    try:
        person = holds(found, act.number("person"))
        if person is None:
            raise Incomplete("Choose whose assessment it was.")
        day = _day(act, "on")
        if day is None or day > calendar.civil_date(visit.now):
            raise Incomplete("Write the day when it should have taken place; not one to come.")
        by = _word(act, "by", MissedBy, "Choose on whose side it did not take place.")
    except Incomplete as missing:
        return _refused(act, found, "pre-birth", missing)
    at = min(calendar.at(day, calendar.day_ends), visit.now)
    if visit.now - at > visit.site.rules.feeds.backlog_after:
        at = visit.now  # somebody records it today: it is nobody's old entry
    missed = NotHeld(found.household_id, person, day, by)
    new = pre_birth.record(visit.db, missed, at=at, account=visit.scope, now=visit.now)
    visit.db.commit()
    visit.site.ring("engine")
    done = "pre_birth_recorded" if new else "already"
    return RedirectResponse(f"/families/{household_id}?done={done}", status_code=303)


@router.post("/families/{household_id}/discharge")
def propose_discharge(household_id: int, act: AnAct) -> Response:
    """The service that sees an adult proposes to end its care."""
    visit = act.visit
    found = find(visit, household_id)
    rules = visit.site.rules
    guarded = rules.sharing.guarded
    try:
        adults = discharges.in_care(visit.db, visit.scope, found.household_id, guarded=guarded)
        adult = next((one for one in adults if one.person_id == act.number("person")), None)
        if adult is None:
            raise Incomplete("Choose whose care it is.")
        proposal = Proposal(adult, found.household_id, guarded[adult.contact_code], act.text("reason", longest=500))
        harmless = [code for code, kind in rules.flags.kinds.items() if not kind.high_risk]
        discharges.propose(visit.db, proposal, decider(visit), harmless_flags=harmless)
        visit.db.commit()
    except ActionRefused as refusal:
        visit.db.rollback()
        return _refused(act, find(visit, household_id), "discharge", refusal)
    visit.site.ring("engine")
    return RedirectResponse(f"/families/{household_id}?done=discharge_proposed", status_code=303)


def _adult(found: Family, person_id: int) -> Member:
    member = next((one for one in found.members if one.person_id == person_id and not one.is_child), None)
    if member is None:
        raise NotFound
    return member


def _show(
    visit: Visit, found: Family, member: Member, *, problem: str = "", draft: Mapping[str, str] | None = None
) -> HTMLResponse:
    newest = adult_records.newest(visit.db, found.household_id).get(member.person_id)
    asked = visit.request.query_params.get("relationship", "")
    relationship = asked if asked in list(Relationship) else ""
    return page(
        visit,
        "adult.html",
        status=422 if problem else 200,
        family=found,
        member=member,
        newest=newest,
        facts=newest.facts if newest is not None else None,
        first_relationship=relationship,
        known=words.KNOWN,
        relationships=adult_words.RELATIONSHIPS,
        patterns=adult_words.PATTERNS,
        asked=adult_words.ASKED,
        told_by=adult_words.TOLD_BY,
        bases=visit.site.rules.carers.bases,
        problem=problem,
        draft=draft or {},
    )


def _refused(act: Act, found: Family, name: str, refusal: Exception) -> HTMLResponse:
    draft = {key: act.text(key) for key in _DRAFTED}
    return show(act.visit, found, status=422, problem=str(refusal), act=name, **draft)


def _new_adult(act: Act) -> NewAdult:
    name, number = act.text("name", longest=120), act.text("nhs_number", longest=20).replace(" ", "")
    if not name:
        raise Incomplete("Write their name, or what the family calls them.")
    if number and not (number.isascii() and number.isdigit() and is_valid(number)):
        raise Incomplete("This is no NHS number. Check it, or leave it out.")
    return NewAdult(name, _day(act, "date_of_birth"), number or None)


def _facts(act: Act) -> AdultFacts:
    bases = act.visit.site.rules.carers.bases
    basis = bases.get(act.text("legal_basis", longest=40))
    if basis is None:
        raise Incomplete("Choose the ground for keeping this.")

    def known(name: str) -> Known:
        return _word(act, name, Known, "Choose an answer to each question.")

    return AdultFacts(
        relationship=_word(act, "relationship", Relationship, "Choose what they are to the children."),
        is_man=known("is_man"),
        lives_with=known("lives_with"),
        parental_responsibility=known("parental_responsibility"),
        contact_pattern=_word(act, "contact_pattern", ContactPattern, "Choose how often they are with the children."),
        seen_on=_day(act, "seen_on"),
        mental_health_asked=_word(act, "mental_health_asked", Asked, "Choose whether they were asked."),
        mental_health_asked_on=_day(act, "mental_health_asked_on"),
        domestic_abuse=known("domestic_abuse"),
        violence=known("violence"),
        substance_misuse=known("substance_misuse"),
        other_children=known("other_children"),
        safe_to_contact=known("safe_to_contact"),
        texts_about_child=known("texts_about_child"),
        told_by=_word(act, "told_by", ToldBy, "Choose who told us."),
        legal_basis=basis,
        note=act.text("note", longest=500) or None,
    )


def _word(act: Act, name: str, kind: type[E], problem: str) -> E:
    try:
        return kind(act.text(name, longest=40))
    except ValueError:
        raise Incomplete(problem) from None


def _day(act: Act, name: str) -> date | None:
    raw = act.text(name, longest=10)
    if not raw:
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise Incomplete(f"{raw} is no date. Write it as year-month-day, such as 2026-06-08.") from None
