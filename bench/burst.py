"""A burst: follow-ups all due at one moment, advanced end to end by real workers through Redis and Celery.

Facts, decision, alert, e-mail, history, next due time; one commit per claimed set. When a row was done is when its
transaction was committed, as PostgreSQL itself recorded it.
"""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
from sqlalchemy import Engine, create_engine, text

from bench import fill
from bench.peers import Burst, at, memory_mb
from bench.servers import DATA

STEADFAST = [sys.executable, "-m", "cli.main"]
PENDING = "pending"


def add_pending(engine: Engine, *, rows: int) -> None:
    """Follow-ups due in 90 days, once; they only stand there."""
    with engine.connect() as connection:
        stored = connection.execute(
            text("SELECT count(*) FROM appointment WHERE source_ref LIKE 'pending%'")
        ).scalar_one()
        connection.commit()
        while stored < rows:
            part = min(200_000, rows - stored)
            fill.follow_ups(
                connection, prefix=f"{PENDING}{stored}-", rows=part, due=at(time.time()) + timedelta(days=90)
            )
            stored += part
            print(f"  {stored:,} of {rows:,} due later", flush=True)
        fill.settle(connection)


def advance(database_url: str, broker_url: str, *, jobs: int) -> Burst:
    """Make `jobs` follow-ups due at one moment a few seconds ahead, and time the workers."""
    engine = create_engine(database_url)
    prefix = f"burst{uuid.uuid4().hex[:8]}-"
    with engine.connect() as connection:
        before = connection.execute(text("SELECT coalesce(max(id), 0) FROM follow_up")).scalar_one()
        fill.follow_ups(connection, prefix=prefix, rows=jobs, due=at(time.time() + 3_600))
        fill.settle(connection)
    with _running(database_url, broker_url) as workers:
        due = time.time() + 5 + jobs / 8_000
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE follow_up SET next_due_at = :due WHERE id > :before"), {"due": at(due), "before": before}
            )
        if time.time() > due - 1:
            raise RuntimeError("making the follow-ups due took longer than allowed for; the burst would be mismeasured")
        memory = sum(memory_mb(worker) for worker in workers)
        _wait(engine, before, due=due)
    done = _committed(engine, before)
    engine.dispose()
    assert len(done) == jobs, f"{len(done)} of {jobs} were advanced"
    return Burst(due, done, memory)


@contextmanager
def _running(database_url: str, broker_url: str) -> Iterator[list[int]]:
    """A scheduler and one engine worker, as a deployment runs them; yields the worker's process id."""
    environment = {
        **os.environ,
        "STEADFAST_DATABASE_URL": database_url.replace("postgresql+psycopg", "postgresql"),
        "STEADFAST_BROKER_URL": broker_url,
    }
    with (DATA / "burst.log").open("ab") as log:
        children = [
            subprocess.Popen([*STEADFAST, *words], env=environment, stdout=log, stderr=log)
            for words in (("scheduler",), ("worker", "--lane", "engine"))
        ]
        try:
            time.sleep(6)
            for child in children:
                if child.poll() is not None:
                    raise RuntimeError(f"a process of the burst ended with {child.returncode}; see burst.log")
            yield [children[1].pid]
        finally:
            for child in children:
                for process in psutil.Process(child.pid).children(recursive=True) if child.poll() is None else []:
                    process.terminate()
                child.terminate()
            for child in children:
                child.wait(30)


_LEFT = text("SELECT 1 FROM follow_up WHERE id > :before AND next_due_at <= :due LIMIT 1")
_DONE = text("SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM follow_up WHERE id > :before")


def _wait(engine: Engine, before: int, *, due: float, seconds: float = 600) -> None:
    end = due + seconds
    time.sleep(max(0.0, due - time.time()))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.execute(_LEFT, {"before": before, "due": at(due)}).scalar():
            if time.time() > end:
                raise RuntimeError(f"not all was advanced {seconds:.0f} s after it was due")
            time.sleep(1)


def _committed(engine: Engine, before: int) -> tuple[float, ...]:
    with engine.connect() as connection:
        return tuple(sorted(float(row[0]) for row in connection.execute(_DONE, {"before": before})))
