"""A peer: APScheduler with one date job per reminder in its SQLAlchemy store on the same PostgreSQL.

Run as `python -m bench.apscheduler_peer DATABASE_URL JOBS`; prints the due time, then fires.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

SLOWEST_ADDS = 500  # jobs a second
_file = os.open(os.environ["BENCH_OUT"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def append() -> None:
    """Write when this ran."""
    os.write(_file, f"{time.time():.6f}\n".encode())


def main(database_url: str, jobs: int) -> None:
    """Add `jobs` jobs due at one moment, far enough ahead to add them all, wait for it, and end when all have run."""
    store = SQLAlchemyJobStore(url=database_url, tablename="apscheduler_peer")
    scheduler = BackgroundScheduler(
        jobstores={"default": store}, executors={"default": ThreadPoolExecutor(20)}, timezone=UTC
    )
    scheduler.start(paused=True)
    scheduler.remove_all_jobs()
    due = datetime.now(UTC) + timedelta(seconds=10 + jobs / SLOWEST_ADDS)
    for number in range(jobs):
        scheduler.add_job(append, "date", run_date=due, id=str(number), misfire_grace_time=None, max_instances=1)
    if datetime.now(UTC) > due:
        raise RuntimeError("adding the jobs took longer than allowed for; the burst would be mismeasured")
    print(due.timestamp(), flush=True)
    scheduler.resume()
    out = Path(os.environ["BENCH_OUT"])
    while out.read_bytes().count(b"\n") < jobs:
        time.sleep(0.5)
    scheduler.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
