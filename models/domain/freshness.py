"""Decide whether a feed is late or suddenly small, and whether what it brought is backlog. Pure.

Source: design.md 3.7, 3.8.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.domain.words import Extent, FeedHealth


@dataclass(frozen=True, slots=True)
class FeedRules:
    """How much lateness and shrinkage is normal: data, from config/contacts.yaml's `feeds`."""

    grace: timedelta  # past the time a delivery was due
    small_below: float  # a full extract with less than this share of the usual rows
    small_from_rows: int  # but only where the usual number is at least this
    backlog_after: timedelta  # first received this long after the cause: older than any ladder's span
    source: str


def feed_health(
    *,
    now: datetime,
    next_expected_at: datetime | None,
    last_received_at: datetime | None,
    last_row_count: int | None,
    usual_row_count: int | None,
    extent: Extent,
    rules: FeedRules,
) -> FeedHealth:
    """Return how a source stands at `now`. Late outweighs small: data that didn't come can't be counted."""
    if last_received_at is None and next_expected_at is None:
        return FeedHealth.WAITING
    if next_expected_at is not None and now > next_expected_at + rules.grace:
        return FeedHealth.LATE
    if last_received_at is None:
        return FeedHealth.WAITING
    if extent is Extent.FULL and is_suddenly_small(rows=last_row_count, usual=usual_row_count, rules=rules):
        return FeedHealth.SMALL
    return FeedHealth.FRESH


def is_suddenly_small(*, rows: int | None, usual: int | None, rules: FeedRules) -> bool:
    """Whether an extract of `rows` is far smaller than its source usually sends."""
    if rows is None or usual is None or usual < rules.small_from_rows:
        return False
    return rows < usual * rules.small_below


def is_backlog(
    *,
    happened_at: datetime,
    first_received_at: datetime,
    go_live_on: date | None,
    happened_on: date,
    high_risk: bool,
    rules: FeedRules,
) -> bool:
    """Whether a cause was already older than its ladder when we first heard of it, or lies before go-live.

    `happened_on` is the civil date of `happened_at`. High risk is never folded into the backlog: it climbs at once.
    """
    if high_risk:
        return False
    if go_live_on is not None and happened_on < go_live_on:
        return True
    return first_received_at - happened_at > rules.backlog_after
