"""A peer: APScheduler with one date job per reminder in its SQLAlchemy store on the same PostgreSQL.

Run as `python -m bench.apscheduler_peer DATABASE_URL OUT JOBS DELAY_SECONDS`; prints the due time, then fires.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

_file = os.open(os.environ["BENCH_OUT"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def append() -> None:
    """Write when this ran."""
    os.write(_file, f"{time.time():.6f}\n".encode())


def main(database_url: str, jobs: int, delay_seconds: float) -> None:
    """Add `jobs` jobs due at one moment, wait for it, and end when all have run."""
    store = SQLAlchemyJobStore(url=database_url, tablename="apscheduler_peer")
    scheduler = BackgroundScheduler(
        jobstores={"default": store}, executors={"default": ThreadPoolExecutor(20)}, timezone=UTC
    )
    scheduler.start(paused=True)
    scheduler.remove_all_jobs()
    due = datetime.now(UTC) + timedelta(days=1)
    for number in range(jobs):
        scheduler.add_job(append, "date", run_date=due, id=str(number), misfire_grace_time=None, max_instances=1)
    due = datetime.now(UTC) + timedelta(seconds=delay_seconds)
    _move_all(store, due)
    print(due.timestamp(), flush=True)
    scheduler.resume()
    out = Path(os.environ["BENCH_OUT"])
    while out.read_bytes().count(b"\n") < jobs:
        time.sleep(0.5)
    scheduler.shutdown()


def _move_all(store: SQLAlchemyJobStore, due: datetime) -> None:
    """Make every stored job due at `due`: adding takes minutes, and the first must not fire before the last is in."""
    for job in store.get_all_jobs():
        job._modify(trigger=type(job.trigger)(run_date=due, timezone=UTC), next_run_time=due)
        store.update_job(job)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
