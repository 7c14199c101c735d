"""The embedded servers come up after any ending, are shared by those who need them, and end with the last of them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from redis import Redis
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from cli.embedded import DataPathTooLong, Servers, ensure
from cli.embedded.children import command_line
from cli.embedded.postgres import is_postgres_on

FAST = {"fsync": "off", "shared_buffers": "128MB"}


def start(folder: Path, *, redis: bool = False) -> Servers:
    return ensure(folder, redis=redis, settings=FAST)


def asked(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def processes_of(folder: Path) -> list[int]:
    """The keeper, PostgreSQL and Redis of a folder."""
    return [pid for pid in psutil.pids() if any(str(folder) in part for part in command_line(pid))]


def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def kill_all(folder: Path) -> None:
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)


class TestTheServers:
    def test_answer_as_a_role_that_is_no_superuser(self, data_dir: Path) -> None:
        """Every process logs in as steadfast_app; the tables belong to steadfast_owner; neither is superuser."""
        with start(data_dir) as servers:
            for url, role in ((servers.database_url, "steadfast_app"), (servers.owner_url, "steadfast_owner")):
                assert asked(url, "SELECT current_user") == role
                assert asked(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False

    def test_let_nobody_in_without_the_password(self, data_dir: Path) -> None:
        """The socket asks for a scram password, and the file that has it is the owner's alone."""
        with start(data_dir) as servers:
            with pytest.raises(DBAPIError, match="password"):
                asked(servers.database_url.replace("steadfast_app:", "steadfast_app:wrong"), "SELECT 1")
            assert (data_dir / "database-passwords.json").stat().st_mode & 0o777 == 0o600

    def test_stop_with_the_last_lease_and_keep_what_was_written(self, data_dir: Path) -> None:
        """A command that finds no server starts one for its own duration; the data stay."""
        with start(data_dir, redis=True) as servers:
            asked(servers.owner_url, "CREATE TABLE kept AS SELECT 7 AS value")
        eventually(lambda: not processes_of(data_dir))
        with start(data_dir) as servers:
            assert asked(servers.owner_url, "SELECT value FROM kept") == 7

    def test_are_shared_by_two_who_need_them(self, data_dir: Path) -> None:
        """Two commands join one server; the first to leave doesn't stop it for the other."""
        first = start(data_dir)
        second = start(data_dir, redis=True)
        postmaster = (data_dir / "postgres/postmaster.pid").read_text().split()[0]
        first.close()
        assert asked(second.database_url, "SELECT 1") == 1
        assert Redis(unix_socket_path=str(data_dir / "redis/redis.sock")).ping()
        assert (data_dir / "postgres/postmaster.pid").read_text().split()[0] == postmaster
        second.close()

    def test_are_started_once_by_several_at_the_same_moment(self, data_dir: Path) -> None:
        """Racing starts make one keeper and one PostgreSQL."""
        script = "import sys; from pathlib import Path; from cli.embedded import ensure; s = ensure(Path(sys.argv[1]), "
        script += f"redis=False, settings={FAST!r}); print('up', flush=True); sys.stdin.read()"
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", script, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(3)
        ]
        assert [racer.stdout.readline() for racer in racers if racer.stdout] == ["up\n"] * 3
        keepers = [pid for pid in processes_of(data_dir) if "cli.embedded.keeper" in command_line(pid)]
        assert len(keepers) == 1
        for racer in racers:
            racer.communicate("")


class TestAfterAKill:
    def test_of_everything_the_servers_start_at_once(self, data_dir: Path) -> None:
        """kill -9 of keeper, PostgreSQL and Redis together; the next start succeeds and has every committed row."""
        servers = start(data_dir, redis=True)
        asked(servers.owner_url, "CREATE TABLE kept AS SELECT 7 AS value")
        kill_all(data_dir)
        with start(data_dir, redis=True) as again:
            assert asked(again.owner_url, "SELECT value FROM kept") == 7
        servers.close()

    def test_of_the_keeper_its_servers_end(self, data_dir: Path) -> None:
        """Servers never outlive the process that minds them; the next start doesn't trip over them either."""
        servers = start(data_dir, redis=True)
        keeper = next(pid for pid in processes_of(data_dir) if "cli.embedded.keeper" in command_line(pid))
        os.kill(keeper, signal.SIGKILL)
        with start(data_dir) as again:
            assert asked(again.database_url, "SELECT 1") == 1
        eventually(lambda: not processes_of(data_dir))
        servers.close()

    def test_of_the_one_who_held_the_lease_the_servers_end(self, data_dir: Path) -> None:
        """A lease is a socket: the kernel gives it back when its holder is killed."""
        script = "import sys, time; from pathlib import Path; from cli.embedded import ensure; "
        script += (
            f"s = ensure(Path(sys.argv[1]), redis=False, settings={FAST!r}); print('up', flush=True); time.sleep(99)"
        )
        holder = subprocess.Popen([sys.executable, "-c", script, str(data_dir)], stdout=subprocess.PIPE, text=True)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "up\n"
        holder.kill()
        holder.wait()
        eventually(lambda: not processes_of(data_dir))

    def test_of_postgres_alone_it_is_started_again(self, data_dir: Path) -> None:
        """The keeper revives a server that died by itself, on the same addresses."""
        with start(data_dir) as servers:
            os.kill(int((data_dir / "postgres/postmaster.pid").read_text().split()[0]), signal.SIGKILL)

            def answers() -> bool:
                try:
                    return asked(servers.database_url, "SELECT 1") == 1
                except DBAPIError:
                    return False

            eventually(answers)


class TestAPidFile:
    def test_of_a_reused_pid_does_not_stop_the_start(self, data_dir: Path) -> None:
        """After a crash the recorded id can belong to a stranger; it is not taken for our server, nor harmed."""
        start(data_dir).close()
        eventually(lambda: not processes_of(data_dir))
        stranger = subprocess.Popen(["sleep", "60"])
        pid_file = data_dir / "postgres/postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{data_dir}/postgres\n1\n5432\n{data_dir}/postgres\n\n  1 2\nready\n")
        with start(data_dir) as servers:
            assert asked(servers.database_url, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()
        stranger.wait()

    @pytest.mark.parametrize("content", ["", "nonsense\n", "4194304\n/elsewhere\n1\n5432\n\n\n\nready\n"])
    def test_that_is_stale_or_spoilt_does_not_stop_the_start(self, data_dir: Path, content: str) -> None:
        """An empty, unreadable or dead pid file is dropped."""
        start(data_dir).close()
        eventually(lambda: not processes_of(data_dir))
        (data_dir / "postgres/postmaster.pid").write_text(content)
        with start(data_dir) as servers:
            assert asked(servers.database_url, "SELECT 1") == 1

    def test_of_a_postgres_on_another_folder_is_not_ours(self, data_dir: Path) -> None:
        """A PostgreSQL of someone else has the right name and the wrong folder."""
        with start(data_dir):
            pid = int((data_dir / "postgres/postmaster.pid").read_text().split()[0])
            assert is_postgres_on((data_dir / "postgres").resolve(), pid)
            assert not is_postgres_on(Path("/somewhere/else/postgres"), pid)


class TestADataFolder:
    def test_with_too_long_a_path_is_refused_before_anything_is_made(self, data_dir: Path) -> None:
        """A unix socket's address has 107 bytes; no socket is moved to a folder open to all."""
        folder = data_dir / ("x" * 120)
        with pytest.raises(DataPathTooLong, match="shorter"):
            start(folder)
        assert not folder.exists()

    def test_half_made_by_a_killed_initdb_is_made_anew(self, data_dir: Path) -> None:
        """initdb works in a folder of its own that is moved into place when whole."""
        (data_dir / "postgres.new").mkdir()
        (data_dir / "postgres.new" / "PG_VERSION").write_text("18\n")
        with start(data_dir) as servers:
            assert asked(servers.database_url, "SELECT 1") == 1

    def test_keeps_its_passwords_over_a_restart(self, data_dir: Path) -> None:
        """Secrets are made once."""
        start(data_dir).close()
        before = json.loads((data_dir / "database-passwords.json").read_text())
        start(data_dir).close()
        assert json.loads((data_dir / "database-passwords.json").read_text()) == before
