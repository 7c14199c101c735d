"""The migrated schema is the one the tables in code describe; there is one newest revision; processes insist on it."""

import pytest
from sqlalchemy import Engine, text

from cli.schema_gate import WrongSchema, wait_for_schema
from models.db import migrate


class TestTheMigrations:
    def test_make_what_the_tables_describe(self, owner_engine: Engine) -> None:
        """Nothing is in code and not in the database, and nothing the other way round."""
        with owner_engine.connect() as connection:
            assert migrate.differences(connection) == []

    def test_have_one_newest_revision(self) -> None:
        """Two people's migrations are put in order before they land; more than one head raises."""
        assert migrate.expected_head()

    def test_change_nothing_when_run_again(self, owner_engine: Engine) -> None:
        """`migrate` runs at every start of every deployment."""
        assert migrate.upgrade(owner_engine) == migrate.expected_head()


class TestAProcess:
    def test_starts_on_the_schema_it_was_written_for(self, engine: Engine) -> None:
        """No waiting where all is well."""
        wait_for_schema(engine, seconds=0)

    def test_ends_naming_both_revisions_where_they_differ(self, owner_engine: Engine, engine: Engine) -> None:
        """An old process on a new schema, or the reverse, writes nothing."""
        with owner_engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'from_the_future'"))
        with pytest.raises(WrongSchema, match=f"from_the_future.*{migrate.expected_head()}"):
            wait_for_schema(engine, seconds=0)
