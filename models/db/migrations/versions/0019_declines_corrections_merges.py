"""Declines with their answers, how a contact did not take place, and two records that are one person or household."""

import re

from alembic import op
from sqlalchemy import text

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | None = None
depends_on: str | None = None

SUBTYPES = ("address_unknown", "travelling")
TRIGGERS = ("declined", "corrected")
HOW = (
    "not_brought", "no_access", "came", "child_not_seen", "not_found", "unproven", "by_family", "by_service",
    "by_unknown", "decline_incomplete", "decline_complete", "decline_incomplete_lead", "decline_complete_lead",
)  # fmt: skip
HISTORIES = ("decline_event", "merge_item")
COMPLETE = (
    "declined_by IS NOT NULL AND informed IS NOT NULL AND coalesce(why, '') <> '' AND capacity IN ('yes', 'no')"
    " AND seen_by_anybody IN ('yes', 'no', 'unknown')"
    " AND (seen_by_anybody <> 'yes' OR (last_seen_on IS NOT NULL AND coalesce(last_seen_by, '') <> ''))"
)
KNOWN = "IN ('unknown', 'not_asked', 'no', 'yes')"


def upgrade() -> None:
    """New columns are nullable or have a default, so no table is written anew; checks are looked at under a short lock."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    _more_words("appointment", "subtype", SUBTYPES)
    _more_words("follow_up", "trigger", TRIGGERS)
    op.execute("ALTER TABLE appointment ADD COLUMN decline_told jsonb")
    op.execute(
        "ALTER TABLE follow_up ADD COLUMN how text, ADD COLUMN earlier_misses bigint NOT NULL DEFAULT 0,"
        f" ADD CONSTRAINT ck_follow_up_how_word CHECK (how IN {HOW})"
    )
    op.execute("CREATE INDEX ix_follow_up_seen_evidence ON follow_up (seen_evidence) WHERE seen_evidence IS NOT NULL")
    # Held for what comes; what was closed before keeps the reason it was closed with.
    op.execute(
        "ALTER TABLE follow_up ADD CONSTRAINT ck_follow_up_reviewed_what_was_declined"
        " CHECK (closed_reason <> 'declined_reviewed' OR trigger = 'declined') NOT VALID"
    )
    op.execute("DROP INDEX ix_appointment_owed")
    op.execute(
        "CREATE INDEX ix_appointment_owed ON appointment (id) WHERE status IN ('missed', 'arrived_not_seen',"
        " 'outcome_due', 'cancelled_by_family', 'cancelled_by_service', 'cancelled', 'declined')"
        " OR subtype = 'child_not_seen'"
    )
    op.execute(
        "CREATE INDEX ix_appointment_event_person_was ON appointment_event (appointment_id)"
        " WHERE detail ->> 'person_was' <> ''"
    )
    op.execute(
        "ALTER TABLE person ADD COLUMN merged_into bigint CONSTRAINT fk_person_merged_into REFERENCES person (id),"
        " ADD COLUMN threads_due_at timestamptz,"
        " ADD CONSTRAINT ck_person_not_merged_into_itself CHECK (merged_into <> id)"
    )
    op.execute("CREATE INDEX ix_person_merged_into ON person (merged_into) WHERE merged_into IS NOT NULL")
    op.execute("CREATE INDEX ix_person_threads_due ON person (threads_due_at, id) WHERE threads_due_at IS NOT NULL")
    op.execute(
        "ALTER TABLE household ADD COLUMN merged_into bigint"
        " CONSTRAINT fk_household_merged_into REFERENCES household (id),"
        " ADD CONSTRAINT ck_household_not_merged_into_itself CHECK (merged_into <> id)"
    )
    op.execute("CREATE INDEX ix_household_merged_into ON household (merged_into) WHERE merged_into IS NOT NULL")
    _declines()
    _merges()
    _look_again()
    for table in HISTORIES:
        op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM steadfast_app")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history()"
        )


def _look_again() -> None:
    """What opened nothing until now, and threads that stood apart, are looked at; no table is large at this point.

    Running follow-ups get the words for how it was, so that the next look does not take them for news; who cancelled is
    asked of the follow-up from now on.
    """
    op.execute(
        """
        UPDATE follow_up f SET how = CASE
            WHEN f.trigger = 'cancelled' THEN CASE a.status WHEN 'cancelled_by_family' THEN 'by_family'
                WHEN 'cancelled_by_service' THEN 'by_service' WHEN 'cancelled' THEN 'by_unknown' END
            WHEN a.status = 'arrived_not_seen' OR a.subtype = 'left_before_seen' THEN 'came'
            WHEN a.subtype = 'child_not_seen' THEN 'child_not_seen'
            WHEN a.subtype IN ('nav_no_answer', 'nav_refused_entry') THEN 'no_access'
            WHEN a.status IN ('attended', 'attended_late') THEN 'unproven' ELSE 'not_brought' END
        FROM appointment a WHERE a.id = f.appointment_id AND f.trigger IN ('missed', 'cancelled') AND f.state <> 'closed'
        """
    )
    op.execute(
        """
        WITH asked AS (
            UPDATE alert SET state = 'overtaken', ended_at = clock_timestamp(), ended_by = 'engine',
                outcome = 'asked_anew'
            WHERE kind = 'cancellation_unexplained' AND state = 'open' AND follow_up_id IS NULL
        )
        UPDATE appointment a SET reconsider_at = clock_timestamp() FROM follow_up f
        WHERE f.appointment_id = a.id AND f.how = 'by_unknown' AND f.state = 'open'
        """
    )
    op.execute(
        """
        UPDATE appointment a SET reconsider_at = clock_timestamp()
        WHERE status IN ('cancelled_by_service', 'declined') AND reconsider_at IS NULL
          AND NOT EXISTS (SELECT FROM follow_up f WHERE f.appointment_id = a.id)
        """
    )
    op.execute(
        """
        UPDATE person SET threads_due_at = clock_timestamp() WHERE id IN (
            SELECT person_id FROM follow_up WHERE state IN ('open', 'seen', 'closing')
            GROUP BY person_id, contact_code HAVING count(*) > 1)
        """
    )


def _declines() -> None:
    op.execute(
        f"""
        CREATE TABLE decline (
            id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT pk_decline PRIMARY KEY,
            follow_up_id bigint NOT NULL CONSTRAINT fk_decline_follow_up_id REFERENCES follow_up (id),
            person_id bigint NOT NULL CONSTRAINT fk_decline_person_id REFERENCES person (id),
            household_id bigint CONSTRAINT fk_decline_household_id REFERENCES household (id),
            contact_code text NOT NULL,
            declined_at timestamptz NOT NULL,
            declined_by text CONSTRAINT ck_decline_declined_by_word
                CHECK (declined_by IN ('mother', 'father', 'partner', 'carer', 'self', 'other')),
            informed text CONSTRAINT ck_decline_informed_word
                CHECK (informed IN ('face_to_face', 'phone', 'video', 'letter', 'message', 'not_informed')),
            why text,
            capacity text CONSTRAINT ck_decline_capacity_word CHECK (capacity {KNOWN}),
            seen_by_anybody text CONSTRAINT ck_decline_seen_by_anybody_word CHECK (seen_by_anybody {KNOWN}),
            last_seen_on date,
            last_seen_by text,
            recorded_at timestamptz NOT NULL,
            recorded_by text NOT NULL,
            completed_at timestamptz,
            completed_by text,
            withdrawn_at timestamptz,
            withdrawn_by text,
            CONSTRAINT ck_decline_complete_says_all CHECK (completed_at IS NULL OR ({COMPLETE}) IS TRUE),
            CONSTRAINT ck_decline_completed_by_somebody CHECK ((completed_at IS NULL) = (completed_by IS NULL)),
            CONSTRAINT ck_decline_withdrawn_by_somebody CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL)),
            CONSTRAINT ck_decline_seen_on_a_day CHECK (last_seen_on IS NULL OR seen_by_anybody = 'yes')
        )
        """
    )
    op.execute("CREATE INDEX ix_decline_person_id ON decline (person_id)")
    op.execute("CREATE UNIQUE INDEX uq_decline_standing ON decline (follow_up_id) WHERE withdrawn_at IS NULL")
    op.execute(
        """
        CREATE TABLE decline_event (
            id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT pk_decline_event PRIMARY KEY,
            decline_id bigint NOT NULL CONSTRAINT fk_decline_event_decline_id REFERENCES decline (id),
            at timestamptz NOT NULL,
            event text NOT NULL,
            actor_kind text NOT NULL CONSTRAINT ck_decline_event_actor_kind_word
                CHECK (actor_kind IN ('person', 'engine', 'import', 'provider')),
            actor text NOT NULL,
            told jsonb NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_decline_event_decline_id_id ON decline_event (decline_id, id)")


def _merges() -> None:
    op.execute(
        """
        CREATE TABLE merge_proposal (
            id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT pk_merge_proposal PRIMARY KEY,
            person_id bigint CONSTRAINT fk_merge_proposal_person_id REFERENCES person (id),
            other_person_id bigint CONSTRAINT fk_merge_proposal_other_person_id REFERENCES person (id),
            household_id bigint CONSTRAINT fk_merge_proposal_household_id REFERENCES household (id),
            other_household_id bigint CONSTRAINT fk_merge_proposal_other_household_id REFERENCES household (id),
            why text NOT NULL,
            raised_at timestamptz NOT NULL,
            raised_by text NOT NULL,
            state text NOT NULL DEFAULT 'open' CONSTRAINT ck_merge_proposal_state_word
                CHECK (state IN ('open', 'joined', 'not_one')),
            reason text,
            decided_at timestamptz,
            decided_by text,
            CONSTRAINT ck_merge_proposal_one_pair CHECK (num_nonnulls(person_id, household_id) = 1
                AND num_nonnulls(person_id, other_person_id) IN (0, 2)
                AND num_nonnulls(household_id, other_household_id) IN (0, 2)),
            CONSTRAINT ck_merge_proposal_lower_first
                CHECK (person_id < other_person_id AND household_id < other_household_id),
            CONSTRAINT ck_merge_proposal_decided
                CHECK (state = 'open' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)),
            CONSTRAINT ck_merge_proposal_not_one_has_reason CHECK (state <> 'not_one' OR reason <> ''),
            CONSTRAINT uq_merge_proposal_person_id_other_person_id UNIQUE (person_id, other_person_id),
            CONSTRAINT uq_merge_proposal_household_id_other_household_id UNIQUE (household_id, other_household_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_merge_proposal_open ON merge_proposal (id) WHERE state = 'open'")
    op.execute(
        """
        CREATE TABLE record_merge (
            id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT pk_record_merge PRIMARY KEY,
            kind text NOT NULL CONSTRAINT ck_record_merge_kind_word CHECK (kind IN ('people', 'households', 'apart')),
            kept_person_id bigint CONSTRAINT fk_record_merge_kept_person_id REFERENCES person (id),
            gone_person_id bigint CONSTRAINT fk_record_merge_gone_person_id REFERENCES person (id),
            kept_household_id bigint CONSTRAINT fk_record_merge_kept_household_id REFERENCES household (id),
            gone_household_id bigint CONSTRAINT fk_record_merge_gone_household_id REFERENCES household (id),
            agreed text[] NOT NULL DEFAULT '{}',
            reason text NOT NULL,
            ids_before jsonb NOT NULL,
            made_at timestamptz NOT NULL,
            made_by text NOT NULL,
            undone_at timestamptz,
            undone_by text,
            undone_reason text,
            CONSTRAINT ck_record_merge_one_pair CHECK (
                CASE WHEN kind = 'households' THEN num_nonnulls(kept_household_id, gone_household_id) = 2
                    AND num_nonnulls(kept_person_id, gone_person_id) = 0
                ELSE num_nonnulls(kept_person_id, gone_person_id) = 2
                    AND num_nonnulls(kept_household_id, gone_household_id) = 0 END),
            CONSTRAINT ck_record_merge_two
                CHECK (kept_person_id <> gone_person_id AND kept_household_id <> gone_household_id),
            CONSTRAINT ck_record_merge_undone_by_somebody_with_reason
                CHECK (num_nonnulls(undone_at, undone_by, undone_reason) IN (0, 3))
        )
        """
    )
    for column in ("kept_person_id", "gone_person_id", "kept_household_id", "gone_household_id"):
        op.execute(f"CREATE INDEX ix_record_merge_{column} ON record_merge ({column})")
    op.execute(
        """
        CREATE TABLE merge_item (
            id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT pk_merge_item PRIMARY KEY,
            merge_id bigint NOT NULL CONSTRAINT fk_merge_item_merge_id REFERENCES record_merge (id),
            at timestamptz NOT NULL,
            step bigint NOT NULL,
            table_name text NOT NULL,
            row_key jsonb NOT NULL,
            column_name text NOT NULL,
            before jsonb NOT NULL,
            after jsonb NOT NULL,
            undoes bigint CONSTRAINT fk_merge_item_undoes REFERENCES merge_item (id)
        )
        """
    )
    op.execute("CREATE INDEX ix_merge_item_merge_id_id ON merge_item (merge_id, id)")
    op.execute("CREATE UNIQUE INDEX uq_merge_item_undoes ON merge_item (undoes)")


def _more_words(table: str, column: str, more: tuple[str, ...]) -> None:
    """Add to the words that a column may hold; those it has stay, whichever migrations brought them."""
    name = f"ck_{table}_{column}_word"
    query = text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    held = re.findall(r"'(\w+)'", op.get_bind().execute(query, {"name": name}).scalar_one())
    words = ", ".join(f"'{word}'" for word in dict.fromkeys([*held, *more]))
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({words}))")
