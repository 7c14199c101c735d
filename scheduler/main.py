"""The scheduler: a clock that only ticks. It rings the lanes, keeps the leader's lease, and says that all is well.

No job per appointment and nothing that matters in memory: two schedulers are harmless, none costs lateness alone.
"""

import os
import signal
import socket
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.engine_rules import load_engine_rules
from config.nudge import Doorbell
from config.settings import Settings
from config.web_rules import load_web_rules
from models.db import clock, leases, ticks

LANES: Final = ("urgent", "engine", "send")
LEADER: Final = "scheduler"
HEARTBEAT_TIMEOUT_SECONDS: Final = 10
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Ticker:
    """One scheduler process. `fence` is the leader's number while it leads, else None."""

    engine: Engine
    doorbell: Doorbell
    heartbeat_url: str | None
    cycle: Mapping[str, timedelta] = field(default_factory=lambda: load_web_rules().cycle)
    lease: timedelta = field(default_factory=lambda: load_engine_rules().lease)
    holder: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    fence: int | None = None

    def ring(self) -> None:
        """Ring every lane if this one leads. With the database gone it rings all the same: the workers will see."""
        try:
            with Session(self.engine) as session, session.begin():
                now = clock.now(session)
                self.fence = leases.take_or_keep(session, LEADER, holder=self.holder, length=self.lease, now=now)
                if self.fence is not None:
                    ticks.succeeded(session, LEADER, handled=self.fence, now=now)
        except SQLAlchemyError as error:
            log.warning("database does not answer", action="lease_unknown", error=type(error).__name__)
            self.fence = self.fence or 0
        if self.fence is not None:
            for lane in LANES:
                self.doorbell.ring(lane)

    def beat(self) -> None:
        """Tell the outside that all is well, only when it is: no word is the alarm. Never raises."""
        if self.heartbeat_url is None or self.fence is None:
            return
        try:
            with Session(self.engine) as session:
                late = overdue_parts(session, self.cycle, now=clock.now(session))
            if late:
                log.warning("no heartbeat is sent", action="heartbeat_withheld", late=late)
                return
            with urllib.request.urlopen(self.heartbeat_url, timeout=HEARTBEAT_TIMEOUT_SECONDS):
                pass
        except (OSError, SQLAlchemyError) as error:
            log.warning("heartbeat did not get out", action="heartbeat_lost", error=type(error).__name__)

    def stop(self) -> None:
        """Give the lease up, so that another scheduler leads at once."""
        try:
            with Session(self.engine) as session, session.begin():
                leases.give_up(session, LEADER, holder=self.holder, now=clock.now(session))
        except SQLAlchemyError:
            log.info("the lease ends by itself", action="lease_left")


def overdue_parts(session: Session, cycle: Mapping[str, timedelta], *, now: datetime) -> list[str]:
    """Return the parts of a full cycle that have not ended well lately; empty when all is well."""
    ended = {name: ticks.last_success(session, name) for name in cycle}
    return [name for name, at in ended.items() if at is None or now - at > cycle[name]]


def run(settings: Settings) -> None:
    """Tick until told to stop."""
    if settings.database_url is None:
        raise ValueError("STEADFAST_DATABASE_URL is missing; expected the address of the database")
    rhythm = load_engine_rules(settings.config_dir)
    ticker = Ticker(
        engine=create_engine(settings.database_url, pool_pre_ping=True, pool_size=2),
        doorbell=Doorbell(settings.broker_url),
        heartbeat_url=settings.heartbeat_url,
        cycle=load_web_rules(settings.config_dir).cycle,
        lease=rhythm.lease,
    )
    # A tick that comes late is run, never dropped; many missed ones are one; one at a time.
    scheduler = BlockingScheduler(job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1})
    scheduler.add_job(ticker.ring, "interval", seconds=rhythm.ring_every.total_seconds(), next_run_time=_now())
    scheduler.add_job(ticker.beat, "interval", seconds=rhythm.heartbeat_every.total_seconds())
    signal.signal(signal.SIGTERM, _leave)
    try:
        scheduler.start()
    except (KeyboardInterrupt, SystemExit):
        log.info("the scheduler ends", action="scheduler_ends")
    finally:
        ticker.stop()


def _leave(_signal: int, _frame: object) -> None:
    """End as Ctrl-C does: the lease is given up on the way out."""
    raise SystemExit(0)


def _now() -> datetime:
    """The process's own clock, for the timer alone: nothing is decided by it."""
    return datetime.now().astimezone()
