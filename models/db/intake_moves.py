"""Movers-out as the register tells them: a hold each, so that the family stays ours until somebody has accepted it.

A changed practice or address says nothing here: only a row that says so moves anybody. Works on `work`; never commits.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.holds import new_hold, set_many
from models.domain.holds import HoldRules
from models.domain.words import HoldKind
from models.domain.working_time import WorkingCalendar

# A move is told by its day: one that was told before, whatever a person made of it since, is not news.
_MOVED = """
    SELECT DISTINCT ON (w.person_id) w.person_id, s.moved_out_on, s.moved_to
    FROM work w JOIN staging s USING (line)
    WHERE s.moved_out_on IS NOT NULL AND NOT w.speaks_of_unborn
      AND NOT EXISTS (
        SELECT FROM hold h WHERE h.kind = 'moved_out' AND h.person_id = w.person_id
          AND (h.ended_at IS NULL OR h.detail ->> 'moved_out_on' = CAST(s.moved_out_on AS text)))
      AND NOT EXISTS (
        SELECT FROM hold h WHERE h.kind = 'moved_out' AND h.household_id = w.household_id AND h.ended_at IS NULL)
    ORDER BY w.person_id, w.line DESC
"""


def hold_moved(session: Session, rules: HoldRules, *, by: str, now: datetime, calendar: WorkingCalendar) -> int:
    """Set a hold on each person of `work` who moved out; return how many. `detect` begins one hand-over a household."""
    wanted = [
        new_hold(
            rules.rules[HoldKind.MOVED_OUT],
            reason="the register says that they moved out",
            now=now,
            calendar=calendar,
            person_id=row.person_id,
            detail={"moved_out_on": row.moved_out_on.isoformat(), "moved_to": row.moved_to},
        )
        for row in session.execute(text(_MOVED))
    ]
    return len(set_many(session, wanted, rules, by=by, now=now, calendar=calendar))
