"""The first tables: staff, families, sources, appointments, follow-ups, messages and the running of it all."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("from_id <= to_id", name=op.f("ck_audit_seal_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("to_id", name=op.f("uq_audit_seal_to_id")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "login_try",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_try")),
    )
    op.create_index(op.f("ix_login_try_at"), "login_try", ["at"], unique=False)
    op.create_index(op.f("ix_login_try_key_hash_at"), "login_try", ["key_hash", "at"], unique=False)
    op.create_table(
        "pathway_version",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(signed_by IS NULL) = (signed_at IS NULL)", name=op.f("ck_pathway_version_signed_by_somebody")
        ),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_pathway_version")),
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("provider_sid", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index(op.f("ix_receipt_attempt_id"), "receipt", ["attempt_id"], unique=False)
    op.create_table(
        "team",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), server_default="shadow", nullable=False),
        sa.Column("stage_set_by", sa.Text(), nullable=True),
        sa.Column("stage_set_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lead_practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("call_back_number", sa.Text(), nullable=True),
        sa.Column("texts_stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("texts_stopped_by", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("code", name=op.f("uq_team_code")),
    )
    op.create_table(
        "tick",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("handled", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tick")),
    )
    op.create_table(
        "practitioner",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("active_from", sa.Date(), nullable=True),
        sa.Column("active_until", sa.Date(), nullable=True),
        sa.Column("last_resort", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "role IN ('health_visitor', 'nursery_nurse', 'midwife', 'pmh_clinician', 'gp', 'admin', 'duty', 'team_lead', 'named_nurse', 'head_of_service')",
            name=op.f("ck_practitioner_role_word"),
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_practitioner_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioner")),
        sa.UniqueConstraint("code", name=op.f("uq_practitioner_code")),
    )
    op.create_index(op.f("ix_practitioner_team_id_role"), "practitioner", ["team_id", "role"], unique=False)
    op.create_index(
        "uq_practitioner_last_resort",
        "practitioner",
        ["last_resort"],
        unique=True,
        postgresql_where=sa.text("last_resort"),
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cover_practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_absence_order")),
        sa.ForeignKeyConstraint(
            ["cover_practitioner_id"], ["practitioner.id"], name=op.f("fk_absence_cover_practitioner_id")
        ),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"], name=op.f("fk_absence_practitioner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_practitioner_id_ends_at"), "absence", ["practitioner_id", "ends_at"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("all_teams", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "role IN ('health_visitor', 'team_lead', 'named_nurse', 'administrator')", name=op.f("ck_account_role_word")
        ),
        sa.CheckConstraint("username = lower(username) AND username <> ''", name=op.f("ck_account_username_lower")),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"], name=op.f("fk_account_practitioner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
    )
    op.create_index(
        "uq_account_practitioner",
        "account",
        ["practitioner_id"],
        unique=True,
        postgresql_where=sa.text("disabled_at IS NULL"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("nhs_number", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("life_status", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("life_status_by", sa.Text(), nullable=True),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.Column("gp_practice", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("caseload_holder_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("details_by", sa.Text(), nullable=True),
        sa.Column("source_version", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.Column(
            "first_received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("extras", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "deceased_on IS NULL OR life_status = 'deceased'", name=op.f("ck_person_deceased_on_means_deceased")
        ),
        sa.CheckConstraint("life_status IN ('unknown', 'alive', 'deceased')", name=op.f("ck_person_life_status_word")),
        sa.CheckConstraint("nhs_number ~ '^[0-9]{10}$'", name=op.f("ck_person_nhs_number_digits")),
        sa.ForeignKeyConstraint(["caseload_holder_id"], ["practitioner.id"], name=op.f("fk_person_caseload_holder_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_person_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("nhs_number", name=op.f("uq_person_nhs_number")),
    )
    op.create_index(op.f("ix_person_caseload_holder_id"), "person", ["caseload_holder_id"], unique=False)
    op.create_table(
        "source",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rhythm_minutes", sa.BigInteger(), nullable=True),
        sa.Column("extent", sa.Text(), server_default="delta", nullable=False),
        sa.Column("authoritative_for", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("go_live_on", sa.Date(), nullable=True),
        sa.Column(
            "empty_values", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("sends_own_reminders", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version_kind", sa.Text(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_row_count", sa.BigInteger(), nullable=True),
        sa.Column("usual_row_count", sa.BigInteger(), nullable=True),
        sa.Column("health", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("owner_practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("declared_by", sa.Text(), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("extent IN ('full', 'delta')", name=op.f("ck_source_extent_word")),
        sa.CheckConstraint("health IN ('waiting', 'fresh', 'late', 'small')", name=op.f("ck_source_health_word")),
        sa.CheckConstraint("version_kind IN ('number', 'time')", name=op.f("ck_source_version_kind_word")),
        sa.CheckConstraint("rhythm_minutes > 0", name=op.f("ck_source_rhythm_positive")),
        sa.CheckConstraint(
            "rhythm_minutes IS NULL OR last_received_at IS NULL OR next_expected_at IS NOT NULL",
            name=op.f("ck_source_rhythm_has_due"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_practitioner_id"], ["practitioner.id"], name=op.f("fk_source_owner_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
    )
    op.create_index(
        "ix_source_next_expected_at",
        "source",
        ["next_expected_at"],
        unique=False,
        postgresql_where=sa.text("next_expected_at IS NOT NULL"),
    )
    op.create_table(
        "account_team",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_team_account_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_account_team_team_id")),
        sa.PrimaryKeyConstraint("account_id", "team_id", name=op.f("pk_account_team")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "actor_kind IN ('person', 'engine', 'import', 'provider')", name=op.f("ck_audit_entry_actor_kind_word")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_audit_entry_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_index(op.f("ix_audit_entry_household_id_id"), "audit_entry", ["household_id", "id"], unique=False)
    op.create_table(
        "contact_point",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("interpreter", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("safe_to_text", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("safe_to_text_by", sa.Text(), nullable=True),
        sa.Column("content_level", sa.Text(), server_default="neutral", nullable=False),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_code", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "content_level IN ('none', 'neutral', 'named')", name=op.f("ck_contact_point_content_level_word")
        ),
        sa.CheckConstraint(
            "safe_to_text IN ('unknown', 'not_asked', 'no', 'yes')", name=op.f("ck_contact_point_safe_to_text_word")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_contact_point_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_point")),
        sa.UniqueConstraint("person_id", "number", name=op.f("uq_contact_point_person_id_number")),
    )
    op.create_index(op.f("ix_contact_point_number"), "contact_point", ["number"], unique=False)
    op.create_table(
        "flag",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_flag_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
    )
    op.create_index(
        "uq_flag_current", "flag", ["person_id", "code"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "household",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("source_household_id", sa.Text(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("texts_stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("texts_stopped_by", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_household_source_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_household_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
        sa.UniqueConstraint(
            "source_id", "source_household_id", name=op.f("uq_household_source_id_source_household_id")
        ),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("read", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('appointments', 'people', 'staff', 'indicators')", name=op.f("ck_import_run_kind_word")
        ),
        sa.CheckConstraint("state IN ('running', 'done', 'unusable')", name=op.f("ck_import_run_state_word")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_import_run_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index(op.f("ix_import_run_source_id_started_at"), "import_run", ["source_id", "started_at"], unique=False)
    op.create_table(
        "indicator",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("self_harm_item", sa.BigInteger(), nullable=True),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("examine_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_indicator_person_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_indicator_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicator")),
        sa.UniqueConstraint("source_id", "source_ref", name=op.f("uq_indicator_source_id_source_ref")),
    )
    op.create_index(
        "ix_indicator_examine",
        "indicator",
        ["examine_at"],
        unique=False,
        postgresql_where=sa.text("examine_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_indicator_person_id_recorded_on"), "indicator", ["person_id", "recorded_on"], unique=False)
    op.create_table(
        "person_identifier",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_identifier_person_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_person_identifier_source_id")),
        sa.PrimaryKeyConstraint("source_id", "local_id", name=op.f("pk_person_identifier")),
    )
    op.create_index(op.f("ix_person_identifier_person_id"), "person_identifier", ["person_id"], unique=False)
    op.create_table(
        "web_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("csrf_token", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_web_session_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_web_session")),
    )
    op.create_index(op.f("ix_web_session_account_id"), "web_session", ["account_id"], unique=False)
    op.create_index(op.f("ix_web_session_expires_at"), "web_session", ["expires_at"], unique=False)
    op.create_table(
        "household_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("lives_with", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("parental_responsibility", sa.Text(), server_default="unknown", nullable=False),
        sa.Column(
            "valid_from", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "lives_with IN ('unknown', 'not_asked', 'no', 'yes')", name=op.f("ck_household_member_lives_with_word")
        ),
        sa.CheckConstraint(
            "parental_responsibility IN ('unknown', 'not_asked', 'no', 'yes')",
            name=op.f("ck_household_member_parental_responsibility_word"),
        ),
        sa.CheckConstraint(
            "role IN ('child', 'unborn', 'mother', 'father', 'partner', 'carer')",
            name=op.f("ck_household_member_role_word"),
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_household_member_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_household_member_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_member")),
    )
    op.create_index(op.f("ix_household_member_person_id"), "household_member", ["person_id"], unique=False)
    op.create_index(
        "uq_household_member_current",
        "household_member",
        ["household_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("valid_until IS NULL"),
    )
    op.create_table(
        "import_rejection",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("import_run_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("row", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["import_run_id"], ["import_run.id"], name=op.f("fk_import_rejection_import_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rejection")),
        sa.UniqueConstraint(
            "import_run_id",
            "line",
            "column",
            "reason",
            name=op.f("uq_import_rejection_import_run_id_line_column_reason"),
        ),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_point_id", sa.BigInteger(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("template_code", sa.Text(), nullable=False),
        sa.Column("template_version", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("send_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_token", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settle_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_sid", sa.Text(), nullable=True),
        sa.Column("block_reason", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(audience = 'family' AND contact_point_id IS NOT NULL AND practitioner_id IS NULL) OR (audience = 'staff' AND practitioner_id IS NOT NULL AND contact_point_id IS NULL)",
            name=op.f("ck_message_recipient"),
        ),
        sa.CheckConstraint("audience IN ('family', 'staff')", name=op.f("ck_message_audience_word")),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_message_channel_word")),
        sa.CheckConstraint(
            "purpose IN ('reminder_confirmation', 'reminder_week', 'reminder_two_days', 'reminder_same_day', 'after_miss', 'staff_alert')",
            name=op.f("ck_message_purpose_word"),
        ),
        sa.CheckConstraint(
            "state <> 'blocked' OR block_reason IS NOT NULL", name=op.f("ck_message_blocked_has_reason")
        ),
        sa.CheckConstraint(
            "state <> 'claimed' OR (lease_until IS NOT NULL AND claim_token IS NOT NULL)",
            name=op.f("ck_message_claimed_has_lease"),
        ),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'claimed', 'sending', 'sent', 'delivered', 'undelivered', 'refused', 'unknown', 'blocked', 'expired', 'dropped')",
            name=op.f("ck_message_state_word"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('queued', 'held') OR send_after IS NOT NULL", name=op.f("ck_message_waiting_has_due")
        ),
        sa.CheckConstraint(
            "state NOT IN ('sending', 'sent') OR settle_due_at IS NOT NULL", name=op.f("ck_message_sent_has_settle_due")
        ),
        sa.CheckConstraint("urgency IN ('routine', 'urgent', 'red_flag')", name=op.f("ck_message_urgency_word")),
        sa.ForeignKeyConstraint(["contact_point_id"], ["contact_point.id"], name=op.f("fk_message_contact_point_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_message_household_id")),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"], name=op.f("fk_message_practitioner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_message_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(
        "ix_message_claimed", "message", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'claimed'")
    )
    op.create_index(
        "ix_message_contact_point",
        "message",
        ["contact_point_id"],
        unique=False,
        postgresql_where=sa.text("contact_point_id IS NOT NULL"),
    )
    op.create_index(
        "ix_message_held", "message", ["not_after"], unique=False, postgresql_where=sa.text("state = 'held'")
    )
    op.create_index(
        "ix_message_household_sent",
        "message",
        ["household_id", "sent_at"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_message_provider_sid"),
        "message",
        ["provider_sid"],
        unique=False,
        postgresql_where=sa.text("provider_sid IS NOT NULL"),
    )
    op.create_index(
        "ix_message_queued",
        "message",
        ["urgency", "send_after", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_message_settle",
        "message",
        ["settle_due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('sending', 'sent')"),
    )
    op.create_index("uq_message_dedupe_key", "message", ["dedupe_key"], unique=True)
    op.create_table(
        "pregnancy",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mother_id", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("edd", sa.Date(), nullable=False),
        sa.Column("edd_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("outcome_by", sa.Text(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "outcome IN ('unknown', 'continuing', 'live_birth', 'miscarriage', 'stillbirth', 'termination', 'neonatal_death', 'other_end')",
            name=op.f("ck_pregnancy_outcome_word"),
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_pregnancy_household_id")),
        sa.ForeignKeyConstraint(["mother_id"], ["person.id"], name=op.f("fk_pregnancy_mother_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pregnancy")),
    )
    op.create_index(
        "uq_pregnancy_current",
        "pregnancy",
        ["mother_id"],
        unique=True,
        postgresql_where=sa.text("outcome IN ('unknown','continuing')"),
    )
    op.create_table(
        "referral_prompt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("indicator_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.BigInteger(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="raised", nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times_asked", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_team_id", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "decision = 'refer' OR decision IS NULL OR reason <> ''",
            name=op.f("ck_referral_prompt_not_referred_has_reason"),
        ),
        sa.CheckConstraint(
            "decision IN ('refer', 'already_known', 'not_indicated')", name=op.f("ck_referral_prompt_decision_word")
        ),
        sa.CheckConstraint(
            "state <> 'decided' OR (decision IS NOT NULL AND decided_by IS NOT NULL AND decided_at IS NOT NULL AND next_due_at IS NULL)",
            name=op.f("ck_referral_prompt_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "state = 'decided' OR (next_due_at IS NOT NULL AND num_nonnulls(owner_practitioner_id, owner_team_id) > 0)",
            name=op.f("ck_referral_prompt_waiting_has_due_and_owner"),
        ),
        sa.CheckConstraint("state IN ('raised', 'seen', 'decided')", name=op.f("ck_referral_prompt_state_word")),
        sa.CheckConstraint(
            "urgency IN ('routine', 'urgent', 'red_flag')", name=op.f("ck_referral_prompt_urgency_word")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_referral_prompt_household_id")),
        sa.ForeignKeyConstraint(["indicator_id"], ["indicator.id"], name=op.f("fk_referral_prompt_indicator_id")),
        sa.ForeignKeyConstraint(
            ["owner_practitioner_id"], ["practitioner.id"], name=op.f("fk_referral_prompt_owner_practitioner_id")
        ),
        sa.ForeignKeyConstraint(["owner_team_id"], ["team.id"], name=op.f("fk_referral_prompt_owner_team_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_referral_prompt_person_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_referral_prompt_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_prompt")),
    )
    op.create_index(
        "ix_referral_prompt_due",
        "referral_prompt",
        ["next_due_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_referral_prompt_person_id"), "referral_prompt", ["person_id"], unique=False)
    op.create_index("uq_referral_prompt_indicator", "referral_prompt", ["indicator_id"], unique=True)
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("provider_sid", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('started', 'accepted', 'refused', 'retry', 'unknown')", name=op.f("ck_attempt_outcome_word")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_attempt_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("message_id", "number", name=op.f("uq_attempt_message_id_number")),
    )
    op.create_table(
        "expected_contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("pregnancy_id", sa.BigInteger(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_code", sa.Text(), nullable=False),
        sa.Column("schedule_code", sa.Text(), nullable=False),
        sa.Column("schedule_version", sa.BigInteger(), nullable=False),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("window_start", sa.Date(), nullable=False),
        sa.Column("window_end", sa.Date(), nullable=False),
        sa.Column("late_until", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("already_past", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'booked', 'met', 'overdue', 'superseded', 'not_applicable')",
            name=op.f("ck_expected_contact_state_word"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('planned', 'booked') OR next_due_at IS NOT NULL",
            name=op.f("ck_expected_contact_waiting_has_due"),
        ),
        sa.CheckConstraint("window_start <= window_end", name=op.f("ck_expected_contact_window")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_expected_contact_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_expected_contact_person_id")),
        sa.ForeignKeyConstraint(["pregnancy_id"], ["pregnancy.id"], name=op.f("fk_expected_contact_pregnancy_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_expected_contact_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_contact")),
        sa.UniqueConstraint(
            "person_id", "contact_code", "anchor_on", name=op.f("uq_expected_contact_person_id_contact_code_anchor_on")
        ),
    )
    op.create_index(
        "ix_expected_contact_due",
        "expected_contact",
        ["next_due_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_table(
        "referral",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("prompt_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="sent", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("reply_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state <> 'sent' OR reply_due_at IS NOT NULL", name=op.f("ck_referral_waiting_has_due")),
        sa.CheckConstraint(
            "state IN ('sent', 'unanswered', 'accepted', 'declined', 'withdrawn')", name=op.f("ck_referral_state_word")
        ),
        sa.CheckConstraint("urgency IN ('routine', 'urgent', 'red_flag')", name=op.f("ck_referral_urgency_word")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_referral_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_referral_person_id")),
        sa.ForeignKeyConstraint(["prompt_id"], ["referral_prompt.id"], name=op.f("fk_referral_prompt_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_referral_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
    )
    op.create_index(
        "ix_referral_due", "referral", ["reply_due_at", "id"], unique=False, postgresql_where=sa.text("state = 'sent'")
    )
    op.create_index(op.f("ix_referral_person_id"), "referral", ["person_id"], unique=False)
    op.create_index("uq_referral_prompt", "referral", ["prompt_id"], unique=True)
    op.create_table(
        "appointment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("source_version", sa.Text(), nullable=True),
        sa.Column("version_order", sa.Numeric(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_role", sa.Text(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_person_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_code", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("length_assumed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("whole_day", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("time_ambiguous", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_by", sa.Text(), nullable=False),
        sa.Column("subtype", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_contact_id", sa.BigInteger(), nullable=True),
        sa.Column("outcome_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reconsider_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminders_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_run", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_run", sa.BigInteger(), nullable=True),
        sa.Column("vanished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extras", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("mode IN ('home', 'clinic', 'video', 'phone')", name=op.f("ck_appointment_mode_word")),
        sa.CheckConstraint(
            "status IN ('planned', 'booked', 'arrived', 'attended', 'attended_late', 'arrived_not_seen', 'missed', 'cancelled_by_family', 'cancelled_by_service', 'cancelled', 'declined', 'void', 'outcome_due')",
            name=op.f("ck_appointment_status_word"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('planned', 'booked', 'arrived') OR outcome_due_at IS NOT NULL OR reconsider_at IS NOT NULL",
            name=op.f("ck_appointment_waiting_has_due"),
        ),
        sa.CheckConstraint(
            "subtype IN ('dna_adult', 'wnb', 'nav_no_answer', 'nav_refused_entry', 'child_not_seen', 'repeat_late_cancel', 'left_before_seen', 'auto_finished', 'deferred', 'person_died', 'unknown')",
            name=op.f("ck_appointment_subtype_word"),
        ),
        sa.CheckConstraint("starts_at <= ends_at", name=op.f("ck_appointment_order")),
        sa.ForeignKeyConstraint(["contact_person_id"], ["person.id"], name=op.f("fk_appointment_contact_person_id")),
        sa.ForeignKeyConstraint(["created_by_run"], ["import_run.id"], name=op.f("fk_appointment_created_by_run")),
        sa.ForeignKeyConstraint(
            ["expected_contact_id"], ["expected_contact.id"], name=op.f("fk_appointment_expected_contact_id")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_appointment_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_appointment_person_id")),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"], name=op.f("fk_appointment_practitioner_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_appointment_source_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_appointment_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("source_id", "source_ref", name=op.f("uq_appointment_source_id_source_ref")),
        postgresql_with={
            "fillfactor": 90,
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        "ix_appointment_expected",
        "appointment",
        ["expected_contact_id"],
        unique=False,
        postgresql_where=sa.text("expected_contact_id IS NOT NULL"),
    )
    op.create_index(
        "ix_appointment_outcome_due",
        "appointment",
        ["source_id", "outcome_due_at"],
        unique=False,
        postgresql_where=sa.text("outcome_due_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_appointment_person_id_contact_code_starts_at"),
        "appointment",
        ["person_id", "contact_code", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_appointment_reconsider",
        "appointment",
        ["reconsider_at", "id"],
        unique=False,
        postgresql_where=sa.text("reconsider_at IS NOT NULL"),
    )
    op.create_index(
        "ix_appointment_reminders",
        "appointment",
        ["reminders_due_at"],
        unique=False,
        postgresql_where=sa.text("reminders_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_appointment_vanished",
        "appointment",
        ["source_id", "vanished_at"],
        unique=False,
        postgresql_where=sa.text("vanished_at IS NOT NULL"),
    )
    op.create_table(
        "appointment_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("import_run_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "actor_kind IN ('person', 'engine', 'import', 'provider')",
            name=op.f("ck_appointment_event_actor_kind_word"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_appointment_event_appointment_id")
        ),
        sa.ForeignKeyConstraint(["import_run_id"], ["import_run.id"], name=op.f("fk_appointment_event_import_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_event")),
    )
    op.create_index(
        op.f("ix_appointment_event_appointment_id_id"), "appointment_event", ["appointment_id", "id"], unique=False
    )
    op.create_table(
        "follow_up",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("expected_contact_id", sa.BigInteger(), nullable=True),
        sa.Column("referral_id", sa.BigInteger(), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_code", sa.Text(), nullable=False),
        sa.Column("pathway_code", sa.Text(), nullable=False),
        sa.Column("pathway_version", sa.BigInteger(), nullable=False),
        sa.Column("cycle", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("miss_count", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("high_risk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("red_flag", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("anchor_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("breach_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=True),
        sa.Column("step_fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step_raised_to", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("step_repeats", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "steps_done", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("next_step_id", sa.Text(), nullable=True),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_team_id", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_released_by", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_evidence", sa.Text(), nullable=True),
        sa.Column("closing_by", sa.Text(), nullable=True),
        sa.Column("closing_reason", sa.Text(), nullable=True),
        sa.Column("closing_note", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.Text(), nullable=True),
        sa.Column("closed_note", sa.Text(), nullable=True),
        sa.Column("continued_in", sa.BigInteger(), nullable=True),
        sa.Column("row_version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "(state = 'continued') = (continued_in IS NOT NULL)", name=op.f("ck_follow_up_continued_somewhere")
        ),
        sa.CheckConstraint(
            "(state IN ('open', 'backlog', 'seen', 'closing')) OR next_due_at IS NULL",
            name=op.f("ck_follow_up_ended_has_no_due"),
        ),
        sa.CheckConstraint(
            "NOT (high_risk AND state = 'closed') OR trigger = 'outcome_not_recorded' OR (closing_by IS NOT NULL AND closed_by <> closing_by)",
            name=op.f("ck_follow_up_second_person"),
        ),
        sa.CheckConstraint(
            "NOT (state IN ('open', 'backlog', 'seen', 'closing')) OR next_due_at IS NOT NULL",
            name=op.f("ck_follow_up_live_has_due"),
        ),
        sa.CheckConstraint(
            "NOT (state IN ('open', 'backlog', 'seen', 'closing')) OR owner_practitioner_id IS NOT NULL OR owner_team_id IS NOT NULL",
            name=op.f("ck_follow_up_live_has_owner"),
        ),
        sa.CheckConstraint(
            "closed_reason IN ('seen', 'outcome_recorded', 'transfer_accepted', 'declined_reviewed', 'died', 'pregnancy_ended', 'entered_in_error', 'clinician_decision', 'backlog_reviewed')",
            name=op.f("ck_follow_up_closed_reason_word"),
        ),
        sa.CheckConstraint(
            "state <> 'closed' OR (closed_reason IS NOT NULL AND closed_by IS NOT NULL AND closed_at IS NOT NULL)",
            name=op.f("ck_follow_up_closed_with_reason"),
        ),
        sa.CheckConstraint(
            "state <> 'closing' OR (closing_by IS NOT NULL AND closing_reason IS NOT NULL)",
            name=op.f("ck_follow_up_closing_by_somebody"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'backlog', 'seen', 'closing', 'closed', 'continued')",
            name=op.f("ck_follow_up_state_word"),
        ),
        sa.CheckConstraint(
            "trigger IN ('outcome_not_recorded', 'missed', 'cancelled', 'never_booked', 'overdue', 'referral_unanswered')",
            name=op.f("ck_follow_up_trigger_word"),
        ),
        sa.CheckConstraint("continued_in <> id", name=op.f("ck_follow_up_not_continued_in_itself")),
        sa.CheckConstraint("cycle >= 1", name=op.f("ck_follow_up_cycle_positive")),
        sa.CheckConstraint(
            "num_nonnulls(appointment_id, expected_contact_id, referral_id) = 1", name=op.f("ck_follow_up_one_subject")
        ),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_follow_up_appointment_id")),
        sa.ForeignKeyConstraint(["continued_in"], ["follow_up.id"], name=op.f("fk_follow_up_continued_in")),
        sa.ForeignKeyConstraint(
            ["expected_contact_id"], ["expected_contact.id"], name=op.f("fk_follow_up_expected_contact_id")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_follow_up_household_id")),
        sa.ForeignKeyConstraint(
            ["owner_practitioner_id"], ["practitioner.id"], name=op.f("fk_follow_up_owner_practitioner_id")
        ),
        sa.ForeignKeyConstraint(["owner_team_id"], ["team.id"], name=op.f("fk_follow_up_owner_team_id")),
        sa.ForeignKeyConstraint(
            ["pathway_code", "pathway_version"],
            ["pathway_version.code", "pathway_version.version"],
            name=op.f("fk_follow_up_pathway_code_pathway_version"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_follow_up_person_id")),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_follow_up_referral_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_follow_up_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
        postgresql_with={
            "fillfactor": 80,
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        "ix_follow_up_continued_in",
        "follow_up",
        ["continued_in"],
        unique=False,
        postgresql_where=sa.text("continued_in IS NOT NULL"),
    )
    op.create_index(
        "ix_follow_up_due",
        "follow_up",
        ["next_due_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_index("ix_follow_up_household", "follow_up", ["household_id"], unique=False)
    op.create_index("ix_follow_up_person", "follow_up", ["person_id"], unique=False)
    op.create_index(
        "ix_follow_up_worklist",
        "follow_up",
        ["team_id", sa.literal_column("red_flag DESC"), sa.literal_column("high_risk DESC"), "breach_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'backlog', 'seen', 'closing')"),
    )
    op.create_index("uq_follow_up_appointment", "follow_up", ["appointment_id"], unique=True)
    op.create_index("uq_follow_up_expected_contact", "follow_up", ["expected_contact_id"], unique=True)
    op.create_index("uq_follow_up_referral", "follow_up", ["referral_id"], unique=True)
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("follow_up_id", sa.BigInteger(), nullable=True),
        sa.Column("referral_prompt_id", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("import_run_id", sa.BigInteger(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("step_id", sa.Text(), nullable=True),
        sa.Column("audience_role", sa.Text(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_team_id", sa.BigInteger(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("times_raised", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "audience_role IN ('practitioner', 'admin', 'duty', 'team_pool', 'team_lead', 'named_nurse', 'head_of_service', 'last_resort')",
            name=op.f("ck_alert_audience_role_word"),
        ),
        sa.CheckConstraint(
            "kind IN ('step', 'confirm_seen', 'second_signature', 'backlog_triage', 'feed_late', 'feed_small', 'rejected_rows', 'vanished', 'identity_conflict', 'text_blocked', 'text_undelivered', 'text_fate_unknown', 'text_stale', 'family_reply', 'cancellation_unexplained', 'referral_prompt', 'red_flag', 'audit_violation')",
            name=op.f("ck_alert_kind_word"),
        ),
        sa.CheckConstraint(
            "state <> 'open' OR follow_up_id IS NOT NULL OR next_due_at IS NOT NULL",
            name=op.f("ck_alert_waiting_has_due"),
        ),
        sa.CheckConstraint("state = 'open' OR ended_at IS NOT NULL", name=op.f("ck_alert_ended_at_known")),
        sa.CheckConstraint("state IN ('open', 'done', 'overtaken')", name=op.f("ck_alert_state_word")),
        sa.CheckConstraint("urgency IN ('routine', 'urgent', 'red_flag')", name=op.f("ck_alert_urgency_word")),
        sa.CheckConstraint("num_nonnulls(practitioner_id, owner_team_id) > 0", name=op.f("ck_alert_has_owner")),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_up.id"], name=op.f("fk_alert_follow_up_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_alert_household_id")),
        sa.ForeignKeyConstraint(["import_run_id"], ["import_run.id"], name=op.f("fk_alert_import_run_id")),
        sa.ForeignKeyConstraint(["owner_team_id"], ["team.id"], name=op.f("fk_alert_owner_team_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_alert_person_id")),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"], name=op.f("fk_alert_practitioner_id")),
        sa.ForeignKeyConstraint(
            ["referral_prompt_id"], ["referral_prompt.id"], name=op.f("fk_alert_referral_prompt_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_alert_source_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_alert_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(
        "ix_alert_due",
        "alert",
        ["next_due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND next_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_alert_follow_up_open", "alert", ["follow_up_id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index(
        "ix_alert_practitioner_open",
        "alert",
        ["practitioner_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_alert_team_open", "alert", ["team_id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("uq_alert_dedupe_key", "alert", ["dedupe_key"], unique=True)
    op.create_table(
        "follow_up_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("follow_up_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "actor_kind IN ('person', 'engine', 'import', 'provider')", name=op.f("ck_follow_up_event_actor_kind_word")
        ),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_up.id"], name=op.f("fk_follow_up_event_follow_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_event")),
    )
    op.create_index(op.f("ix_follow_up_event_follow_up_id_id"), "follow_up_event", ["follow_up_id", "id"], unique=False)
    op.create_table(
        "inbound_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_sid", sa.Text(), nullable=False),
        sa.Column("from_number", sa.Text(), nullable=False),
        sa.Column("to_number", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact_point_id", sa.BigInteger(), nullable=True),
        sa.Column("meaning", sa.Text(), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alert_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_inbound_message_alert_id")),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_point.id"], name=op.f("fk_inbound_message_contact_point_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_message")),
        sa.UniqueConstraint("provider_sid", name=op.f("uq_inbound_message_provider_sid")),
    )
    op.create_index(
        "ix_inbound_message_unhandled",
        "inbound_message",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.create_table(
        "message_subject",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("follow_up_id", sa.BigInteger(), nullable=True),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("alert_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(follow_up_id, appointment_id, alert_id) = 1", name=op.f("ck_message_subject_one_subject")
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_message_subject_alert_id")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_message_subject_appointment_id")),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_up.id"], name=op.f("fk_message_subject_follow_up_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_subject_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_subject")),
        sa.UniqueConstraint(
            "message_id",
            "follow_up_id",
            "appointment_id",
            "alert_id",
            name=op.f("uq_message_subject_message_id_follow_up_id_appointment_id_alert_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_message_subject_alert",
        "message_subject",
        ["alert_id"],
        unique=False,
        postgresql_where=sa.text("alert_id IS NOT NULL"),
    )
    op.create_index(
        "ix_message_subject_appointment",
        "message_subject",
        ["appointment_id"],
        unique=False,
        postgresql_where=sa.text("appointment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_message_subject_follow_up",
        "message_subject",
        ["follow_up_id"],
        unique=False,
        postgresql_where=sa.text("follow_up_id IS NOT NULL"),
    )
    # Two pairs of tables name each other; the second key of each pair comes last.
    op.create_foreign_key(
        op.f("fk_team_lead_practitioner_id"),
        "team",
        "practitioner",
        ["lead_practitioner_id"],
        ["id"],
        initially="DEFERRED",
        deferrable=True,
    )
    op.create_foreign_key(op.f("fk_alert_message_id"), "alert", "message", ["message_id"], ["id"])
