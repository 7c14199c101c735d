"""The kill switches hold from the next text on, and go off again."""

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.db import texts_stop
from tests.messages.builders import NOON
from tests.messages.scenario import a_family, an_after_miss_text, channels, drain, reason_of


class TestKillSwitch:
    def test_of_the_deployment_is_thrown_once_and_lifted(self, engine: Engine, session: Session) -> None:
        message_id = an_after_miss_text(session, a_family(session))
        for _ in range(2):
            texts_stop.stop_everywhere(session, by="person:1", now=NOON)
        session.commit()
        drain(engine, channels())
        assert reason_of(engine, message_id) == "stopped_everywhere"
        texts_stop.lift_everywhere(session, by="person:2", now=NOON)
        assert session.execute(text("SELECT stopped_by, lifted_by FROM texts_stop")).all() == [("person:1", "person:2")]

    def test_of_a_household_keeps_who_threw_it_first(self, session: Session) -> None:
        family = a_family(session)
        for who in ("person:1", "person:2"):
            texts_stop.stop_household(session, family.household, by=who, now=NOON)
        assert session.execute(text("SELECT texts_stopped_by FROM household")).scalar_one() == "person:1"
        texts_stop.lift_household(session, family.household)
        assert session.execute(text("SELECT texts_stopped_at FROM household")).scalar_one() is None

    def test_of_a_team_is_lifted_again(self, session: Session) -> None:
        family = a_family(session)
        texts_stop.stop_team(session, family.team, by="person:1", now=NOON)
        texts_stop.lift_team(session, family.team)
        assert session.execute(text("SELECT texts_stopped_at FROM team")).scalar_one() is None
