"""The scheduler: two are harmless, a hung one loses the lead, and no word goes out unless all is well."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.nudge import Doorbell
from config.web_rules import CYCLE_PARTS
from models.db import leases, ticks
from scheduler.main import Ticker

NOW = datetime(2026, 6, 8, 11, 0, tzinfo=UTC)
LENGTH = timedelta(seconds=10)


def take(engine: Engine, holder: str, now: datetime) -> int | None:
    with Session(engine) as session, session.begin():
        return leases.take_or_keep(session, "scheduler", holder=holder, length=LENGTH, now=now)


class TestLease:
    def test_is_held_by_one_at_a_time(self, engine: Engine):
        """The second gets nothing while the first keeps it."""
        assert take(engine, "a", NOW) == 1
        assert take(engine, "b", NOW + timedelta(seconds=5)) is None
        assert take(engine, "a", NOW + timedelta(seconds=5)) == 1

    def test_of_one_that_hangs_goes_to_the_other_with_a_higher_fence(self, engine: Engine):
        """By time, without asking the one that hangs."""
        take(engine, "a", NOW)
        assert take(engine, "b", NOW + LENGTH) == 2
        assert take(engine, "a", NOW + LENGTH) is None

    def test_given_up_is_free_at_once(self, engine: Engine):
        """A scheduler that is stopped lets the other begin."""
        take(engine, "a", NOW)
        with Session(engine) as session, session.begin():
            leases.give_up(session, "scheduler", holder="a", now=NOW)
        assert take(engine, "b", NOW) == 2


@pytest.fixture
def watcher() -> Iterator[tuple[str, list[str]]]:
    """An outside watcher: its address, and the calls it got."""
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/beat", calls
    server.shutdown()


class TestTicker:
    def test_rings_only_while_it_leads_and_notes_that_it_lives(self, engine: Engine):
        """Two schedulers, one leader; the tick is in the database."""
        one, two = (Ticker(engine, Doorbell(None), None, holder=name) for name in "ab")
        one.ring()
        two.ring()
        assert (one.fence, two.fence) == (1, None)
        with Session(engine) as session:
            assert ticks.last_success(session, "scheduler") is not None

    def test_sends_a_heartbeat_only_when_a_full_cycle_ended_lately(
        self, engine: Engine, watcher: tuple[str, list[str]]
    ):
        """No word is the alarm: a stalled part or an unclean audit keeps it silent."""
        url, calls = watcher
        ticker = Ticker(engine, Doorbell(None), url)
        ticker.ring()
        ticker.beat()
        assert calls == []
        with Session(engine) as session, session.begin():
            for name in CYCLE_PARTS:
                ticks.succeeded(session, name, handled=0, now=datetime.now(UTC))
        ticker.beat()
        assert calls == ["/beat"]
        with Session(engine) as session, session.begin():
            ticks.succeeded(session, "audit_clean", handled=0, now=datetime.now(UTC) - timedelta(hours=2))
        ticker.beat()
        assert calls == ["/beat"]
