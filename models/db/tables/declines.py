"""Contacts that a family declined: who, informed how, why, and when the child was last seen; with every change."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import ActorKind, DeclinedBy, Informed, Known

# What has to be known before a person may close it as reviewed (domain.md 1.2): never an empty text for an answer.
COMPLETE = (
    "declined_by IS NOT NULL AND informed IS NOT NULL AND coalesce(why, '') <> '' AND capacity IN ('yes', 'no')"
    " AND seen_by_anybody IN ('yes', 'no', 'unknown')"
    " AND (seen_by_anybody <> 'yes' OR (last_seen_on IS NOT NULL AND coalesce(last_seen_by, '') <> ''))"
)


class Decline(Base):
    """One decline of one contact, carried by that contact's follow-up. Null: not asked yet; 'unknown': nobody can say.

    Pattern rules read these rows: one that stands has no `withdrawn_at`.
    """

    __tablename__ = "decline"
    __table_args__ = (
        one_of("declined_by", DeclinedBy),
        one_of("informed", Informed),
        one_of("capacity", Known),
        one_of("seen_by_anybody", Known),
        CheckConstraint(f"completed_at IS NULL OR ({COMPLETE}) IS TRUE", name="complete_says_all"),
        CheckConstraint("(completed_at IS NULL) = (completed_by IS NULL)", name="completed_by_somebody"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_by_somebody"),
        CheckConstraint("last_seen_on IS NULL OR seen_by_anybody = 'yes'", name="seen_on_a_day"),
        Index("uq_decline_standing", "follow_up_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
        Index(None, "person_id"),
    )

    id: Mapped[Pk]
    follow_up_id: Mapped[int] = mapped_column(ForeignKey("follow_up.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    contact_code: Mapped[str]
    declined_at: Mapped[Instant]
    declined_by: Mapped[str | None]
    informed: Mapped[str | None]
    why: Mapped[str | None]
    capacity: Mapped[str | None]
    seen_by_anybody: Mapped[str | None]
    last_seen_on: Mapped[date | None]
    last_seen_by: Mapped[str | None]
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    completed_at: Mapped[Instant | None]
    completed_by: Mapped[str | None]
    withdrawn_at: Mapped[Instant | None]  # the record was corrected: it was not declined after all
    withdrawn_by: Mapped[str | None]


class DeclineEvent(Base):
    """What was written of a decline, by whom and when; append-only. `told` is the row's answers as they were then."""

    __tablename__ = "decline_event"
    __table_args__ = (one_of("actor_kind", ActorKind), Index(None, "decline_id", "id"))

    id: Mapped[Pk]
    decline_id: Mapped[int] = mapped_column(ForeignKey("decline.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    told: Mapped[dict[str, object]] = mapped_column(JSONB)
