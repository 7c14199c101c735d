"""Planning: a plan keeps its own days, whoever changes what it depends on marks it, and what people record has a history.

Plans made before get the days of the one schedule that there was (England, version 1).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE = "steadfast_app"
ACTORS = ("person", "engine", "import", "provider")
KNOWN = ("unknown", "not_asked", "no", "yes")


def upgrade() -> None:
    """Widen the tables, make the new ones, and put the triggers where a plan's grounds change."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    _plans()
    _families()
    _tables()
    _triggers()


def _plans() -> None:
    op.execute(
        """
        ALTER TABLE expected_contact
            ADD COLUMN unbooked_on date, ADD COLUMN overdue_on date, ADD COLUMN superseded_by text,
            ADD COLUMN matches_from date, ADD COLUMN matches_until date,
            ADD COLUMN whole_family boolean NOT NULL DEFAULT false
        """
    )
    op.execute(
        """
        UPDATE expected_contact SET
            overdue_on = CASE contact_code WHEN 'HV-NBV' THEN anchor_on + 12 ELSE window_end END,
            unbooked_on = CASE contact_code
                WHEN 'HV-AN' THEN anchor_on - 56 WHEN 'HV-NBV' THEN anchor_on + 7 WHEN 'HV-6W' THEN anchor_on + 45
                WHEN 'HV-3M' THEN CAST(anchor_on + interval '3 months' AS date) + 14
                WHEN 'HV-6M' THEN CAST(anchor_on + interval '6 months' AS date)
                WHEN 'HV-1Y' THEN CAST(anchor_on + interval '10 months' AS date)
                WHEN 'HV-2Y' THEN CAST(anchor_on + interval '26 months' AS date)
                ELSE window_end END,
            superseded_by = CASE contact_code
                WHEN 'HV-AN' THEN 'HV-NBV' WHEN 'HV-3M' THEN 'HV-6M' WHEN 'HV-6M' THEN 'HV-1Y' END
        """
    )
    op.execute("ALTER TABLE expected_contact ALTER COLUMN overdue_on SET NOT NULL")
    op.execute(
        "ALTER TABLE expected_contact ADD CONSTRAINT ck_expected_contact_family_has_household"
        " CHECK (NOT whole_family OR household_id IS NOT NULL)"
    )
    op.execute("CREATE INDEX ix_expected_contact_family ON expected_contact (household_id) WHERE whole_family")
    op.execute(
        "CREATE UNIQUE INDEX uq_expected_contact_family_coming ON expected_contact (household_id, contact_code)"
        " WHERE whole_family AND state IN ('planned', 'booked')"
    )


def _families() -> None:
    op.execute("ALTER TABLE person ADD COLUMN left_birth_place_on date")
    op.execute(
        """
        ALTER TABLE pregnancy
            ADD COLUMN nulliparous text NOT NULL DEFAULT 'unknown', ADD COLUMN nulliparous_by text,
            ADD COLUMN edd_was date, ADD COLUMN next_due_at timestamptz
        """
    )
    op.execute(
        f"ALTER TABLE pregnancy ADD CONSTRAINT ck_pregnancy_nulliparous_word CHECK ({_in('nulliparous', KNOWN)})"
    )
    op.execute("CREATE INDEX ix_pregnancy_mother_id ON pregnancy (mother_id)")
    op.execute("CREATE INDEX ix_pregnancy_household_id ON pregnancy (household_id)")
    op.execute("CREATE INDEX ix_pregnancy_due ON pregnancy (next_due_at, id) WHERE next_due_at IS NOT NULL")
    op.execute("CREATE INDEX ix_flag_person_id ON flag (person_id)")


def _tables() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "plan_mark",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("marked_at", instant, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_plan_mark_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_mark")),
    )
    op.create_table(
        "planned_rule",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_planned_rule")),
    )
    op.create_table(
        "expected_contact_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("expected_contact_id", sa.BigInteger(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(_in("actor_kind", ACTORS), name=op.f("ck_expected_contact_event_actor_kind_word")),
        sa.ForeignKeyConstraint(
            ["expected_contact_id"], ["expected_contact.id"], name=op.f("fk_expected_contact_event_expected_contact_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_contact_event")),
    )
    op.execute(
        "CREATE INDEX ix_expected_contact_event_expected_contact_id_id"
        " ON expected_contact_event (expected_contact_id, id)"
    )
    op.execute(f"REVOKE UPDATE, DELETE ON expected_contact_event FROM {APP_ROLE}")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON expected_contact_event"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history()"
    )
    op.create_table(
        "school_handover",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", instant, nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_school_handover_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_handover")),
    )
    op.execute(
        "CREATE UNIQUE INDEX uq_school_handover_current ON school_handover (person_id) WHERE withdrawn_at IS NULL"
    )


def _triggers() -> None:
    op.execute(
        """
        CREATE FUNCTION mark_people_for_planning() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO plan_mark (person_id) SELECT DISTINCT person_id FROM changed;
            RETURN NULL;
        END $$
        """
    )
    # Whoever joins or leaves matters to planning only where somebody of the household has a flag or a score.
    op.execute(
        """
        CREATE FUNCTION mark_households_for_planning() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM flag) OR EXISTS (SELECT FROM indicator) THEN
                INSERT INTO plan_mark (person_id)
                SELECT DISTINCT m.person_id
                FROM changed c JOIN household_member m ON m.household_id = c.household_id AND m.valid_until IS NULL
                WHERE EXISTS (
                    SELECT FROM (
                        SELECT c.person_id
                        UNION ALL SELECT n.person_id FROM household_member n
                        WHERE n.household_id = c.household_id AND n.valid_until IS NULL) AS here
                    WHERE EXISTS (SELECT FROM flag f WHERE f.person_id = here.person_id)
                       OR EXISTS (SELECT FROM indicator i WHERE i.person_id = here.person_id));
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION mark_person_for_planning() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            -- The argument names the column that holds whose plan it is.
            INSERT INTO plan_mark (person_id) VALUES ((to_jsonb(NEW) ->> TG_ARGV[0])::bigint);
            RETURN NULL;
        END $$
        """
    )
    for table, event, function in (
        ("flag", "INSERT", "mark_people_for_planning"),
        ("indicator", "INSERT", "mark_people_for_planning"),
        ("household_member", "INSERT", "mark_households_for_planning"),
        ("household_member", "UPDATE", "mark_households_for_planning"),
    ):
        op.execute(
            f"CREATE TRIGGER plan_again_on_{event.lower()} AFTER {event} ON {table}"
            f" REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    # Row by row: the prompt rules touch every score once, which changes no plan.
    _row_trigger(
        "indicator",
        "plan_again_on_update",
        "UPDATE OF person_id, instrument, total, self_harm_item",
        "(OLD.person_id, OLD.instrument, OLD.total, OLD.self_harm_item)"
        " IS DISTINCT FROM (NEW.person_id, NEW.instrument, NEW.total, NEW.self_harm_item)",
        "person_id",
    )
    # Nor does a look for patterns, which touches every flag once.
    _row_trigger(
        "flag",
        "plan_again_on_update",
        "UPDATE OF person_id, code, set_at, ended_at",
        "(OLD.person_id, OLD.code, OLD.set_at, OLD.ended_at)"
        " IS DISTINCT FROM (NEW.person_id, NEW.code, NEW.set_at, NEW.ended_at)",
        "person_id",
    )
    _row_trigger("pregnancy", "plan_again_on_insert", "INSERT", None, "mother_id")
    _row_trigger(
        "pregnancy",
        "plan_again_on_update",
        "UPDATE OF edd, outcome, ended_on, nulliparous, household_id",
        "(OLD.edd, OLD.outcome, OLD.ended_on, OLD.nulliparous, OLD.household_id)"
        " IS DISTINCT FROM (NEW.edd, NEW.outcome, NEW.ended_on, NEW.nulliparous, NEW.household_id)",
        "mother_id",
    )
    _row_trigger(
        "person",
        "plan_again_on_update",
        "UPDATE OF date_of_birth, left_birth_place_on, life_status",
        "(OLD.date_of_birth, OLD.left_birth_place_on, OLD.life_status = 'deceased')"
        " IS DISTINCT FROM (NEW.date_of_birth, NEW.left_birth_place_on, NEW.life_status = 'deceased')",
        "id",
    )
    # A person closed it: what was planned is met or decided, and a family review has a next one.
    _row_trigger(
        "follow_up",
        "plan_again_on_closing",
        "UPDATE OF state",
        "NEW.state = 'closed' AND OLD.state <> 'closed' AND NEW.trigger <> 'outcome_not_recorded'",
        "person_id",
    )


def _row_trigger(table: str, name: str, event: str, when: str | None, column: str) -> None:
    condition = "" if when is None else f" WHEN ({when})"
    op.execute(
        f"CREATE TRIGGER {name} AFTER {event} ON {table}"
        f" FOR EACH ROW{condition} EXECUTE FUNCTION mark_person_for_planning('{column}')"
    )


def _in(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"
