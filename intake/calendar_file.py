"""Read an iCalendar file (RFC 5545) as a table of absences: one row an event, one for each instance of a repeated one.

Knows calendars, not staff: whose absence it is, the mapping says. An event that can't be read costs its own row and is
named by the line it begins on; the others still count. Times without a zone stay as they are: civil time.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import recurring_ical_events
from icalendar import Calendar, Event

from intake.calendar_events import LINE, Read, Unreadable, as_text, instance_ref, read_event, span
from intake.calendar_lines import Block, event_blocks, x_names
from intake.mapping import Mapping
from intake.reading import Fault, Row
from intake.survey import Survey, open_bytes, survey

# Our field for each property, where a mapping says nothing else: who it is must be an id, never a name.
COLUMNS = {
    "source_id": ("UID",),
    "series": ("SERIES",),
    "practitioner": ("X-STAFF-ID",),
    "cover": ("X-COVER-ID",),
    "starts_at": ("DTSTART",),
    "ends_at": ("DTEND",),
    "status": ("STATUS",),
}
_OURS = tuple(name for (name,) in COLUMNS.values())
_BESIDE = ("SUMMARY", "ATTENDEE", "ORGANIZER", "CATEGORIES")  # a mapping may find the id in one of these


@dataclass(frozen=True, slots=True)
class CalendarSheet:
    """An opened calendar, to be read like a table. Repeats are written out from `since` to before `until`."""

    headers: tuple[str, ...]
    survey: Survey
    blocks: tuple[Block, ...]
    since: date
    until: date

    def rows(self) -> Iterator[Row]:
        """Each instance of each event with the line its event begins on; faults where an event can't be read."""
        by_uid: dict[str, list[Read]] = {}
        for block in self.blocks:
            try:
                read = read_event(block)
            except Unreadable as fault:
                yield fault.line, fault.fault
            else:
                by_uid.setdefault(read.uid, []).append(read)
        for events in by_uid.values():
            kept, overtaken = _newest(events)
            yield from overtaken
            yield from self._instances(kept)

    def _instances(self, events: list[Read]) -> Iterator[Row]:
        """One event, or a series with the instances that were changed, written out."""
        first = events[0]
        is_series = any(one.repeats for one in events)
        try:
            found = self._written_out(events) if is_series else [first.event]
            rows = [(int(str(each[LINE])), self._cells(each, is_series=is_series)) for each in found]
        except (ValueError, LookupError, OverflowError, TypeError, AttributeError) as error:
            # Whatever the library stumbles over in somebody's calendar: this event is named, the others count.
            said = f"expected an event that can be written out; {type(error).__name__}: {error}"
            yield first.line, Fault(said, first.uid, "UID")
            return
        yield from rows

    def _written_out(self, events: list[Read]) -> list[Event]:
        calendar = Calendar()
        for one in events:
            calendar.add_component(one.event)
        return list(recurring_ical_events.of(calendar).between(self.since, self.until))

    def _cells(self, event: Event, *, is_series: bool) -> list[str]:
        uid = str(event["UID"])
        starts, ends = span(event)
        cells = {name: as_text(event.get(name)) for name in self.headers}
        cells |= {"UID": f"{uid}#{instance_ref(event)}" if is_series else uid, "SERIES": uid}
        cells |= {"DTSTART": starts, "DTEND": ends, "STATUS": cells["STATUS"] or "CONFIRMED"}
        return [cells[name] for name in self.headers]


def open_calendar(path: Path, *, encoding: str | None, since: date, until: date) -> CalendarSheet:
    """Survey the file and find its events; raise UnusableFile where it is no calendar or ends in the middle."""
    found = survey(path, encoding=encoding)
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=found.encoding, errors="replace", newline=None)
        blocks = event_blocks(path.name, text)
    named = (*_OURS, *_BESIDE)
    extra = sorted({name for block in blocks for name in x_names(block)} - {*named, LINE})
    return CalendarSheet((*named, *extra), found, blocks, since, until)


def calendar_mapping(mapping: Mapping) -> Mapping:
    """Return a mapping with the calendar's own columns for the fields that it names no column or constant for."""
    own = {field: names for field, names in COLUMNS.items() if field not in mapping.constants}
    return replace(mapping, columns={**own, **(mapping.columns or {})})


def _newest(events: list[Read]) -> tuple[list[Read], list[Row]]:
    """Of one UID's events and changed instances the highest SEQUENCE each, the later line among equals.

    The others come as faults that name the line that wins.
    """
    by_instance: dict[str, list[Read]] = {}
    for one in events:
        by_instance.setdefault(one.instance, []).append(one)
    kept, overtaken = [], list[Row]()
    for same in by_instance.values():
        *older, winner = sorted(same, key=lambda each: (each.sequence, each.line))
        kept.append(winner)
        said = f"expected one event of this UID and instance: line {winner.line} has it too and wins"
        overtaken += [(one.line, Fault(said, one.uid, "UID")) for one in older]
    return kept, overtaken
