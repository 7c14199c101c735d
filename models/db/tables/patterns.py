"""Patterns over time: which household is to be looked at when, and what was found. Source: domain.md 3.4."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk


class PatternLook(Base):
    """When a household, or a person without one, is to be looked at for patterns, and was last.

    `look_at` null: nothing is due by time alone; a new follow-up, flag or prompt of theirs makes it due again.
    """

    __tablename__ = "pattern_look"
    __table_args__ = (
        CheckConstraint("num_nonnulls(household_id, person_id) = 1", name="one_subject"),
        UniqueConstraint("household_id", "person_id", postgresql_nulls_not_distinct=True),
        # The engine takes those that are due.
        Index("ix_pattern_look_due", "look_at", "id", postgresql_where=text("look_at IS NOT NULL")),
        Index(None, "person_id"),
    )

    id: Mapped[Pk]
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    look_at: Mapped[Instant | None]
    looked_at: Mapped[Instant | None]


class PatternFound(Base):
    """A pattern, once an occasion; append-only. It raised one follow-up or opened one by a family event.

    `about` tells one occasion from the next; `says` is what the page shows, in the words of that version of the rule;
    `detail` holds row ids and the count, nothing that names a person. `reader`: a confidential service's own.
    """

    __tablename__ = "pattern_found"
    __table_args__ = (
        CheckConstraint("num_nonnulls(follow_up_id, family_event_id) = 1", name="raises_or_opens_one"),
        Index("uq_pattern_found_dedupe_key", "dedupe_key", unique=True),
        Index(None, "person_id"),
        Index(None, "household_id"),
        # A follow-up's page shows its patterns.
        Index("ix_pattern_found_follow_up", "follow_up_id", postgresql_where=text("follow_up_id IS NOT NULL")),
        Index("ix_pattern_found_event", "family_event_id", postgresql_where=text("family_event_id IS NOT NULL")),
    )

    id: Mapped[Pk]
    rule: Mapped[str]
    rule_version: Mapped[int]
    dedupe_key: Mapped[str]  # from models/domain/dedupe.py alone
    reader: Mapped[str | None]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    of_household: Mapped[bool]
    about: Mapped[str]
    says: Mapped[str]
    detail: Mapped[dict[str, object]] = mapped_column(JSONB)
    follow_up_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up.id"))
    family_event_id: Mapped[int | None] = mapped_column(ForeignKey("family_event.id"))
    found_at: Mapped[Instant]
