"""An adult has left the children by a separation: what was asked about them is still answered, by a person."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.db import splits
from models.db.follow_up_rows import NotAllowed
from models.db.separating import Act
from models.db.splits import Leaving
from models.domain.words import AccountRole, SplitReason
from tests.engine.adult_services import HV, Home, Services, decide, history, share, violations
from tests.engine.world import at
from workers.advance import harmless_flags


@pytest.fixture
def world(engine: Engine) -> Services:
    """Monday 8 June 2026, noon."""
    return Services(engine, now=at("2026-06-08 12:00"))


@pytest.fixture
def father(world: Services) -> int:
    return world.add("person", name="Ravi Made-Up", life_status="alive")


@pytest.fixture
def home(world: Services, father: int) -> Home:
    return world.family((father, "father"))


class TestAnAdultWhoLeaves:
    def test_is_told_of_by_nobody_but_a_person_who_reaches_the_children_left(self, world, home, father):
        """The agreement was for the adult at home. The question stays due, is asked, and says what changed."""
        world.sign()
        world.missed(home, adult=father, role="father")
        world.cycle()
        _leaves(world, home, father)
        world.until(at("2026-06-08 17:00"))
        world.cycle()
        question = world.questions(person_id=father)[HV]
        assert (question.state, world.cards()) == ("asked", [])
        assert history(world, question.id) == [("raised", "engine"), ("left_home", "person:ann"), ("asked", "engine")]
        assert [alert.practitioner_id for alert in world.told(kind="disclosure_due")] == [world.clinician]
        decide(world, lambda db, who: share(db, world, who))
        world.cycle()
        (card,) = world.cards()
        assert (card.person_id, card.household_id, card.owner_practitioner_id) == (
            home.child,
            home.household,
            world.visitor,
        )
        assert "shared_with_nobody" not in violations(world)

    def test_whose_record_that_closed_is_told_of_through_no_household_left(self, world, home, father):
        """Whoever begins anew must not be found through the old family."""
        world.missed(home, adult=father, role="father")
        world.cycle()
        _leaves(world, home, father)
        world.run("UPDATE household_split SET reason = 'protected_identity', protected_person_id = :id", id=father)
        with pytest.raises(NotAllowed, match="Nobody is known here"):
            decide(world, lambda db, who: share(db, world, who))

    def test_is_told_of_as_before_once_they_live_together_again(self, world, home, father):
        """Undone: one household, one card."""
        world.missed(home, adult=father, role="father")
        world.cycle()
        split = _leaves(world, home, father)
        with Session(world.engine) as session, session.begin():
            splits.undo(session, split, reason="Back home", act=_act(world))
        decide(world, lambda db, who: share(db, world, who))
        world.cycle()
        assert [(card.person_id, card.household_id) for card in world.cards()] == [(home.child, home.household)]


def _act(world: Services) -> Act:
    account = replace(world.person_at_page(), role=AccountRole.TEAM_LEAD)
    return Act(
        account=account, rules=world.rules.holds, harmless_flags=harmless_flags(world.rules),
        calendar=world.rules.calendar, now=world.now,
    )  # fmt: skip


def _leaves(world: Services, home: Home, adult: int) -> int:
    everybody = frozenset({home.mother, home.child, adult})
    leaving = Leaving(
        household_id=home.household, people=frozenset({adult}), seen=everybody,
        reason=SplitReason.RELATIONSHIP_ENDED, note="she told us",
    )  # fmt: skip
    with Session(world.engine) as session, session.begin():
        return splits.split(session, leaving, _act(world))[0]
