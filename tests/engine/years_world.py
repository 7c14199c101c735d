"""A trust on a clock that runs for years: workers that may die anywhere, and the next moment at which work is due."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session

from config.pathways_loader import pathway_from
from config.rules import Rules, load_rules
from config.settings import Settings
from models.db.pathway_shelf import PathwayShelf
from models.domain.audit_limits import AuditLimits
from tests.engine.register import Register
from workers.lanes import Lane, drain
from workers.machine import Machine, build

NEVER = timedelta(days=36_500)
# Where waiting work has its time. A source's `as_of` and a practitioner's absence are other people's clocks.
_DUE = {
    "follow_up": ("next_due_at", "true"),
    "alert": ("next_due_at", "state = 'open'"),
    "expected_contact": ("next_due_at", "true"),
    "appointment": ("least(outcome_due_at, reconsider_at, reminders_due_at)", "true"),
    "person": ("threads_due_at", "true"),
    "practitioner": ("look_at", "true"),
    "caseload_move": ("due_at", "true"),
    "indicator": ("examine_at", "true"),
    "carers_question": ("next_due_at", "household_id IN (SELECT id FROM household WHERE merged_into IS NULL)"),
    "discharge": ("next_due_at", "true"),
    "disclosure": ("next_due_at", "true"),
    "family_event": ("open_at", "true"),
    "planned_action": ("next_due_at", "true"),
    "pregnancy": ("next_due_at", "true"),
    "referral_prompt": ("next_due_at", "true"),
    "hold": ("least(next_due_at, apply_at)", "true"),
    "referral": ("hop_due_at", "hop_late_at IS NULL"),
    "challenge": ("next_due_at", "true"),
    "agency_contact": ("reply_due_at", "true"),
}
_NEXT_DUE = text(
    "SELECT min(due) FROM ("
    + " UNION ALL ".join(f"SELECT min({due}) AS due FROM {table} WHERE {which}" for table, (due, which) in _DUE.items())
    + ") AS every"
)


class Died(StrEnum):
    """How a worker ends in the middle of its work."""

    KILLED = "killed"  # the process is gone: nothing of it runs any more
    CUT = "cut"  # the database ended its connection: the process goes on with its next job


class Killed(BaseException):
    """A process that ended; no `except Exception` of the product sees it."""


@dataclass(slots=True)
class Mortal:
    """Counts what an engine asks of the database, statements and commits, and ends it at the one it is armed for."""

    engine: Engine
    count: int = 0
    at: int | None = None
    how: Died = Died.KILLED
    died: bool = False

    def listen(self) -> None:
        """Count from now on."""
        event.listen(self.engine, "before_cursor_execute", lambda connection, *_: self._counted(connection))
        event.listen(self.engine, "commit", self._counted)

    def arm(self, at: int, how: Died) -> None:
        """Die at that statement or commit from now; what comes after a commit dies between two."""
        self.count, self.at, self.how, self.died = 0, at, how, False

    def disarm(self) -> None:
        """Live for ever."""
        self.at = None

    def _counted(self, connection: Any) -> None:
        self.count += 1
        if self.at is None or self.count < self.at:
            return
        self.died = True
        if self.how is Died.KILLED:
            raise Killed
        self.at = None
        pid = connection.connection.dbapi_connection.info.backend_pid
        with self.engine.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")


class SimulatedMachine(Machine):
    """A worker's means, with the rules of a day read once a quarter rather than once a day."""

    __slots__ = ()

    def rules(self) -> Rules:
        """Return the rules as they are read in this quarter of the year."""
        with Session(self.engine) as session:
            today = self.clock(session).date()
        return rules_of(date(today.year, today.month - (today.month - 1) % 3, 1))


@cache
def rules_of(day: date) -> Rules:
    """The shipped rules as a process reads them that starts on that day."""
    return load_rules(config_dir=None, nation="england", today=day)


@cache
def _means() -> Machine:
    return build(Settings(database_url="postgresql+psycopg://nowhere/"))


class Years(Register):
    """Team North and a perinatal mental health team, and the workers that drain their lanes."""

    def __init__(self, url: str, *, now: datetime) -> None:
        super().__init__(create_engine(url), now=now)
        self.pmh = self.add("team", code="PMH", name="Perinatal team", stage="staff")
        self.clinician = self.staff("pmh_clinician", team_id=self.pmh)
        self.second = self.staff("health_visitor")
        self.duty = self.staff("duty")
        self.mortal = Mortal(self.engine)
        self.mortal.listen()
        self.other_engine = create_engine(url)
        self.started = now
        self.limits = _strict(_means().audit_limits)
        self.machine = self._a_worker(self.engine)
        self.other = self._a_worker(self.other_engine)

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self.other_engine.dispose()

    def next_due(self) -> datetime | None:
        """The moment at which the next thing is due; None where nothing is."""
        with Session(self.engine) as session:
            found: datetime | None = session.execute(_NEXT_DUE).scalar_one()
        return found

    def drain(self) -> tuple[str, ...]:
        """One worker of each lane does all that is due now; return the jobs that failed."""
        return drain(self.machine, Lane.URGENT).failed + drain(self.machine, Lane.ENGINE).failed

    def drain_until_it_dies(self, at: int, how: Died) -> bool:
        """A worker dies at a statement or commit of its pass; return whether it lived long enough to get there."""
        self.mortal.arm(at, how)
        try:
            self.drain()
        except Killed:
            self.engine.dispose()  # its connections go with it
        finally:
            self.mortal.disarm()
        return self.mortal.died

    def drain_side_by_side(self) -> None:
        """Two workers of each lane at one moment; what one has locked, the other passes over."""
        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(drain, each, lane) for each in (self.machine, self.other) for lane in LANES]
        for job in jobs:
            assert job.result().failed == ()

    def _a_worker(self, engine: Engine) -> Machine:
        means = _means()
        return SimulatedMachine(
            settings=means.settings,
            engine=engine,
            message_rules=means.message_rules,
            channels=means.channels,
            audit_limits=self.limits,
            engine_rules=means.engine_rules,
            login_window=means.login_window,
            doorbell=means.doorbell,
            pathways=PathwayShelf(pathway_from),
            clock=lambda session: self.now,
        )


LANES = (Lane.URGENT, Lane.ENGINE)


def _strict(limits: AuditLimits) -> AuditLimits:
    """No patience: after a pass nothing that was due stays so. Only sending, which does not run here, has all time."""
    now = timedelta(0)
    return replace(limits, settling=now, late=now, message_late=NEVER, sending=NEVER)


@contextmanager
def years(url: str, *, now: datetime) -> Iterator[Years]:
    """A trust on this database, until the block ends."""
    world = Years(url, now=now)
    try:
        yield world
    finally:
        world.dispose()
