"""What shows that what was told arrived: the receiver's own act here, or what a person writes down. Never commits."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import disclosures
from models.db.disclosures import Happened
from models.domain.sharing_states import DisclosureEvent
from models.domain.words import DisclosureState

ACTED = "took it up here"


def heard(session: Session, follow_up_id: int, *, by: str, now: datetime) -> None:
    """A person acted on a follow-up: if it, or one that goes on in it, came of something told, that has arrived."""
    params = {"id": follow_up_id, "by": by, "how": ACTED, "now": now}
    _settle(session, session.scalars(_HEARD, params).all(), by=by, how=ACTED, now=now)


def give_view(session: Session, follow_up_id: int, *, view: str, by: str, now: datetime) -> bool:
    """Keep what the receiver of a proposed discharge thinks of it; return whether there is such a question."""
    params = {"id": follow_up_id, "view": view, "by": by, "how": ACTED, "now": now}
    told = session.scalars(_VIEW, params).all()
    _settle(session, told, by=by, how="view given", now=now)
    return bool(told)


def note(session: Session, disclosure_id: int, *, how: str, view: str | None, by: str, now: datetime) -> bool:
    """A person notes that what was told in another way arrived, and how; return whether there was such a telling."""
    params = {"id": disclosure_id, "how": how, "view": view, "by": by, "now": now}
    told = session.scalars(_NOTE, params).all()
    _settle(session, told, by=by, how=how, now=now)
    return bool(told)


def _settle(session: Session, told: Sequence[int], *, by: str, how: str, now: datetime) -> None:
    """Once every recipient of a disclosure has it, the disclosure is received."""
    if told:
        session.execute(_RECEIVED, {"ids": list(told), "now": now})
        state = DisclosureState.SHARED
        lines = [Happened(one, DisclosureEvent.RECEIVED, state, by, how) for one in dict.fromkeys(told)]
        disclosures.tell(session, lines, now=now)


_THREAD = """
    WITH RECURSIVE thread (id, family_event_id) AS (
        SELECT id, family_event_id FROM follow_up WHERE id = :id
        UNION ALL
        SELECT f.id, f.family_event_id FROM thread JOIN follow_up f ON f.continued_in = thread.id
    )
"""
_HEARD = text(
    f"""
    {_THREAD}
    UPDATE disclosure_recipient r SET received_at = :now, received_by = :by, received_how = :how
    FROM thread WHERE r.family_event_id = thread.family_event_id AND r.received_at IS NULL RETURNING r.disclosure_id
    """
)
_VIEW = text(
    f"""
    {_THREAD}
    UPDATE disclosure_recipient r SET view = :view, received_at = coalesce(r.received_at, :now),
        received_by = coalesce(r.received_by, :by), received_how = coalesce(r.received_how, :how)
    FROM thread, disclosure d
    WHERE r.family_event_id = thread.family_event_id AND d.id = r.disclosure_id AND d.discharge_id IS NOT NULL
    RETURNING r.disclosure_id
    """
)
_NOTE = text(
    """
    UPDATE disclosure_recipient SET received_at = :now, received_by = :by, received_how = :how,
        view = coalesce(CAST(:view AS text), view)
    WHERE disclosure_id = :id AND family_event_id IS NULL AND received_at IS NULL RETURNING disclosure_id
    """
)
_RECEIVED = text(
    """
    UPDATE disclosure SET received_at = :now, next_due_at = NULL
    WHERE id = ANY(:ids) AND state = 'shared' AND received_at IS NULL AND NOT EXISTS (
        SELECT FROM disclosure_recipient r WHERE r.disclosure_id = disclosure.id AND r.received_at IS NULL)
    """
)
