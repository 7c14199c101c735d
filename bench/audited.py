"""Filling the auditor's database: children with mothers, plans, stories, alerts and e-mails as they would stand.

All of it made up, by set statements, and as it must be: a clean audit is the only one that reads everything.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from bench import fill
from config.rules import Rules
from models.db import pathway_versions
from models.db.seal import seal
from models.domain.planning import FamilyReviewRule

CHUNK = 500_000  # rows of one filling transaction
SEALED = 500  # entries of one seal
LIVE_PER_CHILD = 2
MISSED_SHARE = 10  # of the appointments long past
LIVE_CONTACTS = ("HV-6W", "HV-1Y")  # one thread each
_DONE = "SELECT 1 FROM tick WHERE name = 'bench filled'"


def fill_to(engine: Engine, *, stored: int, live: int, rules: Rules, review: FamilyReviewRule) -> None:
    """Fill an empty database once with `stored` appointments beside `live` follow-ups and all that belongs to them."""
    now, children = datetime.now(UTC), live // LIVE_PER_CHILD
    with engine.connect() as connection:
        if connection.execute(text(_DONE)).one_or_none():
            return
        fill.people(connection, count=children)
        with Session(bind=connection) as session:
            pathway_versions.load(session, rules.pathway_contents.values(), now=now)
            session.commit()
        _families(connection, now=now, review=review)
        print("  families filled", flush=True)
        _appointments(connection, stored=stored, children=children, now=now)
        for contact in LIVE_CONTACTS:
            fill.follow_ups(
                connection,
                prefix=f"live-{contact}-",
                rows=children,
                due=now + timedelta(days=200),
                ended=now - timedelta(days=20),
                crowd=fill.Crowd(contact, children),
            )
        print("  follow-ups filled", flush=True)
        _run(connection, _WORK, now=now)
        _seal(connection)
        fill.settle(connection)
        _run(connection, ("INSERT INTO tick (name, succeeded_at) VALUES ('bench filled', :now)",), now=now)


def _appointments(connection: Connection, *, stored: int, children: int, now: datetime) -> None:
    """Most attended, one in ten missed, followed up and closed by a person long ago."""
    done, crowd = 0, fill.Crowd("HV-HOME", children)
    while done < stored:
        part = min(CHUNK, stored - done)
        ended = now - timedelta(days=60 + done // CHUNK * 30)
        missed = part // MISSED_SHARE
        for prefix, rows, status in (("old", part - missed, "attended"), ("closed", missed, "missed")):
            fill.appointments(connection, prefix=f"{prefix}{done}-", rows=rows, status=status, ended=ended, crowd=crowd)
        done += part
        print(f"  filled {done:,} of {stored:,}", flush=True)
    _run(connection, (_CLOSED,))


def _families(connection: Connection, *, now: datetime, review: FamilyReviewRule) -> None:
    """A mother and a member row each; plans; one mother in twenty with a flag, one in five with a score."""
    _run(
        connection,
        _FAMILIES,
        now=now,
        flag=min(review.flags),
        review=review.contact_code,
        next_review=(now + timedelta(days=60)).date(),
    )


def _run(connection: Connection, statements: tuple[str, ...], **given: object) -> None:
    for statement in statements:
        used = {name: value for name, value in given.items() if f":{name}" in statement}
        connection.execute(text(statement), used)
        connection.commit()


def _seal(connection: Connection) -> None:
    with Session(bind=connection) as session:
        while seal(session, limit=SEALED):
            session.commit()


_FAMILIES = (
    "UPDATE person SET content_hash = '\\x00', first_received_at = :now WHERE name LIKE 'Child %'",
    """
    INSERT INTO person (name, life_status, team_id, caseload_holder_id, content_hash)
    SELECT 'Mother ' || id, 'alive', team_id, caseload_holder_id, '\\x00' FROM person WHERE name LIKE 'Child %'
    """,
    """
    INSERT INTO household_member (household_id, person_id, role, lives_with, valid_from)
    SELECT h.first + row_number() OVER (ORDER BY p.id) - 1, p.id, 'child', 'yes',
           CAST(:now AS timestamptz) - interval '1 year'
    FROM person p CROSS JOIN (SELECT min(id) AS first FROM household) h WHERE p.name LIKE 'Child %'
    """,
    """
    INSERT INTO household_member (household_id, person_id, role, lives_with, valid_from)
    SELECT h.first + row_number() OVER (ORDER BY p.id) - 1, p.id, 'mother', 'yes',
           CAST(:now AS timestamptz) - interval '1 year'
    FROM person p CROSS JOIN (SELECT min(id) AS first FROM household) h WHERE p.name LIKE 'Mother %'
    """,
    """
    INSERT INTO contact_point (person_id, number, safe_to_text)
    SELECT id, '+447700900' || lpad(CAST(id % 1000 AS text), 3, '0'), 'unknown' FROM person WHERE name LIKE 'Mother %'
    """,
    """
    INSERT INTO expected_contact (person_id, household_id, team_id, contact_code, schedule_code, schedule_version,
        anchor_on, window_start, window_end, overdue_on, state, next_due_at, met_at, first_received_at)
    SELECT p.id, m.household_id, p.team_id, c.code, 'england', 1, p.date_of_birth, p.date_of_birth + c.days,
           p.date_of_birth + c.days + 30, p.date_of_birth + c.days + 30,
           CASE WHEN c.days < 800 THEN 'met' ELSE 'planned' END,
           CASE WHEN c.days >= 800 THEN CAST(:now AS timestamptz) + interval '200 days' END,
           CASE WHEN c.days < 800 THEN CAST(:now AS timestamptz) END, CAST(:now AS timestamptz) - interval '1 year'
    FROM person p JOIN household_member m ON m.person_id = p.id AND m.role = 'child'
    CROSS JOIN (VALUES ('HV-NBV', 10), ('HV-6W', 42), ('HV-6M', 180), ('HV-1Y', 300), ('HV-2Y', 800)) c (code, days)
    """,
    """
    INSERT INTO flag (person_id, code, set_at, set_by, patterns_looked)
    SELECT id, :flag, CAST(:now AS timestamptz) - interval '90 days', 'person:0', true FROM person
    WHERE name LIKE 'Mother %' AND id % 20 = 0
    """,
    """
    INSERT INTO expected_contact (person_id, household_id, team_id, contact_code, schedule_code, schedule_version,
        anchor_on, window_start, window_end, overdue_on, whole_family, state, next_due_at, first_received_at)
    SELECT f.person_id, m.household_id, p.team_id, :review, 'family-review', 1, CAST(:next_review AS date),
           :next_review, :next_review, :next_review, true, 'planned', CAST(:next_review AS date), :now
    FROM flag f JOIN person p ON p.id = f.person_id JOIN household_member m ON m.person_id = f.person_id
    """,
    """
    INSERT INTO indicator (person_id, instrument, total, recorded_on, recorded_by, examine_at, examined_at, verdict)
    SELECT id, 'EPDS', 4, CAST(:now AS date) - 90, 'person:0', NULL, :now, 'silent' FROM person
    WHERE name LIKE 'Mother %' AND id % 5 = 0
    """,
    """
    INSERT INTO pregnancy (mother_id, household_id, edd, outcome, nulliparous, next_due_at, created_at)
    SELECT p.id, m.household_id, CAST(:now AS date) + 100, 'continuing', 'no',
           CAST(:now AS timestamptz) + interval '90 days', :now
    FROM person p JOIN household_member m ON m.person_id = p.id WHERE p.name LIKE 'Mother %' AND p.id % 20 = 1
    """,
    "INSERT INTO pattern_look (household_id, looked_at) SELECT id, :now FROM household",
)

_CLOSED = """
    INSERT INTO follow_up (appointment_id, trigger, state, person_id, household_id, team_id, contact_code,
        pathway_code, pathway_version, anchor_at, breach_at, opened_at, owner_practitioner_id, seen_at, seen_evidence,
        closed_by, closed_at, closed_reason, patterns_looked)
    SELECT a.id, 'missed', 'closed', a.person_id, a.household_id, a.team_id, a.contact_code, v.code, v.version,
           a.ends_at, a.ends_at, a.ends_at, a.practitioner_id, a.ends_at + interval '5 days', 'bench',
           'person:0', a.ends_at + interval '6 days', 'seen', true
    FROM appointment a CROSS JOIN (
        SELECT code, version FROM pathway_version WHERE code = 'general-missed' ORDER BY version DESC LIMIT 1
    ) v WHERE a.source_ref LIKE 'closed%'
"""

_WORK = (
    """
    INSERT INTO follow_up_event (follow_up_id, at, event, to_state, step_id, actor_kind, actor)
    SELECT f.id, f.opened_at, e.event, 'open', e.step, 'engine', 'bench'
    FROM follow_up f CROSS JOIN (VALUES ('opened', NULL), ('step_fired', 'phone-same-day')) e (event, step)
    """,
    """
    INSERT INTO alert (kind, urgency, dedupe_key, follow_up_id, household_id, person_id, team_id, step_id,
        audience_role, practitioner_id, raised_at, state, ended_at, ended_by)
    SELECT 'step', 'routine', 'alert:bench:' || id, id, household_id, person_id, team_id, 'phone-same-day',
           'practitioner', owner_practitioner_id, opened_at,
           CASE state WHEN 'closed' THEN 'done' ELSE 'open' END, closed_at, closed_by
    FROM follow_up
    """,
    """
    INSERT INTO message (channel, audience, purpose, urgency, state, dedupe_key, team_id, household_id, practitioner_id,
        template_code, template_version, created_at, send_after, sent_at, attempts)
    SELECT 'email', 'staff', 'staff_alert', 'routine', 'delivered', 'message:bench:' || id, team_id, household_id,
           practitioner_id, 'staff-alert', 1, raised_at, raised_at, raised_at, 1 FROM alert
    """,
    """
    INSERT INTO message_subject (message_id, alert_id)
    SELECT m.id, a.id FROM message m JOIN alert a ON m.dedupe_key = 'message:bench:' || split_part(a.dedupe_key, ':', 3)
    """,
    """
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id)
    SELECT opened_at, 'person', 'person:0', 'read', 'follow_up', id, household_id FROM follow_up
    """,
    "INSERT INTO tick (name, succeeded_at) VALUES ('staffing', :now)",
    "DELETE FROM plan_mark",
)
