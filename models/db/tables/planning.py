"""What planning needs beside the planned contacts: marks, services planned for, their history, school handovers."""

from datetime import date

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import ActorKind


class PlanMark(Base):
    """Somebody whose plan has to be looked at again, at once; the planner deletes it. Rows are never updated.

    Triggers write them where what a plan depends on changes (docs/decisions/0045), so that no writer can forget.
    """

    __tablename__ = "plan_mark"

    id: Mapped[Pk]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    marked_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))


class PlannedRule(Base):
    """A rule by which this deployment plans: a service switched on, what makes a family review due.

    Everybody is marked when one comes or changes.
    """

    __tablename__ = "planned_rule"

    key: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[Instant]


class ExpectedContactEvent(Base):
    """A change of a planned contact that is no look of the engine: recorded, re-planned, ended; append-only."""

    __tablename__ = "expected_contact_event"
    __table_args__ = (one_of("actor_kind", ActorKind), Index(None, "expected_contact_id", "id"))

    id: Mapped[Pk]
    expected_contact_id: Mapped[int] = mapped_column(ForeignKey("expected_contact.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class SchoolHandover(Base):
    """School nursing has accepted a child: a person's recorded act, which ends the family reviews."""

    __tablename__ = "school_handover"
    __table_args__ = (
        Index("uq_school_handover_current", "person_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
    )

    id: Mapped[Pk]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    accepted_on: Mapped[date]
    accepted_by: Mapped[str]  # who of school nursing accepted
    reference: Mapped[str | None]  # where it is written
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[Instant | None]
    withdrawn_by: Mapped[str | None]
