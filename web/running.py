"""How it runs: the freshness of each source, the last good end of each part of the engine, and the accounts."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from models.db import accounts, banners
from models.domain.words import AccountRole
from web import words
from web.health import LABELS, is_late
from web.pages import page
from web.visits import AVisit

router = APIRouter()


@router.get("/running")
def running(visit: AVisit) -> HTMLResponse:
    """No family is on this page; only an administrator sees the accounts."""
    ticks, cycle = banners.ticks(visit.db), visit.site.web.cycle
    parts = [
        (LABELS[name], ticks.get(name), is_late(name, ticks.get(name), cycle=cycle, now=visit.now)) for name in cycle
    ]
    is_admin = visit.scope.role is AccountRole.ADMINISTRATOR
    return page(
        visit,
        "running.html",
        parts=parts,
        lines=accounts.list_(visit.db) if is_admin else [],
        roles=words.ACCOUNT_ROLES,
    )
