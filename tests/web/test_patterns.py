"""What a follow-up's page says of patterns: in plain words, with the contacts behind them, and never a score."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from models.db.tables import Appointment
from workers.patterns import look_at_patterns

_serial = itertools.count()


@pytest.fixture
def looked(world, rules, engine):
    """Look for patterns over what the test has made."""

    def look() -> None:
        world.session.commit()
        with Session(engine) as session, session.begin():
            look_at_patterns(session, rules, world.now)

    return look


def before(world, family, contact: str, *, days_ago: int, status: str = "missed", person: str = "child") -> None:
    """A contact that did not take place, followed up and done with."""
    starts = world.now - timedelta(days=days_ago)
    world.session.execute(
        insert(Appointment).values(
            source_id=world.source,
            source_ref=f"before{next(_serial)}",
            content_hash=b"x",
            person_id=family[person],
            household_id=family["household"],
            contact_code=contact,
            starts_at=starts,
            ends_at=starts + timedelta(minutes=20),
            status=status,
            status_by="import:SystmOne",
            first_received_at=starts,
        )
    )


class TestThePage:
    def test_says_what_was_found_and_what_is_behind_it(self, world, browser, looked):
        """ "Third contact not kept in six months", and which three; the story says when."""
        world.account()
        marsh = world.family("Isla Marsh")
        before(world, marsh, "GP-6W-BABY", days_ago=30)
        before(world, marsh, "HV-3M", days_ago=60, status="cancelled_by_family")
        follow_up = world.missed(marsh, contact="HV-6M", days_ago=1)
        looked()
        page = browser("grace").get(f"/follow-ups/{follow_up}").text
        assert "What was found over time" in page
        assert "Third contact not kept in six months." in page
        assert "Infant 6 to 8 week examination, Isla Marsh: missed" in page
        assert "3 to 4 month contact, Isla Marsh: cancelled by the family" in page
        assert "A pattern was found: Third contact not kept in six months" in page
        assert "score of" not in page.lower()

    def test_is_silent_where_there_is_none(self, world, browser, looked):
        """No empty box, and no word of somebody else's pattern."""
        world.account()
        marsh = world.family("Isla Marsh")
        before(world, marsh, "GP-6W-BABY", days_ago=30)
        world.missed(marsh, contact="HV-6M", days_ago=1)
        other = world.missed(world.family("Theo Banks"))
        looked()
        assert "What was found over time" not in browser("grace").get(f"/follow-ups/{other}").text

    def test_says_our_own_failure_as_ours(self, world, browser, looked, engine):
        """R10 where nothing was live: the page of the follow-up that it opened."""
        world.account(all_teams=True)
        marsh = world.family("Isla Marsh")
        for days in (20, 2):
            before(world, marsh, "HV-1Y", days_ago=days, status="cancelled_by_service")
        with Session(engine) as session, session.begin():
            world.session.commit()
            session.execute(
                text("INSERT INTO pattern_look (household_id, look_at) VALUES (:id, :now)"),
                {"id": marsh["household"], "now": world.now},
            )
        looked()
        with Session(engine) as session:
            event = session.execute(text("SELECT id FROM family_event")).scalar_one()
        follow_up = world.missed(marsh, contact="HV-6M", days_ago=1)
        world.session.execute(
            text("UPDATE follow_up SET appointment_id = NULL, family_event_id = :event WHERE id = :id"),
            {"event": event, "id": follow_up},
        )
        page = browser("grace").get(f"/follow-ups/{follow_up}").text
        assert "We cancelled this contact 2 times. The delay is ours, not the family&#39;s." in page
        assert "9 to 12 month review, Isla Marsh: cancelled by the service" in page

    def test_goes_on_in_the_thread(self, world, browser, looked):
        """A later miss of the contact takes the follow-up over; what was found stays on its page."""
        world.account()
        marsh = world.family("Isla Marsh")
        before(world, marsh, "GP-6W-BABY", days_ago=30)
        first = world.missed(marsh, contact="HV-6M", days_ago=3)
        looked()
        later = world.missed(marsh, contact="HV-6M", days_ago=1, misses=2)
        world.session.execute(
            text("UPDATE follow_up SET state = 'continued', continued_in = :later, next_due_at = NULL WHERE id = :id"),
            {"later": later, "id": first},
        )
        page = browser("grace").get(f"/follow-ups/{later}").text
        assert "Second contact in a row not kept." in page
