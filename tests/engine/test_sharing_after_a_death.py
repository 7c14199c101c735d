"""An adult has died: nobody is told of a contact that they missed, and what was being asked ends and says why."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.db import disclosures, hold_acts
from models.db.hold_acts import Acting
from models.domain.ids import HouseholdId
from models.domain.words import HoldEnd
from tests.engine.adult_services import GP, HV, Home, Services, history, violations
from tests.engine.world import at
from workers.sharing import share_due


@pytest.fixture
def world(engine: Engine) -> Services:
    """Monday 8 June 2026, noon."""
    return Services(engine, now=at("2026-06-08 12:00"))


class TestThePersonHasDied:
    def test_so_their_missed_contact_asks_nobody_anything(self, world: Services):
        """Settled by rule, with its reason, so that the auditor finds a decision; the agreement tells nothing."""
        home = world.family()
        world.sign()
        _died(world, home)
        world.missed(home)
        world.cycle()
        world.later(days=3)
        world.cycle()
        assert _stands(world) == {HV: ("not_needed", "person_died", None)}
        assert (world.told(kind="disclosure_due"), "adult_miss_without_decision" in violations(world)) == ([], False)
        assert [card for card in world.cards() if card.pathway_code == "adult-missed-contact"] == []

    def test_so_what_was_being_asked_ends_at_once_with_its_reason(self, world: Services):
        """Also what a clinician held: the alert ends with it, and both questions say why."""
        home = world.family()
        world.missed(home)
        world.cycle()
        assert len(world.told(kind="disclosure_due")) == 1
        _died(world, home)
        world.detect()
        ended = ("not_needed", "person_died", None)
        assert (_stands(world), world.told(kind="disclosure_due")) == ({HV: ended, GP: ended}, [])
        assert history(world, world.questions()[HV].id) == [("raised", "engine"), ("person_died", "engine")]
        why = world.one("SELECT reason FROM disclosure_history WHERE event = 'person_died' LIMIT 1")
        assert why == "the adult has died"

    def test_so_an_agreement_tells_nobody_at_the_deadline(self, world: Services):
        """Whatever wrote the death, and also where no hold speaks of it yet: what is due is looked at first."""
        world.sign()
        home = world.family()
        world.missed(home)
        world.detect()
        world.run("UPDATE person SET life_status = 'deceased' WHERE id = :id", id=home.mother)
        world.until(at("2026-06-08 17:00"))
        with Session(world.engine) as session, session.begin():
            assert share_due(session, world.rules, world.now) == 1
        assert _stands(world)[HV] == ("not_needed", "person_died", None)

    def test_and_what_was_told_before_stands(self, world: Services):
        """Nobody un-tells anybody: the card stays, for a person to close."""
        world.sign()
        home = world.family()
        world.missed(home)
        world.cycle()
        world.until(at("2026-06-08 17:00"))
        world.cycle()
        _died(world, home)
        world.cycle()
        assert world.questions()[HV].state == "shared"
        assert "adult-missed-contact" in [card.pathway_code for card in world.cards()]

    def test_and_if_that_was_wrong_the_question_is_raised_again(self, world: Services):
        """A hold set in error: nothing of the miss is lost."""
        home = world.family()
        world.missed(home)
        world.cycle()
        _died(world, home)
        world.cycle()
        _that_was_wrong(world, home)
        assert {to: row.state for to, row in world.questions().items()} == {HV: "waiting", GP: "waiting"}
        assert len(world.told(kind="disclosure_due")) == 1

    def test_and_if_that_was_wrong_nothing_rests_on_it_where_nobody_has_to_be_asked_any_more(self, world: Services):
        """The child has started school meanwhile: one rule settles it, and no row says that a living adult has died."""
        home = world.family()
        world.missed(home)
        world.cycle()
        _died(world, home)
        world.cycle()
        world.run("UPDATE person SET date_of_birth = '2018-01-01' WHERE id = :id", id=home.child)
        _that_was_wrong(world, home)
        assert {to: (row.state, row.why_not) for to, row in world.questions().items()} == {
            HV: ("not_needed", "no_pre_school_child"),
            GP: ("withdrawn", None),
        }
        world.later(hours=1)
        assert "question_ended_by_no_death" not in violations(world)


class TestTheAuditor:
    def test_finds_a_question_left_open_and_a_death_that_was_none(self, world: Services):
        """Asked of the hold and of the person, not of the engine's own work."""
        home = world.family()
        world.missed(home)
        world.cycle()
        _died(world, home)
        world.run("UPDATE hold SET apply_at = NULL")
        world.later(hours=1)
        assert "question_of_the_dead" in violations(world)
        with Session(world.engine) as session, session.begin():
            ids = session.scalars(text("SELECT id FROM disclosure")).all()
            disclosures.end_for_the_dead(session, ids, now=world.now)
        assert "question_of_the_dead" not in violations(world)
        assert "question_ended_by_no_death" not in violations(world)
        world.run("UPDATE person SET life_status = 'alive', deceased_on = NULL WHERE id = :id", id=home.mother)
        assert "question_ended_by_no_death" in violations(world)


def _acting(world: Services, home: Home) -> Acting:
    rules = world.rules
    return Acting(world.person_at_page(), HouseholdId(home.household), rules.holds, rules.calendar, world.now)


def _that_was_wrong(world: Services, home: Home) -> None:
    hold = world.one("SELECT id FROM hold WHERE about_person_id = :id", id=home.mother)
    with Session(world.engine) as session, session.begin():
        hold_acts.end_hold(session, hold, how=HoldEnd.IN_ERROR, note="Another Rosa", acting=_acting(world, home))
    world.detect()


def _died(world: Services, home: Home) -> None:
    with Session(world.engine) as session, session.begin():
        hold_acts.tell_death(
            session, home.mother, died_on=world.now.date(), note="The ward rang", acting=_acting(world, home)
        )


def _stands(world: Services) -> dict[str, tuple[str, str | None, object]]:
    return {to: (row.state, row.why_not, row.next_due_at) for to, row in world.questions().items()}
