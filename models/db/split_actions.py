"""What was agreed for a household that becomes two: it is owed to both, and asked about on both. Never commits.

Not to a record closed for protection: whoever agreed to act must hear nothing of it (models/db/protection.py).
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_NOTE = "the households are one again, and the same action stands there"


def copy(session: Session, *, old: int, new: int, now: datetime) -> None:
    """Agree on the open actions of `old` for `new` too, with the same owner and day, by whom they were agreed."""
    session.execute(_COPY, {"old": old, "new": new, "now": now})


def bring_back(session: Session, *, old: int, new: int, by: str, now: datetime) -> None:
    """The household is put together: its actions are one list, and a copy of what is still open ends."""
    given = {"old": old, "new": new, "by": by, "note": _NOTE, "now": now}
    session.execute(_END_COPIES, given)
    session.execute(_BACK, given)


_COPY = text(
    """
    WITH open_one AS (
        SELECT nextval(pg_get_serial_sequence('planned_action', 'id')) AS copy_id, a.*
        FROM planned_action a WHERE a.household_id = :old AND a.state = 'open'
    ), copied AS (
        INSERT INTO planned_action (id, household_id, team_id, what, owner_practitioner_id, agency, due_on, next_due_at,
                                    times_asked, agreed_by, agreed_at)
        SELECT copy_id, :new, team_id, what, owner_practitioner_id, agency, due_on, next_due_at, times_asked, agreed_by,
               agreed_at
        FROM open_one
    )
    INSERT INTO planned_action_event (action_id, at, event, actor_kind, actor, detail)
    SELECT copy_id, :now, 'agreed', 'person', agreed_by, jsonb_build_object('copy_of', id) FROM open_one ORDER BY id
    """
)
_END_COPIES = text(
    """
    WITH ended AS (
        UPDATE planned_action c SET state = 'cancelled', next_due_at = NULL, ended_by = :by, ended_at = :now,
            ended_note = :note, row_version = c.row_version + 1
        FROM planned_action_event e JOIN planned_action a ON a.id = CAST(e.detail ->> 'copy_of' AS bigint)
        WHERE e.action_id = c.id AND e.event = 'agreed' AND c.household_id = :new AND c.state = 'open'
          AND a.household_id = :old AND a.state = 'open'
        RETURNING c.id
    ), over AS (
        UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = :by
        FROM ended WHERE alert.state = 'open' AND alert.kind = 'action_overdue' AND alert.household_id = :new
          AND starts_with(alert.dedupe_key, 'alert:action_overdue:planned_action:' || ended.id || ':')
    )
    INSERT INTO planned_action_event (action_id, at, event, actor_kind, actor, note)
    SELECT id, :now, 'cancelled', 'person', :by, :note FROM ended
    """
)
_BACK = text("UPDATE planned_action SET household_id = :old WHERE household_id = :new")
