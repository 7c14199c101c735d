"""The one clock: the database's. Entry points ask once per claimed set; tests replace `now`."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def now(session: Session) -> datetime:
    """The database's wall clock, aware, in UTC; later within one transaction, unlike SQL's now()."""
    instant: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return instant
