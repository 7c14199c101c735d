"""Kinds of family event and the ladder each climbs: what is followed up without being an appointment. Pure.

The kinds themselves are words (models/domain/words.py), their names and ladders data: config/events.yaml.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models.domain.words import FamilyEventKind


@dataclass(frozen=True, slots=True)
class EventRule:
    """One kind of config/events.yaml. `code` stands where an appointment has its contact code."""

    kind: FamilyEventKind
    code: str
    name: str
    pathway: str


@dataclass(frozen=True)
class EventRules:
    """Every kind of family event, each with its rule."""

    rules: Mapping[FamilyEventKind, EventRule]
    source: str

    def name_of(self, code: str) -> str | None:
        """Return the name of the event with this code; None for a code that is no event's."""
        return next((rule.name for rule in self.rules.values() if rule.code == code), None)
