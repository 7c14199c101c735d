"""Where data come from: what each source means, how fresh it is, its imports and the rows they rejected."""

from datetime import date

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import Extent, FeedHealth, ImportKind, ImportState


class Source(Base):
    """A sender of data. A nullable meaning is UNKNOWN until the trust has declared it (design 3.5, 3.8)."""

    __tablename__ = "source"
    __table_args__ = (
        one_of("extent", Extent),
        one_of("health", FeedHealth),
        CheckConstraint("version_kind IN ('number', 'time')", name="version_kind_word"),
        CheckConstraint("rhythm_minutes > 0", name="rhythm_positive"),
        # A source with a rhythm that has sent data must have a time by which the next is due.
        CheckConstraint(
            "rhythm_minutes IS NULL OR last_received_at IS NULL OR next_expected_at IS NOT NULL", name="rhythm_has_due"
        ),
        # `reconcile` looks for late feeds.
        Index("ix_source_next_expected_at", "next_expected_at", postgresql_where=text("next_expected_at IS NOT NULL")),
    )

    id: Mapped[Pk]
    name: Mapped[str] = mapped_column(unique=True)
    rhythm_minutes: Mapped[int | None]  # how often data should come; null: irregular
    extent: Mapped[str] = mapped_column(server_default=Extent.DELTA)
    authoritative_for: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    go_live_on: Mapped[date | None]  # appointments before it are backlog
    empty_values: Mapped[dict[str, object]] = mapped_column(JSONB, server_default=text("'{}'"))
    sends_own_reminders: Mapped[bool] = mapped_column(server_default=text("false"))
    version_kind: Mapped[str | None]
    as_of: Mapped[Instant | None]  # the time up to which its data are known to be complete
    last_received_at: Mapped[Instant | None]
    next_expected_at: Mapped[Instant | None]
    last_row_count: Mapped[int | None]
    usual_row_count: Mapped[int | None]
    health: Mapped[str] = mapped_column(server_default=FeedHealth.WAITING)
    owner_practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    declared_by: Mapped[str | None]
    declared_at: Mapped[Instant | None]
    created_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))


class ImportRun(Base):
    """One import of one file."""

    __tablename__ = "import_run"
    __table_args__ = (one_of("kind", ImportKind), one_of("state", ImportState), Index(None, "source_id", "started_at"))

    id: Mapped[Pk]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    kind: Mapped[str]
    state: Mapped[str]
    file_sha256: Mapped[str | None]
    as_of: Mapped[Instant | None]
    started_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    by: Mapped[str]
    read: Mapped[int] = mapped_column(server_default=text("0"))
    created: Mapped[int] = mapped_column(server_default=text("0"))
    updated: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    rejected: Mapped[int] = mapped_column(server_default=text("0"))
    held_back: Mapped[bool] = mapped_column(server_default=text("false"))  # too small a list to end what it lacks


class ImportRejection(Base):
    """A row that could not be used, kept whole with what was wrong. The run's alert waits for a person to settle it."""

    __tablename__ = "import_rejection"
    __table_args__ = (UniqueConstraint("import_run_id", "line", "column", "reason"),)

    id: Mapped[Pk]
    import_run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"))
    line: Mapped[int]
    column: Mapped[str]
    value: Mapped[str]
    reason: Mapped[str]
    row: Mapped[dict[str, object] | None] = mapped_column(JSONB)
