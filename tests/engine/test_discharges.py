"""Perinatal mental health may not end its care of a parent before others were told; then come looks for a year."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.db import discharges, disclosure_actions, disclosure_receipts
from models.db.discharges import Proposal
from models.db.follow_up_rows import IllegalTransition, NotAllowed
from tests.engine.adult_services import GP, HV, PMH, Home, Services, acknowledge, decide, share, violations
from tests.engine.world import at
from workers.advance import harmless_flags


@pytest.fixture
def world(engine: Engine) -> Services:
    """Monday 8 June 2026, noon."""
    return Services(engine, now=at("2026-06-08 12:00"))


@pytest.fixture
def home(world: Services) -> Home:
    """A mother in the perinatal team's care, with a child of two."""
    home = world.family()
    world.missed(home, status="attended")
    world.detect()
    return home


class TestProposed:
    def test_asks_the_health_visitor_at_once_and_the_gp_by_a_task(self, world: Services, home: Home):
        """The card names no service; the GP's copy is a person's to send."""
        propose(world, home)
        world.cycle()
        (card,) = world.cards()
        assert (card.pathway_code, card.step_id, card.owner_practitioner_id) == (
            "discharge-proposed",
            "give-your-view",
            world.visitor,
        )
        asked = world.questions()
        assert {to: row.state for to, row in asked.items()} == {HV: "shared", GP: "waiting"}
        assert asked[HV].what.startswith(
            "Adult in household: a health service proposes to end its care on 8 June 2026."
        )
        (alert,) = world.told(kind="disclosure_due")
        assert (alert.practitioner_id, alert.next_due_at) == (world.clinician, at("2026-06-09 17:00"))

    def test_is_blocked_until_both_have_received_it(self, world: Services, home: Home):
        discharge = propose(world, home)
        world.cycle()
        with pytest.raises(NotAllowed, match="the health visitor has not received the question and the GP has not"):
            settle(world, discharge)
        acknowledge(world, world.cards()[0])
        with pytest.raises(NotAllowed, match="Not yet: the GP has not received the question"):
            settle(world, discharge)
        tell_gp(world)
        with pytest.raises(NotAllowed, match="letter was copied"):
            settle(world, discharge, letter="")
        settle(world, discharge)
        assert world.one("SELECT state FROM discharge WHERE id = :id", id=discharge) == "discharged"

    def test_is_blocked_by_the_database_too(self, world: Services, home: Home):
        """By the check, and by keys that only lead to what this discharge's own services received."""
        discharge = propose(world, home)
        set_ = "UPDATE discharge SET state = 'discharged', settled_by = 'x', settled_at = now(), letter_copied = 'x'"
        with pytest.raises(IntegrityError, match="discharged_once_told"):
            world.run(set_)
        questions = world.questions()
        pointing = (
            f"{set_}, visitor_disclosure_id = :visitor, visitor_received = true, gp_disclosure_id = :gp,"
            " gp_received = true WHERE id = :id"
        )
        with pytest.raises(IntegrityError, match="fk_discharge_"):
            world.run(pointing, visitor=questions[HV].id, gp=questions[GP].id, id=discharge)
        tell_gp(world)
        with pytest.raises(IntegrityError, match="fk_discharge_visitor_received"):
            world.run(pointing, visitor=questions[GP].id, gp=questions[GP].id, id=discharge)

    def test_takes_the_health_visitors_view(self, world: Services, home: Home):
        propose(world, home)
        world.cycle()
        (card,) = world.cards()
        with Session(world.engine) as session, session.begin():
            assert disclosure_receipts.give_view(session, card.id, view="Too early", by="person:hv", now=world.now)
        (recipient,) = world.rows("SELECT view, received_by FROM disclosure_recipient")
        assert recipient == ("Too early", "person:hv")
        assert world.questions()[HV].received

    def test_is_asked_about_again_until_somebody_settles_it(self, world: Services, home: Home):
        propose(world, home)
        world.cycle()
        tell_gp(world)
        acknowledge(world, world.cards()[0])
        assert world.told(kind="disclosure_due") == []
        world.until(at("2026-06-15 17:00"))
        world.cycle()
        (alert,) = world.told(kind="disclosure_due")
        assert alert.practitioner_id == world.clinician

    def test_is_one_at_a_time(self, world: Services, home: Home):
        propose(world, home)
        with pytest.raises(NotAllowed, match="proposed already"):
            propose(world, home)

    def test_of_a_parent_of_schoolchildren_needs_the_gp_alone(self, world: Services):
        home = world.family(born="2018-01-01")
        world.missed(home, status="attended")
        discharge = propose(world, home)
        assert list(world.questions()) == [GP]
        tell_gp(world)
        settle(world, discharge)
        world.cycle()
        assert world.one("SELECT next_due_at IS NULL FROM discharge WHERE id = :id", id=discharge)

    def test_and_withdrawn_tells_whoever_was_asked(self, world: Services, home: Home):
        discharge = propose(world, home)
        world.cycle()
        with pytest.raises(NotAllowed, match="why care goes on"):
            decide(world, lambda db, who: discharges.withdraw(db, discharge, who, note=""))
        decide(world, lambda db, who: discharges.withdraw(db, discharge, who, note="She asked to go on"))
        world.cycle()
        (card,) = world.cards()
        assert (card.state, card.seen_evidence) == ("seen", "the other service goes on with its care")
        assert world.told(kind="disclosure_due") == []
        with pytest.raises(IllegalTransition):
            settle(world, discharge)


class TestDischarged:
    def test_the_family_is_looked_at_for_a_year_by_whoever_holds_the_child_then(self, world: Services, home: Home):
        """After 1, 3, 6, 9 and 12 months; one card at a time; the second one by the colleague who took the child on."""
        agreed(world, home)
        world.cycle()
        assert [(card.state, card.pathway_code) for card in world.cards()] == [("seen", "discharge-proposed")]
        world.run(
            "UPDATE follow_up SET state = 'closed', next_due_at = NULL, closed_by = 'person:ann',"
            " closed_reason = 'clinician_decision', closed_at = now() WHERE family_event_id IS NOT NULL"
        )
        colleague = world.staff("health_visitor")
        looks = []
        for month in ("2026-07-08", "2026-09-08", "2026-12-08", "2027-03-08", "2027-06-08", "2027-12-08"):
            world.until(at(f"{month} 09:00"))
            world.cycle()
            looks.append([(card.detail["look"], card.owner_practitioner_id) for card in world.cards()])
            world.run("UPDATE person SET caseload_holder_id = :id WHERE id = :child", id=colleague, child=home.child)
        assert looks[:2] == [[(1, world.visitor)], [(2, colleague)]]
        assert [look[0][0] for look in looks] == [1, 2, 3, 4, 5, 5]
        assert world.one("SELECT next_due_at IS NULL FROM discharge")

    def test_a_baby_born_since_is_looked_at_too(self, world: Services, home: Home):
        agreed(world, home)
        world.cycle()
        baby = world.child(date_of_birth=date(2026, 6, 20))
        world.add("household_member", household_id=home.household, person_id=baby, role="child")
        world.until(at("2026-07-08 09:00"))
        world.cycle()
        assert baby in [card.person_id for card in world.cards()]


class TestTheAuditor:
    def test_finds_a_discharge_nobody_was_told_of_and_one_nothing_looks_at(self, world: Services, home: Home):
        agreed(world, home)
        world.cycle()
        assert violations(world) == []
        world.run("UPDATE disclosure SET received_at = received_at + interval '1 day'")
        assert violations(world) == ["discharged_before_others_were_told"]
        world.later(days=40)
        assert "discharge_overdue" in violations(world)


def propose(world: Services, home: Home) -> int:
    """The perinatal team proposes to end its care of the mother."""
    made = []

    def act(db: Session, who: disclosure_actions.Decider) -> None:
        (adult,) = discharges.in_care(db, who.account, home.household, guarded=world.rules.sharing.guarded)
        proposal = Proposal(adult, home.household, PMH, "Well for six months")
        made.append(discharges.propose(db, proposal, who, harmless_flags=harmless_flags(world.rules)))

    decide(world, act)
    return made[0]


def tell_gp(world: Services) -> None:
    """The GP is told by letter, and rings back."""
    decide(
        world, lambda db, who: share(db, world, who, to=GP, to_whom="Hill Surgery, MESH", received_how="Acknowledged")
    )


def settle(world: Services, discharge: int, *, letter: str = "GP and health visitor, by MESH") -> None:
    """The discharge goes ahead."""
    decide(world, lambda db, who: discharges.settle(db, discharge, who, letter_copied=letter, note=""))


def agreed(world: Services, home: Home) -> None:
    """Proposed, received by both, settled."""
    discharge = propose(world, home)
    world.cycle()
    acknowledge(world, world.cards()[0])
    tell_gp(world)
    settle(world, discharge)
