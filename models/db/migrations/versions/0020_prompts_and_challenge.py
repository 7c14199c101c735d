"""Prompts, referrals hop by hop, professional challenge and the action plan (domain.md 4); what they need of indicators.

Rows of the first shape are carried over: a prompt keeps its decision, an unanswered referral becomes one that is late.
"""

from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE = "steadfast_app"
# Frozen here: later words come with migrations of their own.
HISTORIES = ("threshold_signature", "prompt_event", "referral_event", "challenge_event", "planned_action_event")
LIVE = "state IN ('sent', 'received', 'accepted', 'appointed', 'attended', 'declined')"

FLAGS = (
    "ALTER TABLE flag ADD COLUMN review_at timestamptz",
    "CREATE INDEX ix_flag_red ON flag (review_at, person_id) WHERE code = 'red_flag' AND ended_at IS NULL",
)
INDEXES = (
    """
    CREATE INDEX ix_alert_referral_prompt ON alert (referral_prompt_id) WHERE referral_prompt_id IS NOT NULL
    """,
)
INDICATORS = (
    """
    ALTER TABLE indicator
        ADD COLUMN answers jsonb,
        ADD COLUMN note text,
        ADD COLUMN phase text,
        ADD COLUMN person_role text,
        ADD COLUMN mode text,
        ADD COLUMN interpreter text NOT NULL DEFAULT 'unknown',
        ADD COLUMN low_literacy text NOT NULL DEFAULT 'unknown',
        ADD COLUMN examined_at timestamptz,
        ADD COLUMN verdict text,
        ADD COLUMN prompt_id bigint,
        ADD COLUMN standing boolean NOT NULL DEFAULT false,
        ALTER COLUMN examine_at SET DEFAULT clock_timestamp()
    """,
    """
    UPDATE indicator i SET examined_at = i.received_at, prompt_id = p.id,
        verdict = CASE WHEN p.id IS NULL THEN 'silent' ELSE 'prompt' END
    FROM indicator held LEFT JOIN referral_prompt p ON p.indicator_id = held.id
    WHERE held.id = i.id AND i.examine_at IS NULL
    """,
    """
    ALTER TABLE indicator
        ADD CONSTRAINT ck_indicator_phase_word CHECK (phase IN ('antenatal', 'postnatal')),
        ADD CONSTRAINT ck_indicator_person_role_word
            CHECK (person_role IN ('child', 'unborn', 'mother', 'father', 'partner', 'carer')),
        ADD CONSTRAINT ck_indicator_mode_word CHECK (mode IN ('home', 'clinic', 'video', 'phone')),
        ADD CONSTRAINT ck_indicator_interpreter_word CHECK (interpreter IN ('unknown', 'not_asked', 'no', 'yes')),
        ADD CONSTRAINT ck_indicator_low_literacy_word CHECK (low_literacy IN ('unknown', 'not_asked', 'no', 'yes')),
        ADD CONSTRAINT ck_indicator_verdict_word CHECK (verdict IN ('prompt', 'merged', 'review', 'silent')),
        ADD CONSTRAINT ck_indicator_answers_by_item CHECK (jsonb_typeof(answers) = 'object'),
        ADD CONSTRAINT ck_indicator_looked_at_or_due CHECK (examine_at IS NOT NULL OR verdict IS NOT NULL),
        ADD CONSTRAINT ck_indicator_prompt_named
            CHECK (verdict NOT IN ('prompt', 'merged') OR prompt_id IS NOT NULL OR examine_at IS NOT NULL),
        ADD CONSTRAINT fk_indicator_prompt_id FOREIGN KEY (prompt_id) REFERENCES referral_prompt (id)
    """,
    """
    CREATE INDEX ix_indicator_examine_first ON indicator (examine_at, id)
        WHERE examine_at IS NOT NULL AND (answers IS NOT NULL OR self_harm_item > 0)
    """,
    "CREATE INDEX ix_indicator_standing ON indicator (person_id) WHERE standing",
    "CREATE INDEX ix_indicator_prompt_id ON indicator (prompt_id)",
)
PROMPTS = (
    """
    ALTER TABLE referral_prompt
        ADD COLUMN dedupe_key text,
        ADD COLUMN weight bigint NOT NULL DEFAULT 1,
        ADD COLUMN basis text NOT NULL DEFAULT 'unsigned',
        ADD COLUMN same_day boolean NOT NULL DEFAULT false,
        ADD COLUMN round bigint NOT NULL DEFAULT 1,
        ADD COLUMN seen_by text,
        ADD COLUMN seen_at timestamptz,
        ADD COLUMN acknowledged_by text,
        ADD COLUMN acknowledged_until timestamptz,
        ADD COLUMN answered_with bigint,
        ADD COLUMN told jsonb,
        ADD COLUMN review_due_at timestamptz,
        ADD COLUMN reviewer_id bigint
    """,
    # Whoever was not referred is looked at again: by its owner, else by the last resort, within three months.
    """
    UPDATE referral_prompt SET dedupe_key = 'prompt:' || indicator_id || ':1:',
        state = CASE WHEN state = 'seen' THEN 'raised' ELSE state END,
        reason = CASE WHEN state = 'decided' AND coalesce(reason, '') = ''
                           AND (urgency = 'red_flag' OR decision <> 'refer') THEN 'not recorded' ELSE reason END,
        review_due_at = CASE WHEN state = 'decided' AND decision <> 'refer'
                             THEN coalesce(review_on, decided_at + interval '90 days') END,
        reviewer_id = CASE WHEN state = 'decided' AND decision <> 'refer'
                           THEN coalesce(owner_practitioner_id, (SELECT id FROM practitioner WHERE last_resort)) END
    """,
    """
    ALTER TABLE referral_prompt
        DROP COLUMN review_on,
        DROP CONSTRAINT ck_referral_prompt_not_referred_has_reason,
        ADD CONSTRAINT ck_referral_prompt_not_referred_has_reason
            CHECK (decision = 'refer' OR decision IS NULL OR coalesce(reason, '') <> ''),
        ALTER COLUMN dedupe_key SET NOT NULL,
        ADD CONSTRAINT ck_referral_prompt_basis_word CHECK (basis IN ('threshold', 'unsigned', 'no_threshold')),
        ADD CONSTRAINT ck_referral_prompt_not_referred_has_review
            CHECK (state <> 'decided' OR decision = 'refer' OR answered_with IS NOT NULL
                   OR (review_due_at IS NOT NULL AND reviewer_id IS NOT NULL)),
        ADD CONSTRAINT ck_referral_prompt_review_after_decision CHECK (state = 'decided' OR review_due_at IS NULL),
        ADD CONSTRAINT ck_referral_prompt_red_flag_has_answer
            CHECK (urgency <> 'red_flag' OR state <> 'decided' OR coalesce(reason, '') <> ''),
        ADD CONSTRAINT ck_referral_prompt_seen_by_somebody CHECK (state <> 'seen' OR seen_by IS NOT NULL),
        ADD CONSTRAINT fk_referral_prompt_answered_with FOREIGN KEY (answered_with) REFERENCES referral_prompt (id),
        ADD CONSTRAINT fk_referral_prompt_reviewer_id FOREIGN KEY (reviewer_id) REFERENCES practitioner (id)
    """,
    "DROP INDEX uq_referral_prompt_indicator",
    "CREATE INDEX ix_referral_prompt_indicator_id ON referral_prompt (indicator_id)",
    "CREATE INDEX ix_referral_prompt_household_id ON referral_prompt (household_id)",
    "CREATE UNIQUE INDEX uq_referral_prompt_dedupe_key ON referral_prompt (dedupe_key)",
    """
    CREATE INDEX ix_referral_prompt_review ON referral_prompt (review_due_at, id) WHERE review_due_at IS NOT NULL
    """,
)
REFERRALS = (
    """
    ALTER TABLE referral
        ADD COLUMN reference text,
        ADD COLUMN practitioner_id bigint,
        ADD COLUMN hop_known_at timestamptz,
        ADD COLUMN hop_due_at timestamptz,
        ADD COLUMN hop_late_at timestamptz,
        ADD COLUMN first_appointment_at timestamptz,
        ADD COLUMN appointment_id bigint,
        ADD COLUMN declined_reason text,
        ADD COLUMN advice text,
        ADD COLUMN other_way text,
        ADD COLUMN ended_at timestamptz,
        ADD COLUMN row_version bigint NOT NULL DEFAULT 1,
        DROP CONSTRAINT ck_referral_waiting_has_due,
        DROP CONSTRAINT ck_referral_state_word
    """,
    """
    UPDATE referral SET hop_known_at = coalesce(answered_at, sent_at),
        hop_due_at = CASE WHEN state <> 'withdrawn' THEN coalesce(reply_due_at, sent_at) END,
        hop_late_at = CASE WHEN state = 'unanswered' THEN coalesce(reply_due_at, sent_at) END,
        declined_reason = CASE WHEN state = 'declined' THEN 'not recorded' END,
        ended_at = CASE WHEN state = 'withdrawn' THEN answered_at END,
        state = CASE WHEN state = 'unanswered' THEN 'sent' ELSE state END
    """,
    "DROP INDEX ix_referral_due",
    f"""
    ALTER TABLE referral
        DROP COLUMN reply_due_at,
        DROP COLUMN answered_at,
        DROP COLUMN answered_by,
        ALTER COLUMN hop_known_at SET NOT NULL,
        ADD CONSTRAINT ck_referral_state_word
            CHECK (state IN ('sent', 'received', 'accepted', 'appointed', 'attended', 'declined', 'in_treatment',
                             'not_needed', 'redirected', 'withdrawn')),
        ADD CONSTRAINT ck_referral_live_has_hop_due CHECK (({LIVE}) = (hop_due_at IS NOT NULL)),
        ADD CONSTRAINT ck_referral_ended_is_not_late CHECK (({LIVE}) OR hop_late_at IS NULL),
        ADD CONSTRAINT ck_referral_appointed_has_date
            CHECK (state <> 'appointed' OR first_appointment_at IS NOT NULL),
        ADD CONSTRAINT ck_referral_declined_has_reason CHECK (state <> 'declined' OR coalesce(declined_reason, '') <> ''),
        ADD CONSTRAINT ck_referral_redirected_has_way CHECK (state <> 'redirected' OR coalesce(other_way, '') <> ''),
        ADD CONSTRAINT fk_referral_practitioner_id FOREIGN KEY (practitioner_id) REFERENCES practitioner (id),
        ADD CONSTRAINT fk_referral_appointment_id FOREIGN KEY (appointment_id) REFERENCES appointment (id)
    """,
    """
    CREATE INDEX ix_referral_due ON referral (hop_due_at, id) WHERE hop_due_at IS NOT NULL AND hop_late_at IS NULL
    """,
    f"CREATE INDEX ix_referral_live ON referral (person_id) WHERE {LIVE}",
    "CREATE INDEX ix_referral_household_id ON referral (household_id)",
)
TABLES = (
    """
    CREATE TABLE indicator_review (
        indicator_id BIGINT NOT NULL,
        team_id BIGINT,
        owner_practitioner_id BIGINT,
        owner_team_id BIGINT,
        listed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        reviewed_at TIMESTAMP WITH TIME ZONE,
        reviewed_by TEXT,
        raised BOOLEAN DEFAULT false NOT NULL,
        CONSTRAINT pk_indicator_review PRIMARY KEY (indicator_id),
        CONSTRAINT ck_indicator_review_has_owner CHECK (num_nonnulls(owner_practitioner_id, owner_team_id) >
            0),
        CONSTRAINT ck_indicator_review_reviewed_by_somebody CHECK ((reviewed_at IS NULL) = (reviewed_by IS
            NULL)),
        CONSTRAINT fk_indicator_review_indicator_id FOREIGN KEY(indicator_id) REFERENCES indicator (id),
        CONSTRAINT fk_indicator_review_team_id FOREIGN KEY(team_id) REFERENCES team (id),
        CONSTRAINT fk_indicator_review_owner_practitioner_id FOREIGN KEY(owner_practitioner_id) REFERENCES
            practitioner (id),
        CONSTRAINT fk_indicator_review_owner_team_id FOREIGN KEY(owner_team_id) REFERENCES team (id)
    )
    """,
    """
    CREATE INDEX ix_indicator_review_open ON indicator_review (team_id, indicator_id) WHERE reviewed_at IS NULL
    """,
    """
    CREATE TABLE threshold_signature (
        content_sha256 TEXT NOT NULL,
        rule_id TEXT NOT NULL,
        signed_by TEXT NOT NULL,
        signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_threshold_signature PRIMARY KEY (content_sha256)
    )
    """,
    """
    CREATE TABLE prompt_event (
        id BIGINT GENERATED BY DEFAULT AS IDENTITY,
        prompt_id BIGINT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        event TEXT NOT NULL,
        to_state TEXT NOT NULL,
        actor_kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT,
        detail JSONB,
        CONSTRAINT pk_prompt_event PRIMARY KEY (id),
        CONSTRAINT ck_prompt_event_actor_kind_word CHECK (actor_kind IN ('person', 'engine', 'import',
            'provider')),
        CONSTRAINT fk_prompt_event_prompt_id FOREIGN KEY(prompt_id) REFERENCES referral_prompt (id)
    )
    """,
    """
    CREATE INDEX ix_prompt_event_prompt_id_id ON prompt_event (prompt_id, id)
    """,
    """
    CREATE TABLE referral_event (
        id BIGINT GENERATED BY DEFAULT AS IDENTITY,
        referral_id BIGINT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        event TEXT NOT NULL,
        from_state TEXT,
        to_state TEXT NOT NULL,
        actor_kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT,
        detail JSONB,
        CONSTRAINT pk_referral_event PRIMARY KEY (id),
        CONSTRAINT ck_referral_event_actor_kind_word CHECK (actor_kind IN ('person', 'engine', 'import',
            'provider')),
        CONSTRAINT fk_referral_event_referral_id FOREIGN KEY(referral_id) REFERENCES referral (id)
    )
    """,
    """
    CREATE INDEX ix_referral_event_referral_id_id ON referral_event (referral_id, id)
    """,
    """
    CREATE TABLE challenge (
        id BIGINT GENERATED BY DEFAULT AS IDENTITY,
        referral_id BIGINT,
        person_id BIGINT NOT NULL,
        household_id BIGINT,
        team_id BIGINT,
        service TEXT NOT NULL,
        urgent BOOLEAN DEFAULT false NOT NULL,
        issue TEXT NOT NULL,
        child_impact TEXT NOT NULL,
        view_sought TEXT NOT NULL,
        safety_plan TEXT NOT NULL,
        state TEXT DEFAULT 'practitioner' NOT NULL,
        stage_began_at TIMESTAMP WITH TIME ZONE NOT NULL,
        stage_due_at TIMESTAMP WITH TIME ZONE NOT NULL,
        times_asked BIGINT DEFAULT 0 NOT NULL,
        next_due_at TIMESTAMP WITH TIME ZONE,
        owner_practitioner_id BIGINT,
        owner_team_id BIGINT,
        opened_by TEXT NOT NULL,
        opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
        resolved_by TEXT,
        resolved_at TIMESTAMP WITH TIME ZONE,
        outcome TEXT,
        outcome_note TEXT,
        row_version BIGINT DEFAULT 1 NOT NULL,
        CONSTRAINT pk_challenge PRIMARY KEY (id),
        CONSTRAINT ck_challenge_state_word CHECK (state IN ('practitioner', 'line_managers',
            'named_professionals', 'heads_of_service', 'safeguarding_partners', 'resolved')),
        CONSTRAINT ck_challenge_outcome_word CHECK (outcome IN ('agreed', 'compromise', 'other_way',
            'view_changed', 'immediate_route')),
        CONSTRAINT ck_challenge_open_has_due_and_owner CHECK (state = 'resolved' OR (next_due_at IS NOT NULL
            AND num_nonnulls(owner_practitioner_id, owner_team_id) > 0)),
        CONSTRAINT ck_challenge_resolved_by_somebody CHECK (state <> 'resolved' OR (resolved_by IS NOT NULL
            AND resolved_at IS NOT NULL AND outcome IS NOT NULL AND coalesce(outcome_note, '') <> '' AND next_due_at IS
            NULL)),
        CONSTRAINT ck_challenge_says_why CHECK (issue <> '' AND child_impact <> '' AND view_sought <> '' AND
            safety_plan <> ''),
        CONSTRAINT fk_challenge_referral_id FOREIGN KEY(referral_id) REFERENCES referral (id),
        CONSTRAINT fk_challenge_person_id FOREIGN KEY(person_id) REFERENCES person (id),
        CONSTRAINT fk_challenge_household_id FOREIGN KEY(household_id) REFERENCES household (id),
        CONSTRAINT fk_challenge_team_id FOREIGN KEY(team_id) REFERENCES team (id),
        CONSTRAINT fk_challenge_owner_practitioner_id FOREIGN KEY(owner_practitioner_id) REFERENCES
            practitioner (id),
        CONSTRAINT fk_challenge_owner_team_id FOREIGN KEY(owner_team_id) REFERENCES team (id)
    )
    """,
    """
    CREATE INDEX ix_challenge_due ON challenge (next_due_at, id) WHERE next_due_at IS NOT NULL
    """,
    """
    CREATE INDEX ix_challenge_household_id ON challenge (household_id)
    """,
    """
    CREATE INDEX ix_challenge_person_id ON challenge (person_id)
    """,
    """
    CREATE UNIQUE INDEX uq_challenge_referral_open ON challenge (referral_id) WHERE state <> 'resolved'
    """,
    """
    CREATE TABLE challenge_event (
        id BIGINT GENERATED BY DEFAULT AS IDENTITY,
        challenge_id BIGINT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        event TEXT NOT NULL,
        stage TEXT NOT NULL,
        actor_kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        note TEXT,
        detail JSONB,
        CONSTRAINT pk_challenge_event PRIMARY KEY (id),
        CONSTRAINT ck_challenge_event_actor_kind_word CHECK (actor_kind IN ('person', 'engine', 'import',
            'provider')),
        CONSTRAINT fk_challenge_event_challenge_id FOREIGN KEY(challenge_id) REFERENCES challenge (id)
    )
    """,
    """
    CREATE INDEX ix_challenge_event_challenge_id_id ON challenge_event (challenge_id, id)
    """,
    """
    CREATE TABLE planned_action (
        id BIGINT GENERATED BY DEFAULT AS IDENTITY,
        household_id BIGINT NOT NULL,
        team_id BIGINT,
        what TEXT NOT NULL,
        owner_practitioner_id BIGINT NOT NULL,
        agency TEXT,
        due_on DATE NOT NULL,
        state TEXT DEFAULT 'open' NOT NULL,
        next_due_at TIMESTAMP WITH TIME ZONE,
        times_asked BIGINT DEFAULT 0 NOT NULL,
        agreed_by TEXT NOT NULL,
        agreed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_by TEXT,
        ended_at TIMESTAMP WITH TIME ZONE,
        ended_note TEXT,
        row_version BIGINT DEFAULT 1 NOT NULL,
        CONSTRAINT pk_planned_action PRIMARY KEY (id),
        CONSTRAINT ck_planned_action_state_word CHECK (state IN ('open', 'done', 'cancelled')),
        CONSTRAINT ck_planned_action_says_what CHECK (what <> ''),
        CONSTRAINT ck_planned_action_open_has_due CHECK ((state = 'open') = (next_due_at IS NOT NULL)),
        CONSTRAINT ck_planned_action_ended_with_evidence CHECK (state = 'open' OR (ended_by IS NOT NULL AND
            ended_at IS NOT NULL AND coalesce(ended_note, '') <> '')),
        CONSTRAINT fk_planned_action_household_id FOREIGN KEY(household_id) REFERENCES household (id),
        CONSTRAINT fk_planned_action_team_id FOREIGN KEY(team_id) REFERENCES team (id),
        CONSTRAINT fk_planned_action_owner_practitioner_id FOREIGN KEY(owner_practitioner_id) REFERENCES
            practitioner (id)
    )
    """,
    """
    CREATE INDEX ix_planned_action_due ON planned_action (next_due_at, id) WHERE next_due_at IS NOT NULL
    """,
    """
    CREATE INDEX ix_planned_action_household_id ON planned_action (household_id)
    """,
    """
    CREATE TABLE planned_action_event (
        id BIGINT GENERATED BY DEFAULT AS IDENTITY,
        action_id BIGINT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        event TEXT NOT NULL,
        actor_kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        note TEXT,
        detail JSONB,
        CONSTRAINT pk_planned_action_event PRIMARY KEY (id),
        CONSTRAINT ck_planned_action_event_actor_kind_word CHECK (actor_kind IN ('person', 'engine',
            'import', 'provider')),
        CONSTRAINT fk_planned_action_event_action_id FOREIGN KEY(action_id) REFERENCES planned_action (id)
    )
    """,
    """
    CREATE INDEX ix_planned_action_event_action_id_id ON planned_action_event (action_id, id)
    """,
)


def upgrade() -> None:
    """Carry the first shape over, make the tables, and close the histories to change."""
    for statement in (*FLAGS, *INDEXES, *INDICATORS, *PROMPTS, *REFERRALS, *TABLES):
        op.execute(statement)
    for table in HISTORIES:
        op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM {APP_ROLE}")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history()"
        )
