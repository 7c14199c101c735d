"""Patterns and joined records: what was found of one record is known of both; apart again, each has its own."""

import pytest

from tests.engine.test_merges import apart, join, join_homes
from tests.engine.world import World, at


@pytest.fixture
def now():
    return at("2026-06-08 12:00")


def found(world: World) -> list[tuple[str, int, bool]]:
    """Every pattern there is: rule, of whom it was found, whether of a household."""
    rows = world.rows("SELECT rule, person_id, of_household FROM pattern_found ORDER BY id")
    return [(row.rule, row.person_id, row.of_household) for row in rows]


def misses(world: World, person: int, *days: int, code: str = "HV-1Y", **given: object) -> None:
    """Missed contacts that ended so many days ago."""
    for ago in days:
        ends = world.now.replace(hour=9)
        world.appointment(person, status="missed", contact_code=code, ends_at=_days_before(ends, ago), **given)
    world.detect()
    world.advance()


def _days_before(moment, days):
    return at(f"{moment.date().replace(day=moment.day - days)} 10:00")


class TestAPatternOfARecordThatWasJoined:
    def test_is_not_found_a_second_time_of_the_record_that_is_kept(self, world: World):
        """Nor sooner again than its rule says, for those are the same people."""
        kept, gone = world.toddler(), world.toddler()
        misses(world, gone, 6, 2)
        before = found(world)
        assert {(rule, person) for rule, person, _ in before} == {("R1", gone), ("two-in-90-days", gone)}
        merge = join(world, kept, gone)
        world.detect()
        assert found(world) == before
        misses(world, kept, 1)
        assert "R1" not in [rule for rule, person, _ in found(world) if person == kept]
        apart(world, merge)
        world.detect()
        assert [rule for rule, *_ in found(world)].count("R1") == 1

    def test_that_was_found_while_they_were_one_is_the_others_once_they_are_two(self, world: World):
        """Not found anew of whose contacts it was made, and no reason to keep silent of the other child."""
        kept, gone = world.toddler(), world.toddler()
        visit = world.appointment(gone, status="booked", contact_code="HV-1Y", ends_at=at("2026-06-05 10:00"))
        misses(world, gone, 6)
        merge = join(world, kept, gone)
        world.records(visit, "missed")
        world.detect()
        assert ("R1", kept, False) in found(world)
        apart(world, merge)
        world.detect()
        assert [rule for rule, *_ in found(world)].count("R1") == 1
        misses(world, kept, 4, 1)
        assert [person for rule, person, _ in found(world) if rule == "R1"] == [kept, kept]

    def test_of_a_household_is_known_of_the_household_that_is_kept(self, world: World):
        """R4, two services within a month: one occasion, whichever id the family has."""
        child, mother, other = world.toddler(), world.child(), world.toddler()
        gone = world.household((child, "child"), (mother, "mother"))
        kept = world.household((other, "child"))
        misses(world, mother, 5, code="MW-28W", household_id=gone, subject_role="mother")
        misses(world, child, 2, household_id=gone)
        before = found(world)
        assert [rule for rule, _, whole in before if whole].count("R4") == 1
        merge = join_homes(world, kept, gone)
        world.detect()
        assert found(world) == before
        apart(world, merge)
        world.detect()
        assert found(world) == before
