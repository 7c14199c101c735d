"""Alembic's environment: runs the migrations on the connection it is given, never on an address of its own."""

from alembic import context
from sqlalchemy import Connection, text

import models.db.tables  # noqa: F401  (fills the metadata)
from models.db.base import Base


def run(connection: Connection) -> None:
    """Migrate over `connection`, each step in one transaction, with time-outs so that no lock waits for ever."""
    connection.execute(text("SET lock_timeout = '30s'"))
    connection.execute(text("SET statement_timeout = '30min'"))
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
