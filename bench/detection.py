"""Detection: 20,000 newly without an outcome, among one size of stored appointments and among ten times that."""

import time
import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from bench import fill
from config.rules import Rules
from models.db import pathway_versions
from workers.detect import detect_all

CHUNK = 500_000  # rows of one filling transaction
PENDING_SHARE = 20  # one stored appointment in twenty is still to come


def fill_to(engine: Engine, *, rows: int, rules: Rules) -> None:
    """Bring a kept database to `rows` stored appointments: most settled long ago, some still to come."""
    now = datetime.now(UTC)
    with engine.connect() as connection:
        fill.people(connection)
        with Session(bind=connection) as session:
            pathway_versions.load(session, rules.pathway_contents.values(), now=now)
            session.commit()
        stored = connection.execute(text("SELECT count(*) FROM appointment WHERE source_ref LIKE 'old%'")).scalar_one()
        connection.commit()
        while stored < rows:
            part = min(CHUNK, rows - stored)
            coming = part // PENDING_SHARE
            past, future = now - timedelta(days=30), now + timedelta(days=200)
            fill.appointments(connection, prefix=f"old{stored}-", rows=part - coming, status="attended", ended=past)
            fill.appointments(connection, prefix=f"old{stored}c-", rows=coming, status="booked", ended=future)
            stored += part
            print(f"  filled {stored:,} of {rows:,}", flush=True)
        fill.settle(connection)


def seconds(engine: Engine, rules: Rules, *, rows: int) -> float:
    """Add `rows` appointments that ended four hours ago with fresh data in hand; return what detecting them takes."""
    now = datetime.now(UTC)
    with engine.connect() as connection:
        fill.appointments(
            connection, prefix=f"new{uuid.uuid4().hex[:8]}-", rows=rows, status="booked", ended=now - timedelta(hours=4)
        )
        connection.execute(text("UPDATE source SET as_of = :now WHERE name = 'bench'"), {"now": now})
        connection.commit()
        fill.settle(connection)
    started = time.perf_counter()
    found = detect_all(engine, rules)
    took = time.perf_counter() - started
    assert found.outcome_due == rows, f"{found.outcome_due} of {rows} were found"
    return took
