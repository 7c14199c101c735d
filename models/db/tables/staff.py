"""Teams, practitioners, their absences, and the deployment's last-resort owner."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import StaffRole, TeamStage


class Team(Base):
    """A team of practitioners; its stage says whether staff are alerted and families texted."""

    __tablename__ = "team"
    __table_args__ = (one_of("stage", TeamStage),)

    id: Mapped[Pk]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    stage: Mapped[str] = mapped_column(server_default=TeamStage.SHADOW)
    stage_set_by: Mapped[str | None]
    stage_set_at: Mapped[Instant | None]
    lead_practitioner_id: Mapped[int | None] = mapped_column(
        ForeignKey("practitioner.id", use_alter=True, deferrable=True, initially="DEFERRED")
    )
    call_back_number: Mapped[str | None]  # E.164; the number a family may ring; texts need one
    texts_stopped_at: Mapped[Instant | None]
    texts_stopped_by: Mapped[str | None]
    restricted: Mapped[bool] = mapped_column(server_default=text("false"))  # only the named nurse sees its families
    created_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))


class Practitioner(Base):
    """A member of staff who can own work. One without an account or address is a warning, shown and chased."""

    __tablename__ = "practitioner"
    __table_args__ = (
        one_of("role", StaffRole),
        # The auditor and the choice of an owner look for a team's people by role.
        Index(None, "team_id", "role"),
        Index("uq_practitioner_last_resort", "last_resort", unique=True, postgresql_where=text("last_resort")),
        # Whoever goes away, or has gone, hands on what they hold: the engine looks when that is due.
        Index("ix_practitioner_look_at", "look_at", "id", postgresql_where=text("look_at IS NOT NULL")),
    )

    id: Mapped[Pk]
    code: Mapped[str] = mapped_column(unique=True)  # the sender's id of the person
    name: Mapped[str]
    role: Mapped[str]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    email: Mapped[str | None]
    phone: Mapped[str | None]
    active_from: Mapped[date | None]
    active_until: Mapped[date | None]  # last day at work
    last_resort: Mapped[bool] = mapped_column(server_default=text("false"))
    # When to look next whether what they hold can stay with them: an absence begins, or they have left.
    look_at: Mapped[Instant | None]
    created_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))


class Absence(Base):
    """A time when a practitioner is away, and who covers; read when a step fires. Called off, never deleted."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("cover_practitioner_id <> practitioner_id", name="covered_by_another"),
        CheckConstraint("(source_id IS NULL) = (source_ref IS NULL)", name="of_a_source_by_its_id"),
        CheckConstraint("(called_off_at IS NULL) = (called_off_by IS NULL)", name="called_off_by_somebody"),
        Index(None, "practitioner_id", "ends_at"),
        Index("uq_absence_source", "source_id", "source_ref", unique=True),
    )

    id: Mapped[Pk]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    cover_practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    recorded_by: Mapped[str]
    recorded_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))
    source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"))
    source_ref: Mapped[str | None]
    called_off_at: Mapped[Instant | None]
    called_off_by: Mapped[str | None]
