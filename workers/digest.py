"""Tell each person of what is routine in one e-mail, at a few times of a working day; what can't wait never waits.

So that alerts stay few enough to be read (hazard 13). The times are config/messages/staff.yaml.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from models.db import messages, ticks
from models.domain.working_time import WorkingCalendar, working_day_on_or_before
from workers.machine import Machine

TICK = "digest"


def tell_if_due(machine: Machine) -> int:
    """Write the e-mails of the last time that has come, unless that was done; return how many. Safe side by side."""
    rules = machine.rules()
    with Session(machine.engine) as session, session.begin():
        now = machine.clock(session)
        due = last_time(now, machine.message_rules.staff_alert.routine_at, rules.calendar)
        done = ticks.last_success(session, TICK)
        if done is not None and done >= due:
            return 0
        told = messages.digests(session, at=due, now=now)
        ticks.succeeded(session, TICK, handled=len(told), now=now)
    return len(told)


def last_time(now: datetime, times: Sequence[time], calendar: WorkingCalendar) -> datetime:
    """Return the latest of these times of a working day that is not after `now`; UTC."""
    day = working_day_on_or_before(calendar.civil_date(now), calendar=calendar)
    passed = [moment for each in times if (moment := calendar.at(day, each)) <= now]
    if passed:
        return max(passed)
    before = working_day_on_or_before(day - timedelta(days=1), calendar=calendar)
    return calendar.at(before, max(times))
