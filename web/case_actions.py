"""What people do on a follow-up's page. Each act checks scope, role and the version they saw, then calls one function.

Two people at once: the later is told what changed, and nothing of theirs is lost. A double submit does nothing twice.
"""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from models.db import (
    case_story,
    confirmations,
    follow_up_actions,
    follow_ups,
    history,
    outcomes,
    texts_stop,
)
from models.db.case import Case
from models.db.follow_up_actions import ActionRefused, ChangedMeanwhile
from models.domain.words import AppointmentStatus, ClosedReason, FollowUpState
from web import words
from web.case import find, show
from web.visits import Act, AnAct

router = APIRouter()
CONFIRMED = ("continuing", "alive", "safe", "right")
TEN_SECONDS = 10


class Incomplete(ActionRefused):
    """The form lacks something; the message asks for it in the users' words."""


@router.post("/follow-ups/{follow_up_id}/acknowledge")
def acknowledge(follow_up_id: int, act: AnAct) -> Response:
    """Take the step on, for as long as its lease."""

    def do(found: Case, version: int) -> str:
        visit = act.visit
        follow_up_actions.acknowledge(
            visit.db,
            follow_up_id=found.row.id,
            row_version=version,
            account=visit.scope,
            pathways=visit.site.pathways,
            calendar=visit.site.rules.calendar,
            now=visit.now,
        )
        return "acknowledged"

    return perform(act, follow_up_id, "acknowledge", do)


@router.post("/follow-ups/{follow_up_id}/release-text")
def release_text(follow_up_id: int, act: AnAct) -> Response:
    """Let the held text go, once all four things are confirmed; the gate still decides when it leaves."""

    def do(found: Case, version: int) -> str:
        visit = act.visit
        if set(CONFIRMED) - set(act.form.getlist("confirm")):
            raise Incomplete("Tick all four boxes before you release the text. If one isn't so, ring or visit instead.")
        confirmations.confirm_for_text(
            visit.db,
            follow_up_id=found.row.id,
            household_id=found.row.household_id,
            account=visit.scope,
            now=visit.now,
            today=visit.site.rules.calendar.civil_date(visit.now),
        )
        follow_up_actions.release_text(
            visit.db, follow_up_id=found.row.id, row_version=version, account=visit.scope, now=visit.now
        )
        return "text_released"

    return perform(act, follow_up_id, "release-text", do, lanes=("send", "engine"))


@router.post("/follow-ups/{follow_up_id}/outcome")
def record_outcome(follow_up_id: int, act: AnAct) -> Response:
    """Record what happened at the appointment that this follow-up is about."""

    def do(found: Case, version: int) -> str:
        chosen = words.OUTCOMES.get(act.text("outcome"))
        if chosen is None:
            raise Incomplete("Choose what happened.")
        if found.row.appointment_id is None:
            raise Incomplete("This follow-up is about a contact that was never booked: there is no outcome to record.")
        _, status, subtype = chosen
        outcomes.record_outcome(
            act.visit.db,
            appointment_id=found.row.appointment_id,
            seen_status=_status(act.text("seen_status")),
            status=status,
            subtype=subtype,
            mode=None,
            reason=act.text("reason", longest=500) or None,
            account=act.visit.scope,
            now=act.visit.now,
        )
        return "outcome_recorded"

    return perform(act, follow_up_id, "outcome", do)


@router.post("/follow-ups/{follow_up_id}/close")
def close(follow_up_id: int, act: AnAct) -> Response:
    """Close with a reason; a high-risk one asks for, or gets, the second person."""

    def do(found: Case, version: int) -> str:
        raw, note = act.text("reason"), act.text("note")
        if raw not in list(words.CLOSED):
            raise Incomplete("Choose why it ends.")
        if not note:
            raise Incomplete("Write who was seen, when and by whom, or why this ends.")
        _refuse_unheard_risk(act, found)
        state = follow_up_actions.close(
            act.visit.db,
            follow_up_id=found.row.id,
            row_version=version,
            account=act.visit.scope,
            reason=ClosedReason(raw),
            note=note,
            now=act.visit.now,
        )
        return "closed" if state is FollowUpState.CLOSED else "closing_asked"

    return perform(act, follow_up_id, "close", do)


def _refuse_unheard_risk(act: Act, found: Case) -> None:
    """A flag that came in a moment ago and that the engine has not taken up yet asks for a second person already."""
    flags = act.visit.site.rules.flags
    family = (int(found.row.person_id), found.row.household_id)
    harmless = flags.kinds.keys() - flags.high_risk_codes
    if not found.row.high_risk and follow_ups.flagged(act.visit.db, [family], harmless_flags=harmless):
        raise Incomplete(
            "A high-risk flag has just come in for this family. Look at this page again in a minute: then you can ask a"
            " second person to agree."
        )


@router.post("/follow-ups/{follow_up_id}/send-back")
def send_back(follow_up_id: int, act: AnAct) -> Response:
    """The second person does not agree."""
    return _noted(act, follow_up_id, "send-back", follow_up_actions.refuse_closing, "closing_refused")


@router.post("/follow-ups/{follow_up_id}/not-seen")
def not_seen(follow_up_id: int, act: AnAct) -> Response:
    """The evidence of being seen was wrong."""
    return _noted(act, follow_up_id, "not-seen", follow_up_actions.not_seen_after_all, "not_seen_after_all")


@router.post("/follow-ups/{follow_up_id}/reopen")
def reopen(follow_up_id: int, act: AnAct) -> Response:
    """Open a closed follow-up again."""
    return _noted(act, follow_up_id, "reopen", follow_up_actions.reopen, "reopened")


@router.post("/follow-ups/{follow_up_id}/take-up")
def take_up(follow_up_id: int, act: AnAct) -> Response:
    """Take up an old entry."""

    def do(found: Case, version: int) -> str:
        visit = act.visit
        follow_up_actions.take_up(
            visit.db, follow_up_id=found.row.id, row_version=version, account=visit.scope, now=visit.now
        )
        return "taken_up"

    return perform(act, follow_up_id, "take-up", do)


@router.post("/follow-ups/{follow_up_id}/stop-texts")
def stop_texts(follow_up_id: int, act: AnAct) -> Response:
    """Stop every text to this household at once; pressed twice, the first stop stands."""

    def do(found: Case, version: int) -> str:
        visit, household = act.visit, found.row.household_id
        if household is None:
            raise Incomplete("No household is known, so no text is sent by itself.")
        texts_stop.stop_household(visit.db, household, by=visit.scope.actor, now=visit.now)
        history.audited(
            visit.db,
            action="texts_stopped",
            subject="household",
            subject_id=household,
            household_id=household,
            actor=visit.scope,
            now=visit.now,
        )
        return "texts_stopped"

    return perform(act, follow_up_id, "stop-texts", do)


def _noted(act: Act, follow_up_id: int, name: str, call: Callable[..., object], done: str) -> Response:
    """An act that needs only a note."""

    def do(found: Case, version: int) -> str:
        note = act.text("note")
        if not note:
            raise Incomplete("Write a note that says why.")
        visit = act.visit
        call(visit.db, follow_up_id=found.row.id, row_version=version, account=visit.scope, note=note, now=visit.now)
        return done

    return perform(act, follow_up_id, name, do)


def perform(
    act: Act,
    follow_up_id: int,
    name: str,
    do: Callable[[Case, int], str],
    *,
    lanes: tuple[str, ...] = ("engine",),
) -> Response:
    """Run one act within scope; commit and nudge, or say what changed or is missing with the draft kept."""
    visit = act.visit
    found = find(visit, follow_up_id)
    try:
        done = do(found, act.number("row_version") or 0)
        visit.db.commit()
    except ActionRefused as refusal:
        visit.db.rollback()
        return _refused(act, follow_up_id, name, refusal)
    for lane in lanes:
        visit.site.ring(lane)
    return RedirectResponse(f"/follow-ups/{follow_up_id}?done={done}", status_code=303)


def _refused(act: Act, follow_up_id: int, name: str, refusal: ActionRefused) -> Response:
    visit = act.visit
    found = find(visit, follow_up_id)
    draft = {"act": name, **{key: act.text(key) for key in act.form if key != "csrf_token"}}
    if not isinstance(refusal, ChangedMeanwhile):
        return show(visit, found, status=422, problem=str(refusal), draft=draft)
    changed = case_story.since(visit.db, found.row.id, event_id=act.number("last_event") or 0)
    if _is_double(act, name, changed, now=visit.now):
        return RedirectResponse(f"/follow-ups/{follow_up_id}?done=already", status_code=303)
    problem = "" if changed else "This follow-up changed while you were looking at it. Look at it again, then repeat."
    return show(visit, found, status=409, problem=problem, changed=changed, draft=draft)


def _is_double(act: Act, name: str, changed: list[case_story.Happening], *, now: datetime) -> bool:
    """Whether all that changed is this very act, by this very person, a moment ago: the same button pressed twice."""
    mine = {
        "acknowledge": {"acknowledged"},
        "release-text": {"text_released"},
        "close": {"closed", "closing_asked"},
        "send-back": {"closing_refused"},
        "not-seen": {"not_seen_after_all"},
        "reopen": {"reopened"},
        "take-up": {"taken_up"},
        "assign": {"reassigned"},
        "step-time": {"step_made_earlier", "step_made_later", "step_extension_asked"},
        "step-decision": {"step_extension_agreed", "step_extension_refused"},
        "agency": {"agency_contacted"},
        "agency-reply": {"agency_replied"},
    }.get(name, set())
    return bool(changed) and all(
        one.what in mine and one.actor == act.visit.scope.actor and (now - one.at).total_seconds() < TEN_SECONDS
        for one in changed
    )


def _status(raw: str) -> AppointmentStatus:
    try:
        return AppointmentStatus(raw)
    except ValueError as error:
        raise Incomplete("Load the page again: it did not say how the appointment stood.") from error
