"""What counts as a new item of the named nurse in a replay (domain.md 8; docs/pathways.md, alert load)."""

from datetime import date

from models.db.replay_figures import Telling
from tests.engine.world import at
from workers.replay_nurse import NurseItems

MONDAY, TUESDAY = date(2026, 6, 8), date(2026, 6, 9)


def told(alert: int, **given: object) -> Telling:
    """The named nurse is told of a step for a child's review."""
    row: dict[str, object] = {
        "at": at("2026-06-08 09:00"), "alert_id": alert, "times": 1, "kind": "step", "urgency": "urgent",
        "role": "named_nurse", "practitioner_id": 1, "staff_role": "named_nurse", "team": "N", "follow_up_id": 1,
        "opened_at": at("2026-06-01 09:00"), "contact_code": "HV-1Y", "pathway": "universal-review",
        "step": "supervision",
    }  # fmt: skip
    return Telling(**(row | given))  # type: ignore[arg-type]


def figures(*tellings: Telling, days: tuple[date, ...] = (MONDAY, TUESDAY)) -> dict[str, object]:
    """All heard on Monday and again on Tuesday, in a trust of 5,000 children."""
    items = NurseItems(before_birth={"MW-34W"}, goes_on_in={1: 2, 2: 3})
    for day in (MONDAY, TUESDAY):
        for telling in tellings:
            items.hear(telling, seen_on=day)
    return items.figures(5_000, days)


class TestNewItems:
    def test_are_threads_not_tellings(self):
        """The same step again, the next step and the next miss of the thread are on her list already."""
        found = figures(told(1), told(2, step="child-still-not-seen"), told(3, follow_up_id=2), told(4, follow_up_id=3))
        assert found == {"new_items": 1, "per_working_day_per_10000": 1.0, "new_items_before_birth": 0}

    def test_are_alerts_where_there_is_no_follow_up(self):
        """A prompt and a challenge are an item each."""
        assert figures(told(1, follow_up_id=None), told(2, follow_up_id=None))["new_items"] == 2

    def test_of_pregnancy_are_counted_beside(self):
        """A missed contact of pregnancy belongs to no child under five, so neither does its item."""
        found = figures(told(1), told(2, follow_up_id=9, contact_code="MW-34W"))
        assert found == {"new_items": 1, "per_working_day_per_10000": 1.0, "new_items_before_birth": 1}

    def test_are_new_on_the_first_day_alone(self):
        """What she first heard of in the week after go-live is not new later; what others are told is not hers."""
        assert figures(told(1), told(2, follow_up_id=9, staff_role="team_lead"), days=(TUESDAY,))["new_items"] == 0
