"""What a practitioner confirms before a text is let go: alive, safe, right number. Never commits.

A person's word fills in what no source has told us. It never turns a recorded NO or a death round: that needs the
record itself put right.
"""

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history
from models.db.base import words_in
from models.db.scope import Scope
from models.domain.ids import FollowUpId, HouseholdId
from models.domain.message_states import MessageEvent, before


def confirm_for_text(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    household_id: HouseholdId | None,
    account: Scope,
    now: datetime,
    today: date,
) -> None:
    """Record, for the people whom the held text of this follow-up is about and goes to, what was confirmed."""
    params = {"id": follow_up_id, "by": account.actor, "today": today}
    for statement in (_ALIVE, _PREGNANT, _SAFE):
        session.execute(statement, params)
    history.audited(
        session,
        action="confirmed_for_text",
        subject="follow_up",
        subject_id=follow_up_id,
        household_id=household_id,
        actor=account,
        now=now,
        detail={"confirmed": ["continuing", "alive", "safe", "right_number"]},
    )


_NUMBERS = f"""
    SELECT m.contact_point_id FROM message_subject s JOIN message m ON m.id = s.message_id
    WHERE s.follow_up_id = :id AND m.audience = 'family' AND m.state IN {words_in(before(MessageEvent.RELEASED))}
"""
_ALIVE = text(
    f"""
    UPDATE person SET life_status = 'alive', life_status_by = :by
    WHERE life_status = 'unknown' AND (id = (SELECT person_id FROM follow_up WHERE id = :id)
        OR id IN (SELECT person_id FROM contact_point WHERE id IN ({_NUMBERS})))
    """
)
_PREGNANT = text(
    """
    UPDATE pregnancy SET outcome = 'continuing', outcome_by = :by
    WHERE outcome = 'unknown' AND mother_id = (SELECT person_id FROM follow_up WHERE id = :id)
    """
)
_SAFE = text(
    f"""
    UPDATE contact_point
    SET safe_to_text = 'yes', safe_to_text_by = :by, confirmed_on = :today, confirmed_by = :by
    WHERE id IN ({_NUMBERS}) AND safe_to_text <> 'no' AND opted_out_at IS NULL
    """
)
