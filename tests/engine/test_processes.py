"""Real worker processes beside a real Redis that dies, and workers that die themselves: nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cli.embedded.redis import binary
from config.nudge import Doorbell
from tests.conftest import free_port
from tests.engine.parents import a_mother, baby_of, record
from tests.engine.world import World

WORKER = """
import sys
from config.settings import load
from workers.main import run
url, broker, lane, unrung = sys.argv[1:]
run(load({"STEADFAST_DATABASE_URL": url, "STEADFAST_BROKER_URL": broker}), lane, 2, unrung_seconds=float(unrung))
"""


class Redis:
    """A Redis of this test's own, on one port, that can be killed and come back empty."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(binary()), "--port", str(self.port), "--save", "", "--appendonly", "no", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def start_worker(database_url: str, redis: Redis, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start a worker of a lane as a process of its own; all are killed after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*, lane: str = "engine", unrung: float = 1.0) -> "subprocess.Popen[bytes]":
        with (tmp_path / f"worker{len(running)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", WORKER, database_url, redis.url, lane, str(unrung)],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running.append(process)
        return process

    yield start
    for process in running:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        process.wait()


@pytest.fixture
def today(engine: Engine) -> World:
    """The trust at the real time: a worker process reads the database's clock."""
    return World(engine, now=datetime.now(UTC) - timedelta(seconds=5))


def until(holds: Callable[[], bool], *, seconds: float = 90.0) -> None:
    """Wait until `holds`, looking often; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def followed(world: World) -> int:
    """How many follow-ups have had their first step."""
    return int(world.one("SELECT count(*) FROM follow_up WHERE step_id IS NOT NULL"))


class TestWorker:
    def test_drains_with_no_broker_at_all(self, today: World, start_worker):
        """Redis is dead when the worker starts and stays so: lateness, nothing else."""
        today.appointment(today.child(), status="missed")
        start_worker()
        until(lambda: followed(today) == 1)

    def test_carries_on_when_redis_vanishes_and_comes_back_empty(self, today: World, redis: Redis, start_worker):
        """Work done while it is there, while it is gone, and when it is back."""
        redis.start()
        today.appointment(today.child(), status="missed")
        start_worker()
        until(lambda: followed(today) == 1)
        redis.kill()
        today.appointment(today.child(), status="missed")
        until(lambda: followed(today) == 2)
        redis.start()
        today.appointment(today.child(), status="missed")
        until(lambda: followed(today) == 3)
        assert today.one("SELECT count(*) FROM alert WHERE kind = 'step'") == 3

    def test_drains_at_once_when_rung(self, today: World, redis: Redis, start_worker):
        """With a sweep only every ten minutes, it is the doorbell that brings it."""
        redis.start()
        start_worker(unrung=600.0)
        until(lambda: today.rows("SELECT 1 FROM tick WHERE name = 'seal' AND succeeded_at IS NOT NULL") != [])
        today.appointment(today.child(), status="missed")
        bell = Doorbell(redis.url)

        def rung() -> bool:
            bell.ring("engine")
            time.sleep(0.3)
            return followed(today) == 1

        until(rung, seconds=30)

    def test_of_the_urgent_lane_asks_about_a_red_flag_in_minutes_with_the_engine_lane_dead(
        self, today: World, redis: Redis, start_worker
    ):
        """One real process of the urgent lane alone: told at once; 15 minutes unanswered, the team lead AND the duty
        colleague; the family's follow-up red and on high-risk terms (domain.md 4.1)."""
        redis.start()
        duty = today.staff("duty")
        mother, household = a_mother(today)
        missed = today.appointment(baby_of(today, household), status="missed", household_id=household)
        today.detect()
        start_worker(lane="urgent", unrung=600.0)
        until(lambda: today.rows("SELECT 1 FROM tick WHERE name = 'send_urgent' AND succeeded_at IS NOT NULL") != [])
        record(today, mother, "RED-FLAG", answers={"psychosis": "yes"})
        bell = Doorbell(redis.url)

        def told() -> set[int]:
            bell.ring("urgent")
            return {alert.practitioner_id for alert in today.told(kind="red_flag")}

        until(lambda: told() == {today.visitor})
        (alert,) = today.told(kind="red_flag")
        assert alert.next_due_at - alert.raised_at == timedelta(minutes=15)
        today.run("UPDATE referral_prompt SET next_due_at = next_due_at - interval '15 minutes'")
        until(lambda: told() == {today.lead, duty})
        until(lambda: today.follow_up(missed).high_risk)
        assert today.follow_up(missed).red_flag

    def test_killed_in_the_middle_loses_and_doubles_nothing(self, today: World, redis: Redis, start_worker):
        """kill -9 during a burst; another worker finishes; everybody is told once."""
        redis.start()
        for _ in range(300):
            today.appointment(today.child(), status="missed")
        today.detect()
        victim = start_worker()
        until(lambda: today.rows("SELECT 1 FROM tick WHERE name = 'advance'") != [])
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()
        start_worker()
        until(lambda: followed(today) == 300)
        assert today.one("SELECT count(*) FROM alert WHERE kind = 'step'") == 300
        assert today.one("SELECT count(*) FROM follow_up_event WHERE event = 'step_fired'") == 300

    def test_ends_on_a_polite_signal(self, today: World, redis: Redis, start_worker):
        """SIGTERM, as `up` and a container's stop send it."""
        redis.start()
        worker = start_worker()
        until(lambda: today.rows("SELECT 1 FROM tick WHERE name = 'seal'") != [])
        worker.terminate()
        assert worker.wait(timeout=20) == 0
