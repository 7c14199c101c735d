"""Who holds whom: moves of people between caseloads, taken down, and applied when they take effect. Never commits.

A move wakes the live follow-ups of the person: whoever held the caseload does not keep their work
(workers/hand_over.py).
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def apply_due(session: Session, *, now: datetime, limit: int | None) -> int:
    """Apply planned moves that are due, oldest first, all or up to `limit`; return how many. Locked ones are left."""
    return int(session.execute(_APPLY_DUE, {"now": now, "limit": limit}).scalar_one())


def move_as_registered(session: Session, *, by: str, now: datetime) -> int:
    """Move the people of an import's `work` whom the register gives to another holder now; return how many.

    A move that waits for its day goes on waiting.
    """
    return int(session.execute(_MOVE_AS_REGISTERED, {"now": now, "by": by}).scalar_one())


# The person's holder, the move's own row, what is woken and the audit trail stand or fall together.
_MOVE = """
    WITH due AS MATERIALIZED ({due}), held AS (
        SELECT d.*, p.caseload_holder_id AS was FROM due d JOIN person p ON p.id = d.person_id
    ), moved AS (
        UPDATE person p SET caseload_holder_id = h.to_practitioner_id FROM held h
        WHERE p.id = h.person_id AND p.caseload_holder_id IS DISTINCT FROM h.to_practitioner_id
    ), done AS ({done}), woken AS (
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
_APPLY_DUE = text(
    _MOVE.format(
        due="""
        SELECT id, person_id, to_practitioner_id, recorded_by FROM caseload_move
        WHERE due_at <= :now ORDER BY due_at, id LIMIT CAST(:limit AS bigint) FOR UPDATE SKIP LOCKED
        """,
        done="""
        UPDATE caseload_move c SET state = 'applied', due_at = NULL, applied_at = :now,
            from_practitioner_id = nullif(h.was, h.to_practitioner_id)
        FROM held h WHERE c.id = h.id
        """,
    )
)
_MOVE_AS_REGISTERED = text(
    _MOVE.format(
        due="""
        SELECT DISTINCT ON (w.person_id) w.person_id, w.practitioner_id AS to_practitioner_id,
               CAST(:by AS text) AS recorded_by
        FROM work w JOIN person p ON p.id = w.person_id
        WHERE p.caseload_holder_id <> w.practitioner_id AND NOT w.speaks_of_unborn ORDER BY w.person_id, w.line DESC
        """,
        done="""
        INSERT INTO caseload_move (person_id, from_practitioner_id, to_practitioner_id, state, effective_at, applied_at,
                                   recorded_at, recorded_by)
        SELECT person_id, was, to_practitioner_id, 'applied', CAST(:now AS timestamptz), :now, :now, recorded_by
        FROM held ORDER BY person_id
        """,
    )
)
