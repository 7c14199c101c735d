"""The register: what imports say of people. A person's own entry is filled, never overwritten; a death stays told."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import caseloads

# What every kind of file that speaks of one person a row works on: who it is about, who holds them, where.
_SUBJECTS = """
    CREATE TEMP TABLE work ON COMMIT DROP AS
    SELECT line, subject_key, NULL::text AS contact_key, household_ref, subject_role, NULL::text AS contact_relation,
           {practitioner} AS practitioner, {team} AS team, ''::text AS contact_code, NULL::bigint AS person_id,
           NULL::bigint AS contact_person_id, NULL::bigint AS household_id, NULL::bigint AS practitioner_id,
           NULL::bigint AS team_id
    FROM staging WHERE verdict = 'r'
"""

_WORK = """
    CREATE TEMP TABLE work ON COMMIT DROP AS
    SELECT line, subject_key, contact_key, household_ref, subject_role, contact_relation, subject_edd, practitioner,
           team, ''::text AS contact_code, subject_role = 'unborn' AND subject_key NOT LIKE '|%' AS speaks_of_unborn,
           NULL::bigint AS person_id, NULL::bigint AS contact_person_id, NULL::bigint AS household_id,
           NULL::bigint AS practitioner_id, NULL::bigint AS team_id, NULL::bigint AS pregnancy_id
    FROM staging WHERE verdict = 'r'
"""

# Two rows about one person: the higher version wins, the later line among equals. A row about the unborn bears its
# mother's number and is another subject.
_REPEATS = """
    WITH ranked AS (
        SELECT w.line, w.person_id, s.version_order, first_value(w.line) OVER v AS winner,
               first_value(s.version_order) OVER v AS winning_version
        FROM work w JOIN staging s USING (line) WHERE w.person_id IS NOT NULL
        WINDOW v AS (PARTITION BY w.person_id, w.speaks_of_unborn ORDER BY s.version_order DESC NULLS LAST, w.line DESC)
    )
    -- Two records that a person has joined still come as two rows, every night: the later one tells.
    UPDATE staging s SET verdict = CASE
            WHEN r.version_order < r.winning_version OR EXISTS (
                SELECT FROM person g WHERE g.merged_into = r.person_id) THEN 'o' ELSE 'x' END,
        fault_column = 'subject_nhs_number, subject_local_id', fault_value = '',
        fault_reason = 'expected one row a person: line ' || r.winner || ' is about the same one and wins'
    FROM ranked r WHERE s.line = r.line AND r.line <> r.winner
"""

# What hasn't changed since this source last told it, and what is older than that, leaves `work`.
_SETTLED = """
    DELETE FROM work w USING staging s, person p
    WHERE s.line = w.line AND p.id = w.person_id AND (
        s.verdict <> 'r' OR (NOT w.speaks_of_unborn AND (
            p.content_hash = decode(s.content_hash, 'hex')
            OR (p.source_version LIKE :prefix || '%'
                AND s.version_order < substr(p.source_version, length(:prefix) + 1)::numeric))))
"""

_UPDATE = """
    WITH changed AS (
        UPDATE person p SET
            name = {name}, date_of_birth = {born}, gp_practice = {gp}, postcode = {postcode},
            postcode_changed_at = CASE WHEN p.postcode <> {postcode} THEN CAST(:now AS timestamptz)
                                       ELSE p.postcode_changed_at END,
            team_id = coalesce(w.team_id, p.team_id),
            caseload_holder_id = coalesce(p.caseload_holder_id, w.practitioner_id),
            life_status = CASE
                WHEN s.subject_life_status = 'deceased' OR p.life_status = 'deceased' THEN 'deceased'
                WHEN s.subject_life_status IS NULL OR p.life_status_by LIKE 'person:%' THEN p.life_status
                ELSE s.subject_life_status END,
            life_status_by = CASE
                WHEN s.subject_life_status IS NULL OR p.life_status = 'deceased'
                     OR (p.life_status_by LIKE 'person:%' AND s.subject_life_status <> 'deceased')
                THEN p.life_status_by ELSE :by END,
            deceased_on = coalesce(p.deceased_on, s.subject_deceased_on),
            left_birth_place_on = coalesce(s.left_birth_place_on, p.left_birth_place_on),
            details_by = CASE WHEN p.details_by LIKE 'person:%' THEN p.details_by ELSE :by END,
            source_version = CASE WHEN s.version_order IS NULL THEN p.source_version
                                  ELSE :prefix || s.version_order END,
            content_hash = decode(s.content_hash, 'hex'), extras = coalesce(s.extras, p.extras)
        FROM work w JOIN staging s USING (line)
        WHERE p.id = w.person_id AND NOT w.speaks_of_unborn
        RETURNING p.id, w.household_id, p.first_received_at < :now AS was_known, p.life_status, s.subject_deceased_on
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why)
    SELECT :now, 'import', :by, CASE WHEN life_status = 'deceased' THEN 'person.deceased' ELSE 'person.changed' END,
           'person', id, household_id, 'register'
    FROM changed WHERE was_known
"""

_FLAGS = """
    WITH told AS (
        SELECT DISTINCT w.person_id, w.household_id, unnest(string_to_array(s.flags, '|')) AS code
        FROM work w JOIN staging s USING (line) WHERE s.flags IS NOT NULL
    ), set_now AS (
        INSERT INTO flag (person_id, code, set_at, set_by)
        SELECT DISTINCT person_id, code, CAST(:now AS timestamptz), :by
        FROM told ON CONFLICT (person_id, code) WHERE ended_at IS NULL DO NOTHING RETURNING id, person_id, code
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why, detail)
    SELECT :now, 'import', :by, 'flag.set', 'flag', f.id, min(t.household_id), 'register',
           jsonb_build_object('code', f.code)
    FROM set_now f JOIN told t ON t.person_id = f.person_id AND t.code = f.code GROUP BY f.id, f.code
"""


def choose_work(session: Session) -> None:
    """Make `work` from every staged record: a register row is known to be unchanged only once its person is found."""
    session.execute(text(_WORK))
    session.execute(text("ANALYZE work"))


def choose_subjects(session: Session, *, with_holders: bool = False) -> None:
    """Make `work` from every staged record of a kind that is about one person a row, and maybe who holds them."""
    columns = ("practitioner", "team") if with_holders else ("NULL::text", "NULL::text")
    session.execute(text(_SUBJECTS.format(practitioner=columns[0], team=columns[1])))
    session.execute(text("ANALYZE work"))


def drop_settled(session: Session, *, source_id: int) -> None:
    """Sort out repeated people, and take out of `work` what is unchanged or older."""
    session.execute(text(_REPEATS))
    session.execute(text(_SETTLED), {"prefix": f"{source_id}:"})
    session.execute(text("ANALYZE work"))


def count_new(session: Session) -> int:
    """How many rows of `work` speak of people nobody knew."""
    query = (
        "SELECT count(*) FROM work w WHERE NOT w.speaks_of_unborn"
        " AND EXISTS (SELECT FROM who WHERE who.person_id = w.person_id AND is_new)"
    )
    return int(session.execute(text(query)).scalar_one())


def count_work(session: Session) -> int:
    """How many rows of `work` change somebody's record; those about the unborn change a pregnancy."""
    return int(session.execute(text("SELECT count(*) FROM work WHERE NOT speaks_of_unborn")).scalar_one())


def count_unborn(session: Session) -> int:
    """How many rows of `work` speak of an unborn child under its mother's number."""
    return int(session.execute(text("SELECT count(*) FROM work WHERE speaks_of_unborn")).scalar_one())


def update_people(session: Session, *, source_id: int, by: str, now: datetime) -> None:
    """Write what `work` says of its people, with an audit entry for each who was known before.

    Another holder than before is a move of the caseload, which takes the person's work along.
    """
    columns = {"name": "subject_name", "born": "subject_dob", "gp": "gp_practice", "postcode": "postcode"}
    stored = {"name": "name", "born": "date_of_birth", "gp": "gp_practice", "postcode": "postcode"}
    kept = {
        part: f"CASE WHEN p.details_by LIKE 'person:%' THEN coalesce(p.{stored[part]}, s.{column})"
        f" ELSE coalesce(s.{column}, p.{stored[part]}) END"
        for part, column in columns.items()
    }
    given = {"by": by, "now": now, "prefix": f"{source_id}:"}
    session.execute(text(_UPDATE.format(**kept)), given)
    caseloads.move_as_registered(session, by=by, now=now)
    session.execute(text(_FLAGS), given)


def leave_old_households(session: Session, *, source_id: int, now: datetime) -> None:
    """A person whom the register puts into another household of this source leaves the one it had told before."""
    session.execute(
        text(
            """
            UPDATE household_member m SET valid_until = :now
            FROM work w, household h
            WHERE m.person_id = w.person_id AND m.valid_until IS NULL AND m.household_id <> w.household_id
              AND h.id = m.household_id AND h.source_id = :source AND w.household_ref IS NOT NULL
              AND h.source_household_id <> w.household_ref
            """
        ),
        {"source": source_id, "now": now},
    )
    # A role told outright replaces one that was only likely; the unborn becomes the child.
    session.execute(
        text(
            """
            UPDATE household_member m SET role = w.subject_role FROM work w
            WHERE m.person_id = w.person_id AND m.household_id = w.household_id AND m.valid_until IS NULL
              AND NOT w.speaks_of_unborn AND m.role IN ('carer', 'unborn') AND m.role <> w.subject_role
            """
        )
    )
