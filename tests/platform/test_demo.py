"""What there is to see a moment after `up --demo`."""

from datetime import date

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from cli.demo import release_some_texts
from config.rules import load_rules
from intake.demo_load import load_demo
from models.db import clock

RULES = load_rules(config_dir=None, nation="england", today=date(2026, 11, 22))


class TestTheFirstLook:
    def test_has_texts_that_were_let_go_and_texts_that_wait(self, engine: Engine):
        """Released ones are on their way to the gate with their story; others still wait for a person."""
        with Session(engine) as session:
            now = clock.now(session)
        load_demo(engine, rules=RULES, now=now)
        released = release_some_texts(engine, RULES)
        with Session(engine) as session:
            rows = session.execute(text("SELECT state, count(*) FROM message WHERE purpose = 'after_miss' GROUP BY 1"))
            states = dict(tuple(row) for row in rows)
            told = session.scalar(text("SELECT count(*) FROM follow_up_event WHERE event = 'text_released'"))
        assert released == told
        assert states["queued"] >= 1
        assert states["held"] >= 1
