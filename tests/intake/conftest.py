"""Builders for the tests of the data coming in: small files, one call to import them, what is stored afterwards."""

import csv
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.rules import Rules, load_rules
from intake.report import ImportReport
from intake.run import import_file
from models.domain.words import ImportKind

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
Rows = Iterable[dict[str, str]]
Load = Callable[..., ImportReport]


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The shipped rules for England."""
    return load_rules(config_dir=None, nation="england", today=NOW.date())


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as a CSV with the union of their keys as headers."""

    def write(rows: Rows, name: str = "file.csv") -> Path:
        rows = list(rows)
        headers = list(dict.fromkeys(key for row in rows for key in row))
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, headers)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def load(engine: Engine, rules: Rules, write: Callable[..., Path]) -> Load:
    """Import rows, or a file, as a source."""

    def load(
        what: Rows | Path,
        *,
        kind: ImportKind = ImportKind.APPOINTMENTS,
        source: str = "systmone",
        now: datetime = NOW,
        mapping: Path | None = None,
        **more: Any,
    ) -> ImportReport:
        path = what if isinstance(what, Path) else write(what)
        given = {"dry_run": False, "progress": lambda done, total: None, **more}
        return import_file(engine, path, kind=kind, source=source, mapping_path=mapping, rules=rules, now=now, **given)

    return load


@pytest.fixture
def rows_of(engine: Engine) -> Callable[..., list[Any]]:
    """Rows of a query on the test's database."""

    def rows_of(query: str, **given: Any) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(text(query), given))

    return rows_of


def an_appointment(**fields: str) -> dict[str, str]:
    """One row in the import format: a booked new birth visit tomorrow, with its mother to reach."""
    return {
        "source_id": "A1",
        "subject_nhs_number": "9990000018",
        "subject_local_id": "P1",
        "subject_name": "Sam Test",
        "subject_dob": "2026-06-01",
        "household_id": "H1",
        "kind": "HV-NBV",
        "starts_at": "2026-06-11T10:00",
        "status": "booked",
        "contact_name": "Alex Test",
        "contact_relation": "mother",
        "contact_nhs_number": "9990000026",
        "contact_mobile": "07700 900123",
        "contact_safe_to_text": "yes",
        **fields,
    }
