"""What a replay shows, as one JSON object: what was opened, who was told of what and when, and the load per person."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from statistics import median
from typing import Any

from sqlalchemy.orm import Session

from config.replay_rules import ReplayRules
from models.db import replay_figures
from models.db.auditor import AuditReport
from models.db.replay_figures import Email, Telling
from models.domain.words import StaffRole, Urgency
from models.domain.working_time import WorkingCalendar, add_months, working_day_after
from workers.replay import Period, Replayed
from workers.replay_nurse import NurseItems

Report = dict[str, Any]


@dataclass
class _Told:
    """The tellings of the period, counted."""

    alerts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    steps: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    pools: int = 0


def report(
    session: Session,
    done: Replayed,
    *,
    rules: ReplayRules,
    calendar: WorkingCalendar,
    audit: AuditReport,
    before_birth: Collection[str],
    each: Callable[[Telling], None] = lambda telling: None,
) -> Report:
    """Return the whole report; `each` is called with every telling, in order. Reads alone.

    `before_birth`: codes of the contacts of pregnancy (workers/replay_nurse.py).
    """
    period = done.period
    days = _working_days(period, calendar)
    settled = days[rules.settling_working_days :]
    items = NurseItems(before_birth, replay_figures.goes_on_in(session))
    told = _count(replay_figures.tellings(session, start=period.start, end=period.end), calendar, items, each)
    emails = replay_figures.emails(session, start=period.start, end=period.end)
    staff = replay_figures.staff(session)
    found = replay_figures.appointments(session, start=period.start, end=period.end)
    children = replay_figures.children(session, born_after=add_months(period.last_day, -12 * rules.under_years))
    load, nurse = _load(emails, staff, settled, rules, calendar), items.figures(children, settled)
    first = _load(emails, staff, days[: rules.settling_working_days], rules, calendar)
    tolerance = max(rules.unfolding.look_every, rules.unfolding.deliver_every)
    late = replay_figures.late_steps(session, start=period.start, end=period.end, tolerance=tolerance)
    return {
        "period": {"from": period.first_day, "to": period.last_day, "working_days": len(days)},
        "files": [_file(each) for each in done.imports],
        "rows_that_came_late": done.refused_later,
        "appointments": {"all": sum(found.values()), **found},
        "children": children,
        "staff": dict(sorted(Counter(staff.values()).items())),
        "follow_ups": [
            {"pathway": one.pathway, "trigger": one.trigger, "backlog": one.backlog, "count": one.opened}
            for one in replay_figures.opened(session, start=period.start, end=period.end)
        ],
        "alerts": [
            {"kind": kind, "urgency": urgency, "role": role, "count": count}
            for (kind, urgency, role), count in sorted(told.alerts.items())
        ],
        "steps": [
            {
                "pathway": pathway,
                "step": step,
                "role": role,
                "told": len(hours),
                "hours_after_opening": round(median(hours), 1),
            }
            for (pathway, step, role), hours in sorted(told.steps.items())
        ],
        "late_steps": [one._asdict() for one in late],
        "load": load,
        "load_after_go_live": first,
        "in_team_pools": told.pools,
        "named_nurse": nurse,
        "texts_offered": replay_figures.texts_offered(session, start=period.start, end=period.end),
        "acts_of_staff": dict(sorted(done.acts.items())),
        "targets": _targets(rules, load, nurse),
        "audit": audit.to_json(),
    }


def _file(imported: Any) -> dict[str, object]:
    rejected = [
        {"line": one.line, "column": one.column, "value": one.value, "reason": one.reason} for one in imported.rejected
    ]
    return {"kind": str(imported.kind), "read": imported.read, "rejected": rejected}


def _count(
    tellings: Iterable[Telling], calendar: WorkingCalendar, items: NurseItems, each: Callable[[Telling], None]
) -> _Told:
    told = _Told()
    for telling in tellings:
        each(telling)
        role = telling.role or telling.staff_role or "team_pool"
        told.alerts[telling.kind, telling.urgency, role] += 1
        if telling.pathway is not None and telling.step is not None and telling.opened_at is not None:
            hours = (telling.at - telling.opened_at).total_seconds() / 3600
            told.steps[telling.pathway, telling.step, role].append(hours)
        told.pools += telling.practitioner_id is None
        items.hear(telling, seen_on=_seen_on(telling.at, calendar))
    return told


def _seen_on(at: datetime, calendar: WorkingCalendar) -> date:
    """The working day on which it interrupts: what comes after hours waits there in the morning."""
    day = calendar.civil_date(at)
    if calendar.is_working_day(day) and at < calendar.at(day, calendar.day_ends):
        return day
    return working_day_after(day, 1, calendar=calendar)


def _working_days(period: Period, calendar: WorkingCalendar) -> list[date]:
    span = (period.last_day - period.first_day).days + 1
    return [day for n in range(span) if calendar.is_working_day(day := period.first_day + timedelta(days=n))]


def _load(
    emails: Iterable[Email], staff: dict[int, str], days: Sequence[date], rules: ReplayRules, calendar: WorkingCalendar
) -> dict[str, dict[str, float]]:
    """Per role: what interrupts each person on each of these working days, quiet days included."""
    found = Counter(
        (email.practitioner_id, _seen_on(email.at, calendar))
        for email in emails
        if Urgency(email.urgency) in rules.interrupting
    )
    by_role: dict[str, list[int]] = defaultdict(list)
    for person, role in staff.items():
        by_role[role] += [found[person, day] for day in days]
    return {role: _spread(values) for role, values in sorted(by_role.items()) if values}


def _spread(values: list[int]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": median(ordered),
        "p95": ordered[ceil(0.95 * len(ordered)) - 1],
        "max": ordered[-1],
        "mean": round(sum(ordered) / len(ordered), 2),
    }


def _targets(rules: ReplayRules, load: dict[str, dict[str, float]], nurse: dict[str, Any]) -> dict[str, object]:
    """What is wanted, beside whether it was met; null where the files know no such staff or children."""
    visitor, wanted = load.get(StaffRole.HEALTH_VISITOR, {}), rules.targets
    found = {
        "health_visitor_median": (wanted.median, visitor.get("median")),
        "health_visitor_p95": (wanted.p95, visitor.get("p95")),
        "named_nurse_per_10000": (wanted.named_nurse_per_10000, nurse["per_working_day_per_10000"]),
    }
    return {
        name: {"at_most": most, "met": None if value is None else value <= most}
        for name, (most, value) in found.items()
    }
