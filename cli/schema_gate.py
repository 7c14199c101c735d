"""No process works on a database whose schema isn't the one its code was written for."""

import time
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from models.db import migrate

WAIT_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 1.0


class WrongSchema(Exception):
    """The database has another schema than this code expects; the message names both. Run `steadfast migrate`."""


def wait_for_schema(engine: Engine, *, seconds: float = WAIT_SECONDS) -> None:
    """Return once the database has the schema this code expects. Raises WrongSchema after `seconds`."""
    expected = migrate.expected_head()
    deadline = time.monotonic() + seconds
    while True:
        found = found_revision(engine)
        if found == expected:
            return
        if time.monotonic() >= deadline:
            raise WrongSchema(f"the database's schema is {found}; this version of Steadfast expects {expected}")
        time.sleep(PAUSE_SECONDS)


def found_revision(engine: Engine) -> str:
    """Return the revision of the database in words: also that it has none, or doesn't answer yet."""
    try:
        with engine.connect() as connection:
            return migrate.current_revision(connection) or "empty (never migrated)"
    except OperationalError:
        return "unknown (the database does not answer)"
