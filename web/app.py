"""Build the web application: its parts, its pages, and what it answers when something is wrong."""

import logging
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config import messages_loader
from config.nudge import Doorbell
from config.pathways_loader import pathway_from
from config.rules import Rules
from config.settings import Settings, SmsChannel, known_secret_key
from config.web_rules import load_web_rules
from models.db.pathway_shelf import PathwayShelf
from web import (
    action_plan,
    adults,
    case,
    case_actions,
    case_staffing,
    challenge_new,
    challenges,
    concerns,
    declines,
    family,
    family_planning,
    holds,
    login,
    machines,
    merges,
    needs,
    outbox,
    prompts,
    recording,
    referrals,
    reviews,
    running,
    sharing,
    splits,
    staffing,
    webhooks,
    worklist,
)
from web.pages import plain_page
from web.shield import Shield
from web.site import Site
from web.template_words import template_words
from web.templates_env import make_templates
from web.visits import Forbidden, NotFound, NotLoggedIn

HERE = Path(__file__).parent
log = logging.getLogger(__name__)


def create_app(settings: Settings, engine: Engine, rules: Rules) -> FastAPI:
    """The application over `engine`. Reads no environment; raises SettingsError without a secret key."""
    app = FastAPI(title="Steadfast", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = _site(settings, engine, rules)
    parts = (
        login,
        worklist,
        case,
        case_actions,
        case_staffing,
        declines,
        family,
        family_planning,
        adults,
        sharing,
        holds,
        splits,
        merges,
        staffing,
        prompts,
        needs,
        outbox,
        running,
        machines,
        webhooks,
    )
    for part in parts:
        app.include_router(part.router)
    # The form for a new challenge before the page of one: its address would be taken for a number.
    for part in (recording, concerns, reviews, referrals, challenge_new, challenges, action_plan):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_exception_handler(NotLoggedIn, _to_login)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(NotFound, _not_found)
    app.add_exception_handler(webhooks.BadSignature, webhooks.bad_signature)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(Shield, is_https=app.state.site.is_https, broken=_broken)
    return app


def _site(settings: Settings, engine: Engine, rules: Rules) -> Site:
    token = settings.twilio_auth_token
    return Site(
        engine=engine,
        secret=known_secret_key(settings).encode(),
        public_url=settings.public_url,
        twilio_auth_token=None if token is None else token.get_secret_value(),
        web=load_web_rules(settings.config_dir),
        rules=rules,
        sends_texts=settings.sms_channel is not SmsChannel.OUTBOX,
        messages=messages_loader.load([settings.config_dir] if settings.config_dir else []),
        pathways=PathwayShelf(pathway_from),
        templates=make_templates(zone=rules.calendar.zone, words=template_words(rules)),
        ring=_ring(settings),
    )


def _ring(settings: Settings) -> Callable[[str], object]:
    return Doorbell(settings.broker_url).ring if settings.broker_url else lambda lane: False


def _to_login(request: Request, error: Exception) -> Response:
    return RedirectResponse(login.login_address(request), status_code=303)


def _forbidden(request: Request, error: Exception) -> Response:
    log.info("request refused", extra={"action": "request_refused", "path": request.url.path, "why": str(error)})
    return plain_page(request, "error.html", status=403, kind="forbidden")


def _not_found(request: Request, error: Exception) -> Response:
    return plain_page(request, "error.html", status=404, kind="not_found")


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = "not_found" if status in (404, 405) else "broken"
    return plain_page(request, "error.html", status=status, kind=kind)


def _broken(request: Request) -> Response:
    return plain_page(request, "error.html", status=500, kind="broken")
