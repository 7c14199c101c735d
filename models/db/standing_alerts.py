"""Alerts of what asks again by itself, found by their key: a challenge, an action. Never commits."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def end_by_key(session: Session, keys: Sequence[str], *, state: str, outcome: str, by: str, now: datetime) -> None:
    """End the open alerts of these keys: `overtaken` where the next asking follows, `done` where a person acted."""
    if keys:
        given = {"keys": list(keys), "state": state, "outcome": outcome, "by": by, "now": now}
        session.execute(_END, given)


_END = text(
    """
    UPDATE alert SET state = :state, ended_at = :now, ended_by = :by, outcome = :outcome
    WHERE dedupe_key = ANY(CAST(:keys AS text[])) AND state = 'open'
    """
)
