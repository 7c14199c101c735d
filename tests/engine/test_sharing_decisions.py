"""A clinician may hold it, a record may be put right, and what was told has to arrive."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from models.db import disclosure_actions
from models.db.follow_up_rows import NotAllowed
from models.domain.words import AccountRole
from tests.engine.adult_services import GP, HV, Services, acknowledge, decide, history, hold, share, told_by_five
from tests.engine.world import at


@pytest.fixture
def world(engine: Engine) -> Services:
    """Monday 8 June 2026, noon."""
    return Services(engine, now=at("2026-06-08 12:00"))


class TestHold:
    def test_by_a_clinician_with_a_reason_keeps_it_from_going(self, world: Services):
        """Even where an agreement is signed; the lead is told; when it ends, the agreement speaks again."""
        world.sign()
        world.missed(world.family())
        world.cycle()
        decide(world, lambda db, who: hold(db, world, who, until=at("2026-06-10 12:00")))
        world.until(at("2026-06-08 17:00"))
        world.cycle()
        assert (world.cards(), world.questions()[HV].state) == ([], "held")
        assert world.pmh_lead in [alert.practitioner_id for alert in world.told(kind="disclosure_due")]
        world.until(at("2026-06-10 12:00"))
        world.cycle()
        assert (len(world.cards()), world.questions()[HV].state) == (1, "shared")
        assert [event for event, _ in history(world, world.questions()[HV].id)] == [
            "raised",
            "held",
            "hold_ended",
            "shared",
        ]

    def test_without_an_agreement_ends_with_a_person_asked(self, world: Services):
        world.missed(world.family())
        world.cycle()
        decide(world, lambda db, who: hold(db, world, who, until=at("2026-06-09 12:00")))
        world.until(at("2026-06-09 12:00"))
        world.cycle()
        assert (world.questions()[HV].state, world.cards()) == ("asked", [])
        assert world.told(kind="disclosure_due") != []

    def test_has_an_end_within_the_limit_and_a_reason(self, world: Services):
        """Two working days; 24 hours for high risk; never without a reason."""
        world.missed(world.family())
        world.cycle()
        with pytest.raises(NotAllowed, match="at the longest"):
            decide(world, lambda db, who: hold(db, world, who, until=at("2026-06-11 09:00")))
        with pytest.raises(NotAllowed, match="why it is held"):
            decide(world, lambda db, who: hold(db, world, who, until=at("2026-06-09 09:00"), reason=""))
        with pytest.raises(IntegrityError, match="held_with_reason_and_end"):
            world.run("UPDATE disclosure SET state = 'held', held_by = 'person:ann', held_until = now()")

    def test_a_second_time_is_for_the_lead(self, world: Services):
        world.missed(world.family())
        world.cycle()
        role = AccountRole.HEALTH_VISITOR  # what a clinician's login is
        decide(world, lambda db, who: hold(db, world, who, until=at("2026-06-09 12:00")), role=role)
        world.until(at("2026-06-09 12:00"))
        world.cycle()
        with pytest.raises(NotAllowed, match="team lead decides"):
            decide(world, lambda db, who: hold(db, world, who, until=at("2026-06-10 12:00")), role=role)
        decide(world, lambda db, who: hold(db, world, who, until=at("2026-06-10 12:00")))
        assert world.questions()[HV].times_held == 2

    def test_speaks_for_the_adults_next_miss_too_while_it_lasts(self, world: Services):
        """What a clinician holds is about the adult, not about one appointment."""
        world.sign()
        home = world.family()
        world.missed(home)
        world.cycle()
        decide(world, lambda db, who: hold(db, world, who, until=at("2026-06-10 12:00")))
        world.until(at("2026-06-09 12:00"))
        second = world.missed(home)
        world.cycle()
        world.until(at("2026-06-09 18:00"))
        world.cycle()
        assert world.cards() == []
        held = world.questions(appointment_id=second)[HV]
        assert (held.state, held.held_reason, held.held_until) == (
            "held",
            "Partner reads her post",
            at("2026-06-10 12:00"),
        )


class TestCorrection:
    def test_before_anybody_was_told_ends_the_question(self, world: Services):
        world.sign()
        appointment = world.missed(world.family())
        world.cycle()
        world.records(appointment, "attended")
        told_by_five(world)
        assert {row.state for row in world.questions().values()} == {"withdrawn"}
        assert (world.cards(), world.told(kind="disclosure_due")) == ([], [])

    def test_afterwards_is_told_to_whoever_heard_of_it(self, world: Services):
        """They confirm and close; nothing closes by itself; missed after all, it goes on."""
        world.sign()
        appointment = world.missed(world.family())
        told_by_five(world)
        world.later(hours=1)
        world.records(appointment, "attended")
        world.cycle()
        (card,) = world.cards()
        assert (card.state, card.step_id) == ("seen", "confirm-seen")
        world.later(hours=1)
        world.records(appointment, "missed")
        world.cycle()
        (card,) = world.cards()
        assert card.state == "open"
        assert [event for event, _ in history(world, world.questions()[HV].id)] == [
            "raised",
            "shared",
            "corrected",
            "corrected",
        ]


class TestReceipt:
    def test_is_the_health_visitors_own_act(self, world: Services):
        world.sign()
        world.missed(world.family())
        told_by_five(world)
        assert world.questions()[HV].received_at is None
        acknowledge(world, world.cards()[0])
        assert world.questions()[HV].received_at == world.now
        (got,) = world.rows("SELECT received_by, received_how FROM disclosure_recipient")
        assert got == ("person:ann", "took it up here")

    def test_of_an_earlier_card_comes_with_the_one_it_goes_on_in(self, world: Services):
        world.sign()
        home = world.family()
        world.missed(home)
        told_by_five(world)
        world.until(at("2026-06-15 12:00"))
        world.missed(home)
        told_by_five(world)
        acknowledge(world, world.cards()[0])
        received = world.rows("SELECT received FROM disclosure WHERE to_service = :to", to=HV)
        assert [row.received for row in received] == [True, True]

    def test_of_the_copy_to_the_gp_is_asked_for_until_it_is_there(self, world: Services):
        world.missed(world.family())
        world.cycle()
        decide(
            world, lambda db, who: disclosure_actions.refuse(db, world.questions()[HV].id, who, reason="Known there")
        )
        decide(world, lambda db, who: share(db, world, who, to=GP, to_whom="Hill Surgery, letter"))
        (alert,) = world.told(kind="disclosure_due")
        assert alert.next_due_at == at("2026-06-15 17:00")
        gp = world.questions()[GP]
        assert "Please keep this out of the record that can be read online." in gp.what
        decide(world, lambda db, who: disclosure_actions.received(db, gp.id, who, how="Dr Vale rang back", view=""))
        assert (world.questions()[GP].received, world.told(kind="disclosure_due")) == (True, [])
