"""One event of an iCalendar file: read, checked, its values as text. What an absence is made of is never guessed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, cast

from icalendar import Calendar, Event

from intake.calendar_lines import Block
from intake.reading import Fault

LINE = "X-STEADFAST-LINE"  # carried through the library, so that an instance knows its event's line
# Broken, one of these would be guessed; any other property may be.
_NEEDED = frozenset(
    {"UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS", "SEQUENCE"}
)
_MANY = frozenset({"RRULE", "RDATE", "EXDATE"})  # these may come on several lines
_BY_DAY_AT_MOST = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_Fail = Callable[[str, str, str], "Unreadable"]


class Unreadable(Exception):
    """An event can't be used: on which line it begins, in which property, and what was expected."""

    def __init__(self, line: int, name: str, value: str, expected: str) -> None:
        super().__init__(expected)
        self.line, self.fault = line, Fault(expected, value, name)


@dataclass(frozen=True, slots=True)
class Read:
    """An event that can be used, and the line it begins on."""

    line: int
    event: Event

    @property
    def uid(self) -> str:
        """The sender's id of the event, or of its whole series."""
        return str(self.event["UID"])

    @property
    def instance(self) -> str:
        """Which instance of a series it changes; empty for the event itself."""
        return _prop(self.event, "RECURRENCE-ID").to_ical().decode() if "RECURRENCE-ID" in self.event else ""

    @property
    def sequence(self) -> int:
        """The sender's count of its changes."""
        return int(self.event.get("SEQUENCE", 0))

    @property
    def repeats(self) -> bool:
        """Whether it is a series, or one changed instance of one."""
        return any(name in self.event for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def read_event(block: Block) -> Read:
    """Read one event. Raises Unreadable, naming the property and what was expected of it."""
    fail: _Fail = partial(Unreadable, block.line)
    body = block.text.replace("\r\n", f"\r\n{LINE}:{block.line}\r\n", 1)
    try:
        calendar = Calendar.from_ical(f"BEGIN:VCALENDAR\r\n{block.zones}{body}END:VCALENDAR\r\n")
        (event,) = calendar.walk("VEVENT")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # Whatever the library stumbles over in somebody's calendar, such as a zone that ends inside an event.
        raise fail("", "", f"expected an event that can be read; {error}") from None
    for name, message in event.errors:
        if name is None or name.upper() in _NEEDED:
            raise fail(name or "", "", f"expected a line that can be read; {message}")
    for name in sorted(_NEEDED - _MANY):
        if isinstance(event.get(name), list):
            raise fail(name, "", f"expected one {name}; it has several")
    for name in ("UID", "DTSTART"):
        if not str(event.get(name, "")).strip():
            raise fail(name, "", f"expected a {name}: without it there is no absence")
    event = cast("Event", event)
    _check_times(event, fail)
    return Read(block.line, event)


def span(event: Event) -> tuple[str, str]:
    """Start and end as text. RFC 5545 ends a day-long event on the day after; here it ends on the last day away."""
    start: date = _prop(event, "DTSTART").dt
    if "DTEND" in event:
        end = _prop(event, "DTEND").dt
    elif "DURATION" in event:
        end = start + _prop(event, "DURATION").dt
    else:
        end = start + timedelta(days=1)
    if not isinstance(start, datetime):
        end = max(end - timedelta(days=1), start)
    return start.isoformat(), end.isoformat()


def instance_ref(event: Event) -> str:
    """Which instance of a series this is: by when it was to begin, whatever it was moved to."""
    at: date = _prop(event, "RECURRENCE-ID" if "RECURRENCE-ID" in event else "DTSTART").dt
    if not isinstance(at, datetime):
        return f"{at:%Y%m%d}"
    return f"{at.astimezone(UTC) if at.tzinfo else at:%Y%m%dT%H%M%SZ}"


def as_text(value: object) -> str:
    """A property as text; several are joined by semicolons, an address is bare."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(filter(None, map(as_text, value)))
    categories = getattr(value, "cats", None)
    text = str(value) if categories is None else ";".join(map(str, categories))
    return text.strip().removeprefix("mailto:").removeprefix("MAILTO:")


def _prop(event: Event, name: str) -> Any:
    """A property whose type the library does not tell the type checker."""
    return event[name]


def _check_times(event: Event, fail: _Fail) -> None:
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        told: Any = event.get(name)
        zone = None if told is None else told.params.get("TZID")
        if zone and isinstance(told.dt, datetime) and told.dt.tzinfo is None:
            raise fail(name, str(zone), "expected a time zone that is known, or described in the file")
    start, end = _prop(event, "DTSTART").dt, cast("Any", event.get("DTEND"))
    if end is not None and not _follows(end.dt, start):
        raise fail("DTEND", end.to_ical().decode(), "expected an end after the start, both days or both times")
    if end is None and "DURATION" not in event and isinstance(start, datetime):
        raise fail("DTEND", "", "expected DTEND or DURATION, or a start that is a whole day")
    rules: Any = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        frequency = str((rule.get("FREQ") or [""])[0]).upper()
        if frequency not in _BY_DAY_AT_MOST:
            raise fail("RRULE", frequency, "expected an event that repeats by day, week, month or year")


def _follows(end: date, start: date) -> bool:
    if type(end) is not type(start):
        return False
    if isinstance(start, datetime) and isinstance(end, datetime) and (start.tzinfo is None) != (end.tzinfo is None):
        return False
    return end >= start
