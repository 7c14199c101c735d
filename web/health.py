"""Whether the engine still does its work: for monitors and for the banner on every page. Pure, from stored ticks."""

from collections.abc import Mapping
from datetime import datetime, timedelta

# Every part of one full engine cycle, in the users' words, and how long its last good end may lie back.
PARTS: Mapping[str, tuple[str, timedelta]] = {
    "detect": ("finding missed appointments", timedelta(minutes=5)),
    "advance": ("moving plans on", timedelta(minutes=5)),
    "send": ("sending texts and alerts", timedelta(minutes=5)),
    "reconcile": ("raising what nobody has answered", timedelta(minutes=15)),
    "audit": ("checking its own work", timedelta(hours=26)),
}


def is_late(name: str, at: datetime | None, *, now: datetime) -> bool:
    """Whether a part has not ended well lately; one that never has is late."""
    return at is None or now - at > PARTS[name][1]


def late_names(ticks: Mapping[str, datetime | None], *, now: datetime) -> list[str]:
    """The parts that are late, in the order of a cycle."""
    return [name for name in PARTS if is_late(name, ticks.get(name), now=now)]


def late_parts(ticks: Mapping[str, datetime | None], *, now: datetime) -> list[tuple[str, datetime | None]]:
    """The same in words, each with when it last ended well."""
    return [(PARTS[name][0], ticks.get(name)) for name in late_names(ticks, now=now)]
