"""What an import tells whoever ran it: counts that add up to the rows read, and every rejected row by line."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that could not be used, or, in `warnings`, one value that was left out of a row that was."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class ImportReport:
    """One import. `read` = `created` + `updated` + `unchanged` + the number of `rejected`."""

    source: str
    kind: str
    dry_run: bool
    run_id: int | None
    as_of: datetime
    read: int
    created: int
    updated: int
    unchanged: int
    vanished: int
    rejected: tuple[Rejection, ...]
    warnings: tuple[Rejection, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The object that `steadfast import --json` prints."""
        return {
            "source": self.source,
            "kind": self.kind,
            "dry_run": self.dry_run,
            "run": self.run_id,
            "as_of": self.as_of.isoformat(),
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "vanished": self.vanished,
            "rejected": [_as_json(each) for each in self.rejected],
            "warnings": [_as_json(each) for each in self.warnings],
            "notes": list(self.notes),
        }


def faults_of(session: Session, *, run_id: int) -> tuple[tuple[Rejection, ...], tuple[Rejection, ...]]:
    """The rejected rows of a run and its warnings, in the order of the file."""
    rows = session.execute(
        text(
            'SELECT line, "column", value, reason, "row" IS NOT NULL AS whole FROM import_rejection'
            " WHERE import_run_id = :run ORDER BY line, id"
        ),
        {"run": run_id},
    ).all()
    rejected = tuple(Rejection(row.line, row.column, row.value, row.reason) for row in rows if row.whole)
    warnings = tuple(Rejection(row.line, row.column, row.value, row.reason) for row in rows if not row.whole)
    return rejected, warnings


def _as_json(each: Rejection) -> dict[str, object]:
    return {"line": each.line, "column": each.column, "value": each.value, "reason": each.reason}
