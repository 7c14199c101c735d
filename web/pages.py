"""Render a page: its template, with what stands on every page around it."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse

from models.db import banners
from models.domain.words import FeedHealth
from web import words
from web.health import last_cycle, late_parts
from web.site import site_of
from web.visits import Visit

# What a page says after an act, by the word in its address: the words are ours, never the address's.
DONE = {
    "acknowledged": "You have taken this on.",
    "text_released": "The text is released. It leaves when every check at sending time agrees.",
    "outcome_recorded": "The outcome is recorded. The plan follows it within a minute.",
    "decline_recorded": "The decline is recorded, with all that has to be known. It now waits for its review.",
    "decline_incomplete": "The decline is recorded. What is still missing is asked for until it is known.",
    "records_joined": "The two records are one. Their follow-ups are put in order within a minute.",
    "records_not_one": "It is recorded that these are two.",
    "records_parted": "It is taken back: everything is where it was.",
    "records_parted_rest": "It is taken back. Something came or was changed in between: a task asks whose it is.",
    "record_parted": "The record is parted. Follow-ups go with their appointments within a minute.",
    "closed": "The follow-up is closed.",
    "closing_asked": "You have asked to close it. A second person has to agree, because of a high-risk flag.",
    "closing_refused": "It goes on where it was. The person who asked to close it can read your note.",
    "taken_up": "It is open now and its plan begins.",
    "not_seen_after_all": "It is open again, and its plan goes on.",
    "reopened": "It is open again, and its plan begins anew.",
    "texts_stopped": "All texts to this family are stopped. Ring or visit.",
    "prompt_decided": "Your decision is recorded.",
    "referred": "The referral is recorded. If no answer comes in time, it is chased.",
    "hop_recorded": "Recorded. The next step of the referral has its own time now.",
    "challenge_opened": "The challenge is open. Nothing was sent to the other service.",
    "challenge_replied": "The reply is kept. Resolve the challenge, or raise it, when you know.",
    "challenge_raised": "It is with the next stage now, and its owner is told.",
    "challenge_resolved": "The challenge is resolved.",
    "action_agreed": "The action is on the plan.",
    "action_moved": "The action has another day.",
    "action_ended": "The action is off the plan.",
    "concern_recorded": "Recorded.",
    "score_read": "Recorded that you have read it.",
    "alert_done": "Marked as dealt with.",
    "contact_held": "It is recorded. What was asked about it is yours to confirm and close.",
    "handed_over": "It is recorded. Nothing more is planned for this child; close what is open with its reason.",
    "handover_withdrawn": "It is taken back. The child is planned for again.",
    "pregnancy_recorded": "It is recorded. The plan follows within a minute.",
    "reassigned": "They are told within a minute, and have it from now on.",
    "step_moved": "The time is changed. The plan follows it within a minute.",
    "step_asked": "A team lead is asked. The step keeps its time until they agree.",
    "step_agreed": "You have agreed. The step has its new time.",
    "step_refused": "You have not agreed. The step keeps its time; whoever asked can read your reason.",
    "agency_contacted": "The contact is recorded. If they do not answer in time, you are asked to challenge them.",
    "agency_replied": "Their answer is recorded.",
    "absence_recorded": "The absence is entered. What they hold goes to others when it begins.",
    "absence_called_off": "The absence is called off. What was handed over stays where it is.",
    "all_handed_over": "All of it is handed over. The new holder is told within a minute.",
    "route_tested": "The test is recorded.",
    "gap_signed": "Signed. The page of every affected follow-up says so, with your name.",
    "told": "It is recorded, and they are told.",
    "not_told": "Your decision not to tell is recorded.",
    "held": "It is held. Your lead is told.",
    "hold_looked_at": "Noted. The hold stands until its end.",
    "receipt_noted": "The receipt is noted.",
    "discharge_proposed": "The discharge is proposed. It waits until health visitor and GP have received the question.",
    "discharged": "Discharged. The family is looked at again for a year.",
    "discharge_withdrawn": "Care goes on. Whoever was asked is told.",
    "view_given": "Your view is recorded; the other service can read it.",
    "carers_answered": "Written down.",
    "adult_recorded": "What you know of this adult is written down.",
    "adult_added": "The adult is written down. Say what is known of them.",
    "pre_birth_recorded": "It is recorded, and followed up.",
    "hold_set": "It is recorded. Texts to the family are stopped; plans follow within a minute.",
    "hold_ended": "It is recorded. Plans follow within a minute.",
    "hold_kept_on": "It goes on, and you are asked again on that day.",
    "accepted": "The acceptance is recorded. What is still open can be closed now, with its reason.",
    "acceptance_withdrawn": "The family is ours again, and what was closed by the acceptance is open.",
    "split": "The household is separated. Every number has to be confirmed again before a text.",
    "split_undone": "The household is one again. Every number has to be confirmed again before a text.",
    "record_closed": "The record is closed to all but the named nurse.",
    "record_opened": "The record is open again. Every number has to be confirmed again before a text.",
    "already": "That was done already, a moment ago: nothing was done twice.",
}


def page(visit: Visit, template: str, *, status: int = 200, **content: Any) -> HTMLResponse:
    """A page for a logged-in person, with the freshness of the data on top."""
    site = visit.site
    feeds = banners.sources(visit.db)
    ticks, cycle = banners.ticks(visit.db), site.web.cycle
    frame = {
        "scope": visit.scope,
        "role": words.ACCOUNT_ROLES[visit.scope.role],
        "csrf_token": visit.csrf_token,
        "feeds": feeds,
        "late_feeds": [feed for feed in feeds if feed.health in (FeedHealth.LATE, FeedHealth.SMALL)],
        "late_parts": late_parts(ticks, cycle=cycle, now=visit.now),
        "last_cycle": last_cycle(ticks, cycle=cycle),
        "now": visit.now,
        "done": DONE.get(visit.request.query_params.get("done", ""), ""),
        "path": visit.request.url.path,
    }
    html = site.templates.get_template(template).render({**frame, **content})
    return HTMLResponse(html, status_code=status)


def plain_page(request: Request, template: str, *, status: int = 200, **content: Any) -> HTMLResponse:
    """A page for anybody: it asks the database nothing."""
    html = site_of(request).templates.get_template(template).render(content)
    return HTMLResponse(html, status_code=status)


def link(path: str, **query: object) -> str:
    """An address of ours with the parts of the query that are set."""
    kept = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path
