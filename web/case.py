"""A follow-up's page: how it is safe to reach her, its story, the plan ahead, the household, and what can be done."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from models.db import case, case_story, decline_page, history, hold_facts, pathway_versions, pattern_page, planning_page
from models.db.case import Case
from models.db.decline_actions import DECLINABLE
from models.domain.ids import FollowUpId
from models.domain.ladder import coming_steps
from models.domain.words import FollowUpState, FollowUpTrigger, Known, MessageState
from web import decline_words as declines
from web import family_joint, sentences, words
from web.case_parts import parts
from web.case_staffing_view import case_staffing
from web.family_plan import Corrected, corrected_ages, mood_gaps
from web.pages import page
from web.stories import tell_story
from web.visits import AVisit, NotFound, Visit

router = APIRouter()
LIVE = (FollowUpState.OPEN, FollowUpState.SEEN, FollowUpState.CLOSING, FollowUpState.BACKLOG)


@router.get("/follow-ups/{follow_up_id}")
def follow_up(follow_up_id: int, visit: AVisit) -> HTMLResponse:
    """The page of one follow-up; reading it is kept."""
    found = find(visit, follow_up_id)
    history.audited(
        visit.db,
        action="read",
        subject="follow_up",
        subject_id=found.row.id,
        household_id=found.row.household_id,
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return show(visit, found)


def find(visit: Visit, follow_up_id: int) -> Case:
    """The case within this visit's scope. Raises NotFound, also where it exists for others."""
    found = None
    if 0 < follow_up_id < 2**63:
        guarded = visit.site.rules.sharing.guarded
        found = case.find(visit.db, visit.scope, FollowUpId(follow_up_id), guarded=guarded)
    if found is None:
        raise NotFound
    return found


def show(
    visit: Visit,
    found: Case,
    *,
    status: int = 200,
    problem: str = "",
    changed: list[case_story.Happening] | None = None,
    draft: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Draw the page; after a refused act with what was wrong, what changed meanwhile, and what they had written."""
    site, row = visit.site, found.row
    zone = site.rules.calendar.zone
    pathway = site.pathways.get(visit.db, row.pathway_code, row.pathway_version)
    step = None if row.step_id is None else pathway.step(row.step_id)
    told = sentences.tell(
        row,
        kind=site.rules.contacts.get(row.contact_code),
        name=site.rules.name_of(row.contact_code),
        pathway=pathway,
        now=visit.now,
        zone=zone,
    )
    story = case_story.story(visit.db, row.id, limit=site.web.story_size)
    return page(
        visit,
        "case.html",
        status=status,
        case=found,
        row=row,
        one=told,
        step=step,
        pathway=pathway,
        is_signed=(row.pathway_code, row.pathway_version) in pathway_versions.signed_keys(visit.db),
        subject=next((member for member in found.members if member.person_id == row.person_id), None),
        mood=mood_gaps(visit, row.household_id, found.members),
        corrected=_corrected(visit, found),
        children=[member for member in found.members if member.is_child],
        adults=[member for member in found.members if not member.is_child],
        story=tell_story(story, pathway=pathway, zone=zone),
        ahead=_ahead(visit, found),
        patterns=pattern_page.of_follow_up(visit.db, row.id),
        others=[_other(visit, other) for other in found.others],
        may=_may(visit, found),
        decline=decline_page.of_follow_up(visit.db, row.id),
        **declines.WORDS,
        outcomes=words.OUTCOMES,
        closing=words.CLOSING,
        **family_joint.for_case(visit, found),
        problem=problem,
        changed=tell_story(changed or [], pathway=pathway, zone=zone),
        draft=draft or {},
        today=visit.now.astimezone(zone).date(),
        staffing=case_staffing(visit, found, pathway),
        emergency_routes=site.rules.staffing.emergency_routes,
        **parts(visit, found),
    )


def _corrected(visit: Visit, found: Case) -> Corrected:
    twins = visit.site.rules.planning.pregnancy.twins_within
    due_dates = planning_page.due_dates(visit.db, found.row.household_id, twins_within=twins)
    return corrected_ages(visit, found.members, due_dates)


def _ahead(visit: Visit, found: Case) -> list[tuple[Any, Any]]:
    """The steps to come with their due times, soonest first; none for one that has ended or waits for a person."""
    if found.row.state is not FollowUpState.OPEN:
        return []
    facts = case_story.facts_row(visit.db, found.row.id)
    pathway = visit.site.pathways.get(visit.db, found.row.pathway_code, found.row.pathway_version)
    if facts is None:
        return []
    rules, calendar = visit.site.rules, visit.site.rules.calendar
    waits = hold_facts.rests(visit.db, facts, rules.holds, calendar=calendar)
    known = facts.facts(high_risk=facts.high_risk, pauses=waits)
    return list(coming_steps(known, pathway, now=visit.now, calendar=calendar))


def _other(visit: Visit, row: Any) -> tuple[Any, str]:
    rules = visit.site.rules
    kind, name = rules.contacts.get(row.contact_code), rules.name_of(row.contact_code)
    return row, sentences.why_here(row, kind=kind, name=name, zone=rules.calendar.zone)


def _may(visit: Visit, found: Case) -> dict[str, bool]:
    """Which acts the page offers; each act checks again for itself."""
    row = found.row
    live = row.state in LIVE
    unrecorded = row.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED
    text_waits = row.text_state in (MessageState.HELD, MessageState.BLOCKED, MessageState.EXPIRED)
    numbers_say_no = all(
        number.safe_to_text is Known.NO or number.opted_out_at is not None
        for member in found.members
        for number in member.numbers
    )
    flags = [code for member in found.members for code in member.flags]
    switched_off = found.ending.texts_stopped_at is not None
    stopped = numbers_say_no or switched_off or bool(row.holds) or visit.site.rules.flags.blocks_texts(flags)
    return {
        "acknowledge": live and row.step_id is not None and row.state is not FollowUpState.BACKLOG,
        "release": row.state is FollowUpState.OPEN and not unrecorded and text_waits and not stopped,
        # Also after it has ended: a correction puts things right at any time.
        "outcome": not row.after_loss and row.appointment_id is not None,
        "decline": live and row.trigger in DECLINABLE,
        "close": live and row.state is not FollowUpState.CLOSING,
        "agree": row.state is FollowUpState.CLOSING and row.closing_by != visit.scope.actor,
        "take_up": row.state is FollowUpState.BACKLOG,
        "not_seen": row.state is FollowUpState.SEEN,
        "reopen": row.state is FollowUpState.CLOSED,
        "stop_texts": row.household_id is not None and not switched_off,
    }
