"""A follow-up that our own code fails on holds up no other, and is nobody's secret."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import text

from models.db.audit_checks import CHECKS
from tests.engine.world import World
from workers.lanes import advance_all
from workers.machine import Machine
from workers.set_aside import MOST_ASIDE


@pytest.fixture
def machine(world: World) -> Machine:
    """The means of a worker, on the test's clock and without a broker."""
    return cast(
        Machine,
        SimpleNamespace(
            engine=world.engine,
            rules=lambda: world.rules,
            pathways=world.pathways,
            clock=lambda session: world.now,
            doorbell=SimpleNamespace(ring=lambda lane: None),
        ),
    )


def missed(world: World, number: int) -> list[int]:
    """So many children's reviews missed this morning, each with its follow-up due now."""
    for _ in range(number):
        world.appointment(world.child(), status="missed", reconsider_at=world.now, outcome_due_at=None)
    world.detect()
    return [row[0] for row in world.rows("SELECT id FROM follow_up ORDER BY id")]


class TestAFaultOfOurOwn:
    def test_holds_up_no_other_follow_up(self, world: World, machine: Any):
        """The row with what the ladder can't read is put off; the twenty beside it go on."""
        ids = missed(world, 21)
        world.run("""UPDATE follow_up SET steps_done = '{"x": "spoilt"}' WHERE id = :id""", id=ids[3])
        advance_all(machine)
        due = dict(world.rows("SELECT id, next_due_at > :now FROM follow_up", now=world.now))
        assert due == dict.fromkeys(ids, True)
        fired = {row[0] for row in world.rows("SELECT follow_up_id FROM alert WHERE kind = 'step'")}
        assert fired == set(ids) - {ids[3]}

    def test_goes_to_the_last_resort_and_into_the_story(self, world: World, machine: Any):
        """Somebody is told by name, once a day, and the follow-up's own story says so."""
        (broken,) = missed(world, 1)
        world.run("""UPDATE follow_up SET steps_done = '{"x": "spoilt"}'""")
        advance_all(machine)
        world.now += timedelta(hours=1)
        advance_all(machine)
        told = world.rows("SELECT practitioner_id, next_due_at IS NOT NULL FROM alert WHERE kind = 'audit_violation'")
        assert [tuple(row) for row in told] == [(world.last_resort, True)]
        story = world.rows("SELECT event FROM follow_up_event WHERE follow_up_id = :id ORDER BY id", id=broken)
        assert [row[0] for row in story].count("engine_fault") == 2

    def test_is_not_taken_for_lateness_by_the_auditor(self, world: World, machine: Any):
        """It comes back before the auditor calls the engine stalled: the two do not cry over one thing."""
        missed(world, 1)
        world.run("""UPDATE follow_up SET steps_done = '{"x": "spoilt"}'""")
        advance_all(machine)
        (late,) = [check for check in CHECKS if check.code == "follow_up_overdue_to_advance"]
        with world.engine.connect() as connection:
            assert connection.execute(text(late.query), {"late_by": world.now}).all() == []

    def test_in_every_row_is_no_fault_of_the_rows(self, world: World, machine: Any):
        """After so many in one drain the job itself fails and says so; the rest stay due, with no alert for each."""
        ids = missed(world, MOST_ASIDE + 5)
        world.run("""UPDATE follow_up SET steps_done = '{"x": "spoilt"}'""")
        with pytest.raises(ValueError, match=r"unpack|Invalid isoformat"):
            advance_all(machine)
        put_off = world.rows("SELECT count(*) FROM follow_up_event WHERE event = 'engine_fault'")[0][0]
        still_due = world.rows("SELECT count(*) FROM follow_up WHERE next_due_at <= :now", now=world.now)[0][0]
        assert (put_off, still_due) == (MOST_ASIDE, len(ids) - MOST_ASIDE)
