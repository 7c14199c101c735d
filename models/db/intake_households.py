"""Which household the people in hand belong to. Joined by an equal household id or contact NHS number, by nothing else.

Works on `work` and `who`, with the columns person_id and contact_person_id of `work` filled; fills its household_id.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import intake_apart

_PLACES = """
    CREATE TEMP TABLE place ON COMMIT DROP AS
    SELECT person_id, min(household_id) AS household_id FROM household_member
    WHERE valid_until IS NULL AND person_id IN (
        SELECT person_id FROM work UNION SELECT contact_person_id FROM work WHERE contact_person_id IS NOT NULL)
    GROUP BY 1
"""

# A household id not seen before takes the household that its people are already in, if that is one household only:
# so a second source's id for the same family does not split it.
_REFS = """
    CREATE TEMP TABLE ref ON COMMIT DROP AS
    WITH told AS (SELECT DISTINCT household_ref FROM work WHERE household_ref IS NOT NULL),
    member AS (
        SELECT household_ref, person_id FROM work WHERE household_ref IS NOT NULL
        UNION SELECT household_ref, contact_person_id FROM work
        WHERE household_ref IS NOT NULL AND contact_person_id IS NOT NULL
    ), lived AS (
        SELECT m.household_ref, min(p.household_id) AS household_id
        FROM member m JOIN place p USING (person_id) JOIN household h ON h.id = p.household_id
        WHERE h.source_id IS DISTINCT FROM :source OR h.source_household_id IS NULL
        GROUP BY 1 HAVING count(DISTINCT p.household_id) = 1
    )
    SELECT t.household_ref, coalesce(h.merged_into, h.id, l.household_id) AS household_id
    FROM told t
    LEFT JOIN household h ON h.source_id = :source AND h.source_household_id = t.household_ref
    LEFT JOIN lived l USING (household_ref)
"""

_NEW_REFS = """
    WITH fresh AS (
        SELECT household_ref, nextval(pg_get_serial_sequence('household', 'id')) AS id
        FROM (SELECT household_ref FROM ref WHERE household_id IS NULL ORDER BY 1) AS each
    ), made AS (
        INSERT INTO household (id, source_id, source_household_id, created_at)
        SELECT id, :source, household_ref, :now FROM fresh
    )
    UPDATE ref SET household_id = f.id FROM fresh f WHERE ref.household_ref = f.household_ref
"""

# Without an id, a person stands with whoever an equal contact NHS number joins them to: label the joined by their least
# person id, until no label moves.
_LABELS = """
    CREATE TEMP TABLE label ON COMMIT DROP AS
    SELECT person_id, person_id AS label FROM work WHERE household_ref IS NULL
    UNION SELECT contact_person_id, contact_person_id FROM work
    WHERE household_ref IS NULL AND contact_person_id IS NOT NULL
"""
_JOINS = """
    CREATE TEMP TABLE joined ON COMMIT DROP AS
    SELECT DISTINCT w.person_id AS a, w.contact_person_id AS b FROM work w
    WHERE w.household_ref IS NULL AND w.contact_person_id <> w.person_id
"""
_SPREAD = """
    WITH least AS (
        SELECT side.person_id, min(l.label) AS label
        FROM (SELECT a AS person_id, b AS other FROM joined UNION ALL SELECT b, a FROM joined) AS side
        JOIN label l ON l.person_id = side.other GROUP BY 1
    )
    UPDATE label SET label = least.label FROM least
    WHERE label.person_id = least.person_id AND least.label < label.label
"""

_LIVED = """
    CREATE TEMP TABLE lived ON COMMIT DROP AS
    SELECT l.label, min(p.household_id) AS household_id
    FROM label l LEFT JOIN place p USING (person_id) GROUP BY 1
"""
_NEW_HOUSEHOLDS = """
    WITH fresh AS (
        UPDATE lived SET household_id = nextval(pg_get_serial_sequence('household', 'id'))
        WHERE household_id IS NULL RETURNING household_id
    )
    INSERT INTO household (id, created_at) SELECT household_id, :now FROM fresh
"""
_NEW_PLACES = """
    INSERT INTO place (person_id, household_id)
    SELECT l.person_id, v.household_id FROM label l JOIN lived v USING (label)
    ON CONFLICT (person_id) DO NOTHING
"""

_MEMBERS = """
    INSERT INTO household_member (household_id, person_id, role, valid_from)
    SELECT DISTINCT ON (household_id, person_id) household_id, person_id, role, :now FROM (
        SELECT household_id, person_id,
               CASE WHEN subject_role = 'unborn' AND subject_key NOT LIKE '|%' THEN 'mother' ELSE subject_role END
                   AS role, 1 AS rank, line
        FROM work
        UNION ALL
        SELECT household_id, contact_person_id, coalesce(nullif(contact_relation, 'self'), 'carer'),
               CASE WHEN contact_relation IS NULL THEN 3 ELSE 2 END, line
        FROM work WHERE contact_person_id IS NOT NULL AND contact_person_id <> person_id
    ) AS each WHERE household_id IS NOT NULL {unless}
    ORDER BY household_id, person_id, rank, line DESC
    ON CONFLICT (household_id, person_id) WHERE valid_until IS NULL DO NOTHING
"""


def place(session: Session, *, source_id: int, now: datetime) -> None:
    """Find or make the household of every row of `work`, and make its people members; who lives apart stays apart."""
    splits = intake_apart.any_split(session)
    if splits:
        intake_apart.drop_contacts(session)
    both = {"source": source_id, "now": now}
    session.execute(text(_PLACES))
    session.execute(text("CREATE UNIQUE INDEX ON place (person_id)"))
    session.execute(text(_REFS), both)
    session.execute(text(_NEW_REFS), both)
    session.execute(text(_LABELS))
    session.execute(text(_JOINS))
    for table in ("place", "ref", "label", "joined"):
        session.execute(text(f"ANALYZE {table}"))
    if session.execute(text("SELECT EXISTS (SELECT FROM joined)")).scalar():
        while session.execute(text(_SPREAD)).rowcount:  # type: ignore[attr-defined]
            pass
    session.execute(text(_LIVED))
    session.execute(text(_NEW_HOUSEHOLDS), both)
    session.execute(text("ANALYZE lived"))
    session.execute(text(_NEW_PLACES))
    session.execute(text("ANALYZE place"))
    session.execute(
        text(
            """
            UPDATE work w SET household_id = coalesce(r.household_id, p.household_id)
            FROM work v LEFT JOIN ref r USING (household_ref) LEFT JOIN place p USING (person_id) WHERE v.line = w.line
            """
        )
    )
    session.execute(text("ANALYZE work"))
    if splits:
        intake_apart.keep_apart(session)
    session.execute(text(_MEMBERS.format(unless=intake_apart.UNLESS_APART if splits else "")), both)
