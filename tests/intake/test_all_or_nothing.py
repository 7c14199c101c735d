"""Imports side by side and imports killed half-way: each file is stored whole, once, or not at all."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from tests.intake.conftest import an_appointment

ROWS = 400
_IMPORT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import create_engine, event
from config.rules import load_rules
from intake.run import import_file
from models.domain.words import ImportKind

url, path, where = sys.argv[1:]
engine = create_engine(url)
now = datetime(2026, 6, 10, 12, tzinfo=UTC)

@event.listens_for(engine, "before_cursor_execute")
def tell(connection, cursor, statement, parameters, context, many):
    if where in statement:
        print("there", flush=True)
        sys.stdin.readline()

import_file(
    engine, Path(path), kind=ImportKind.APPOINTMENTS, source="systmone", mapping_path=None, dry_run=False,
    progress=lambda done, total: None, rules=load_rules(config_dir=None, nation="england", today=now.date()), now=now,
)
"""


def many(prefix: str = "A", local: str = "P") -> list[dict[str, str]]:
    """Appointments of as many children, one household each."""
    return [
        an_appointment(
            source_id=f"{prefix}{n}",
            subject_local_id=f"{local}{n}",
            subject_nhs_number="",
            household_id=f"H{n}",
            contact_nhs_number="",
        )
        for n in range(ROWS)
    ]


class TestSideBySide:
    def test_two_imports_of_one_file_at_once_store_it_once(self, load, write, rows_of):
        """The second waits for the first and finds everything unchanged."""
        path = write(many())
        with ThreadPoolExecutor(2) as both:
            reports = list(both.map(lambda _: load(path), range(2)))
        assert sorted(report.created for report in reports) == [0, ROWS]
        assert sorted(report.unchanged for report in reports) == [0, ROWS]
        assert rows_of("SELECT count(*) FROM appointment")[0][0] == ROWS

    def test_two_sources_that_speak_of_one_family_at_once_make_it_once(self, load, write, rows_of):
        """Each has its own ids; the NHS numbers are the same people, made by whoever comes first."""
        numbers = ["9990000018", "9990000034", "9990000042", "9990000050", "9990000069", "9990000077"]
        rows = [an_appointment(source_id=f"A{n}", subject_local_id=f"P{n}", subject_nhs_number=n) for n in numbers]
        path = write(rows)
        with ThreadPoolExecutor(4) as all_:
            reports = list(all_.map(lambda n: load(path, source=f"source-{n}"), range(4)))
        assert [len(report.rejected) for report in reports] == [0, 0, 0, 0]
        assert rows_of("SELECT count(*), count(DISTINCT nhs_number) FROM person") == [(7, 7)]
        assert rows_of("SELECT count(*) FROM appointment")[0][0] == 4 * len(numbers)
        assert rows_of("SELECT count(DISTINCT household_id) FROM appointment")[0][0] == 1


class TestKilledHalfWay:
    @pytest.mark.parametrize(
        "where", ["ANALYZE staging", "INSERT INTO person ", "INSERT INTO appointment ", "UPDATE import_run"]
    )
    def test_kill_9_leaves_nothing_and_the_next_import_works(self, load, write, rows_of, engine, database_url, where):
        """Whatever it had done is gone: no source, no people, no run; running it again stores the whole file."""
        path = write(many())
        child = subprocess.Popen(
            [sys.executable, "-c", _IMPORT, database_url, str(path), where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"
        child.kill()
        child.wait()
        for table in ("source", "import_run", "person", "household", "appointment", "contact_point"):
            assert rows_of(f"SELECT count(*) FROM {table}")[0][0] == 0, table
        assert load(path).created == ROWS

    def test_a_statement_that_breaks_stores_nothing(self, load, engine, owner_url, rows_of):
        """Even a fault of our own leaves the database as it was."""
        from sqlalchemy import create_engine

        owner = create_engine(owner_url)
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE appointment ADD CONSTRAINT broken CHECK (source_ref <> 'A7')"))
        owner.dispose()
        with pytest.raises(Exception, match="broken"):
            load(many())
        assert rows_of("SELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM import_run)")[0][0] == 0
