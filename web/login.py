"""Logging in and out. A session's token is new at every login; tries are slowed down before a password is read."""

import hmac
import secrets
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import accounts, clock, history, login_sessions, login_throttle
from models.db.login_throttle import key_of
from web.pages import plain_page
from web.site import Site, site_of
from web.visits import AnAct, Forbidden, cookie_name, open_db, posted_form

router = APIRouter()


@router.get("/login")
def login_page(request: Request) -> HTMLResponse:
    """The login form, bound to this browser by a cookie, so that nobody else's form can log it in."""
    site = site_of(request)
    nonce = request.cookies.get(_form_cookie(site)) or secrets.token_urlsafe(24)
    response = _form(request, site, nonce)
    _set(response, site, _form_cookie(site), nonce)
    return response


@router.post("/login")
def log_in(
    request: Request, form: Annotated[FormData, Depends(posted_form)], db: Annotated[Session, Depends(open_db)]
) -> Response:
    """Check name and password; on success begin a new session and go to where they wanted to be."""
    site = site_of(request)
    nonce = request.cookies.get(_form_cookie(site), "")
    if not nonce or not hmac.compare_digest(_text(form, "csrf_token").encode(), _form_token(site, nonce).encode()):
        raise Forbidden("the login form did not carry this browser's token")
    username, password = _text(form, "username").strip(), _text(form, "password")
    now = clock.now(db)
    name_key = key_of("name", username, secret=site.secret)
    address_key = key_of("address", request.client.host if request.client else "", secret=site.secret)
    for key, rule in ((name_key, site.name_rule), (address_key, site.address_rule)):
        until = login_throttle.begin_try(db, key=key, rule=rule, now=now)
        if until is not None:
            db.commit()
            minutes = max(1, -(-int((until - now).total_seconds()) // 60))
            return _form(request, site, nonce, username=username, wait_minutes=minutes, status=429)
    db.commit()  # the tries count from here on, also if this process dies while it checks the password
    account_id = accounts.authenticate(db, username=username, password=password)
    if account_id is None:
        return _form(request, site, nonce, username=username, wrong=True, status=403)
    login_throttle.succeed(db, keys=[address_key], name_key=name_key, now=now, rule=site.name_rule)
    old = request.cookies.get(cookie_name(site))
    if old:
        login_sessions.end(db, token=old, now=now)
    token = login_sessions.begin(db, account_id=account_id, now=now, lifetime=site.web.session_longest)
    scope = accounts.scope_of(db, account_id)
    if scope is not None:
        history.audited(db, action="logged_in", subject="account", subject_id=account_id, actor=scope, now=now)
    db.commit()
    response = RedirectResponse(_own_path(_text(form, "next")), status_code=303)
    _set(response, site, cookie_name(site), token)
    response.delete_cookie(_form_cookie(site), path="/", secure=site.is_https, httponly=True)
    return response


@router.post("/logout")
def log_out(act: AnAct) -> Response:
    """End this session on the server, not only in the browser."""
    visit, site = act.visit, act.visit.site
    login_sessions.end(visit.db, token=visit.request.cookies.get(cookie_name(site), ""), now=visit.now)
    visit.db.commit()
    response = RedirectResponse("/login?left=1", status_code=303)
    response.delete_cookie(cookie_name(site), path="/", secure=site.is_https, httponly=True)
    return response


def login_address(request: Request) -> str:
    """Where to log in so as to come back to this page; a form that was posted is not repeated."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return "/login" if request.method != "GET" or wanted == "/" else f"/login?next={quote(wanted, safe='')}"


def _form(
    request: Request,
    site: Site,
    nonce: str,
    *,
    username: str = "",
    wrong: bool = False,
    wait_minutes: int = 0,
    status: int = 200,
) -> HTMLResponse:
    return plain_page(
        request,
        "login.html",
        status=status,
        csrf_token=_form_token(site, nonce),
        next=_own_path(request.query_params.get("next", "")),
        left=request.query_params.get("left") == "1",
        username=username,
        wrong=wrong,
        wait_minutes=wait_minutes,
    )


def _form_token(site: Site, nonce: str) -> str:
    return hmac.new(site.secret, f"login-form:{nonce}".encode(), "sha256").hexdigest()


def _form_cookie(site: Site) -> str:
    return f"{cookie_name(site)}-login"


def _own_path(wanted: str) -> str:
    """A path of this site; anything that a browser could read as another host becomes the start page."""
    parts = urlsplit(wanted)
    is_own = wanted.startswith("/") and not wanted.startswith("//") and not parts.netloc and "\\" not in wanted
    return wanted if is_own and wanted.isprintable() else "/"


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _set(response: Response, site: Site, name: str, value: str) -> None:
    response.set_cookie(name, value, path="/", secure=site.is_https, httponly=True, samesite="lax")
