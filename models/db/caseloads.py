"""Who holds whom: moves of people between caseloads, taken down, and applied when they take effect. Never commits.

A move wakes the live follow-ups of the person: whoever held the caseload does not keep their work
(workers/hand_over.py).
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def apply_due(session: Session, *, now: datetime, limit: int) -> int:
    """Apply up to `limit` planned moves that are due, oldest first; return how many. Others' locked ones are left."""
    return int(session.execute(_APPLY, {"now": now, "limit": limit}).scalar_one())


# The person's holder, the move's own row, what is woken and the audit trail stand or fall together.
_APPLY = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id, person_id, to_practitioner_id, recorded_by FROM caseload_move
        WHERE due_at <= :now ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), held AS (
        SELECT d.*, p.caseload_holder_id AS was FROM due d JOIN person p ON p.id = d.person_id
    ), moved AS (
        UPDATE person p SET caseload_holder_id = h.to_practitioner_id FROM held h
        WHERE p.id = h.person_id AND p.caseload_holder_id IS DISTINCT FROM h.to_practitioner_id
    ), done AS (
        UPDATE caseload_move c SET state = 'applied', due_at = NULL, applied_at = :now,
            from_practitioner_id = nullif(h.was, h.to_practitioner_id)
        FROM held h WHERE c.id = h.id
    ), woken AS (
        UPDATE follow_up SET next_due_at = :now FROM (
            SELECT f.id FROM held h JOIN follow_up f ON f.person_id = h.person_id
            WHERE h.was IS DISTINCT FROM h.to_practitioner_id
              AND f.state IN ('open', 'backlog', 'seen', 'closing') AND f.next_due_at > :now
            ORDER BY f.id FOR NO KEY UPDATE OF f) AS theirs
        WHERE follow_up.id = theirs.id
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why, detail)
        SELECT :now, CASE WHEN h.recorded_by LIKE 'person:%' THEN 'person' ELSE 'import' END, h.recorded_by,
               'caseload.moved', 'person', h.person_id,
               (SELECT min(m.household_id) FROM household_member m
                WHERE m.person_id = h.person_id AND m.valid_until IS NULL), 'caseload',
               jsonb_build_object('from', h.was, 'to', h.to_practitioner_id)
        FROM held h WHERE h.was IS DISTINCT FROM h.to_practitioner_id
    )
    SELECT count(*) FROM due
    """
)
