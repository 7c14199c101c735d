"""When each kind of work last began, ended well and failed; `/health`, `status` and the banner read it. No commits."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def started(session: Session, name: str, *, now: datetime) -> None:
    """Note that a piece of work begins."""
    session.execute(_STARTED, {"name": name, "now": now})


def succeeded(session: Session, name: str, *, handled: int, now: datetime) -> None:
    """Note that it ended well, and how many rows it handled."""
    session.execute(_SUCCEEDED, {"name": name, "now": now, "handled": handled})


def failed(session: Session, name: str, *, error: str, now: datetime) -> None:
    """Note that it failed; `error` is the kind of error, nothing of its content."""
    session.execute(_FAILED, {"name": name, "now": now, "error": error})


def last_success(session: Session, name: str) -> datetime | None:
    """When it last ended well; None if it never has."""
    found: datetime | None = session.execute(
        text("SELECT succeeded_at FROM tick WHERE name = :name"), {"name": name}
    ).scalar()
    return found


_STARTED = text(
    """
    INSERT INTO tick (name, started_at) VALUES (:name, :now)
    ON CONFLICT (name) DO UPDATE SET started_at = EXCLUDED.started_at
    """
)
_SUCCEEDED = text(
    """
    INSERT INTO tick (name, succeeded_at, handled) VALUES (:name, :now, :handled)
    ON CONFLICT (name) DO UPDATE SET succeeded_at = EXCLUDED.succeeded_at, handled = EXCLUDED.handled, error = NULL
    """
)
_FAILED = text(
    """
    INSERT INTO tick (name, failed_at, error) VALUES (:name, :now, :error)
    ON CONFLICT (name) DO UPDATE SET failed_at = EXCLUDED.failed_at, error = EXCLUDED.error
    """
)
