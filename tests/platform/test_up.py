"""`steadfast up`: all of it from one command, one at a time on a folder, nothing left behind, whatever ends it."""

import os
import signal
import subprocess
import sys
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
START_SECONDS = 120


def eventually(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def started(folder: Path, port: int) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STEADFAST_")}
    return subprocess.Popen(
        [STEADFAST, "up", "--data", str(folder), "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    )  # fmt: skip


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=2) as response:
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


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def up(data_dir: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    process = started(data_dir, port)
    eventually(lambda: answers(port))
    yield process
    for pid in processes_of(data_dir):
        os.kill(pid, signal.SIGKILL)
    process.wait()


class TestUp:
    def test_starts_every_process_and_ends_all_at_a_sigterm(
        self, up: "subprocess.Popen[str]", data_dir: Path, port: int
    ) -> None:
        """Scheduler, a worker for each lane, the web and both servers; none is left after it."""
        commands = [" ".join(command_line(pid)) for pid in processes_of(data_dir)]
        for wanted in ("scheduler", "worker --lane urgent", "worker --lane engine", "worker --lane send", "web --host"):
            assert [command for command in commands if wanted in command]
        up.terminate()
        assert up.wait(60) == 0
        eventually(lambda: not processes_of(data_dir))

    def test_is_refused_a_second_time_on_one_folder(self, up: "subprocess.Popen[str]", data_dir: Path) -> None:
        """Two fleets on one folder would be twice the work for nothing, on one port."""
        second = started(data_dir, free_port())
        output, _ = second.communicate(timeout=60)
        assert second.returncode == 3
        assert "already runs" in output

    def test_lets_other_commands_join_its_servers(self, up: "subprocess.Popen[str]", data_dir: Path) -> None:
        """A command beside `up` uses the server that runs, and leaves it running."""
        environment = {**os.environ, "STEADFAST_DATA_DIR": str(data_dir)}
        done = subprocess.run([STEADFAST, "users", "list"], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert up.poll() is None

    def test_starts_a_process_again_that_died(self, up: "subprocess.Popen[str]", data_dir: Path, port: int) -> None:
        """A web killed by the machine's memory guard is back by itself."""
        [web] = [pid for pid in processes_of(data_dir) if "web" in command_line(pid)]
        os.kill(web, signal.SIGKILL)
        eventually(lambda: answers(port) and web not in processes_of(data_dir))

    def test_killed_alone_takes_everything_with_it(self, up: "subprocess.Popen[str]", data_dir: Path) -> None:
        """kill -9 leaves nobody time to tidy up: the kernel ends the children, the last lease ends the servers."""
        up.kill()
        up.wait()
        eventually(lambda: not processes_of(data_dir), seconds=60)

    def test_starts_at_once_after_everything_was_killed(
        self, up: "subprocess.Popen[str]", data_dir: Path, port: int
    ) -> None:
        """kill -9 of everything, then the same command: it comes up and carries on."""
        for pid in processes_of(data_dir):
            os.kill(pid, signal.SIGKILL)
        up.wait()
        again = started(data_dir, port)
        eventually(lambda: answers(port))
        again.terminate()
        assert again.wait(60) == 0


class TestDemo:
    def test_is_refused_on_a_given_database(self, data_dir: Path) -> None:
        """Made-up families never get into a database that somebody set up."""
        environment = {**os.environ, "STEADFAST_DATABASE_URL": "postgresql://nobody@localhost/real"}
        command = [STEADFAST, "up", "--demo", "--data", str(data_dir)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 3
        assert "refused" in done.stderr
