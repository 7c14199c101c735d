"""What each lane drains, in which order. A job that fails is noted and does not stop the others (design 2).

Each job has a tick of its own, by which pages and monitors see that it still runs.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.db import sending, ticks
from models.domain.words import Urgency
from workers import digest, reminders, send, settle
from workers.advance import advance_due
from workers.audit import audit_if_due, seal_history
from workers.challenging import ask_actions, ask_challenges
from workers.detect import detect_all
from workers.housekeeping import tidy_if_due
from workers.machine import SEND_THREADS, Machine
from workers.prompt_asking import ask_again, confirm_red_flags
from workers.prompting import raise_first
from workers.reconcile import reconcile
from workers.referring import chase_referrals
from workers.set_aside import MOST_ASIDE, SMALLER, next_limit, put_off_first
from workers.staff_changes import follow_staff
from workers.staffing_check import check_if_due

log = structlog.get_logger(__name__)
CLAIM = 1_000  # follow-ups in one transaction: design 9 measured 500 to 1,000
URGENT_CLAIM = 200

# These note their own end: a look that is not due yet is none.
OWN_TICK = ("audit", "housekeeping", "digest")

Job = Callable[[Machine], int]


class Lane(StrEnum):
    """The queues, each drained by processes of its own."""

    URGENT = "urgent"
    ENGINE = "engine"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Drained:
    """How a drain went: rows handled, and the names of the jobs that failed."""

    handled: int
    failed: tuple[str, ...]


def drain(machine: Machine, lane: Lane, *, without: Collection[str] = ()) -> Drained:
    """Do all that is due in a lane; return when nothing is. Safe to run any number of times side by side.

    `without`: jobs left out, by name; a replay sends nothing.
    """
    handled = 0
    failed = []
    for name, job in ((name, job) for name, job in JOBS[lane].items() if name not in without):
        count = _run(machine, name, job)
        if count is None:
            failed.append(name)
        else:
            handled += count
    return Drained(handled, tuple(failed))


def advance_all(machine: Machine) -> int:
    """Advance routine and urgent follow-ups until none is due; a full set rings for another worker to help."""
    return _advance(machine, urgent_only=False, limit=CLAIM)


def advance_urgent(machine: Machine) -> int:
    """Advance red flags and high risk alone, so that a burst of routine work is no queue before them."""
    return _advance(machine, urgent_only=True, limit=URGENT_CLAIM)


def ask_prompts(machine: Machine) -> int:
    """Ask again about undecided prompts."""
    return _until_none(machine, ask_again)


def look_at_red_flags(machine: Machine) -> int:
    """Red flags, concerns and self-harm items are asked about by the lane that nothing else fills."""
    return _until_none(machine, raise_first)


def chase(machine: Machine) -> int:
    """Referrals whose next hop is late: one after an emergency has hours, not days."""
    return _until_none(machine, chase_referrals)


def ask_joint_work(machine: Machine) -> int:
    """Challenges, agreed actions and old red flags whose time has come."""
    return sum(_until_none(machine, step) for step in (ask_challenges, ask_actions, confirm_red_flags))


def detect(machine: Machine) -> int:
    """Detect, unless another worker is at it."""
    return detect_all(machine.engine, machine.rules(), now=machine.clock, wait=False).total


def send_urgent(machine: Machine) -> int:
    """Send red flags and urgent alerts."""
    return _send(machine, (Urgency.RED_FLAG, Urgency.URGENT))


def send_all(machine: Machine) -> int:
    """Send whatever is due, the most urgent first."""
    return _send(machine, sending.URGENT_FIRST)


def settle_messages(machine: Machine) -> int:
    """Find out what became of messages without an answer."""
    return settle.drain(machine.engine, machine.message_rules, machine.channels, clock=machine.clock)


def plan_reminders(machine: Machine) -> int:
    """Plan reminders of appointments to come."""
    return reminders.drain(machine.engine, machine.message_rules, clock=machine.clock)


def tell_digests(machine: Machine) -> int:
    """Tell people of what is routine, at the times for it."""
    return digest.tell_if_due(machine)


JOBS: Mapping[Lane, Mapping[str, Job]] = {
    Lane.URGENT: {
        "red_flags": look_at_red_flags,
        "prompts": ask_prompts,
        "referrals": chase,
        "joint_work": ask_joint_work,
        "advance_urgent": advance_urgent,
        "send_urgent": send_urgent,
    },
    Lane.ENGINE: {
        "detect": detect,
        "staff": follow_staff,  # before `advance`, which hands over what it wakes
        "advance": advance_all,
        "prompts": ask_prompts,
        "joint_work": ask_joint_work,
        "reconcile": reconcile,
        "reminders": plan_reminders,
        "digest": tell_digests,
        "staffing_check": check_if_due,  # weekly; its own tick is `staffing`
        "audit": audit_if_due,
        "seal": seal_history,
        "housekeeping": tidy_if_due,
    },
    Lane.SEND: {"send": send_all, "settle": settle_messages},
}

SENDS = frozenset({"send_urgent", *JOBS[Lane.SEND]})


def _run(machine: Machine, name: str, job: Job) -> int | None:
    """Run one job between its ticks; None where it failed. What fails here is due again at the next drain."""
    try:
        _tick(machine, lambda session: ticks.started(session, name, now=machine.clock(session)))
        handled = job(machine)
        if name not in OWN_TICK:
            _tick(machine, lambda s: ticks.succeeded(s, name, handled=handled, now=machine.clock(s)))
    except Exception as error:
        kind = type(error).__name__
        log.exception("job failed", action="job_failed", job=name, error=kind)
        try:
            _tick(machine, lambda session: ticks.failed(session, name, error=kind, now=machine.clock(session)))
        except SQLAlchemyError:
            log.error("database does not answer", action="tick_lost", job=name)
        return None
    return handled


def _tick(machine: Machine, note: Callable[[Session], None]) -> None:
    with Session(machine.engine) as session, session.begin():
        note(session)


def _advance(machine: Machine, *, urgent_only: bool, limit: int) -> int:
    """Set after set; where one fails, smaller ones, until the row our code fails on stands alone and is put off."""
    rules = machine.rules()
    handled, size, aside = 0, limit, 0
    while True:
        try:
            with Session(machine.engine) as session, session.begin():
                count = advance_due(
                    session,
                    rules=rules,
                    pathways=machine.pathways,
                    now=machine.clock(session),
                    limit=size,
                    urgent_only=urgent_only,
                )
        except Exception as error:
            smaller = next_limit(size, error)
            if size == 1:
                if aside == MOST_ASIDE:
                    raise  # no fault of a row: the tick says so, and all stays due
                aside += 1
                with Session(machine.engine) as session, session.begin():
                    put_off_first(session, rules, now=machine.clock(session), urgent_only=urgent_only, error=error)
            size = smaller
            continue
        if count == limit and handled == 0 and not urgent_only:
            machine.doorbell.ring(Lane.ENGINE)
        handled += count
        if count < size:
            return handled
        size = min(limit, size * SMALLER)


def _until_none(machine: Machine, step: Callable[..., int]) -> int:
    rules = machine.rules()
    handled = 0
    while True:
        with Session(machine.engine) as session, session.begin():
            count = step(session, rules, machine.clock(session))
        handled += count
        if count == 0:
            return handled


def _send(machine: Machine, urgencies: tuple[Urgency, ...]) -> int:
    return send.drain(
        machine.engine,
        machine.message_rules,
        machine.channels,
        clock=machine.clock,
        public_url=machine.public_url,
        threads=SEND_THREADS,
        urgencies=urgencies,
    )
