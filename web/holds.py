"""What people record on a family's page: a loss, a stay in hospital, a move and its acceptance; and deciding on a hold.

Each act checks scope and role, calls one function, commits and nudges the engine; what was refused keeps its draft.
"""

from collections.abc import Callable
from datetime import date, datetime, time

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from models.db import handovers, hold_acts, hold_facts
from models.db.family_page import Family, holds
from models.db.follow_up_rows import ActionRefused, ChangedMeanwhile, NotAllowed
from models.db.handovers import Acceptance
from models.db.hold_acts import Acting
from models.domain.words import HandoverWay, HoldEnd, HoldKind, PregnancyOutcome
from web import words
from web.family import find, show
from web.visits import Act, AnAct, NotFound

router = APIRouter()
Do = Callable[[Family, Acting], str]


@router.post("/families/{household_id}/death")
def death(household_id: int, act: AnAct) -> Response:
    """Somebody of the household has died."""

    def do(found: Family, acting: Acting) -> str:
        person = _member(found, act)
        hold_acts.tell_death(act.visit.db, person, died_on=_day(act, "on"), note=act.text("note"), acting=acting)
        return "hold_set"

    return run(act, household_id, do)


@router.post("/families/{household_id}/pregnancy-ended")
def pregnancy_ended(household_id: int, act: AnAct) -> Response:
    """A pregnancy has ended in a loss."""

    def do(found: Family, acting: Acting) -> str:
        if act.text("outcome") not in list(words.LOSSES):
            raise NotAllowed("Choose how the pregnancy ended.")
        hold_acts.tell_pregnancy_end(
            act.visit.db,
            _member(found, act),
            outcome=PregnancyOutcome(act.text("outcome")),
            ended_on=_day(act, "on"),
            note=act.text("note"),
            acting=acting,
        )
        return "hold_set"

    return run(act, household_id, do)


@router.post("/families/{household_id}/in-hospital")
def in_hospital(household_id: int, act: AnAct) -> Response:
    """Mother or baby is in hospital, until a day on which somebody asks again."""

    def do(found: Family, acting: Acting) -> str:
        hold_acts.hold_person(
            act.visit.db,
            HoldKind.IN_HOSPITAL,
            _member(found, act),
            until=_day(act, "until"),
            note=act.text("note"),
            acting=acting,
        )
        return "hold_set"

    return run(act, household_id, do)


@router.post("/families/{household_id}/moved-out")
def moved_out(household_id: int, act: AnAct) -> Response:
    """The family, or one of them, has moved out; it stays ours until somebody has accepted it."""

    def do(found: Family, acting: Acting) -> str:
        person = None if act.text("person") == "all" else _member(found, act)
        hold_acts.hold_person(
            act.visit.db,
            HoldKind.MOVED_OUT,
            person,
            until=None,
            note=act.text("note"),
            acting=acting,
            detail={"moved_to": act.text("moved_to", longest=200) or None},
        )
        return "hold_set"

    return run(act, household_id, do)


@router.post("/families/{household_id}/accepted")
def accepted(household_id: int, act: AnAct) -> Response:
    """The receiving service has accepted those who moved out: who, when, where and how."""

    def do(found: Family, acting: Acting) -> str:
        if act.text("way") not in list(HandoverWay):
            raise NotAllowed("Choose how they told us that they accept.")
        acceptance = Acceptance(
            holds=act.numbers("hold"),
            household_id=found.household_id,
            receiver=act.text("receiver", longest=200),
            accepted_by=act.text("accepted_by", longest=200),
            accepted_at=_moment(act),
            way=HandoverWay(act.text("way")),
            note=act.text("note"),
        )
        handovers.accept(act.visit.db, acceptance, account=acting.account, now=acting.now)
        return "accepted"

    return run(act, household_id, do)


@router.post("/families/{household_id}/acceptances/{handover_id}/withdraw")
def withdraw(household_id: int, handover_id: int, act: AnAct) -> Response:
    """The receiver does not have them after all."""

    def do(found: Family, acting: Acting) -> str:
        _standing(act, found, lambda hold: hold.handover_id == handover_id)
        rule = acting.rules.rules[HoldKind.MOVED_OUT]
        review = rule.answer_within.after(acting.now, calendar=acting.calendar)
        handovers.withdraw(
            act.visit.db, handover_id, reason=act.text("note"), review=review, account=acting.account, now=acting.now
        )
        return "acceptance_withdrawn"

    return run(act, household_id, do)


@router.post("/families/{household_id}/holds/{hold_id}/end")
def end(household_id: int, hold_id: int, act: AnAct) -> Response:
    """A hold is over, or was set in error."""

    def do(found: Family, acting: Acting) -> str:
        _standing(act, found, lambda hold: hold.id == hold_id)
        if act.text("how") not in (HoldEnd.OVER, HoldEnd.IN_ERROR):
            raise NotAllowed("Choose whether it is over, or was never so.")
        hold_acts.end_hold(act.visit.db, hold_id, how=HoldEnd(act.text("how")), note=act.text("note"), acting=acting)
        return "hold_ended"

    return run(act, household_id, do)


@router.post("/families/{household_id}/holds/{hold_id}/keep-on")
def keep_on(household_id: int, hold_id: int, act: AnAct) -> Response:
    """A hold goes on until a day on which somebody decides again."""

    def do(found: Family, acting: Acting) -> str:
        _standing(act, found, lambda hold: hold.id == hold_id)
        hold_acts.keep_on(act.visit.db, hold_id, until=_day(act, "until"), note=act.text("note"), acting=acting)
        return "hold_kept_on"

    return run(act, household_id, do)


def run(act: Act, household_id: int, do: Do) -> Response:
    """Run one act within scope; commit and nudge, or draw the page again with what is missing and the draft."""
    visit = act.visit
    found = find(visit, household_id)
    rules = visit.site.rules
    acting = Acting(visit.scope, found.household_id, rules.holds, rules.calendar, visit.now)
    try:
        done = do(found, acting)
        visit.db.commit()
    except ActionRefused as refusal:
        visit.db.rollback()
        return refused(act, find(visit, household_id), refusal)
    visit.site.ring("engine")
    return RedirectResponse(f"/families/{household_id}?done={done}", status_code=303)


def refused(act: Act, found: Family, refusal: ActionRefused) -> Response:
    """The page again, with what was wrong and all that was written."""
    status = 409 if isinstance(refusal, ChangedMeanwhile) else 422
    problem = str(refusal)
    draft = {key: act.text(key) for key in act.form if key != "csrf_token"}
    draft["act"] = act.visit.request.url.path.rpartition("/")[2]
    return show(act.visit, found, status=status, problem=problem[:1].upper() + problem[1:], **draft)


def _member(found: Family, act: Act) -> int:
    person = holds(found, act.number("person"))
    if person is None:
        raise NotAllowed("Choose whom it is about.")
    return person


def _standing(act: Act, found: Family, is_it: Callable[[hold_facts.ShownHold], bool]) -> None:
    """Raise NotFound unless it is a hold of this very family: forms name holds by number."""
    if not any(is_it(hold) for hold in hold_facts.of_household(act.visit.db, found.household_id)):
        raise NotFound


def _day(act: Act, name: str) -> date | None:
    raw = act.text(name, longest=10)
    try:
        return date.fromisoformat(raw) if raw else None
    except ValueError as error:
        raise NotAllowed("Write the day as day, month and year.") from error


def _moment(act: Act) -> datetime:
    """The day and hour of an acceptance, in civil time; without an hour, the moment the day began."""
    day, raw = _day(act, "accepted_on"), act.text("accepted_time", longest=5)
    if day is None:
        raise NotAllowed("Write the day on which they accepted.")
    try:
        hour = time.fromisoformat(raw) if raw else time(0)
    except ValueError as error:
        raise NotAllowed("Write the hour as 14:30, or leave it empty.") from error
    return act.visit.site.rules.calendar.at(day, hour)
