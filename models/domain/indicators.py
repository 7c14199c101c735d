"""What may be recorded of a parent's mental health: totals, yes or no, and nothing of an instrument's text. Pure.

The instruments are data: config/prompts.yaml. Source: domain.md 4.1 and 4.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.domain.words import Known, PerinatalPhase, PersonRole


class InstrumentKind(StrEnum):
    """How an indicator is asked about."""

    SCALE = "scale"  # a result always says something: without a valid threshold a person is asked
    CHECKLIST = "checklist"  # says something only where an item is yes


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument or list as a trust records it: bounds, items by code and their names in our own words."""

    code: str
    name: str
    kind: InstrumentKind
    highest_total: int | None  # None: it has no total
    self_harm_item: str | None  # what the item is called; None: it has none
    highest_item: int
    items: Mapping[str, str]
    note_asked: bool  # a free note belongs to it
    licence: str
    standing: bool  # a history: looked at again when a pregnancy begins, and never too old


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded indicator as the rules see it. `phase`, `person` and `language` are None where not known."""

    instrument: str
    total: int | None = None
    self_harm_item: int | None = None
    answers: Mapping[str, Known] | None = None
    phase: PerinatalPhase | None = None
    person: PersonRole | None = None
    language: str | None = None

    def answer(self, item: str) -> Known:
        """How an item was answered; UNKNOWN where nothing was recorded for it."""
        return (self.answers or {}).get(item, Known.UNKNOWN)

    @property
    def any_yes(self) -> bool:
        """Whether any item was answered with yes."""
        return Known.YES in (self.answers or {}).values()
