"""What an import changes of appointments already known, each change with its row of history. Set statements only."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.base import words_in
from models.db.intake_appointments import DECLINE_TOLD
from models.domain.message_states import WAITING

_WAITING = "('planned', 'booked', 'arrived')"

# Columns taken from the file, where the file speaks of the field at all.
_TAKEN = {
    "mode": "mode",
    "location": "location",
    "reason": "reason",
    "outcome": "subtype",
    "recorded_at": "recorded_at",
    "cancelled_at": "cancelled_at",
    "subject_role": "subject_role",
}
# A word that says less than the one a person chose.
_VAGUER = """
    (s.status = 'cancelled' AND a.status IN ('cancelled_by_family', 'cancelled_by_service', 'declined')
     OR s.status = 'attended' AND a.status = 'attended_late')
"""

_CHANGE = """
    CREATE TEMP TABLE change ON COMMIT DROP AS
    SELECT told.*,
        new_status IS DISTINCT FROM old_status AS status_changed,
        new_starts_at <> old_starts_at OR new_ends_at <> old_ends_at AS moved,
        disagrees AND NOT rebooked AND NOT vaguer AND old_by LIKE 'person:%' AS contradicts
    FROM (
        SELECT w.line, w.appointment_id, a.status AS old_status, a.status_by AS old_by, a.starts_at AS old_starts_at,
            a.ends_at AS old_ends_at, s.starts_at AS new_starts_at, s.ends_at AS new_ends_at, a.subtype AS old_subtype,
            a.person_id AS old_person_id, a.expected_contact_id AS old_expected_id, s.outcome_due_at AS file_due_at,
            w.person_id <> a.person_id OR s.contact_code <> a.contact_code AS other_subject,
            s.status AS file_status, s.status IN {waiting} AND s.starts_at > :now AS rebooked, {vaguer} AS vaguer,
            s.status NOT IN {waiting} AND s.status <> a.status AS disagrees,
            CASE
                WHEN NOT :speaks THEN a.status
                WHEN s.status IN {waiting} AND s.starts_at > :now AND s.starts_at <> a.starts_at THEN s.status
                WHEN a.status_by LIKE 'person:%' THEN a.status
                WHEN a.status = 'outcome_due' AND s.status IN {waiting} AND s.outcome_due_at <= :now THEN a.status
                ELSE s.status
            END AS new_status
        FROM work w JOIN staging s USING (line) JOIN appointment a ON a.id = w.appointment_id
    ) AS told
"""

_UPDATE = """
    UPDATE appointment a SET
        source_version = coalesce(s.source_version, a.source_version),
        version_order = coalesce(s.version_order, a.version_order), content_hash = decode(s.content_hash, 'hex'),
        person_id = w.person_id,
        household_id = CASE WHEN w.person_id <> a.person_id THEN w.household_id
                            ELSE coalesce(w.household_id, a.household_id) END,
        contact_person_id = CASE WHEN w.person_id <> a.person_id THEN w.contact_person_id
                                 ELSE coalesce(w.contact_person_id, a.contact_person_id) END,
        contact_code = s.contact_code,
        practitioner_id = coalesce(w.practitioner_id, a.practitioner_id), team_id = coalesce(w.team_id, a.team_id),
        starts_at = s.starts_at, ends_at = s.ends_at, length_assumed = s.length_assumed, whole_day = s.whole_day,
        time_ambiguous = s.time_ambiguous, status = c.new_status,
        status_by = CASE WHEN c.status_changed THEN :by ELSE a.status_by END,
        expected_contact_id = CASE WHEN c.other_subject THEN w.expected_contact_id
                                   ELSE coalesce(w.expected_contact_id, a.expected_contact_id) END,
        decline_told = {decline_told},
        extras = coalesce(s.extras, a.extras), last_seen_run = :run, {taken},
        outcome_due_at = CASE WHEN c.new_status IN {waiting} THEN s.outcome_due_at END,
        reconsider_at = CASE WHEN c.status_changed OR c.moved OR c.other_subject {more_changed}
                             THEN CAST(:now AS timestamptz) ELSE a.reconsider_at END,
        reminders_due_at = CASE
            WHEN c.new_status <> 'booked' OR s.starts_at <= :now THEN NULL
            WHEN c.moved OR c.status_changed OR c.other_subject THEN CAST(:now AS timestamptz)
            ELSE a.reminders_due_at END
    FROM change c JOIN work w USING (line) JOIN staging s USING (line)
    WHERE a.id = c.appointment_id
"""

_HISTORY = """
    INSERT INTO appointment_event (appointment_id, at, event, from_status, to_status, actor_kind, actor, import_run_id,
                                   detail)
    SELECT c.appointment_id, :now,
        CASE WHEN c.contradicts THEN 'contradicted' WHEN c.moved THEN 'moved' WHEN c.status_changed THEN 'outcome'
             ELSE 'corrected' END,
        c.old_status, c.new_status, 'import', :by, :run,
        nullif(jsonb_strip_nulls(jsonb_build_object(
            'starts_at_was', CASE WHEN c.moved THEN c.old_starts_at END,
            'ends_at_was', CASE WHEN c.moved THEN c.old_ends_at END,
            'subtype_was', CASE WHEN c.old_subtype IS DISTINCT FROM a.subtype THEN c.old_subtype END,
            'person_was', CASE WHEN c.old_person_id <> a.person_id THEN c.old_person_id END,
            'the_file_said', CASE WHEN c.contradicts THEN c.file_status END)), '{}')
    FROM change c JOIN appointment a ON a.id = c.appointment_id
"""

# The wrong person's contacts must not keep what another's appointment showed, nor a text that was meant for them.
_LEFT_BEHIND = f"""
    WITH left_behind AS (SELECT appointment_id, old_expected_id FROM change WHERE other_subject),
    open_again AS (
        UPDATE expected_contact e SET state = 'planned', met_at = NULL, next_due_at = :now
        FROM left_behind l JOIN appointment a ON a.id = l.appointment_id
        WHERE e.id = l.old_expected_id AND a.expected_contact_id IS DISTINCT FROM e.id
          AND e.state IN ('met', 'booked', 'overdue') RETURNING e.id
    ), considered AS (
        UPDATE appointment b SET reconsider_at = :now FROM open_again o
        WHERE b.expected_contact_id = o.id AND b.status IN ('attended', 'attended_late')
    )
    UPDATE message SET state = 'dropped', ended_at = :now, ended_by = :by
    WHERE audience = 'family' AND state IN {words_in(WAITING)} AND id IN (
        SELECT m.message_id FROM message_subject m JOIN left_behind l ON m.appointment_id = l.appointment_id)
"""

_CONTRADICTED = """
    INSERT INTO import_rejection (import_run_id, line, "column", value, reason)
    SELECT :run, line, 'status', file_status,
           'left out: a person recorded ' || old_status || ', which stays until a person changes it'
    FROM change WHERE contradicts ON CONFLICT DO NOTHING
"""


def update_known(session: Session, *, run_id: int, by: str, now: datetime, supplied: frozenset[str]) -> tuple[int, int]:
    """Apply the changed rows of `work`; return how many, and in how many a person's outcome stood against the file's.

    `supplied` names the fields the file speaks of: a file without a status column changes no status.
    """
    if not session.execute(text("SELECT EXISTS (SELECT FROM work WHERE appointment_id IS NOT NULL)")).scalar():
        return 0, 0
    given = {"run": run_id, "by": by, "now": now, "speaks": "status" in supplied}
    kept = {field: column for field, column in _TAKEN.items() if field in supplied}
    taken = [f"{column} = s.{column}" for column in kept.values()] or ["mode = a.mode"]
    subtype = "OR s.subtype IS DISTINCT FROM a.subtype" if "outcome" in supplied else ""
    # An emptier file takes no answer away.
    told = f"coalesce(a.decline_told || ({DECLINE_TOLD}), {DECLINE_TOLD}, a.decline_told)"
    decline_told = told if "status" in supplied else "a.decline_told"
    session.execute(text(_CHANGE.format(waiting=_WAITING, vaguer=_VAGUER)), given)
    update = _UPDATE.format(
        taken=", ".join(map(_unless_a_persons, taken)),
        waiting=_WAITING,
        decline_told=decline_told,
        more_changed=f"{subtype} OR {decline_told} IS DISTINCT FROM a.decline_told",
    )
    count = session.execute(text(update), given).rowcount  # type: ignore[attr-defined]
    session.execute(text(_HISTORY), given)
    session.execute(text(_LEFT_BEHIND), given)
    contradicted = session.execute(text(_CONTRADICTED), given).rowcount  # type: ignore[attr-defined]
    return int(count), int(contradicted)


def _unless_a_persons(assignment: str) -> str:
    """What belongs to an outcome stays with the person's outcome that stays."""
    column, _, value = assignment.partition(" = ")
    if column not in ("subtype", "reason", "recorded_at"):
        return assignment
    return f"{column} = CASE WHEN a.status_by LIKE 'person:%' AND NOT c.status_changed THEN a.{column} ELSE {value} END"


_RETURNED = """
    WITH back AS (
        UPDATE appointment a SET vanished_at = NULL, reconsider_at = :now, last_seen_run = :run FROM staging s
        WHERE a.source_id = :source AND a.vanished_at IS NOT NULL AND s.source_ref = a.source_ref
          AND s.verdict IN ('r', 'o') RETURNING a.id, a.status
    )
    INSERT INTO appointment_event (appointment_id, at, event, from_status, to_status, actor_kind, actor, import_run_id)
    SELECT id, :now, 'returned', status, status, 'import', :by, :run FROM back
"""

# A row that was rejected is still there: only an id that the whole file doesn't hold has vanished.
_VANISHED = """
    WITH gone AS (
        UPDATE appointment a SET vanished_at = :now
        WHERE a.source_id = :source AND a.vanished_at IS NULL AND a.status <> 'void'
          AND NOT EXISTS (SELECT FROM staging s WHERE s.source_ref = a.source_ref) RETURNING a.id, a.status
    )
    INSERT INTO appointment_event (appointment_id, at, event, from_status, to_status, actor_kind, actor, import_run_id)
    SELECT id, :now, 'vanished', status, status, 'import', :by, :run FROM gone
"""


def mark_returned(session: Session, *, source_id: int, run_id: int, by: str, now: datetime) -> int:
    """Appointments that were gone and are back; return how many."""
    given = {"source": source_id, "run": run_id, "by": by, "now": now}
    return int(session.execute(text(_RETURNED), given).rowcount)  # type: ignore[attr-defined]


def mark_vanished(session: Session, *, source_id: int, run_id: int, by: str, now: datetime) -> int:
    """Appointments of this source that a full extract no longer holds; return how many. Their follow-ups stay."""
    given = {"source": source_id, "run": run_id, "by": by, "now": now}
    return int(session.execute(text(_VANISHED), given).rowcount)  # type: ignore[attr-defined]
