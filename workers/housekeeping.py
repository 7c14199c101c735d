"""Remove what nobody needs any more: ended sessions, and tries at logging in that no throttle counts. No history."""

from sqlalchemy.orm import Session

from models.db import login_sessions, login_throttle, ticks
from workers.machine import Machine

TICK = "housekeeping"


def tidy_if_due(machine: Machine) -> int:
    """Tidy unless it was done lately; return how many rows went. Safe to run side by side."""
    with Session(machine.engine) as session, session.begin():
        now = machine.clock(session)
        last = ticks.last_success(session, TICK)
        if last is not None and now - last < machine.engine_rules.housekeeping_every:
            return 0
        gone = login_sessions.forget_ended(session, now=now)
        gone += login_throttle.forget_old(session, before=now - machine.login_window)
        ticks.succeeded(session, TICK, handled=gone, now=now)
    return gone
