"""A trust whose families come in by the register, as they do: rows of a file, imported on the day, then detection."""

import csv
import itertools
import tempfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from intake.report import ImportReport
from intake.run import import_file
from models.domain.words import ImportKind
from tests.engine.world import World, at

_numbers = itertools.count()


class Register(World):
    """Team North's register. `services` are those the deployment plans for, beside health visiting."""

    def __init__(self, engine: Engine, *, now: datetime, services: tuple[str, ...] = ()) -> None:
        super().__init__(engine, now=now)
        self.services(*services)

    def services(self, *names: str) -> None:
        """Switch services on, beside the shipped ones."""
        planning = replace(self.rules.planning, services=frozenset({"health_visiting", "pre_birth", *names}))
        self.rules = replace(self.rules, planning=planning)

    def people(self, *rows: dict[str, str]) -> ImportReport:
        """Import rows of the register and detect."""
        return self._import(ImportKind.PEOPLE, rows)

    def visits(self, *rows: dict[str, str]) -> ImportReport:
        """Import appointments and detect."""
        return self._import(ImportKind.APPOINTMENTS, rows)

    def _import(self, kind: ImportKind, rows: tuple[dict[str, str], ...]) -> ImportReport:
        report = self.brings(kind, *rows)
        assert report.rejected == (), report.rejected
        self.detect()
        return report

    def brings(self, kind: ImportKind, *rows: dict[str, str]) -> ImportReport:
        """Import rows of a file as they are; rows may be rejected, and nobody looks yet."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            headers = list(dict.fromkeys(key for row in rows for key in row))
            with path.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, headers, restval="")
                writer.writeheader()
                writer.writerows(rows)
            return import_file(
                self.engine, path, kind=kind, source="epr", mapping_path=None, dry_run=False,
                progress=lambda done, total: None, rules=self.rules, now=self.now,
            )  # fmt: skip

    def plan(self, local_id: str) -> dict[str, tuple[str, date]]:
        """What one person should have: code to state and anchor; what gave way is left out."""
        return {row.contact_code: (row.state, row.anchor_on) for row in self.contacts(local_id)}

    def contacts(self, local_id: str, *, gone: bool = False) -> list[Any]:
        """The rows of one person's plan, in order of their windows."""
        kept = "" if gone else "AND e.state <> 'not_applicable'"
        return list(
            self.rows(
                f"""
                SELECT e.* FROM expected_contact e JOIN person_identifier i ON i.person_id = e.person_id
                WHERE i.local_id = :id {kept} ORDER BY e.window_start, e.id
                """,
                id=local_id,
            )
        )

    def contact(self, local_id: str, code: str) -> Any:
        """The one contact of that code that a person has now."""
        (row,) = [row for row in self.contacts(local_id) if row.contact_code == code]
        return row

    def person(self, local_id: str) -> int:
        """The id of a person of the register."""
        return int(self.one("SELECT person_id FROM person_identifier WHERE local_id = :id", id=local_id))

    def live(self) -> list[tuple[str, str]]:
        """The live follow-ups: code and trigger, in the order they were opened."""
        found = self.rows(
            "SELECT contact_code, trigger FROM follow_up WHERE state IN ('open', 'backlog', 'seen', 'closing')"
            " ORDER BY id"
        )
        return [(row.contact_code, row.trigger) for row in found]

    def flag(self, local_id: str, code: str) -> int:
        """A person sets a flag now."""
        return self.add("flag", person_id=self.person(local_id), code=code, set_at=self.now, set_by="person:ann")

    def unflag(self, flag: int) -> None:
        """A person ends it now."""
        self.run("UPDATE flag SET ended_at = :now, ended_by = 'person:ann' WHERE id = :id", now=self.now, id=flag)


def nhs_number() -> str:
    """A checked number from 999, which no real person has, another each time."""
    while True:
        nine = f"999{next(_numbers):06d}"
        check = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return nine + str(0 if check == 11 else check)


def a_mother(local_id: str = "M1", *, family: str = "H1", **fields: str) -> dict[str, str]:
    """A row about an expectant mother, due on 1 March 2027 unless said otherwise."""
    return {
        "subject_local_id": local_id,
        "subject_role": "mother",
        "subject_dob": "1995-01-01",
        "subject_edd": "2027-03-01",
        "pregnancy_outcome": "continuing",
        "household_id": family,
        "team": "N",
        **fields,
    }


def a_child(local_id: str, born: str, *, family: str = "H1", **fields: str) -> dict[str, str]:
    """A row about a child."""
    return {
        "subject_local_id": local_id,
        "subject_role": "child",
        "subject_dob": born,
        "household_id": family,
        "team": "N",
        **fields,
    }


def an_adult(local_id: str, role: str, *, family: str = "H1", **fields: str) -> dict[str, str]:
    """A row about an adult who expects no child."""
    return {
        "subject_local_id": local_id,
        "subject_role": role,
        "subject_dob": "1990-01-01",
        "household_id": family,
        "team": "N",
        **fields,
    }


def a_visit(ref: str, local_id: str, kind: str, starts_at: str, **fields: str) -> dict[str, str]:
    """A row about an appointment."""
    row = {"source_id": ref, "subject_local_id": local_id, "kind": kind, "starts_at": starts_at, "mode": "home"}
    return {**row, **fields}


__all__ = ["Register", "a_child", "a_mother", "a_visit", "an_adult", "at", "nhs_number"]
