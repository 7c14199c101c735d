"""Find the events of an iCalendar file: unfolded lines, each event with the line it begins on and the zones it names.

Knows the file's outer shape alone, so that one event that can't be read costs none of the others.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from intake.errors import UnusableFile

_LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """One event as written, its lines unfolded, with the zones it names as the file describes them."""

    line: int
    text: str
    zones: str = ""


def event_blocks(name: str, text: io.TextIOWrapper) -> tuple[Block, ...]:
    """The events in the order of the file. Raises UnusableFile where it is no calendar or ends in the middle of one."""
    events: list[tuple[int, str]] = []
    zones: dict[str, str] = {}
    for line, kind, block in _components(name, text):
        if kind == "VEVENT":
            events.append((line, block))
        else:
            zones[_zone_id(block)] = block
    return tuple(Block(line, block, _zones_of(block, zones)) for line, block in events)


def x_names(block: Block) -> Iterator[str]:
    """The names of an event's own properties that no standard knows."""
    for line in block.text.splitlines():
        if line[:2].upper() == "X-":
            yield line.partition(":")[0].partition(";")[0].strip().upper()


def _components(name: str, text: io.TextIOWrapper) -> Iterator[tuple[int, str, str]]:
    """Events and zones: the line each begins on, what it is, and its text."""
    inside, open_at, lines, began = "", 0, list[str](), False
    for number, line in _unfolded(text):
        word = line.strip().upper()
        if not began and word != "BEGIN:VCALENDAR":
            raise UnusableFile(f"{name} is no calendar: its first line is not BEGIN:VCALENDAR")
        began = True
        if inside:
            lines.append(line)
            if word == f"END:{inside}":
                yield open_at, inside, "\r\n".join([*lines, ""])
                inside = ""
        elif word in ("BEGIN:VEVENT", "BEGIN:VTIMEZONE"):
            inside, open_at, lines = word.removeprefix("BEGIN:"), number, [line]
    if inside:
        raise UnusableFile(f"{name} ends in the middle of the {inside} that begins on line {open_at}")


def _unfolded(text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Content lines with the number of their first physical line: a line that begins with a blank goes on the last."""
    held, first, number = "", 0, 0
    while line := text.readline(_LONGEST_LINE):
        number += 1
        line = line.rstrip("\r\n")
        if line[:1] in (" ", "\t") and held:
            held += line[1:]
            continue
        if held.strip():
            yield first, held
        held, first = line.removeprefix("\ufeff"), number
    if held.strip():
        yield first, held


def _zone_id(block: str) -> str:
    found = next((line for line in block.splitlines() if line.upper().startswith("TZID")), ":")
    return found.partition(":")[2].strip()


def _zones_of(block: str, zones: dict[str, str]) -> str:
    return "".join(zone for name, zone in zones.items() if f"TZID={name}" in block or f'TZID="{name}"' in block)
