"""Housekeeping: what only served logging in goes when it no longer can; histories stay."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config.settings import Settings
from models.db import accounts, login_sessions, login_throttle
from models.domain.words import AccountRole
from tests.engine.world import World, at
from workers.housekeeping import tidy_if_due
from workers.machine import Machine, build

NOON = at("2026-06-08 12:00")
RULE = login_throttle.ThrottleRule(5, timedelta(hours=1), timedelta(seconds=15), timedelta(minutes=15))


def a_machine(engine: Engine, *, now: datetime) -> Machine:
    machine = build(Settings(database_url=engine.url.render_as_string(hide_password=False)))
    machine.clock = lambda session: now
    return machine


def logged_in(engine: Engine, *, at_: datetime, name: str) -> None:
    with Session(engine) as session, session.begin():
        accounts.add(
            session, username=name, password="correct horse battery", role=AccountRole.ADMINISTRATOR, teams=(),
            all_teams=True, practitioner=None, by="test", now=at_,
        )  # fmt: skip
        account = session.execute(text("SELECT id FROM account WHERE username = :n"), {"n": name}).scalar_one()
        login_sessions.begin(session, account_id=account, now=at_, lifetime=timedelta(hours=12))
        login_throttle.begin_try(session, key=name.encode().ljust(32), rule=RULE, now=at_)


class TestHousekeeping:
    def test_removes_ended_sessions_and_tries_that_no_throttle_counts(self, world: World, engine: Engine):
        """Those of today that still count stay, and so does every entry of the audit trail."""
        logged_in(engine, at_=NOON - timedelta(hours=13), name="yesterday")
        logged_in(engine, at_=NOON - timedelta(minutes=5), name="today")
        entries = world.one("SELECT count(*) FROM audit_entry")
        assert tidy_if_due(a_machine(engine, now=NOON)) == 2
        assert world.rows("SELECT username FROM web_session JOIN account ON account.id = web_session.account_id") == [
            ("today",)
        ]
        assert world.one("SELECT count(*) FROM login_try") == 1
        assert world.one("SELECT count(*) FROM audit_entry") == entries

    def test_is_done_once_an_hour(self, world: World, engine: Engine):
        """However often the lane is rung."""
        tidy_if_due(a_machine(engine, now=NOON))
        logged_in(engine, at_=NOON - timedelta(hours=13), name="yesterday")
        assert tidy_if_due(a_machine(engine, now=NOON + timedelta(minutes=59))) == 0
        assert tidy_if_due(a_machine(engine, now=NOON + timedelta(minutes=60))) == 2
