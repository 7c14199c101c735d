"""How the system runs: ticks, leases, the audit trail and its seals."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import ActorKind


class Tick(Base):
    """When each kind of work last began, last ended well, and how it went; /health and `status` read it."""

    __tablename__ = "tick"

    name: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[Instant | None]
    succeeded_at: Mapped[Instant | None]
    failed_at: Mapped[Instant | None]
    error: Mapped[str | None]  # the kind of error, nothing of its content
    handled: Mapped[int] = mapped_column(server_default=text("0"))


class Lease(Base):
    """Who leads, until when, and the fence that a later leader raises. Economy, not correctness."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[Instant]
    fence: Mapped[int]


class AuditEntry(Base):
    """Every change and every read of a family's record: who, what, when, why; append-only."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        one_of("actor_kind", ActorKind),
        Index(None, "household_id", "id"),
        Index(None, "at"),
    )

    id: Mapped[Pk]
    at: Mapped[Instant]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    action: Mapped[str]
    subject: Mapped[str]  # table name
    subject_id: Mapped[int | None]
    household_id: Mapped[int | None]
    why: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class AuditSeal(Base):
    """A link of the hash chain over audit entries, made afterwards by one job (design 3.12); append-only."""

    __tablename__ = "audit_seal"
    __table_args__ = (CheckConstraint("from_id <= to_id", name="order"),)

    id: Mapped[Pk]
    from_id: Mapped[int]
    to_id: Mapped[int] = mapped_column(unique=True)
    entries: Mapped[int]
    hash: Mapped[bytes]
    sealed_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))
