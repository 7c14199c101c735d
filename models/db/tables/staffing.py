"""Who has the work: moved caseloads, steps whose time a person changed, duty out of hours, agencies contacted."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import Agency, CaseloadMoveState, RouteKind, StepChange, StepChangeState


class CaseloadMove(Base):
    """One person's move from one caseload to another; a planned one takes effect at `due_at`. It stays on record."""

    __tablename__ = "caseload_move"
    __table_args__ = (
        one_of("state", CaseloadMoveState),
        CheckConstraint("(state = 'planned') = (due_at IS NOT NULL)", name="planned_has_due"),
        CheckConstraint("(state = 'applied') = (applied_at IS NOT NULL)", name="applied_at_known"),
        CheckConstraint("from_practitioner_id IS DISTINCT FROM to_practitioner_id", name="moves_somewhere"),
        Index("uq_caseload_move_planned", "person_id", unique=True, postgresql_where=text("state = 'planned'")),
        # The engine applies what is due, and a step looks for who gave the family on since.
        Index("ix_caseload_move_due", "due_at", "id", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_caseload_move_person", "person_id", "applied_at"),
    )

    id: Mapped[Pk]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    from_practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    to_practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    state: Mapped[str]
    effective_at: Mapped[Instant]
    due_at: Mapped[Instant | None]
    applied_at: Mapped[Instant | None]
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]


class StepTime(Base):
    """A step of one follow-up that a person made earlier or later. One in force, and one asked for, per step and cycle.

    `of_lease`: it moves the end of the acknowledgement of the step in hand, not the time a step to come is due.
    `planned_for`: the time it had by its ladder, from which the ceilings count.
    """

    __tablename__ = "step_time"
    __table_args__ = (
        one_of("change", StepChange),
        one_of("state", StepChangeState),
        CheckConstraint("change = 'earlier' OR reason <> ''", name="later_has_reason"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_or_asked"),
        CheckConstraint("decided_at IS NULL OR decided_by IS NOT NULL", name="decided_by_somebody"),
        CheckConstraint(
            "NOT (high_risk AND change = 'later' AND state = 'in_force') OR agreed_by IS NOT NULL",
            name="later_is_agreed",
        ),
        CheckConstraint("change <> 'later' OR due_at > planned_for", name="later_is_later"),
        Index(
            "uq_step_time_in_force",
            "follow_up_id",
            "cycle",
            "step_id",
            "of_lease",
            unique=True,
            postgresql_where=text("state = 'in_force'"),
        ),
        Index("uq_step_time_asked", "follow_up_id", "step_id", unique=True, postgresql_where=text("state = 'asked'")),
    )

    id: Mapped[Pk]
    follow_up_id: Mapped[int] = mapped_column(ForeignKey("follow_up.id"))
    cycle: Mapped[int]
    step_id: Mapped[str]
    of_lease: Mapped[bool]
    change: Mapped[str]
    state: Mapped[str]
    due_at: Mapped[Instant]
    planned_for: Mapped[Instant]
    high_risk: Mapped[bool]  # whether the step ran on high-risk terms when this was asked
    reason: Mapped[str | None]
    asked_by: Mapped[str]
    asked_at: Mapped[Instant]
    agreed_by: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[Instant | None]


class ContactRoute(Base):
    """A way to reach whoever is on duty out of hours; worth nothing until somebody has tested it."""

    __tablename__ = "contact_route"
    __table_args__ = (
        one_of("kind", RouteKind),
        CheckConstraint("num_nonnulls(practitioner_id, address) = 1", name="one_target"),
        CheckConstraint("(kind = 'account') = (practitioner_id IS NOT NULL)", name="account_is_somebody"),
        CheckConstraint("(tested_on IS NULL) = (tested_by IS NULL)", name="tested_by_somebody"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
        Index(None, "team_id"),
    )

    id: Mapped[Pk]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))  # null: for every team of the trust
    label: Mapped[str]  # such as 'On-call safeguarding'
    kind: Mapped[str]
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    address: Mapped[str | None]  # an e-mail address or a number in E.164
    tested_on: Mapped[date | None]
    tested_by: Mapped[str | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[str | None]


class StaffedHours(Base):
    """When a route is staffed: minutes of the local day, on one day of the week. A bank holiday counts as a Sunday."""

    __tablename__ = "staffed_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_iso"),
        CheckConstraint("0 <= from_minute AND from_minute < until_minute AND until_minute <= 1440", name="order"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
        Index(None, "route_id"),
    )

    id: Mapped[Pk]
    route_id: Mapped[int] = mapped_column(ForeignKey("contact_route.id"))
    weekday: Mapped[int]
    from_minute: Mapped[int]
    until_minute: Mapped[int]
    recorded_by: Mapped[str]
    recorded_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[str | None]


class DutyGap(Base):
    """A named manager has signed that a team has nobody out of hours, until when; append-only. It changes no ladder."""

    __tablename__ = "duty_gap"
    __table_args__ = (
        CheckConstraint("signed_at < until_at", name="order"),
        CheckConstraint("reason <> ''", name="has_reason"),
        Index(None, "team_id", "until_at"),
    )

    id: Mapped[Pk]
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    signed_by: Mapped[str]
    signed_at: Mapped[Instant]
    until_at: Mapped[Instant]
    reason: Mapped[str]


class AgencyContact(Base):
    """Our owner of a step has contacted an agency outside, with evidence; silence past `reply_due_at` is challenged."""

    __tablename__ = "agency_contact"
    __table_args__ = (
        one_of("agency", Agency),
        CheckConstraint("evidence <> ''", name="has_evidence"),
        CheckConstraint("num_nonnulls(reply_due_at, replied_at, challenge_raised_at) >= 1", name="waits_or_is_settled"),
        CheckConstraint("replied_at IS NULL OR reply_due_at IS NULL", name="replied_waits_no_more"),
        CheckConstraint("(replied_at IS NULL) = (replied_by IS NULL)", name="replied_by_somebody"),
        Index("ix_agency_contact_due", "reply_due_at", "id", postgresql_where=text("reply_due_at IS NOT NULL")),
        Index(None, "follow_up_id"),
    )

    id: Mapped[Pk]
    follow_up_id: Mapped[int] = mapped_column(ForeignKey("follow_up.id"))
    cycle: Mapped[int]
    step_id: Mapped[str]
    agency: Mapped[str]
    evidence: Mapped[str]  # whom we spoke to, when, their reference
    contacted_at: Mapped[Instant]
    contacted_by: Mapped[str]
    reply_due_at: Mapped[Instant | None]
    challenge_raised_at: Mapped[Instant | None]
    replied_at: Mapped[Instant | None]
    replied_by: Mapped[str | None]
    reply: Mapped[str | None]
