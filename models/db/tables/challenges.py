"""Professional challenges in stages, and the actions that were agreed for a household; each with its history."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import ActorKind, ChallengeOutcome, ChallengeState, PlannedActionState

_WRITTEN = ("issue", "child_impact", "view_sought", "safety_plan")


class Challenge(Base):
    """A disagreement with another service, at one stage, until a person resolves it (domain.md 4.5)."""

    __tablename__ = "challenge"
    __table_args__ = (
        one_of("state", ChallengeState),
        one_of("outcome", ChallengeOutcome),
        CheckConstraint(
            "state = 'resolved'"
            " OR (next_due_at IS NOT NULL AND num_nonnulls(owner_practitioner_id, owner_team_id) > 0)",
            name="open_has_due_and_owner",
        ),
        CheckConstraint(
            "state <> 'resolved' OR (resolved_by IS NOT NULL AND resolved_at IS NOT NULL AND outcome IS NOT NULL"
            " AND coalesce(outcome_note, '') <> '' AND next_due_at IS NULL)",
            name="resolved_by_somebody",
        ),
        CheckConstraint(" AND ".join(f"{name} <> ''" for name in _WRITTEN), name="says_why"),
        Index(
            "uq_challenge_referral_open",
            "referral_id",
            unique=True,
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index("ix_challenge_due", "next_due_at", "id", postgresql_where=text("next_due_at IS NOT NULL")),
        Index(None, "household_id"),
        Index(None, "person_id"),
    )

    id: Mapped[Pk]
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # whom it is about
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    service: Mapped[str]  # who said no, or says nothing
    urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    issue: Mapped[str]
    child_impact: Mapped[str]
    view_sought: Mapped[str]
    safety_plan: Mapped[str]  # what keeps the child safe meanwhile
    state: Mapped[str] = mapped_column(server_default=ChallengeState.PRACTITIONER)
    stage_began_at: Mapped[Instant]
    stage_due_at: Mapped[Instant]
    times_asked: Mapped[int] = mapped_column(server_default=text("0"))  # in this stage
    next_due_at: Mapped[Instant | None]
    owner_practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    owner_team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    opened_by: Mapped[str]
    opened_at: Mapped[Instant]
    resolved_by: Mapped[str | None]
    resolved_at: Mapped[Instant | None]
    outcome: Mapped[str | None]
    outcome_note: Mapped[str | None]
    row_version: Mapped[int] = mapped_column(server_default=text("1"))


class ChallengeEvent(Base):
    """What happened to a challenge, stage by stage; append-only."""

    __tablename__ = "challenge_event"
    __table_args__ = (one_of("actor_kind", ActorKind), Index(None, "challenge_id", "id"))

    id: Mapped[Pk]
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    stage: Mapped[str]  # the stage after it
    actor_kind: Mapped[str]
    actor: Mapped[str]
    note: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class PlannedAction(Base):
    """One agreed action of a household's plan: who of us answers for it, and who does it if that is an agency."""

    __tablename__ = "planned_action"
    __table_args__ = (
        one_of("state", PlannedActionState),
        CheckConstraint("what <> ''", name="says_what"),
        CheckConstraint("(state = 'open') = (next_due_at IS NOT NULL)", name="open_has_due"),
        CheckConstraint(
            "state = 'open' OR (ended_by IS NOT NULL AND ended_at IS NOT NULL AND coalesce(ended_note, '') <> '')",
            name="ended_with_evidence",
        ),
        Index("ix_planned_action_due", "next_due_at", "id", postgresql_where=text("next_due_at IS NOT NULL")),
        Index(None, "household_id"),
    )

    id: Mapped[Pk]
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    what: Mapped[str]
    owner_practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    agency: Mapped[str | None]  # who does it, where that is nobody of ours; our owner asks them
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default=PlannedActionState.OPEN)
    next_due_at: Mapped[Instant | None]
    times_asked: Mapped[int] = mapped_column(server_default=text("0"))
    agreed_by: Mapped[str]
    agreed_at: Mapped[Instant]
    ended_by: Mapped[str | None]
    ended_at: Mapped[Instant | None]
    ended_note: Mapped[str | None]  # what shows that it is done, or why it no longer is needed
    row_version: Mapped[int] = mapped_column(server_default=text("1"))


class PlannedActionEvent(Base):
    """What happened to an action; append-only."""

    __tablename__ = "planned_action_event"
    __table_args__ = (one_of("actor_kind", ActorKind), Index(None, "action_id", "id"))

    id: Mapped[Pk]
    action_id: Mapped[int] = mapped_column(ForeignKey("planned_action.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    note: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)
