"""The order of a team's list, and why a row stands where it does. Pure.

Red flags, then high risk, then overdue longest. Never a score, never "low risk" (design.md 7).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.domain.words import FollowUpState


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """What decides a follow-up's place."""

    follow_up_id: int
    state: FollowUpState
    red_flag: bool
    high_risk: bool
    overdue_since: datetime
    acknowledged_until: datetime | None = None


def position(row: WorklistRow) -> tuple[bool, bool, datetime, int]:
    """Return the sort key: smallest first. The id settles ties, so that the list never jumps about."""
    return (not row.red_flag, not row.high_risk, row.overdue_since, row.follow_up_id)


def reason(row: WorklistRow, *, now: datetime) -> str:
    """Return in a few words why the row stands where it does."""
    parts = []
    if row.red_flag:
        parts.append("red flag")
    if row.high_risk:
        parts.append("high-risk flag")
    parts.append(f"overdue for {_length(now - row.overdue_since)}")
    if row.state is FollowUpState.BACKLOG:
        parts.append("came in late")
    return ", ".join(parts)


def _length(span: timedelta) -> str:
    if span.days >= 1:
        return "1 day" if span.days == 1 else f"{span.days} days"
    hours = max(0, int(span.total_seconds() // 3600))
    return "less than an hour" if hours == 0 else "1 hour" if hours == 1 else f"{hours} hours"
