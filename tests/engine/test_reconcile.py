"""Reconcile: late and small feeds, and tasks that nobody takes."""

from tests.engine.world import World, at


class TestFeed:
    def test_late_raises_one_alarm_to_its_owner(self, world: World):
        """However many appointments wait for it and however often somebody looks."""
        self.expect_by(world, at("2026-06-08 06:00"), owner=world.lead)
        for _ in range(50):
            world.appointment(world.child(), ends_at=at("2026-06-08 09:00"))
        world.run("UPDATE source SET as_of = :t", t=at("2026-06-07 03:00"))
        for _ in range(3):
            world.reconcile()
            world.detect()
        assert [(alert.kind, alert.practitioner_id) for alert in world.told()] == [("feed_late", world.lead)]
        assert world.rows("SELECT health FROM source") == [("late",)]
        assert world.rows("SELECT id FROM follow_up") == []

    def test_without_an_owner_alarms_the_last_resort(self, world: World):
        """A named person is always told."""
        self.expect_by(world, at("2026-06-08 06:00"), owner=None)
        world.reconcile()
        assert [alert.practitioner_id for alert in world.told()] == [world.last_resort]

    def test_that_comes_again_ends_its_alarm(self, world: World):
        """And the next late spell is a new alarm."""
        self.expect_by(world, at("2026-06-08 06:00"), owner=world.lead)
        world.reconcile()
        self.expect_by(world, at("2026-06-09 06:00"), owner=world.lead)
        world.reconcile()
        assert world.told() == []
        world.until(at("2026-06-09 12:00"))
        world.reconcile()
        assert world.one("SELECT count(*) FROM alert WHERE kind = 'feed_late'") == 2

    def test_suddenly_small_is_an_alarm_of_its_own(self, world: World):
        """A full extract with a tenth of its usual rows."""
        self.expect_by(world, at("2026-06-09 06:00"), owner=world.lead)
        world.run("UPDATE source SET extent = 'full', last_row_count = 100, usual_row_count = 1000")
        world.reconcile()
        assert [alert.kind for alert in world.told()] == ["feed_small"]

    @staticmethod
    def expect_by(world: World, moment: object, *, owner: int | None) -> None:
        world.run(
            "UPDATE source SET rhythm_minutes = 1440, last_received_at = :t, next_expected_at = :t,"
            " owner_practitioner_id = :owner",
            t=moment,
            owner=owner,
        )


class TestTaskOverdue:
    def test_goes_up_role_by_role_and_never_closes(self, world: World):
        """Team lead, head of service, last resort, and there it is said again for ever."""
        world.add(
            "alert",
            kind="rejected_rows",
            urgency="routine",
            dedupe_key="t",
            practitioner_id=world.visitor,
            team_id=world.team,
            raised_at=world.now,
            next_due_at=world.now,
        )
        seen = []
        for _ in range(5):
            world.later(days=3)
            world.reconcile()
            (alert,) = world.told()
            seen.append(alert.practitioner_id)
            assert alert.next_due_at > world.now
        assert seen == [world.lead, world.head, world.last_resort, world.last_resort, world.last_resort]
