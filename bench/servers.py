"""The benchmark's own servers: the embedded PostgreSQL and Redis, with one set of settings for both sides."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Engine, create_engine, make_url, text

from cli.embedded import Servers, ensure
from models.db import migrate

DATA = Path(__file__).parent / ".data"
SHOWN = ("server_version", "shared_buffers", "fsync", "synchronous_commit", "max_wal_size", "track_commit_timestamp")
SETTINGS = {
    "shared_buffers": "2GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    # Tells when each row's transaction was committed: the only honest end of a lateness.
    "track_commit_timestamp": "on",
}


@dataclass(frozen=True)
class Bench:
    """The servers, and databases by name that are kept between runs."""

    servers: Servers

    def database(self, name: str) -> str:
        """Make the database if it is missing, migrate it, and return its address as its owner."""
        with self._superuser() as admin:
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {} OWNER steadfast_owner").format(sql.Identifier(name)))
        url = make_url(self.servers.owner_url).set(database=name).render_as_string(hide_password=False)
        engine = create_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        return url

    def _superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        folder = str(make_url(self.servers.owner_url).query["host"])
        password = json.loads((Path(folder).parent / "database-passwords.json").read_text())["postgres"]
        return psycopg.connect(host=folder, user="postgres", password=password, dbname="postgres", autocommit=True)

    def settings(self, engine: Engine) -> str:
        """The PostgreSQL settings that matter, the same for both sides of every comparison."""
        with engine.connect() as connection:
            return ", ".join(f"{name} {connection.execute(text(f'SHOW {name}')).scalar()}" for name in SHOWN)


@contextmanager
def running() -> Iterator[Bench]:
    """The servers for the length of one run; their data stay."""
    DATA.mkdir(exist_ok=True)
    with ensure(DATA, settings=SETTINGS) as servers:
        yield Bench(servers)
