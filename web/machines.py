"""What monitors ask: is the process up, has a full engine cycle ended lately, and counts. No answer names a family."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from models.db import banners, clock, status
from web.health import late_names
from web.site import site_of
from web.visits import ADb

router = APIRouter()


@router.get("/livez")
def livez() -> PlainTextResponse:
    """The process is up; says nothing of the database, so that a container isn't restarted for the database's sake."""
    return PlainTextResponse("ok")


@router.get("/health")
def health(request: Request, db: ADb) -> JSONResponse:
    """200 only if every part of an engine cycle ended well lately; 503 names the late parts."""
    try:
        now = clock.now(db)
        ticks = banners.ticks(db)
    except SQLAlchemyError:
        return JSONResponse({"status": "database unreachable"}, status_code=503)
    cycle = site_of(request).web.cycle
    late = late_names(ticks, cycle=cycle, now=now)
    parts = {name: at.isoformat() if (at := ticks.get(name)) else None for name in cycle}
    body = {"status": "late" if late else "ok", "late": late, "last_good_end": parts}
    return JSONResponse(body, status_code=503 if late else 200)


@router.get("/metrics")
def metrics(request: Request, db: ADb) -> Response:
    """Gauges for Prometheus: what waits, since when; seconds since each part ended well; the age of each source."""
    now = clock.now(db)
    registry = CollectorRegistry()
    part = Gauge("steadfast_part_age_seconds", "Since a part last ended well", ["part"], registry=registry)
    for name, at in banners.ticks(db).items():
        if at is not None:
            part.labels(name).set((now - at).total_seconds())
    source = Gauge("steadfast_source_age_seconds", "Age of a source's data", ["source"], registry=registry)
    for feed in banners.sources(db):
        if feed.as_of is not None:
            source.labels(feed.name).set((now - feed.as_of).total_seconds())
    overdue = Gauge("steadfast_oldest_due_seconds", "How long the oldest due row waits", ["kind"], registry=registry)
    for name, at in status.oldest_due(db, now).items():
        overdue.labels(name).set(max(0.0, (now - at).total_seconds()) if at is not None else 0)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
