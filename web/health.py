"""Whether the engine still does its work: for monitors and for the banner on every page. Pure, from stored ticks."""

from collections.abc import Mapping
from datetime import datetime, timedelta

Cycle = Mapping[str, timedelta]
Ticks = Mapping[str, datetime | None]

# The parts of one full engine cycle in the users' words.
LABELS: Mapping[str, str] = {
    "detect": "finding missed appointments",
    "staff": "handing on the work of whoever is away",
    "advance": "moving plans on",
    "advance_urgent": "moving urgent plans on",
    "send": "sending texts and alerts",
    "send_urgent": "sending urgent alerts",
    "reconcile": "raising what nobody has answered",
    "staffing": "the weekly look at who can be reached",
    "audit_clean": "checking its own work, and finding no fault",
}


def is_late(name: str, at: datetime | None, *, cycle: Cycle, now: datetime) -> bool:
    """Whether a part has not ended well lately; one that never has is late."""
    return at is None or now - at > cycle[name]


def late_names(ticks: Ticks, *, cycle: Cycle, now: datetime) -> list[str]:
    """The parts that are late, in the order of a cycle."""
    return [name for name in cycle if is_late(name, ticks.get(name), cycle=cycle, now=now)]


def late_parts(ticks: Ticks, *, cycle: Cycle, now: datetime) -> list[tuple[str, datetime | None]]:
    """The same in words, each with when it last ended well."""
    return [(LABELS[name], ticks.get(name)) for name in late_names(ticks, cycle=cycle, now=now)]


def last_cycle(ticks: Ticks, *, cycle: Cycle) -> datetime | None:
    """Since when everything has been done at least once: the oldest last good end; None where a part never ended."""
    ends = [ticks.get(name) for name in cycle]
    known = [end for end in ends if end is not None]
    return min(known) if len(known) == len(ends) else None
