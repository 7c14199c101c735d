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
