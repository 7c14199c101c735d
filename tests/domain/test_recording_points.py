"""At which contacts nobody recorded having asked a parent how they are (domain.md 1.6)."""

from datetime import date, timedelta

from models.domain.recording_points import Gap, Point, gaps

VISIT = Point("HV-NBV", date(2026, 9, 10), date(2026, 9, 30))
REVIEW = Point("HV-6W", date(2026, 10, 12), date(2026, 10, 26))
LATER = Point("HV-3M", date(2026, 11, 30), date(2027, 1, 31))
AROUND = timedelta(days=14)


def missing(*asked_on: date, today: date = date(2026, 11, 1)) -> tuple[Gap, ...]:
    return gaps((VISIT, REVIEW, LATER), asked_on, around=AROUND, today=today)


class TestGaps:
    def test_are_the_points_that_have_begun_latest_first(self):
        """Nothing recorded of the father at any of them; the review can still be made good."""
        assert missing() == (Gap(REVIEW, still_open=True), Gap(VISIT, still_open=False))

    def test_are_closed_by_a_score_within_the_contacts_days(self):
        """At the visit, at the review, each closes its own."""
        assert missing(date(2026, 9, 12)) == (Gap(REVIEW, still_open=True),)
        assert missing(date(2026, 9, 12), date(2026, 10, 20)) == ()

    def test_are_closed_by_a_score_up_to_two_weeks_before_or_after(self):
        """28 September is fourteen days before the review begins, 9 November fourteen after it ends."""
        for day, closed in ((date(2026, 9, 27), False), (date(2026, 9, 28), True), (date(2026, 11, 9), True)):
            open_points = [gap.point for gap in missing(day, today=date(2026, 11, 20))]
            assert (REVIEW not in open_points) == closed

    def test_do_not_count_what_is_still_to_come(self):
        """The three-month contact has not begun."""
        assert LATER not in [gap.point for gap in missing()]
