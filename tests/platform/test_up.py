"""`steadfast up`: all of it from one command, one at a time on a folder, nothing left behind, whatever ends it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cli.embedded.children import command_line
from tests.conftest import free_port

STEADFAST = str(Path(sys.executable).parent / "steadfast")
START_SECONDS = 180


def eventually(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def started(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start `up`; what it says is appended to a file beside the data folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STEADFAST_")}
    command = [STEADFAST, "up", "--data", str(folder), "--port", str(port)]
    with said(folder).open("ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)


def said(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.said")


def answers(port: int, path: str = "/livez") -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def processes_of(folder: Path) -> list[int]:
    """Every process started for this folder: by its arguments or by its environment."""
    mark = str(folder)
    found = []
    for pid in psutil.pids():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            environment = b""
        if pid != os.getpid() and (any(mark in part for part in command_line(pid)) or mark.encode() in environment):
            found.append(pid)
    return found


def comes_up(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start `up` and wait for the page; where it doesn't come, show what was said instead."""
    process = started(folder, port)
    deadline = time.monotonic() + START_SECONDS
    while not answers(port):
        logs = "".join(path.read_text()[-2000:] for path in [said(folder), *folder.glob("log/*.log")])
        assert process.poll() is None, logs
        assert time.monotonic() < deadline, logs
        time.sleep(0.2)
    return process


def tidy(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)
    process.wait()
    said(folder).unlink()


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sf-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def up(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = comes_up(folder, port)
    yield process
    tidy(folder, process)


class TestUp:
    def test_starts_every_process(self, up: "subprocess.Popen[bytes]", folder: Path) -> None:
        """Scheduler, a worker for each lane, the web and both servers."""
        commands = [" ".join(command_line(pid)) for pid in processes_of(folder)]
        for wanted in ("scheduler", "worker --lane urgent", "worker --lane engine", "worker --lane send", "web --host",
                       "bin/postgres -D", "redis-server"):  # fmt: skip
            assert [command for command in commands if wanted in command], wanted

    def test_is_refused_a_second_time_on_one_folder(self, up: "subprocess.Popen[bytes]", folder: Path) -> None:
        """Two fleets on one folder would be twice the work for nothing."""
        command = [STEADFAST, "up", "--data", str(folder), "--port", str(free_port())]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert second.returncode == 3
        assert "already runs" in second.stderr

    def test_lets_other_commands_join_its_servers(self, up: "subprocess.Popen[bytes]", folder: Path) -> None:
        """A command beside `up` uses the server that runs, and leaves it running."""
        environment = {**os.environ, "STEADFAST_DATA_DIR": str(folder)}
        done = subprocess.run([STEADFAST, "users", "list"], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert up.poll() is None

    def test_starts_a_process_again_that_died(self, up: "subprocess.Popen[bytes]", folder: Path, port: int) -> None:
        """A web killed by the machine's memory guard is back by itself."""
        [web] = [pid for pid in processes_of(folder) if "web" in command_line(pid)]
        os.kill(web, signal.SIGKILL)
        eventually(lambda: web not in processes_of(folder) and answers(port))

    def test_starts_its_servers_again_when_their_keeper_died(
        self, up: "subprocess.Popen[bytes]", folder: Path, port: int
    ) -> None:
        """A keeper killed by the kernel for want of memory takes both servers with it; the engine goes on by itself."""
        [keeper] = [pid for pid in processes_of(folder) if "cli.embedded.keeper" in command_line(pid)]
        os.kill(keeper, signal.SIGKILL)
        eventually(lambda: "keeper ended by itself" in said(folder).read_text())
        eventually(lambda: answers(port, "/health"))


class TestTheEndOfUp:
    def test_leaves_nothing_behind_and_nothing_to_trip_over(self, data_dir: Path) -> None:
        """Killed alone it takes all with it; after kill -9 of everything it comes up again; SIGTERM ends all."""
        port = free_port()
        first = comes_up(data_dir, port)
        first.kill()
        first.wait()
        eventually(lambda: not processes_of(data_dir), seconds=60)
        second = comes_up(data_dir, port)
        for pid in processes_of(data_dir):
            os.kill(pid, signal.SIGKILL)
        second.wait()
        third = comes_up(data_dir, port)
        third.terminate()
        assert third.wait(60) == 0
        assert not processes_of(data_dir)
        tidy(data_dir, third)


class TestDemo:
    def test_is_refused_on_a_given_database(self, data_dir: Path) -> None:
        """Made-up families never get into a database that somebody set up."""
        environment = {**os.environ, "STEADFAST_DATABASE_URL": "postgresql://nobody@localhost/real"}
        command = [STEADFAST, "up", "--demo", "--data", str(data_dir)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 3
        assert "refused" in done.stderr
