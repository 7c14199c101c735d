"""Late and suddenly small feeds, and what is backlog (design 3.7, 3.8)."""

from datetime import date, timedelta

import pytest

from models.domain.freshness import feed_health, is_backlog
from models.domain.words import Extent, FeedHealth
from tests.domain.builders import at, rules

FEEDS = rules().feeds


def health(**changes) -> FeedHealth:
    facts = {
        "now": at("2026-11-03 05:00"),
        "next_expected_at": at("2026-11-04 03:00"),
        "last_received_at": at("2026-11-03 03:00"),
        "last_row_count": 1000,
        "usual_row_count": 1000,
        "extent": Extent.FULL,
    }
    return feed_health(rules=FEEDS, **(facts | changes))


class TestFeed:
    def test_is_fresh_until_its_grace_is_over_and_then_late(self):
        """One alarm for a late feed instead of one alert per appointment."""
        assert health(now=at("2026-11-04 05:00")) is FeedHealth.FRESH
        assert health(now=at("2026-11-04 05:01")) is FeedHealth.LATE

    def test_that_never_sent_waits_and_is_late_once_it_was_expected(self):
        """A source declared and silent is noticed as well."""
        assert health(last_received_at=None, next_expected_at=None) is FeedHealth.WAITING
        assert health(last_received_at=None, next_expected_at=at("2026-11-02 03:00")) is FeedHealth.LATE

    @pytest.mark.parametrize(
        ("rows", "usual", "extent", "expected"),
        [
            (499, 1000, Extent.FULL, FeedHealth.SMALL),
            (500, 1000, Extent.FULL, FeedHealth.FRESH),
            (1, 19, Extent.FULL, FeedHealth.FRESH),
            (1, 1000, Extent.DELTA, FeedHealth.FRESH),
        ],
    )
    def test_is_small_only_where_a_full_extract_shrinks(self, rows, usual, extent, expected):
        """A delta may be any size; a handful of rows proves nothing."""
        assert health(last_row_count=rows, usual_row_count=usual, extent=extent) is expected

    def test_without_a_rhythm_is_never_late(self):
        """Irregular sources declare none."""
        assert health(next_expected_at=None, now=at("2027-11-04 05:01")) is FeedHealth.FRESH


def backlog(happened: str, received: str, **changes) -> bool:
    facts = {"go_live_on": None, "high_risk": False}
    moment = at(happened)
    return is_backlog(
        happened_at=moment,
        first_received_at=at(received),
        happened_on=moment.date(),
        rules=FEEDS,
        **(facts | changes),
    )


class TestBacklog:
    def test_is_what_was_older_than_any_ladder_when_first_received(self):
        """2016 loaded in 2026; yesterday's miss is not backlog."""
        assert backlog("2016-05-02 10:00", "2026-11-02 10:00")
        assert not backlog("2026-11-01 10:00", "2026-11-02 10:00")

    def test_is_what_lies_before_the_sources_go_live(self):
        """The trust says from when on this is its working tool."""
        assert backlog("2026-11-01 10:00", "2026-11-02 10:00", go_live_on=date(2026, 11, 2))
        assert not backlog("2026-11-02 10:00", "2026-11-02 12:00", go_live_on=date(2026, 11, 2))

    def test_is_never_high_risk(self):
        """Design 3.7: high risk is never folded in."""
        assert not backlog("2016-05-02 10:00", "2026-11-02 10:00", high_risk=True)

    def test_does_not_take_an_engine_that_stood_still_for_a_late_feed(self):
        """What counts is when the data came, not when we looked."""
        received = at("2026-11-02 10:00")
        assert received + timedelta(0) == received
        assert not backlog("2026-11-02 09:00", "2026-11-02 10:00")
