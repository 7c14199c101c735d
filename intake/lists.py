"""Lists (flags, absences, caseloads): what a full one lacks may be over, so a suddenly short one is not believed.

Each kind has its own usual size, whatever else its source sends. Who settles the alarm makes the new size usual.
"""

from dataclasses import dataclass
from typing import Self

from intake.applying import Import
from models.db import intake_runs
from models.domain.words import AlertKind, ImportKind

LISTS = frozenset({ImportKind.FLAGS, ImportKind.ABSENCES, ImportKind.CASELOADS})


@dataclass(frozen=True, slots=True)
class Short:
    """A list with far fewer rows than its kind usually has from this source."""

    rows: int
    usual: int

    @classmethod
    def than_usual(cls, rows: int, usual: int | None, *, below: float) -> Self | None:
        """Return the two sizes where `rows` is none at all, or under the share `below` of what is usual; else None."""
        if not usual or (rows and rows >= usual * below):
            return None
        return cls(rows, usual)

    def hold_back(self, this: Import) -> None:
        """Note that this run ended nothing, and raise the alarm to the source's owner."""
        intake_runs.hold_back(this.session, run_id=this.run_id)
        intake_runs.raise_task(
            this.session,
            kind=AlertKind.FEED_SMALL,
            source_id=this.source_id,
            run_id=this.run_id,
            count=self.rows,
            usual=self.usual,
            now=this.now,
            due_in=this.rules.feeds.grace,
        )

    @property
    def said(self) -> str:
        """What the sender of the file is told."""
        return (
            f"{self.rows} rows where {self.usual} are usual: nothing was ended for being absent; the source's owner"
            " is told, and whoever settles that alarm makes this the usual size"
        )
