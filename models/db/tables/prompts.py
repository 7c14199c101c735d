"""Indicators, the prompts they raise, the signatures of their rules, and referrals with the history of their hops."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of, words_in
from models.domain.referral_states import LIVE_REFERRAL_STATES
from models.domain.words import (
    ActorKind,
    ContactMode,
    IndicatorVerdict,
    Known,
    PerinatalPhase,
    PersonRole,
    PromptBasis,
    PromptDecision,
    PromptState,
    ReferralState,
    Urgency,
)

LIVE_REFERRAL = f"state IN {words_in(LIVE_REFERRAL_STATES)}"
# What the urgent lane looks at by itself: answers of yes or no, and a self-harm item above zero.
LOOKED_AT_FIRST = "examine_at IS NOT NULL AND (answers IS NOT NULL OR self_harm_item > 0)"


class Indicator(Base):
    """A score or an answer in the record: totals, yes or no, no instrument text (domain.md 4.4).

    `phase`, `person_role` and `language` are what the record says; null is worked out from the family, or not known.
    """

    __tablename__ = "indicator"
    __table_args__ = (
        one_of("phase", PerinatalPhase),
        one_of("person_role", PersonRole),
        one_of("mode", ContactMode),
        one_of("interpreter", Known),
        one_of("low_literacy", Known),
        one_of("verdict", IndicatorVerdict),
        CheckConstraint("jsonb_typeof(answers) = 'object'", name="answers_by_item"),
        CheckConstraint("examine_at IS NOT NULL OR verdict IS NOT NULL", name="looked_at_or_due"),
        CheckConstraint(
            "verdict NOT IN ('prompt', 'merged') OR prompt_id IS NOT NULL OR examine_at IS NOT NULL",
            name="prompt_named",
        ),
        UniqueConstraint("source_id", "source_ref"),
        Index(None, "person_id", "recorded_on"),
        # `detect` finds indicators that no rule has looked at yet; the urgent lane takes the graver sort first.
        Index("ix_indicator_examine", "examine_at", postgresql_where=text("examine_at IS NOT NULL")),
        Index("ix_indicator_examine_first", "examine_at", "id", postgresql_where=text(LOOKED_AT_FIRST)),
        Index("ix_indicator_standing", "person_id", postgresql_where=text("standing")),
        Index(None, "prompt_id"),
    )

    id: Mapped[Pk]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    instrument: Mapped[str]
    total: Mapped[int | None]
    self_harm_item: Mapped[int | None]
    answers: Mapped[dict[str, str] | None] = mapped_column(JSONB)  # item to yes, no, not_asked or unknown
    note: Mapped[str | None]  # what a practitioner wrote of a concern; on the pages only
    recorded_on: Mapped[date]
    recorded_by: Mapped[str]
    phase: Mapped[str | None]
    person_role: Mapped[str | None]
    language: Mapped[str | None]
    mode: Mapped[str | None]
    interpreter: Mapped[str] = mapped_column(server_default=Known.UNKNOWN)
    low_literacy: Mapped[str] = mapped_column(server_default=Known.UNKNOWN)
    source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"))
    source_ref: Mapped[str | None]
    # When the prompt rules should look; null once they have. By default at once.
    examine_at: Mapped[Instant | None] = mapped_column(server_default=text("clock_timestamp()"))
    examined_at: Mapped[Instant | None]
    verdict: Mapped[str | None]
    prompt_id: Mapped[int | None] = mapped_column(ForeignKey("referral_prompt.id", use_alter=True))
    standing: Mapped[bool] = mapped_column(server_default=text("false"))  # looked at again with each pregnancy
    received_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))


class IndicatorReview(Base):
    """An indicator that was already old when it first reached us: on its owner's list until somebody has read it."""

    __tablename__ = "indicator_review"
    __table_args__ = (
        CheckConstraint("num_nonnulls(owner_practitioner_id, owner_team_id) > 0", name="has_owner"),
        CheckConstraint("(reviewed_at IS NULL) = (reviewed_by IS NULL)", name="reviewed_by_somebody"),
        Index("ix_indicator_review_open", "team_id", "indicator_id", postgresql_where=text("reviewed_at IS NULL")),
    )

    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"), primary_key=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    owner_practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    owner_team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    listed_at: Mapped[Instant]
    reviewed_at: Mapped[Instant | None]
    reviewed_by: Mapped[str | None]
    raised: Mapped[bool] = mapped_column(server_default=text("false"))  # the reader made a prompt of it


class ThresholdSignature(Base):
    """Who signed which rule of the prompts file, for exactly that content; append-only."""

    __tablename__ = "threshold_signature"

    content_sha256: Mapped[str] = mapped_column(primary_key=True)
    rule_id: Mapped[str]
    signed_by: Mapped[str]
    signed_at: Mapped[Instant]


class ReferralPrompt(Base):
    """A question that needs a decision, asks again until it has one, and again on its review date (domain.md 4.2)."""

    __tablename__ = "referral_prompt"
    __table_args__ = (
        one_of("state", PromptState),
        one_of("decision", PromptDecision),
        one_of("urgency", Urgency),
        one_of("basis", PromptBasis),
        CheckConstraint(
            "state = 'decided' OR (next_due_at IS NOT NULL AND num_nonnulls(owner_practitioner_id, owner_team_id) > 0)",
            name="waiting_has_due_and_owner",
        ),
        CheckConstraint(
            "state <> 'decided' OR (decision IS NOT NULL AND decided_by IS NOT NULL AND decided_at IS NOT NULL"
            " AND next_due_at IS NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint(
            "decision = 'refer' OR decision IS NULL OR coalesce(reason, '') <> ''", name="not_referred_has_reason"
        ),
        CheckConstraint(
            "state <> 'decided' OR decision = 'refer' OR answered_with IS NOT NULL"
            " OR (review_due_at IS NOT NULL AND reviewer_id IS NOT NULL)",
            name="not_referred_has_review",
        ),
        CheckConstraint("state = 'decided' OR review_due_at IS NULL", name="review_after_decision"),
        CheckConstraint(
            "urgency <> 'red_flag' OR state <> 'decided' OR coalesce(reason, '') <> ''", name="red_flag_has_answer"
        ),
        CheckConstraint("state <> 'seen' OR seen_by IS NOT NULL", name="seen_by_somebody"),
        Index("uq_referral_prompt_dedupe_key", "dedupe_key", unique=True),
        Index("ix_referral_prompt_due", "next_due_at", "id", postgresql_where=text("next_due_at IS NOT NULL")),
        Index("ix_referral_prompt_patterns", "id", postgresql_where=text("NOT patterns_looked")),
        Index("ix_referral_prompt_review", "review_due_at", "id", postgresql_where=text("review_due_at IS NOT NULL")),
        Index(None, "person_id"),
        Index(None, "indicator_id"),
        Index(None, "household_id"),
    )

    id: Mapped[Pk]
    dedupe_key: Mapped[str]  # from models/domain/dedupe.py alone
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    rule_id: Mapped[str]
    rule_version: Mapped[int]
    weight: Mapped[int] = mapped_column(server_default=text("1"))
    basis: Mapped[str] = mapped_column(server_default=PromptBasis.UNSIGNED)
    urgency: Mapped[str]
    same_day: Mapped[bool] = mapped_column(server_default=text("false"))  # nothing milder answers or covers it
    state: Mapped[str] = mapped_column(server_default=PromptState.RAISED)
    raised_at: Mapped[Instant]
    round: Mapped[int] = mapped_column(server_default=text("1"))  # +1 on each review date
    times_asked: Mapped[int] = mapped_column(server_default=text("0"))  # in this round
    next_due_at: Mapped[Instant | None]
    owner_practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    owner_team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    seen_by: Mapped[str | None]
    seen_at: Mapped[Instant | None]
    acknowledged_by: Mapped[str | None]
    acknowledged_until: Mapped[Instant | None]
    decision: Mapped[str | None]
    reason: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[Instant | None]
    answered_with: Mapped[int | None] = mapped_column(ForeignKey("referral_prompt.id"))  # a graver one's decision
    told: Mapped[list[str] | None] = mapped_column(JSONB)  # who was told, as recorded: gp, health_visitor, …
    review_due_at: Mapped[Instant | None]
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    patterns_looked: Mapped[bool] = mapped_column(server_default=text("false"))


class PromptEvent(Base):
    """What happened to a prompt; append-only."""

    __tablename__ = "prompt_event"
    __table_args__ = (one_of("actor_kind", ActorKind), Index(None, "prompt_id", "id"))

    id: Mapped[Pk]
    prompt_id: Mapped[int] = mapped_column(ForeignKey("referral_prompt.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    to_state: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class Referral(Base):
    """A referral to a service, chased hop by hop: while it is live, `hop_due_at` says by when the next is known."""

    __tablename__ = "referral"
    __table_args__ = (
        one_of("state", ReferralState),
        one_of("urgency", Urgency),
        CheckConstraint(f"({LIVE_REFERRAL}) = (hop_due_at IS NOT NULL)", name="live_has_hop_due"),
        CheckConstraint(f"({LIVE_REFERRAL}) OR hop_late_at IS NULL", name="ended_is_not_late"),
        CheckConstraint("state <> 'appointed' OR first_appointment_at IS NOT NULL", name="appointed_has_date"),
        CheckConstraint("state <> 'declined' OR coalesce(declined_reason, '') <> ''", name="declined_has_reason"),
        CheckConstraint("state <> 'redirected' OR coalesce(other_way, '') <> ''", name="redirected_has_way"),
        Index("uq_referral_prompt", "prompt_id", unique=True),
        # `chase` finds the hops that have just become late.
        Index(
            "ix_referral_due",
            "hop_due_at",
            "id",
            postgresql_where=text("hop_due_at IS NOT NULL AND hop_late_at IS NULL"),
        ),
        # First appointments in the data are looked for among those that still wait for one.
        Index("ix_referral_live", "person_id", postgresql_where=text(LIVE_REFERRAL)),
        Index(None, "person_id"),
        Index(None, "household_id"),
    )

    id: Mapped[Pk]
    prompt_id: Mapped[int | None] = mapped_column(ForeignKey("referral_prompt.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))  # who of us chases it
    service: Mapped[str]
    urgency: Mapped[str]
    reference: Mapped[str | None]  # the service's own number of it
    state: Mapped[str] = mapped_column(server_default=ReferralState.SENT)
    sent_at: Mapped[Instant]
    sent_by: Mapped[str]
    hop_known_at: Mapped[Instant]  # when the present state became known
    hop_due_at: Mapped[Instant | None]
    hop_late_at: Mapped[Instant | None]  # when the next hop was found late; null again once it is reached
    first_appointment_at: Mapped[Instant | None]
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    declined_reason: Mapped[str | None]
    advice: Mapped[str | None]  # what the service advised instead
    other_way: Mapped[str | None]
    ended_at: Mapped[Instant | None]
    row_version: Mapped[int] = mapped_column(server_default=text("1"))


class ReferralEvent(Base):
    """Each hop of a referral, by whom and when; append-only."""

    __tablename__ = "referral_event"
    __table_args__ = (one_of("actor_kind", ActorKind), Index(None, "referral_id", "id"))

    id: Mapped[Pk]
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)
