"""Turn checked schedule files into domain values."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from models.domain.schedule import ContactOf, Offset, Schedule, ScheduleAnchor, ScheduledContact, at_gestation

Content = Mapping[str, Any]


def schedule_from(content: Content) -> Schedule:
    """Build one version of a service's schedule."""
    return Schedule(
        code=content["code"],
        version=content["version"],
        effective_from=date.fromisoformat(content["effective_from"]),
        source=content["source"].strip(),
        service=content["service"],
        nations=frozenset(content["nations"]),
        flags=frozenset(content.get("flags", ())),
        contacts=tuple(_scheduled(line) for line in content["contacts"]),
    )


def _scheduled(line: Content) -> ScheduledContact:
    anchor = ScheduleAnchor(line["anchor"])
    usual = ContactOf.MOTHER if anchor is ScheduleAnchor.EDD else ContactOf.CHILD
    return ScheduledContact(
        contact_code=line["code"],
        of=ContactOf(line.get("of", usual)),
        anchor=anchor,
        window_start=offset(line["window"]["from"]),
        window_end=offset(line["window"]["until"]),
        late_until=_maybe(line["late_until"]),
        unbooked_on=_maybe(line["unbooked_on"]),
        overdue_on=offset(line["overdue_on"]),
        recall_until=_maybe(line["recall_until"]),
        superseded_by=line["superseded_by"],
        nulliparous_only=line.get("nulliparous_only", False),
        first_heard_days=line.get("first_heard", {"days": 0})["days"],
    )


def offset(content: Content) -> Offset:
    """Build an offset: months and days from the anchor, or weeks+days of pregnancy."""
    if "gestation" in content:
        weeks, _, days = content["gestation"].partition("+")
        return at_gestation(int(weeks), int(days))
    return Offset(**content)


def _maybe(content: Content | None) -> Offset | None:
    return None if content is None else offset(content)
