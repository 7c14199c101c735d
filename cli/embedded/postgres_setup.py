"""Our settings, roles and database on the embedded PostgreSQL. Applying them again changes nothing."""

import os
from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import sql

DATABASE: Final = "steadfast"
OWNER: Final = "steadfast_owner"  # owns the tables, runs the migrations
APP: Final = "steadfast_app"  # what every process logs in as; may only add to histories

MEGABYTE: Final = 1024 * 1024
Connection = psycopg.Connection[tuple[object, ...]]


def standard_settings() -> dict[str, str]:
    """Return the settings every embedded server gets; the memory share follows the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEGABYTE
    buffers = max(128, min(1024, memory // 8))
    return {
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{max(256, memory // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_connections": "200",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "autovacuum_naptime": "15s",  # hot tables are claimed from all day; see the table settings in the migrations
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_filename": "postgresql-%a.log",  # a week of logs, then overwritten
        "log_truncate_on_rotation": "on",
        "log_file_mode": "0600",
        # Details and statements can hold a family's data: neither reaches the log.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }


def apply(connection: Connection, *, settings: Mapping[str, str], passwords: Mapping[str, str]) -> bool:
    """Apply settings, roles and database as superuser; return True if a restart is needed. Closes the connection."""
    with connection:
        changed = _settle(connection, {**standard_settings(), **settings})
        for role in (OWNER, APP):
            _role(connection, role, passwords[role])
        _database(connection)
    return changed


def _settle(connection: Connection, settings: Mapping[str, str]) -> bool:
    """Store the settings that differ from those stored; return whether any did. Most take effect at a restart only."""
    rows = connection.execute(
        "SELECT name, setting FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf'"
    ).fetchall()
    stored = {str(row[0]): str(row[1]) for row in rows}
    wanted = {name: value for name, value in settings.items() if stored.get(name) != value}
    for name, value in wanted.items():
        connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
    return bool(wanted)


def _role(connection: Connection, role: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = sql.SQL("ALTER ROLE {}" if known else "CREATE ROLE {}").format(sql.Identifier(role))
    rights = sql.SQL(" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {}").format(
        sql.Literal(password)
    )
    connection.execute(verb + rights)


def _database(connection: Connection) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
        )
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(DATABASE)))
        connection.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                sql.Identifier(DATABASE), sql.Identifier(APP)
            )
        )
