"""One database per worker that each test finds as if it were new: emptied and put back instead of copied anew.

A copy costs more the more tables and indexes there are, in files made and deleted; an emptied one costs what a test
left behind. A test that changed the schema itself gets its database thrown away, and the next one a fresh copy.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql

# What a test may have changed that emptying does not put back: relations, columns, constraints, functions, triggers.
_SCHEMA = """
    SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
           (SELECT max(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
           (SELECT md5(string_agg(oid || tgenabled, ',' ORDER BY oid)) FROM pg_trigger),
           (SELECT md5(string_agg(oid || xmin::text, ',' ORDER BY oid)) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace),
           (SELECT md5(string_agg(oid || convalidated::text, ',' ORDER BY oid)) FROM pg_constraint),
           (SELECT count(*) FROM pg_attribute WHERE attrelid IN (
                SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)),
           (SELECT md5(string_agg(oid || coalesce(relacl::text, ''), ',' ORDER BY oid)) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace)
"""
_FILLED = """
    SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""
_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
_SEEDS = "seeds"  # a schema with copies of the rows that the migrations leave
_SEQUENCES = """
    SELECT s.schemaname || '.' || s.sequencename, coalesce(s.last_value, s.start_value), s.last_value IS NOT NULL
    FROM pg_sequences s WHERE s.schemaname = 'public' ORDER BY 1
"""
_RESTART = """
    SELECT setval(CAST(s.name AS regclass), s.value, s.called)
    FROM unnest(CAST(%s AS text[]), CAST(%s AS bigint[]), CAST(%s AS boolean[])) AS s (name, value, called)
"""
_BLOATED = 64 * 1024  # bytes of one table from which truncating is cheaper than what its dead rows cost others


@dataclass(frozen=True)
class SpareDatabase:
    """A database in use by one worker, and how it looked when it was new."""

    name: str
    seeded: tuple[str, ...]
    sequences: tuple[tuple[str, int, bool], ...]
    schema: tuple[object, ...]


def adopt(connection: psycopg.Connection[tuple[object, ...]], name: str) -> SpareDatabase:
    """Note how a fresh copy looks, and keep its rows. `connection` is a superuser's, on that database, autocommit."""
    tables = tuple(str(row[0]) for row in connection.execute(_TABLES))
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(_SEEDS)))
    seeded = []
    for table in tables:
        if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))).fetchone():
            copy = sql.SQL("CREATE TABLE {}.{} AS TABLE public.{}")
            connection.execute(copy.format(*map(sql.Identifier, (_SEEDS, table, table))))
            seeded.append(table)
    sequences = tuple((str(row[0]), int(str(row[1])), bool(row[2])) for row in connection.execute(_SEQUENCES))
    return SpareDatabase(name, tuple(seeded), sequences, _schema(connection))


def put_back(connection: psycopg.Connection[tuple[object, ...]], spare: SpareDatabase) -> bool:
    """Empty it and put its first rows back; False where the schema itself was changed: it is of no use any more."""
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                       " AND pid <> pg_backend_pid()")  # fmt: skip
    if _schema(connection) != spare.schema:
        return False
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
        for table, size in connection.execute(_FILLED).fetchall():
            name = sql.Identifier(str(table))
            statement = "TRUNCATE {} CASCADE" if int(str(size)) >= _BLOATED else "DELETE FROM {}"
            connection.execute(sql.SQL(statement).format(name))
        for table in spare.seeded:
            back = sql.SQL("INSERT INTO public.{} OVERRIDING SYSTEM VALUE SELECT * FROM {}.{}")
            connection.execute(back.format(*map(sql.Identifier, (table, _SEEDS, table))))
        names, values, called = zip(*spare.sequences, strict=True)
        connection.execute(_RESTART, (list(names), list(values), list(called)))
    return True


def _schema(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[object, ...]:
    return connection.execute(_SCHEMA).fetchone() or ()
