"""The deployment's last-resort owner: whoever has a follow-up that nobody else has (design 3.2). Made by `migrate`."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.db.tables import Practitioner
from models.domain.words import StaffRole

CODE = "last-resort"


def ensure_last_resort(session: Session) -> bool:
    """Make the last-resort row unless there is one; return whether it was made. The caller commits."""
    row = {
        "code": CODE,
        "name": "Service lead (last resort)",
        "role": StaffRole.HEAD_OF_SERVICE.value,
        "last_resort": True,
    }
    made = session.execute(insert(Practitioner).values(row).on_conflict_do_nothing().returning(Practitioner.id))
    return made.scalar_one_or_none() is not None
