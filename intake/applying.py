"""What every kind of import shares while it applies its staged rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import intake_identity, intake_staging, merge_proposals


@dataclass(frozen=True)
class Import:
    """One import in progress. `is_whole`: a full extract of usual size, so that what it lacks has vanished."""

    session: Session
    source_id: int
    run_id: int
    by: str  # 'import:SOURCE', as columns named *_by hold it
    now: datetime
    supplied: frozenset[str]
    is_whole: bool
    staff_roles: str  # JSON: contact code to the role that sees it
    rules: Rules
    authoritative: frozenset[str]  # what the trust has declared the source to be the last word on
    headers: Mapping[str, str]  # field to the sender's heading, where the file has one
    fallback_role: str = "health_visitor"

    @property
    def today(self) -> date:
        """The civil day of `now`."""
        return self.now.astimezone(self.rules.calendar.zone).date()


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of the staged rows."""

    created: int
    updated: int
    conflicts: int = 0
    contradicted: int = 0
    vanished: int = 0
    notes: tuple[str, ...] = ()


Apply = Callable[[Import], Applied]


def heading(this: Import, field: str) -> str:
    """The sender's heading of a field, as rejections name it."""
    return this.headers.get(field, field)


def reject_conflicts(this: Import, key_columns: tuple[str, ...]) -> int:
    """Reject the rows whose NHS number and local id point at different people; return how many. Never a merge.

    Two people whom a file takes for one are proposed to a person, once for each pair.
    """
    count = intake_identity.take_out_conflicts(this.session, key_columns=key_columns)
    if count:
        intake_staging.reject(
            this.session,
            table="conflicted",
            column="subject_nhs_number, subject_local_id",
            reason="expected an NHS number and a local id of one person; they point at different people: a task for a"
            " person, nothing was merged",
        )
        merge_proposals.propose_from_file(this.session, by=this.by, now=this.now, answer_within=this.rules.feeds.grace)
    return count
