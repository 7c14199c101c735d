"""Records joined with whoever is held or has died come under that: no text goes, plans give way."""

from datetime import date, timedelta

import pytest

from models.domain.words import HoldKind
from tests.engine.test_holds import Family, audited, hold, tell_death
from tests.engine.test_merges import apart, join, join_homes
from tests.engine.world import World


@pytest.fixture
def family(world: World) -> Family:
    return Family(world)


class TestAJoin:
    def test_with_a_household_that_is_held_drops_the_texts_that_wait(self, world: World, family: Family):
        """Nobody can let one go any more, and its story says so."""
        other = world.household((world.child(), "child"))
        hold(world, other, HoldKind.MOVED_OUT)
        world.detect()
        assert [state for state, _ in family.texts(world)] == ["held"]
        join_homes(world, other, family.household)
        world.detect()
        assert family.texts(world) == [("dropped", "hold")]
        assert "text_dropped" in world.story(world.follow_up(family.missed).id)

    def test_with_a_record_of_somebody_who_has_died_ends_their_follow_ups_gently(self, world: World, family: Family):
        """Neither record runs on the plan of the living afterwards."""
        gone = world.toddler(date_of_birth=None)
        world.household((gone, "child"))
        missed = world.appointment(gone, status="missed", contact_code="HV-2Y")
        tell_death(world, family.household, family.child)
        world.later(hours=1)
        assert audited(world) == set()
        join(world, family.child, gone)
        world.detect()
        assert world.follow_up(missed).pathway_code == "after-a-loss"
        world.later(hours=1)
        world.advance()
        world.reconcile()
        assert "followed_as_though_alive" not in audited(world)


class TestALossThatWasTakenUp:
    def test_is_no_news_again_when_the_mother_is_joined_with_her_other_record(self, world: World, family: Family):
        """Care that a person has closed does not begin anew months later: nobody condoles twice (hazard 2)."""
        tell_death(world, family.household, family.child)
        world.run("""UPDATE follow_up SET state = 'closed', closed_by = 'person:ann', closed_at = :now,
                     closed_reason = 'clinician_decision', next_due_at = NULL, closing_by = 'person:bob'
                     WHERE contact_code = 'EVENT-BEREAVEMENT'""", now=world.now)  # fmt: skip
        world.later(days=60)
        other = world.child(date_of_birth=date(1995, 1, 1), life_status="alive")
        world.household((other, "mother"))
        join(world, other, family.mother)
        world.detect()
        assert world.rows("SELECT count(*) FROM family_event WHERE kind = 'bereavement_care'") == [(1,)]
        assert world.rows("SELECT count(*) FROM hold WHERE apply_at IS NOT NULL") == [(0,)]


class TestTakenApartAgain:
    def test_whoever_lives_is_followed_on_the_plan_of_the_living(self, world: World, family: Family):
        """A living child must not rest on the gentle plan of another one's death, nor lose the visits to come."""
        living = world.toddler(date_of_birth=None)
        world.household((living, "child"))
        missed = world.appointment(living, status="missed", contact_code="HV-2Y")
        world.detect()
        planned = world.add(
            "expected_contact", person_id=living, contact_code="HV-FAMILY", schedule_code="x", schedule_version=1,
            anchor_on=world.now.date(), window_start=world.now.date(), window_end=world.now.date() + timedelta(days=60),
            overdue_on=world.now.date() + timedelta(days=61), next_due_at=world.now + timedelta(days=61),
            first_received_at=world.now,
        )  # fmt: skip
        before = world.follow_up(missed).pathway_code
        tell_death(world, family.household, family.child)
        merge = join(world, family.child, living)
        world.detect()
        world.reconcile()
        assert world.follow_up(missed).pathway_code == "after-a-loss"
        world.later(hours=1)
        apart(world, merge)
        world.detect()
        world.advance()
        world.reconcile()
        found = world.follow_up(missed)
        assert (found.person_id, found.pathway_code, found.hold_id) == (living, before, None)
        assert "plan_put_back" in world.story(found.id)
        assert world.one("SELECT state FROM expected_contact WHERE id = :id", id=planned) == "planned"
        world.later(hours=1)
        assert "gave_way_for_somebody_else" not in audited(world)
