"""Follow-ups with their ladders, the alerts they raise, and the history of each."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of, words_in
from models.domain.threads import THREAD_TRIGGERS
from models.domain.words import (
    LIVE_FOLLOW_UP_STATES,
    ActorKind,
    AlertKind,
    AlertState,
    ClosedReason,
    FamilyEventKind,
    FollowUpState,
    FollowUpTrigger,
    How,
    OwnerRole,
    Urgency,
)

LIVE = f"state IN {words_in(LIVE_FOLLOW_UP_STATES)}"
BACKLOG = f"state = '{FollowUpState.BACKLOG}'"
LISTED = f"state IN {words_in(state for state in LIVE_FOLLOW_UP_STATES if state is not FollowUpState.BACKLOG)}"
THREAD = words_in(trigger for trigger in FollowUpTrigger if trigger in THREAD_TRIGGERS)


class PathwayVersion(Base):
    """A version of a ladder as loaded; unsigned ones block texts. Its content never changes."""

    __tablename__ = "pathway_version"
    __table_args__ = (CheckConstraint("(signed_by IS NULL) = (signed_at IS NULL)", name="signed_by_somebody"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, object]] = mapped_column(JSONB)
    content_sha256: Mapped[str]
    effective_from: Mapped[date]
    signed_by: Mapped[str | None]
    signed_at: Mapped[Instant | None]
    loaded_at: Mapped[Instant]


class FollowUp(Base):
    """The one follow-up of a missed or unrecorded appointment, an overdue contact or an unanswered referral.

    Live: a next due time, a pathway version and an owner, always. Closed: by whom, when and why. A null is a
    failure. Source: design 3.1 and 3.2.
    """

    __tablename__ = "follow_up"
    __table_args__ = (
        one_of("state", FollowUpState),
        one_of("trigger", FollowUpTrigger),
        one_of("how", How),
        one_of("closed_reason", ClosedReason),
        CheckConstraint(
            "num_nonnulls(appointment_id, expected_contact_id, referral_id, family_event_id) = 1", name="one_subject"
        ),
        CheckConstraint(f"NOT ({LIVE}) OR next_due_at IS NOT NULL", name="live_has_due"),
        CheckConstraint(
            f"NOT ({LIVE}) OR owner_practitioner_id IS NOT NULL OR owner_team_id IS NOT NULL", name="live_has_owner"
        ),
        CheckConstraint(f"({LIVE}) OR next_due_at IS NULL", name="ended_has_no_due"),
        CheckConstraint(
            "state <> 'closed' OR (closed_reason IS NOT NULL AND closed_by IS NOT NULL AND closed_at IS NOT NULL)",
            name="closed_with_reason",
        ),
        # No timer closes anything (design 3.3); an L0 also ends by the outcome that the record system sends.
        CheckConstraint(
            "state <> 'closed' OR closed_by LIKE 'person:%'"
            " OR (trigger = 'outcome_not_recorded' AND closed_by LIKE 'import:%')",
            name="closed_by_a_person",
        ),
        CheckConstraint("(state = 'continued') = (continued_in IS NOT NULL)", name="continued_somewhere"),
        CheckConstraint("continued_in <> id", name="not_continued_in_itself"),
        CheckConstraint(
            "state <> 'closing' OR (closing_by IS NOT NULL AND closing_reason IS NOT NULL)", name="closing_by_somebody"
        ),
        # An L0 ends by the outcome itself; any other high-risk closure needs two people.
        CheckConstraint(
            "NOT (high_risk AND state = 'closed') OR trigger = 'outcome_not_recorded'"
            " OR (closing_by IS NOT NULL AND closed_by <> closing_by)",
            name="second_person",
        ),
        CheckConstraint(
            "closed_reason <> 'declined_reviewed' OR trigger = 'declined'", name="reviewed_what_was_declined"
        ),
        CheckConstraint("cycle >= 1", name="cycle_positive"),
        CheckConstraint("(assigned_practitioner_id IS NULL) = (assigned_at IS NULL)", name="assigned_at_known"),
        # A family that moved is closed only once the receiver has accepted it (hazard 17).
        CheckConstraint(
            "closed_reason IS DISTINCT FROM 'transfer_accepted' OR handover_id IS NOT NULL", name="transfer_accepted_by"
        ),
        CheckConstraint("(hold_id IS NULL) = (plan_before IS NULL)", name="plan_gave_way_to_a_hold"),
        ForeignKeyConstraint(["pathway_code", "pathway_version"], ["pathway_version.code", "pathway_version.version"]),
        Index("uq_follow_up_appointment", "appointment_id", unique=True),
        Index("uq_follow_up_expected_contact", "expected_contact_id", unique=True),
        Index("uq_follow_up_referral", "referral_id", unique=True),
        Index("uq_follow_up_family_event", "family_event_id", unique=True),
        # `advance` claims what is due; backlog is triaged in bulk and found by its own due time too.
        Index("ix_follow_up_due", "next_due_at", "id", postgresql_where=text("next_due_at IS NOT NULL")),
        # The urgent lane's own: a burst of routine work is no queue before it.
        Index(
            "ix_follow_up_due_urgent",
            "next_due_at",
            "id",
            postgresql_where=text("next_due_at IS NOT NULL AND (red_flag OR high_risk)"),
        ),
        # The team lead's list: red flags, high risk, then overdue longest. The backlog is a list of its own, so that a
        # first load of years neither stands before today's work nor slows its page. Filters by kind need no table.
        *(
            Index(
                name,
                "team_id",
                text("red_flag DESC"),
                text("high_risk DESC"),
                "breach_at",
                "id",
                postgresql_where=text(listed),
                postgresql_include=["trigger", "contact_code"],
            )
            for name, listed in (("ix_follow_up_worklist", LISTED), ("ix_follow_up_backlog", BACKLOG))
        ),
        # Patterns: whoever has a new follow-up is looked at. Nothing of the backlog is.
        Index("ix_follow_up_patterns", "id", postgresql_where=text(f"NOT patterns_looked AND {LISTED}")),
        Index("ix_follow_up_person", "person_id"),
        # `audit`: has one contact of a person two ladders?
        Index(
            "ix_follow_up_thread",
            "person_id",
            "contact_code",
            postgresql_where=text(f"{LISTED} AND trigger IN {THREAD}"),
            postgresql_include=["opened_at", "id"],
        ),
        Index("ix_follow_up_household", "household_id"),
        # What somebody holds who goes on leave, leaves, or hands over.
        Index(
            "ix_follow_up_owner",
            "owner_practitioner_id",
            postgresql_where=text(f"owner_practitioner_id IS NOT NULL AND {LIVE}"),
        ),
        Index("ix_follow_up_hold", "hold_id", postgresql_where=text("hold_id IS NOT NULL")),
        Index("ix_follow_up_handover", "handover_id", postgresql_where=text("handover_id IS NOT NULL")),
        # What was seen by an appointment that is corrected was perhaps not seen.
        Index("ix_follow_up_seen_evidence", "seen_evidence", postgresql_where=text("seen_evidence IS NOT NULL")),
        Index("ix_follow_up_continued_in", "continued_in", postgresql_where=text("continued_in IS NOT NULL")),
        {
            "postgresql_with": {
                "fillfactor": 80,
                "autovacuum_vacuum_scale_factor": 0.02,
                "autovacuum_analyze_scale_factor": 0.02,
            }
        },
    )

    id: Mapped[Pk]
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    expected_contact_id: Mapped[int | None] = mapped_column(ForeignKey("expected_contact.id"))
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"))
    family_event_id: Mapped[int | None] = mapped_column(ForeignKey("family_event.id"))
    trigger: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=FollowUpState.OPEN)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    contact_code: Mapped[str]
    pathway_code: Mapped[str]
    pathway_version: Mapped[int]
    cycle: Mapped[int] = mapped_column(server_default=text("1"))  # +1 when reopened or put on another ladder
    how: Mapped[str | None]  # how it did not take place, where an appointment says so; words only
    miss_count: Mapped[int] = mapped_column(server_default=text("1"))  # of this contact in a row, this one included
    # Of the same appointment, before it was booked anew under the same id.
    earlier_misses: Mapped[int] = mapped_column(server_default=text("0"))
    high_risk: Mapped[bool] = mapped_column(server_default=text("false"))
    red_flag: Mapped[bool] = mapped_column(server_default=text("false"))
    anchor_at: Mapped[Instant]  # T0 of domain.md 3.2
    breach_at: Mapped[Instant]  # since when it is overdue; orders the list
    opened_at: Mapped[Instant]
    step_id: Mapped[str | None]  # the step last fired; null: none yet
    step_fired_at: Mapped[Instant | None]
    # Roles up from the step's own, while nobody answers.
    step_raised_to: Mapped[int] = mapped_column(server_default=text("0"))
    step_repeats: Mapped[int] = mapped_column(server_default=text("0"))
    # Step id to [when last fired or passed, how many times], for the ladder's decision (ladder_facts.dump_done).
    steps_done: Mapped[dict[str, object]] = mapped_column(JSONB, server_default=text("'{}'"))
    next_step_id: Mapped[str | None]
    next_due_at: Mapped[Instant | None]
    owner_practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    owner_team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))  # a team's pool
    # A person gave it to this practitioner, who stands before whoever was booked or holds the caseload.
    assigned_practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    assigned_at: Mapped[Instant | None]
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[Instant | None]
    acknowledged_until: Mapped[Instant | None]  # the lease's end
    text_released_at: Mapped[Instant | None]
    text_released_by: Mapped[str | None]
    seen_at: Mapped[Instant | None]
    seen_evidence: Mapped[str | None]
    closing_by: Mapped[str | None]
    closing_reason: Mapped[str | None]
    closing_note: Mapped[str | None]
    closed_by: Mapped[str | None]
    closed_at: Mapped[Instant | None]
    closed_reason: Mapped[str | None]
    closed_note: Mapped[str | None]
    continued_in: Mapped[int | None] = mapped_column(ForeignKey("follow_up.id"))
    faster: Mapped[bool] = mapped_column(server_default=text("false"))  # one rung faster since a pattern; never back
    pattern_at: Mapped[Instant | None]  # when a pattern was last told to the team lead
    patterns_looked: Mapped[bool] = mapped_column(server_default=text("false"))  # since it opened, or was missed again
    # The hold under which its plan gave way to another one, and the plan it goes back to if that hold was an error.
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("hold.id"))
    plan_before: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    handover_id: Mapped[int | None] = mapped_column(ForeignKey("handover.id"))  # the acceptance it was closed by
    row_version: Mapped[int] = mapped_column(server_default=text("1"))  # two people acting at once: the later is told


class FamilyEvent(Base):
    """Something that happened to a family and needs a follow-up of its own (docs/decisions/0040).

    `open_at`: from when `detect` should open the follow-up; null once it has, or where none is to be opened.
    `detail` is what the ladder's readers may see: codes, counts and row ids, nothing that names a person.
    """

    __tablename__ = "family_event"
    __table_args__ = (
        one_of("kind", FamilyEventKind),
        CheckConstraint("opens_follow_up OR open_at IS NULL", name="opens_what_it_should"),
        Index("uq_family_event_dedupe_key", "dedupe_key", unique=True),
        Index("ix_family_event_open", "open_at", "id", postgresql_where=text("open_at IS NOT NULL")),
        # Which loss or move began it.
        Index(
            "ix_family_event_hold",
            text("(detail ->> 'hold')"),
            postgresql_where=text("kind IN ('bereavement_care', 'moved_out')"),
        ),
        Index(None, "person_id"),
        Index(None, "household_id"),
    )

    id: Mapped[Pk]
    kind: Mapped[str]
    dedupe_key: Mapped[str]  # from models/domain/dedupe.py alone
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # the child or adult whom it is about
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))  # whose follow-up it becomes
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))  # null: the caseload holder
    happened_at: Mapped[Instant]
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    opens_follow_up: Mapped[bool] = mapped_column(server_default=text("true"))
    open_at: Mapped[Instant | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class FollowUpEvent(Base):
    """The story of a follow-up; append-only."""

    __tablename__ = "follow_up_event"
    __table_args__ = (one_of("actor_kind", ActorKind), Index(None, "follow_up_id", "id"))

    id: Mapped[Pk]
    follow_up_id: Mapped[int] = mapped_column(ForeignKey("follow_up.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    step_id: Mapped[str | None]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class Alert(Base):
    """Something a person is told and must act on. A follow-up drives its own; all others have `next_due_at`."""

    __tablename__ = "alert"
    __table_args__ = (
        one_of("kind", AlertKind),
        one_of("state", AlertState),
        one_of("urgency", Urgency),
        one_of("audience_role", OwnerRole),
        CheckConstraint("num_nonnulls(practitioner_id, owner_team_id) > 0", name="has_owner"),
        CheckConstraint(
            "state <> 'open' OR follow_up_id IS NOT NULL OR next_due_at IS NOT NULL", name="waiting_has_due"
        ),
        CheckConstraint("state = 'open' OR ended_at IS NOT NULL", name="ended_at_known"),
        Index("uq_alert_dedupe_key", "dedupe_key", unique=True),
        # `reconcile` raises those nobody has dealt with.
        Index("ix_alert_due", "next_due_at", "id", postgresql_where=text("state = 'open' AND next_due_at IS NOT NULL")),
        Index("ix_alert_follow_up_open", "follow_up_id", postgresql_where=text("state = 'open'")),
        Index("ix_alert_practitioner_open", "practitioner_id", postgresql_where=text("state = 'open'")),
        # What asks about a prompt ends with its decision or its next asking.
        Index(
            "ix_alert_referral_prompt", "referral_prompt_id", postgresql_where=text("referral_prompt_id IS NOT NULL")
        ),
        Index("ix_alert_team_open", "team_id", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[Pk]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=AlertState.OPEN)
    urgency: Mapped[str]
    dedupe_key: Mapped[str]
    follow_up_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up.id"))
    referral_prompt_id: Mapped[int | None] = mapped_column(ForeignKey("referral_prompt.id"))
    source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"))
    import_run_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    # Copied from what the alert is about, which nothing deletes; a key each would cost a burst a tenth of its rate.
    household_id: Mapped[int | None]
    person_id: Mapped[int | None]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", use_alter=True))
    team_id: Mapped[int | None]
    step_id: Mapped[str | None]
    audience_role: Mapped[str | None]
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    owner_team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    raised_at: Mapped[Instant]
    next_due_at: Mapped[Instant | None]
    times_raised: Mapped[int] = mapped_column(server_default=text("1"))
    # After somebody was told of it: whoever has it now hears of it once more.
    times_given_on: Mapped[int] = mapped_column(server_default=text("0"))
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[str | None]
    outcome: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)  # counts and codes, nothing that names a person
