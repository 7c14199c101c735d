"""What a merge waits for, and what waits for it: no import half-way, no detector, nobody else at these records."""

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.db import detection
from models.db.follow_up_rows import ActionRefused
from models.db.intake_runs import lock_applying

# Longer than a claimed set takes, shorter than a page's patience.
_PATIENCE = "5s"


class Busy(ActionRefused):
    """An import is being applied: try again in a few minutes; nothing has changed."""


def lock_records(session: Session, table: str, ids: tuple[int, int]) -> None:
    """Lock two rows of `person` or `household`, against imports and detection too. Raises Busy."""
    session.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
    try:
        lock_applying(session)
        detection.wait_for_detection(session)
        session.execute(
            text(f"SELECT id FROM {table} WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE"),
            {"ids": sorted(ids)},
        ).all()
    except OperationalError as error:
        raise Busy("an import is being applied; try again in a few minutes") from error
