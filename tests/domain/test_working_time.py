"""Working days, elapsed hours and calendar months, over weekends, bank holidays and both clock changes."""

# ruff: noqa: DTZ001  naive civil times are what this is about

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rules import load_rules
from models.domain import working_time as wt
from models.domain.civil_time import CivilInstant, resolve_civil
from tests.domain.builders import LONDON, at, rules

CALENDAR = rules().calendar
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2028, 6, 1), timezones=st.just(UTC))
DAYS = st.dates(date(2020, 1, 1), date(2028, 6, 1))


class TestWorkingDay:
    def test_two_after_maundy_thursday_is_the_wednesday_after_easter(self):
        """Good Friday, the weekend and Easter Monday don't count."""
        assert wt.working_day_after(date(2027, 3, 25), 2, calendar=CALENDAR) == date(2027, 3, 31)

    def test_ends_at_five_in_summer_time_too(self):
        """WD n ends 17:00 on the wall, whatever the clocks did in between (28 March 2027)."""
        end = wt.after_working_days(at("2027-03-25 14:00"), 1, calendar=CALENDAR)
        assert end == at("2027-03-30 17:00") == datetime(2027, 3, 30, 16, tzinfo=UTC)

    def test_zero_is_the_same_day(self):
        """ "Same day" ends at the close of the anchor's own day."""
        assert wt.after_working_days(at("2026-11-02 10:00"), 0, calendar=CALENDAR) == at("2026-11-02 17:00")

    def test_is_never_before_what_it_counts_from(self):
        """An appointment that ends after closing time is due at once, not two hours earlier."""
        assert wt.after_working_days(at("2026-11-02 19:00"), 0, calendar=CALENDAR) == at("2026-11-02 19:00")

    def test_on_or_before_a_bank_holiday_monday_is_the_friday(self):
        """A staff step on a day off happens on the working day before, never after."""
        assert wt.working_day_on_or_before(date(2026, 5, 4), calendar=CALENDAR) == date(2026, 5, 1)

    def test_differs_between_nations(self):
        """2 January is a day off in Scotland alone."""
        scotland = load_rules(config_dir=None, nation="scotland", today=date(2026, 11, 22)).calendar
        assert not scotland.is_working_day(date(2026, 1, 2))
        assert CALENDAR.is_working_day(date(2026, 1, 2))

    def test_refuses_a_calendar_without_any(self):
        """A broken holidays file is an error with a name, never an endless search."""
        closed = wt.WorkingCalendar(
            zone=LONDON,
            holidays=frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(400)),
            day_starts=time(9),
            day_ends=time(17),
            known_until=date(2026, 12, 31),
        )
        with pytest.raises(wt.CalendarError, match="no working day within 60 days of 2026-02-01"):
            wt.working_day_after(date(2026, 2, 1), 1, calendar=closed)

    def test_counts_between_two_dates(self):
        """The first date doesn't count, the last does."""
        assert wt.working_days_between(date(2027, 3, 25), date(2027, 3, 31), calendar=CALENDAR) == 2

    @given(day=DAYS, count=st.integers(1, 30))
    def test_counted_forward_counts_back_to_the_same(self, day, count):
        """The nth working day after has n working days up to it, and is one."""
        found = wt.working_day_after(day, count, calendar=CALENDAR)
        assert CALENDAR.is_working_day(found)
        assert wt.working_days_between(day, found, calendar=CALENDAR) == count

    @given(day=DAYS)
    def test_on_or_before_never_comes_after(self, day):
        """Staff steps are early rather than late, and by no more than a long Christmas."""
        found = wt.working_day_on_or_before(day, calendar=CALENDAR)
        assert CALENDAR.is_working_day(found)
        assert timedelta(0) <= day - found <= timedelta(days=5)

    @given(moment=MOMENTS, count=st.integers(0, 20))
    def test_deadline_is_a_closing_time_or_the_moment_itself(self, moment, count):
        """WD n ends 17:00 local."""
        end = wt.after_working_days(moment, count, calendar=CALENDAR)
        assert end >= moment
        assert end == moment or end.astimezone(LONDON).time() == time(17)

    @given(moment=MOMENTS, fewer=st.integers(0, 10), more=st.integers(0, 10))
    def test_more_days_are_never_sooner(self, moment, fewer, more):
        """Order is kept."""
        sooner = wt.after_working_days(moment, fewer, calendar=CALENDAR)
        assert sooner <= wt.after_working_days(moment, fewer + more, calendar=CALENDAR)


class TestElapsedHours:
    @pytest.mark.parametrize(
        ("start", "end"),
        [("2027-03-27 22:00", "2027-03-28 11:00"), ("2026-10-24 22:00", "2026-10-25 09:00")],
    )
    def test_are_real_hours_in_a_night_the_clocks_change(self, start, end):
        """High-risk clocks run in elapsed hours: twelve are twelve."""
        assert wt.after_hours(at(start), 12) == at(end)

    @given(moment=MOMENTS, hours=st.floats(0, 100))
    def test_are_exact(self, moment, hours):
        """Never the wall's idea of an hour."""
        assert wt.after_hours(moment, hours) - moment == timedelta(hours=hours)


class TestWorkingHours:
    def test_stop_at_closing_time(self):
        """Four working hours from 15:00 end at 11:00 on the next working day."""
        assert wt.after_working_hours(at("2026-11-06 15:00"), 4, calendar=CALENDAR) == at("2026-11-09 11:00")

    def test_begin_at_opening_time(self):
        """What fires in the night of a bank holiday weekend begins to count when somebody is there."""
        assert wt.after_working_hours(at("2027-03-26 03:30"), 4, calendar=CALENDAR) == at("2027-03-30 13:00")

    @given(moment=MOMENTS, hours=st.sampled_from([0.5, 1, 4, 8, 20]))
    def test_end_inside_opening_hours(self, moment, hours):
        """Nobody is expected to answer at night."""
        end = wt.after_working_hours(moment, hours, calendar=CALENDAR).astimezone(LONDON)
        assert CALENDAR.is_working_day(end.date())
        assert time(9) < end.time() <= time(17)


class TestMonths:
    @pytest.mark.parametrize(
        ("day", "months", "expected"),
        [
            (date(2026, 8, 31), 6, date(2027, 2, 28)),
            (date(2027, 8, 31), 6, date(2028, 2, 29)),
            (date(2028, 2, 29), 12, date(2029, 2, 28)),
            (date(2026, 12, 15), 1, date(2027, 1, 15)),
            (date(2026, 1, 31), -2, date(2025, 11, 30)),
        ],
    )
    def test_are_calendar_months_held_to_the_last_day(self, day, months, expected):
        """Domain.md 1.1: never times thirty."""
        assert wt.add_months(day, months) == expected

    @given(day=DAYS, months=st.integers(-60, 60))
    def test_land_in_the_month_meant(self, day, months):
        """Clamping never spills into the next month."""
        found = wt.add_months(day, months)
        assert found.year * 12 + found.month == day.year * 12 + day.month + months
        assert found.day <= day.day


class TestCivilTime:
    def test_that_the_clocks_skip_does_not_exist(self):
        """01:30 on the last Sunday of March is refused by line on import."""
        assert resolve_civil(datetime(2027, 3, 28, 1, 30), zone=LONDON) is None

    def test_that_the_clocks_show_twice_is_the_later_and_marked(self):
        """01:30 on the last Sunday of October, so that nothing counts as missed before it can have been."""
        expected = CivilInstant(at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC), ambiguous=True)
        assert resolve_civil(datetime(2026, 10, 25, 1, 30), zone=LONDON) == expected

    def test_with_a_zone_of_its_own_is_a_mistake_of_the_caller(self):
        """Only a time without a zone is civil time."""
        with pytest.raises(ValueError, match="carries a zone"):
            resolve_civil(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), zone=LONDON)

    @given(moment=MOMENTS)
    def test_of_any_instant_leads_back_to_it_or_to_its_later_twin(self, moment):
        """Reading what the wall shows never lands more than the repeated hour away, and never earlier."""
        found = resolve_civil(moment.astimezone(LONDON).replace(tzinfo=None), zone=LONDON)
        assert found is not None
        assert found.at - moment in (timedelta(0), timedelta(hours=1))
        assert found.at == moment or found.ambiguous
