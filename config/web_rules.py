"""How the pages behave: read from config/web.yaml, or from the file of that name in a trust's own folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from config.yaml_files import RuleFile, RulesError, read_rule_file

SHIPPED = Path(__file__).parent
# The ticks that make up one full cycle; a file that leaves one out is refused.
CYCLE_PARTS = (
    "detect",
    "staff",
    "advance",
    "advance_urgent",
    "send",
    "send_urgent",
    "reconcile",
    "staffing",
    "audit_clean",
)


@dataclass(frozen=True, slots=True)
class Waits:
    """How many failed logins are free, and how long the next ones wait."""

    free_tries: int
    first_wait: timedelta
    longest_wait: timedelta


@dataclass(frozen=True, slots=True)
class WebRules:
    """Sessions, throttling and the length of pages."""

    session_idle: timedelta
    session_longest: timedelta
    login_window: timedelta
    by_name: Waits
    by_address: Waits
    page_size: int
    story_size: int
    cycle: Mapping[str, timedelta]  # part of the engine to how long its last good end may lie back


def load_web_rules(overlay: Path | None = None) -> WebRules:
    """Read the rules. Raises RulesError naming every value that is not a positive number."""
    own = None if overlay is None else overlay / "web.yaml"
    file = read_rule_file(own if own is not None and own.exists() else SHIPPED / "web.yaml")
    numbers = _Numbers(file)
    rules = WebRules(
        session_idle=timedelta(minutes=numbers.at("session", "idle_minutes")),
        session_longest=timedelta(hours=numbers.at("session", "longest_hours")),
        login_window=timedelta(minutes=numbers.at("login", "window_minutes")),
        by_name=numbers.waits("by_name"),
        by_address=numbers.waits("by_address"),
        page_size=numbers.at("page_size"),
        story_size=numbers.at("story_size"),
        cycle={part: timedelta(minutes=numbers.at("cycle_minutes", part)) for part in CYCLE_PARTS},
    )
    numbers.check()
    return rules


class _Numbers:
    """Reads positive whole numbers of a file and remembers each place that has none."""

    def __init__(self, file: RuleFile) -> None:
        self._file = file
        self._findings = [] if isinstance(file.content, Mapping) else [file.finding((), "a mapping of settings")]

    def at(self, *where: str) -> int:
        value: Any = self._file.at(where)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        self._findings.append(self._file.finding(where, "a whole number above 0"))
        return 1

    def waits(self, name: str) -> Waits:
        return Waits(
            free_tries=self.at("login", name, "free_tries"),
            first_wait=timedelta(seconds=self.at("login", name, "first_wait_seconds")),
            longest_wait=timedelta(seconds=self.at("login", name, "longest_wait_seconds")),
        )

    def check(self) -> None:
        if self._findings:
            raise RulesError(self._findings)
