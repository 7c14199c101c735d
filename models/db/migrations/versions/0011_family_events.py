"""Family events: what needs a follow-up and is no appointment, contact or referral; and the words of what comes with it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

# Frozen here: later words come with migrations of their own.
TRIGGERS = (
    "outcome_not_recorded",
    "missed",
    "cancelled",
    "never_booked",
    "overdue",
    "referral_unanswered",
    "family_event",
)
ALERT_KINDS = (
    "step",
    "confirm_seen",
    "second_signature",
    "backlog_triage",
    "feed_late",
    "feed_small",
    "rejected_rows",
    "vanished",
    "identity_conflict",
    "text_blocked",
    "text_undelivered",
    "text_fate_unknown",
    "text_stale",
    "family_reply",
    "cancellation_unexplained",
    "referral_prompt",
    "red_flag",
    "audit_violation",
    "decline_incomplete",
    "pregnancy_dates_changed",
    "disclosure_due",
    "referral_hop",
    "challenge",
    "action_overdue",
    "father_not_asked",
    "indicator_review",
    "hold_ending",
    "merge_proposed",
    "step_extension",
    "pool_unclaimed",
    "staffing_gap",
)
IMPORT_KINDS = (
    "appointments",
    "people",
    "staff",
    "indicators",
    "flags",
    "absences",
    "caseloads",
)
EVENT_KINDS = (
    "pattern",
    "adult_missed_contact",
    "discharge_proposed",
    "pre_birth_missed",
    "pregnancy_outcome_unknown",
    "bereavement_care",
    "moved_out",
)


def upgrade() -> None:
    """Widen the words, make the table, and let a follow-up be about one."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "family_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("happened_at", instant, nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("open_at", instant, nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(_in("kind", EVENT_KINDS), name=op.f("ck_family_event_kind_word")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_family_event_person_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_family_event_household_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_family_event_team_id")),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"], name=op.f("fk_family_event_practitioner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_event")),
    )
    op.execute("CREATE UNIQUE INDEX uq_family_event_dedupe_key ON family_event (dedupe_key)")
    op.execute("CREATE INDEX ix_family_event_open ON family_event (open_at, id) WHERE open_at IS NOT NULL")
    op.execute("CREATE INDEX ix_family_event_person_id ON family_event (person_id)")
    op.execute("CREATE INDEX ix_family_event_household_id ON family_event (household_id)")
    op.execute("ALTER TABLE follow_up ADD COLUMN family_event_id bigint")
    op.create_foreign_key("fk_follow_up_family_event_id", "follow_up", "family_event", ["family_event_id"], ["id"])
    op.execute("CREATE UNIQUE INDEX uq_follow_up_family_event ON follow_up (family_event_id)")
    _replace("follow_up", "trigger_word", _in("trigger", TRIGGERS))
    _replace("alert", "kind_word", _in("kind", ALERT_KINDS))
    _replace("import_run", "kind_word", _in("kind", IMPORT_KINDS))
    subjects = "num_nonnulls(appointment_id, expected_contact_id, referral_id, family_event_id) = 1"
    _replace("follow_up", "one_subject", subjects)


def _replace(table: str, name: str, check: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({check})")


def _in(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"
