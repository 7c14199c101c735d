"""The formats that can be imported, and what they all are once opened: rows under headers."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

from intake.reading import Row
from intake.survey import Survey


class Format(StrEnum):
    """The formats that can be imported."""

    CSV = "csv"
    ICS = "ics"  # absences alone


class Sheet(Protocol):
    """An opened file as rows under headers, whatever its format."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of the cells, as the sender writes them."""

    @property
    def survey(self) -> Survey:
        """What the first pass over the file found."""

    def rows(self) -> Iterator[Row]:
        """Each row with its line, or what is wrong with it."""
