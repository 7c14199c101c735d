"""Who is asking: the session behind a request, its scope, and the check that a form came from our own page."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request

from models.db import accounts, clock, login_sessions
from models.db.scope import Scope
from models.domain.words import AccountRole
from web.site import Site, site_of


class NotLoggedIn(Exception):
    """No live session: send them to the login page."""


class Forbidden(Exception):
    """This login may not do this, or the form did not come from our page."""


class NotFound(Exception):
    """There is no such thing for this login; whether it exists for others is not told."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a logged-in person. `now` was read once, from the database's clock."""

    request: Request
    site: Site
    db: Session
    scope: Scope
    csrf_token: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """A visit with a checked form: its fields may be believed to come from our own page."""

    visit: Visit
    form: FormData

    def text(self, name: str, *, longest: int = 2000) -> str:
        """The trimmed text of a field, at most `longest` characters; empty if it isn't there."""
        value = self.form.get(name, "")
        return value.strip()[:longest] if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """The whole number in a field, or None."""
        raw = self.text(name, longest=20)
        return int(raw) if raw.isascii() and raw.isdigit() and int(raw) < 2**63 else None

    def numbers(self, name: str) -> frozenset[int]:
        """The whole numbers in all fields of a name."""
        raw = (value for value in self.form.getlist(name) if isinstance(value, str))
        return frozenset(int(value) for value in raw if value.isascii() and value.isdigit() and int(value) < 2**63)


def cookie_name(site: Site) -> str:
    """The session cookie's name; the prefix makes browsers refuse it from other hosts and over plain http."""
    return "__Host-steadfast" if site.is_https else "steadfast"


def open_db(request: Request) -> Iterator[Session]:
    """One database session for one request; handlers commit, what they don't is rolled back."""
    with Session(site_of(request).engine) as db:
        yield db


def visit(request: Request, db: Annotated[Session, Depends(open_db)]) -> Visit:
    """The visit behind a request. Raises NotLoggedIn."""
    site = site_of(request)
    token = request.cookies.get(cookie_name(site))
    now = clock.now(db)
    found = login_sessions.find(db, token=token, now=now, idle=site.web.session_idle) if token else None
    scope = accounts.scope_of(db, found.account_id) if found is not None else None
    if found is None or scope is None:
        raise NotLoggedIn
    db.commit()
    return Visit(request, site, db, scope, found.csrf_token, now)


async def posted_form(request: Request) -> FormData:
    """The form of a POST. Its size was bounded before it got here."""
    return await request.form(max_files=0, max_fields=200)


def act(visit: "AVisit", form: Annotated[FormData, Depends(posted_form)]) -> Act:
    """A visit with its form. Raises Forbidden where the form lacks this session's own token."""
    token = form.get("csrf_token", "")
    if not isinstance(token, str) or not hmac.compare_digest(token.encode(), visit.csrf_token.encode()):
        raise Forbidden("the form did not carry this session's token")
    return Act(visit, form)


def need_role(visit: Visit, *roles: AccountRole) -> None:
    """Refuse a role that this is not for."""
    if visit.scope.role not in roles:
        raise Forbidden(f"role {visit.scope.role} may not do this")


ADb = Annotated[Session, Depends(open_db)]
AVisit = Annotated[Visit, Depends(visit)]
AnAct = Annotated[Act, Depends(act)]
