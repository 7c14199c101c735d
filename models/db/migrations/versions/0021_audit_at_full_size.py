"""The auditor asks about ten million appointments in seconds: what is rare is found by an index, what is common read there."""

from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None

OWED = (
    "status IN ('missed', 'arrived_not_seen', 'outcome_due', 'cancelled_by_family', 'cancelled_by_service',"
    " 'cancelled', 'declined') OR subtype = 'child_not_seen'"
)
THREAD = (
    "state IN ('open', 'seen', 'closing') AND trigger IN ('missed', 'cancelled', 'never_booked', 'overdue', 'declined')"
)
INDEXES = (
    "CREATE INDEX ix_appointment_owed_whole ON appointment (id)"
    f" INCLUDE (status, subtype, contact_code, subject_role, reconsider_at) WHERE {OWED}",
    f"CREATE INDEX ix_follow_up_thread ON follow_up (person_id, contact_code) INCLUDE (opened_at, id) WHERE {THREAD}",
    "CREATE INDEX ix_expected_contact_overdue ON expected_contact (id) WHERE state = 'overdue'",
    "CREATE INDEX ix_message_unknown ON message (id) WHERE state = 'unknown'",
    "CREATE INDEX ix_message_after_miss ON message (id) WHERE purpose = 'after_miss' AND sent_at IS NOT NULL",
    # Last: from here on nobody can read an appointment until the commit.
    "DROP INDEX ix_appointment_owed",
    "ALTER INDEX ix_appointment_owed_whole RENAME TO ix_appointment_owed",
)


def upgrade() -> None:
    """Add the indexes; at this point of the project's life no table is large."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in INDEXES:
        op.execute(statement)
