"""What a replay notes beside the engine in its scratch database, and what it reads there. Never in a live one.

A trigger notes each telling of an alert at the simulated time: raised, raised up, raised again. Nothing of the engine
knows of it.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.db.status import WAITING

# A time that nothing waits beyond: asked so, the queries of what is due tell when the next of it falls due.
_FAR = datetime.fromisoformat("9000-01-01T00:00:00+00:00")
# Deliveries bring these; and nothing is sent.
_NOT_BY_TIME = frozenset({"outcomes_missing", "messages", "messages_unsettled"})

_NOBODY = "nobody@example.invalid"
_DROP = text(
    """
    UPDATE message SET state = 'dropped', ended_at = :now, ended_by = 'replay'
    WHERE state = 'queued' AND audience = 'staff'
    """
)

_NOTES = """
    CREATE TABLE replay_clock (now timestamptz NOT NULL);
    INSERT INTO replay_clock VALUES ('-infinity');
    CREATE TABLE replay_told (
        alert_id bigint NOT NULL, times int NOT NULL, at timestamptz NOT NULL, role text, practitioner_id bigint,
        pool_id bigint);
    CREATE FUNCTION replay_tell_new() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO replay_told SELECT n.id, n.times_raised, c.now, n.audience_role, n.practitioner_id, n.owner_team_id
        FROM new_rows n, replay_clock c; RETURN NULL; END $$;
    CREATE FUNCTION replay_tell_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO replay_told SELECT n.id, n.times_raised, c.now, n.audience_role, n.practitioner_id, n.owner_team_id
        FROM new_rows n JOIN old_rows o USING (id), replay_clock c WHERE n.times_raised > o.times_raised;
        RETURN NULL; END $$;
    CREATE TRIGGER replay_new AFTER INSERT ON alert REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION replay_tell_new();
    CREATE TRIGGER replay_again AFTER UPDATE ON alert REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION replay_tell_again();
    GRANT SELECT, INSERT, UPDATE ON replay_clock, replay_told TO PUBLIC;
"""


class Work(NamedTuple):
    """A follow-up as staff find it. `booked_for`: when the next appointment for the same contact begins."""

    id: int
    row_version: int
    state: str
    trigger: str
    pathway_code: str
    high_risk: bool
    hastened: bool
    urgent: bool
    step_id: str | None
    acknowledged: bool
    opened_at: datetime
    anchor_at: datetime
    appointment_id: int | None
    appointment_status: str | None
    source_ref: str | None
    booked_for: datetime | None
    contact_code: str
    nhs_number: str | None
    local_id: str | None
    practitioner: str | None
    team: str | None


def prepare(owner: Engine) -> None:
    """Add the notes to a scratch database, as its tables' owner."""
    with owner.begin() as connection:
        connection.execute(text(_NOTES))


def gather_statistics(owner: Engine) -> None:
    """Let the planner know of a first load at once: nobody waits for autovacuum on a simulated clock."""
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def set_clock(session: Session, now: datetime) -> None:
    """Tell the notes what time it is."""
    session.execute(text("UPDATE replay_clock SET now = :now"), {"now": now})


def prepare_look(session: Session, *, as_of: datetime) -> None:
    """Before the engine looks: each source's data are complete up to `as_of`, and everybody can be reached."""
    session.execute(text("UPDATE source SET as_of = :as_of WHERE as_of < :as_of"), {"as_of": as_of})
    session.execute(text("UPDATE practitioner SET email = :nobody WHERE email IS NULL"), {"nobody": _NOBODY})


def drop_staff_emails(session: Session, *, now: datetime) -> None:
    """Nothing is sent: what would have left to staff is counted by its alert and dropped."""
    session.execute(_DROP, {"now": now})


def next_due(session: Session, *, after: datetime) -> tuple[datetime | None, datetime | None]:
    """When the next row falls due after `after`, and when the next outcome does; None where none will."""
    found = [
        session.execute(text(query), {"now": _FAR}).scalar()
        for name, query in WAITING.items()
        if name not in _NOT_BY_TIME
    ]
    outcome = session.execute(
        text("SELECT min(outcome_due_at) FROM appointment WHERE outcome_due_at > :after"), {"after": after}
    ).scalar()
    return min((at for at in found if at is not None and at > after), default=None), outcome


def work(session: Session, *, now: datetime, urgent_only: bool, source: str) -> list[Work]:
    """The live follow-ups, in order of age. `source`: whose ids of people are wanted."""
    given = {"now": now, "urgent_only": urgent_only, "source": source}
    return [Work._make(row) for row in session.execute(_WORK, given)]


def other_alerts(session: Session, *, urgent_only: bool) -> list[int]:
    """The open alerts that nothing drives but they themselves: no step, no prompt, no list of old scores to read."""
    return list(session.scalars(_OTHERS, {"urgent_only": urgent_only}))


def open_prompts(session: Session, *, urgent_only: bool) -> list[tuple[int, int]]:
    """The prompts that wait for a decision, each with a practitioner who can look at it again."""
    return [(row.id, row.reviewer) for row in session.execute(_PROMPTS, {"urgent_only": urgent_only})]


_WORK = text(
    """
    SELECT f.id, f.row_version, f.state, f.trigger, f.pathway_code, f.high_risk, f.faster,
           f.red_flag OR f.high_risk OR coalesce(f.urgent, false),
           f.step_id, f.acknowledged_until > :now IS TRUE, f.opened_at, f.anchor_at, f.appointment_id, a.status,
           a.source_ref,
           (SELECT min(b.starts_at) FROM appointment b
            WHERE b.person_id = f.person_id AND b.contact_code = f.contact_code AND b.ends_at > :now
              AND b.status IN ('planned', 'booked', 'arrived') AND b.vanished_at IS NULL),
           f.contact_code, p.nhs_number,
           (SELECT min(i.local_id) FROM person_identifier i JOIN source s ON s.id = i.source_id
            WHERE i.person_id = f.person_id AND s.name = :source), w.code, t.code
    FROM (
        SELECT f.*,
            (SELECT bool_or(urgency <> 'routine') FROM alert WHERE follow_up_id = f.id AND state = 'open') AS urgent
        FROM follow_up f WHERE f.state IN ('open', 'seen', 'closing')
        UNION ALL SELECT f.*, NULL FROM follow_up f WHERE f.state = 'backlog'
    ) AS f JOIN person p ON p.id = f.person_id LEFT JOIN appointment a ON a.id = f.appointment_id
    LEFT JOIN practitioner w ON w.id = coalesce(a.practitioner_id, p.caseload_holder_id)
    LEFT JOIN team t ON t.id = f.team_id
    WHERE NOT :urgent_only OR f.red_flag OR f.high_risk OR f.urgent
    ORDER BY f.id
    """
)
_OTHERS = text(
    """
    SELECT id FROM alert WHERE state = 'open' AND (NOT :urgent_only OR urgency <> 'routine')
      AND kind NOT IN ('step', 'confirm_seen', 'second_signature', 'referral_prompt', 'indicator_review')
    ORDER BY id
    """
)
_PROMPTS = text(
    """
    SELECT id, coalesce(owner_practitioner_id, (SELECT id FROM practitioner WHERE last_resort)) AS reviewer
    FROM referral_prompt WHERE state <> 'decided' AND (NOT :urgent_only OR urgency <> 'routine') ORDER BY id
    """
)
