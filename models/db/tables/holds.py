"""Holds on families, acceptances of families handed over, and households that became two; with a hold's history."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import ActorKind, HandoverWay, HoldEnd, HoldKind, SplitReason, SplitSide

_STANDING = text("ended_at IS NULL")


class Hold(Base):
    """Why texts to a family are held, and perhaps its plan (config/holds.yaml). Only a person ends one.

    `review_at`: by when a person has to decide. `next_due_at`: when somebody is told so, again and again; null only
    where the family was handed over and nothing waits any more. `apply_at`: from when `detect` should draw what
    follows (the care path, the plans that give way); null once it has. `detail` names no person.
    """

    __tablename__ = "hold"
    __table_args__ = (
        one_of("kind", HoldKind),
        one_of("ended_how", HoldEnd),
        CheckConstraint("num_nonnulls(person_id, household_id, pregnancy_id) = 1", name="one_scope"),
        CheckConstraint("reason <> ''", name="has_reason"),
        CheckConstraint("review_at > starts_at", name="review_after_start"),
        CheckConstraint(
            "ended_at IS NOT NULL OR handover_id IS NOT NULL OR next_due_at IS NOT NULL", name="standing_has_due"
        ),
        # A loss stays one when its hold is over: what follows from it is still drawn.
        CheckConstraint(
            "ended_at IS NULL OR (next_due_at IS NULL AND (apply_at IS NULL OR (ended_how = 'over'"
            " AND kind IN ('bereavement', 'pregnancy_ended'))))",
            name="ended_has_no_due",
        ),
        CheckConstraint(
            "num_nonnulls(ended_at, ended_by, ended_how, ended_reason) IN (0, 4) AND ended_by LIKE 'person:%'",
            name="ended_by_a_person",
        ),
        Index(
            "uq_hold_standing",
            "kind",
            "person_id",
            "household_id",
            "pregnancy_id",
            "about_person_id",
            unique=True,
            postgresql_where=_STANDING,
            postgresql_nulls_not_distinct=True,
        ),
        # The gate, the ladders and the pages ask whether one stands.
        Index("ix_hold_person", "person_id", postgresql_where=_STANDING),
        Index("ix_hold_household", "household_id", postgresql_where=_STANDING),
        Index("ix_hold_pregnancy", "pregnancy_id", postgresql_where=text("pregnancy_id IS NOT NULL")),
        # Is there a hold about this death, whether it stands or not?
        Index("ix_hold_about_person", "about_person_id", postgresql_where=text("about_person_id IS NOT NULL")),
        Index("ix_hold_due", "next_due_at", "id", postgresql_where=text("next_due_at IS NOT NULL")),
        Index("ix_hold_apply", "apply_at", "id", postgresql_where=text("apply_at IS NOT NULL")),
    )

    id: Mapped[Pk]
    kind: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    pregnancy_id: Mapped[int | None] = mapped_column(ForeignKey("pregnancy.id"))
    about_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # who has died
    reason: Mapped[str]
    set_by: Mapped[str]
    starts_at: Mapped[Instant]
    review_at: Mapped[Instant]
    next_due_at: Mapped[Instant | None]
    apply_at: Mapped[Instant | None]
    handover_id: Mapped[int | None] = mapped_column(ForeignKey("handover.id"))
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[str | None]
    ended_how: Mapped[str | None]
    ended_reason: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class HoldEvent(Base):
    """What happened to a hold; append-only."""

    __tablename__ = "hold_event"
    __table_args__ = (one_of("actor_kind", ActorKind), Index(None, "hold_id", "id"))

    id: Mapped[Pk]
    hold_id: Mapped[int] = mapped_column(ForeignKey("hold.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class Handover(Base):
    """A receiving service's acceptance of people who moved out: who, when, where, how. Without one none is closed."""

    __tablename__ = "handover"
    __table_args__ = (
        one_of("way", HandoverWay),
        CheckConstraint("receiver <> '' AND accepted_by <> ''", name="by_somebody_somewhere"),
        CheckConstraint("accepted_at <= recorded_at", name="not_beforehand"),
        CheckConstraint("num_nonnulls(withdrawn_at, withdrawn_by, withdrawn_reason) IN (0, 3)", name="withdrawn_whole"),
    )

    id: Mapped[Pk]
    receiver: Mapped[str]  # the service and its place
    accepted_by: Mapped[str]  # name and role of whoever accepted
    accepted_at: Mapped[Instant]
    way: Mapped[str]
    note: Mapped[str | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[Instant]
    withdrawn_at: Mapped[Instant | None]
    withdrawn_by: Mapped[str | None]
    withdrawn_reason: Mapped[str | None]


class HouseholdSplit(Base):
    """One household that became two by a person's act. While it stands, no feed joins the two sides again.

    `protected_person_id`: whose record was closed to all but the named nurse. `before`: what undoing gives back.
    """

    __tablename__ = "household_split"
    __table_args__ = (
        one_of("reason", SplitReason),
        CheckConstraint("from_household_id <> to_household_id", name="two_households"),
        CheckConstraint(
            "(reason = 'protected_identity') = (protected_person_id IS NOT NULL)", name="protects_somebody"
        ),
        CheckConstraint("num_nonnulls(undone_at, undone_by, undone_reason) IN (0, 3)", name="undone_whole"),
        Index("uq_household_split_to", "to_household_id", unique=True),
        Index(None, "from_household_id"),
        Index(
            "uq_household_split_protected_person",
            "protected_person_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[Pk]
    reason: Mapped[str]
    from_household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    to_household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    protected_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str]
    done_by: Mapped[str]
    done_at: Mapped[Instant]
    before: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    undone_by: Mapped[str | None]
    undone_at: Mapped[Instant | None]
    undone_reason: Mapped[str | None]


class SplitMember(Base):
    """On which side of a split a person is: two on different sides of a standing one live apart."""

    __tablename__ = "split_member"
    __table_args__ = (one_of("side", SplitSide), Index(None, "person_id"))

    split_id: Mapped[int] = mapped_column(ForeignKey("household_split.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    side: Mapped[str]
