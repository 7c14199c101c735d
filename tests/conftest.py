"""Fixtures on real servers: an embedded PostgreSQL and Redis per run, and a database as new for each test that asks.

The database is a copy of a template that was migrated once per run; each worker has one and puts it back after a test.
"""

import fcntl
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import structlog
from psycopg import sql
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session

from cli.embedded import Servers, ensure
from cli.embedded.redis import binary
from models.db import migrate
from tests import spare_database
from tests.spare_database import SpareDatabase

TEMPLATE = "steadfast"  # the database that the embedded server makes; here it is migrated and copied
FAST = {  # a crash of the machine may lose a test's data
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "autovacuum": "off",
    "max_wal_size": "512MB",
}
BROWSER_GAP = Path(__file__).resolve().parent.parent / "test-results" / "browser-tests-not-run.txt"
RUN_FOLDER = "TEST_RUN_FOLDER"  # handed from the process that collects to the workers it starts
_serial = itertools.count()


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's folder, once, in the process that everything else of the run is started by.

    Log lines are plain: the library's own for a terminal draws every local of a traceback, for seconds each.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )
    if not hasattr(config, "workerinput"):
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="steadfast-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it when all is over; the servers on it have stopped with their last lease."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(RUN_FOLDER, ""), ignore_errors=True)


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of this run that all its xdist workers share.

    Not below pytest's own temporary folder: another run tightens that one's mode, which locks the server's account out.
    """
    return Path(os.environ[RUN_FOLDER])


@pytest.fixture(scope="session")
def pg_server(shared_folder: Path) -> Iterator[Servers]:
    """One PostgreSQL for the whole run, its database migrated; it stops with the last worker."""
    with ensure(shared_folder / "server", redis=False, settings=FAST) as servers:
        _migrate_once(servers.owner_url, shared_folder)
        yield servers


@pytest.fixture(scope="session")
def spares(pg_server: Servers) -> Iterator[list[SpareDatabase]]:
    """This worker's database between two tests, if there is one."""
    kept: list[SpareDatabase] = []
    yield kept
    for spare in kept:
        _drop(pg_server, spare.name)


@pytest.fixture
def database_name(pg_server: Servers, spares: list[SpareDatabase]) -> Iterator[str]:
    """A migrated database as if it were new."""
    with fresh_database(pg_server, spares) as name:
        yield name


@contextmanager
def fresh_database(server: Servers, spares: list[SpareDatabase]) -> Iterator[str]:
    """The name of a migrated database as if it were new, for tests that need several."""
    spare = spares.pop() if spares else _copy(server)
    yield spare.name
    with _superuser(server, spare.name) as connection:
        is_as_new = spare_database.put_back(connection, spare)
    if is_as_new:
        spares.append(spare)
    else:
        _drop(server, spare.name)


@pytest.fixture
def database_url(pg_server: Servers, database_name: str) -> str:
    """The address of the test's database as `steadfast_app`, the role every process logs in as."""
    return url_of(pg_server.database_url, database_name)


@pytest.fixture
def owner_url(pg_server: Servers, database_name: str) -> str:
    """The address of the test's database as the owner of its tables."""
    return url_of(pg_server.owner_url, database_name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the test's database, as `steadfast_app`."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def owner_engine(owner_url: str) -> Iterator[Engine]:
    """An engine on the test's database as the owner, for what the application's role may not do."""
    engine = create_engine(owner_url)
    yield engine
    engine.dispose()


@pytest.fixture
def database_owner(pg_server: Servers, database_name: str, owner_engine: Engine) -> Engine:
    """The same, once the whole test's database is the owner's, as a scratch database is: it may make tables."""
    with _superuser(pg_server, "postgres") as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO steadfast_owner").format(sql.Identifier(database_name)))
    return owner_engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """An open session on the test's database; what isn't committed is rolled back."""
    with Session(engine) as session:
        yield session


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of this worker's own, on a free loopback port, keeping nothing."""
    port = free_port()
    command = [str(binary()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(
        [*command, "--dir", str(tmp_path_factory.mktemp("redis"))], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    _wait_for(port)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data folder with a short path, as a database's socket needs."""
    with tempfile.TemporaryDirectory(prefix="sf-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The machine's Chromium, for tests marked `browser`; without one they are skipped, and named at the end."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip("there is no Chromium here")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Leave the names of browser tests that were not run for the command that says so on its last line."""
    missed = [report.nodeid for report in terminalreporter.getreports("skipped") if "browser" in report.keywords]
    if missed:
        BROWSER_GAP.parent.mkdir(exist_ok=True)
        BROWSER_GAP.write_text("\n".join(sorted(missed)) + "\n")


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing answers on port {port}")


def _migrate_once(owner_url: str, folder: Path) -> None:
    with (folder / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "migrated").exists():
            return
        engine = create_engine(owner_url)
        migrate.upgrade(engine)
        engine.dispose()
        (folder / "migrated").touch()


def url_of(url: str, database: str) -> str:
    """The address of another database of the same server."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _copy(server: Servers) -> SpareDatabase:
    name = f"test_{os.getpid()}_{next(_serial)}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with _superuser(server, "postgres") as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    with _superuser(server, name) as connection:
        return spare_database.adopt(connection, name)


def _drop(server: Servers, name: str) -> None:
    with _superuser(server, "postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _superuser(server: Servers, database: str) -> psycopg.Connection[tuple[object, ...]]:
    socket_folder = make_url(server.owner_url).query["host"]
    password = json.loads((Path(str(socket_folder)).parent / "database-passwords.json").read_text())["postgres"]
    return psycopg.connect(
        host=str(socket_folder), user="postgres", password=password, dbname=database, autocommit=True
    )
