"""Who can be reached at night: hours staffed by a tested route, what is left open, and until when somebody signed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cli.duty_hours import HoursError, read_hours
from models.domain.out_of_hours import OutOfHours, Route, Signature, stand
from models.domain.words import RouteKind
from tests.domain.builders import at, rules

RULES = rules().staffing
NOW = at("2026-06-08 12:00")
TODAY = date(2026, 6, 8)


def a_route(*hours: tuple[int, int, int], tested_on: date | None = TODAY) -> Route:
    return Route(1, "On call", RouteKind.PHONE, tested_on, hours)


def standing(*routes: Route, signature: Signature | None = None) -> OutOfHours:
    return stand(routes, signature, rules=RULES, today=TODAY, now=NOW)


class TestOutOfHours:
    def test_without_a_route_is_all_that_lies_outside_working_hours(self):
        """Five nights in two parts, and two whole days."""
        weekdays = [(day, since, until) for day in range(1, 6) for since, until in ((0, 540), (1020, 1440))]
        assert standing().gaps == (*weekdays, (6, 0, 1440), (7, 0, 1440))
        assert not standing().is_covered

    def test_with_nights_and_weekends_staffed_is_covered(self):
        """By several routes, that overlap or meet; the night to Monday is Sunday's."""
        nights = a_route(*read_hours("mon-fri 17:00-09:00"))
        days = a_route(*read_hours("sat,sun 00:00-12:00"), *read_hours("sat,sun 11:00-24:00"))
        assert standing(nights, days).gaps == ((1, 0, 540),)
        weekend = a_route(*read_hours("sat,sun 00:00-12:00"), *read_hours("sat,sun 11:00-09:00"))
        assert standing(nights, weekend).is_covered

    @pytest.mark.parametrize(
        ("tested_on", "covered"),
        [(None, False), (TODAY, True), (TODAY - RULES.route_test_valid, True),
         (TODAY - RULES.route_test_valid - timedelta(days=1), False)],
        ids=["never tested", "today", "just in time", "too long ago"],
    )  # fmt: skip
    def test_counts_only_a_route_that_somebody_has_tried(self, tested_on, covered):
        """A number on paper reaches nobody."""
        route = a_route(*read_hours("mon-sun 00:00-24:00"), tested_on=tested_on)
        found = standing(route)
        assert (found.is_covered, found.untested) == (covered, () if covered else (route,))

    def test_is_signed_for_until_the_signature_ends(self):
        """By name; a signature closes no gap."""
        signed = Signature("person:ann", NOW + timedelta(days=1))
        assert standing(signature=signed).signed == signed
        assert not standing(signature=signed).is_covered
        assert standing(signature=replace(signed, until=NOW)).signed is None


class TestHoursAsWritten:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("sat 00:00-24:00", [(6, 0, 1440)]),
            ("mon-tue 17:00-20:30", [(1, 1020, 1230), (2, 1020, 1230)]),
            ("sun 22:00-06:00", [(7, 1320, 1440), (1, 0, 360)]),
            ("fri-mon 08:00-09:00", [(5, 480, 540), (6, 480, 540), (7, 480, 540), (1, 480, 540)]),
            ("sat,sun 17:00-00:00", [(6, 1020, 1440), (7, 1020, 1440)]),
        ],
    )
    def test_are_read_as_people_write_them(self, text, expected):
        """Past midnight is the next day's."""
        assert read_hours(text) == expected

    @pytest.mark.parametrize("text", ["", "mon", "mon 9-5", "moon 09:00-10:00", "mon 09:00-25:00", "mon 09:61-10:00"])
    def test_that_are_none_are_refused_by_name(self, text):
        """With what was expected."""
        with pytest.raises(HoursError, match="expected"):
            read_hours(text)
