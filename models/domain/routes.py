"""The numbers to ring when it can't wait: national ones, and those of a team's own area. Pure; the numbers are data.

The system never carries an emergency: it says to phone, and whom.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """One number to ring: whose it is, the number as people dial it, when to use it, and its hours."""

    name: str
    number: str
    use: str
    hours: str


@dataclass(frozen=True)
class Routes:
    """All routes. `local` is keyed by the team's code, `default` holds where a team has none of its own."""

    everywhere: tuple[Route, ...]
    default: tuple[Route, ...]
    local: Mapping[str, tuple[Route, ...]]
    wording: str  # where the official red-flag wording is to be read: cited, never copied
    source: str

    def of_team(self, code: str | None) -> tuple[Route, ...]:
        """Return the local numbers of a team, without the national ones; empty where nobody has entered any."""
        return self.local.get(code or "", ()) or self.default

    def lacks_local(self, code: str | None) -> bool:
        """Whether a card for this team can't say whom to ring locally."""
        return not self.of_team(code)
