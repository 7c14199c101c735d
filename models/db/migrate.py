"""Bring a database to the newest schema, and tell which one it has. Safe to run twice at once."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

import models.db.tables  # noqa: F401  (fills the metadata)
from models.db.base import Base

# Any two of our processes that migrate wait for each other on this number; it means nothing else.
MIGRATION_LOCK = 7_215_540_301


def upgrade(engine: Engine) -> str:
    """Apply what is missing under an advisory lock; return the revision the database then has."""
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        try:
            command.upgrade(_config(connection), "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
    return expected_head()


def current_revision(connection: Connection) -> str | None:
    """The revision the database has; None if it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def expected_head() -> str:
    """The one newest revision of this code; more than one head raises alembic's CommandError."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    if head is None:
        raise LookupError("no migrations were found beside models/db/migrations/env.py; the package is incomplete")
    return head


def differences(connection: Connection) -> list[object]:
    """What the tables in code have that the migrated schema lacks, and the reverse; empty when they agree."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
    return list(compare_metadata(context, Base.metadata))


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
