"""What an import tells whoever ran it: counts that add up to the rows read, and every rejected row by line."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from intake.faults import Faults, Rejection

FETCHED = 1_000  # faults read from the database at a time


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
    rejected: Faults
    warnings: Faults
    notes: tuple[str, ...]

    def json_pieces(self) -> Iterator[str]:
        """The object that `steadfast import --json` prints, piece by piece: its lists may be as long as the file."""
        head = {
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
            "notes": list(self.notes),
        }
        yield json.dumps(head, indent=2).removesuffix("\n}")
        for name, faults in (("rejected", self.rejected), ("warnings", self.warnings)):
            yield f',\n  "{name}": ['
            for place, each in enumerate(faults):
                yield ("," if place else "") + "\n    " + json.dumps(asdict(each))
            yield "\n  ]" if faults else "]"
        yield "\n}\n"


def faults_of(session: Session, *, run_id: int) -> tuple[Faults, Faults]:
    """The rejected rows of a run and its warnings, in the order of the file."""
    return Faults(_read(session, run_id, whole=True)), Faults(_read(session, run_id, whole=False))


def _read(session: Session, run_id: int, *, whole: bool) -> Iterator[Rejection]:
    params = {"run": run_id, "whole": whole}
    for row in session.execute(_FAULTS, params, execution_options={"yield_per": FETCHED}):
        yield Rejection(row.line, row.column, row.value, row.reason)


_FAULTS = text(
    """
    SELECT line, "column", value, reason FROM import_rejection
    WHERE import_run_id = :run AND ("row" IS NOT NULL) = :whole ORDER BY line, id
    """
)
