"""Messages, what they speak of, each attempt to send one, and everything that came back."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import AttemptOutcome, Audience, Channel, MessageState, Purpose, Urgency


class Message(Base):
    """A text or an e-mail. `dedupe_key` comes from models/domain/dedupe.py alone (design 3.4)."""

    __tablename__ = "message"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("audience", Audience),
        one_of("purpose", Purpose),
        one_of("state", MessageState),
        one_of("urgency", Urgency),
        CheckConstraint("state NOT IN ('queued', 'held') OR send_after IS NOT NULL", name="waiting_has_due"),
        CheckConstraint(
            "state <> 'claimed' OR (lease_until IS NOT NULL AND claim_token IS NOT NULL)", name="claimed_has_lease"
        ),
        CheckConstraint("state NOT IN ('sending', 'sent') OR settle_due_at IS NOT NULL", name="sent_has_settle_due"),
        CheckConstraint("state <> 'blocked' OR block_reason IS NOT NULL", name="blocked_has_reason"),
        CheckConstraint(
            "(audience = 'family' AND contact_point_id IS NOT NULL AND practitioner_id IS NULL)"
            " OR (audience = 'staff' AND practitioner_id IS NOT NULL AND contact_point_id IS NULL)",
            name="recipient",
        ),
        Index("uq_message_dedupe_key", "dedupe_key", unique=True),
        # `send` claims by urgency, then by due time.
        Index("ix_message_queued", "urgency", "send_after", "id", postgresql_where=text("state = 'queued'")),
        # `send` takes back expired leases.
        Index("ix_message_claimed", "lease_until", postgresql_where=text("state = 'claimed'")),
        # `reconcile` settles what the provider has not answered for, and expires what is held too long.
        Index("ix_message_settle", "settle_due_at", postgresql_where=text("state IN ('sending', 'sent')")),
        Index("ix_message_held", "not_after", postgresql_where=text("state = 'held'")),
        # `audit`: texts of unknown fate, and those that left after a miss.
        Index("ix_message_unknown", "id", postgresql_where=text("state = 'unknown'")),
        Index("ix_message_after_miss", "id", postgresql_where=text("purpose = 'after_miss' AND sent_at IS NOT NULL")),
        # Caps count what went to one number or household lately.
        Index("ix_message_household_sent", "household_id", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
        Index(None, "provider_sid", postgresql_where=text("provider_sid IS NOT NULL")),
        Index("ix_message_contact_point", "contact_point_id", postgresql_where=text("contact_point_id IS NOT NULL")),
    )

    id: Mapped[Pk]
    channel: Mapped[str]
    audience: Mapped[str]
    purpose: Mapped[str]
    urgency: Mapped[str]
    state: Mapped[str]
    dedupe_key: Mapped[str]
    # Copied from its subjects, which nothing deletes; a key each would cost a burst a tenth of its rate.
    team_id: Mapped[int | None]
    household_id: Mapped[int | None]
    contact_point_id: Mapped[int | None] = mapped_column(ForeignKey("contact_point.id"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    template_code: Mapped[str]
    template_version: Mapped[int]
    language: Mapped[str] = mapped_column(server_default="en")
    body: Mapped[str | None]  # as sent; rendered when the gate passes
    created_at: Mapped[Instant]
    send_after: Mapped[Instant | None]  # also the time of the next try
    not_after: Mapped[Instant | None]  # the end of its useful time
    lease_until: Mapped[Instant | None]
    claim_token: Mapped[UUID | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    sent_at: Mapped[Instant | None]  # when the last attempt began
    settle_due_at: Mapped[Instant | None]
    provider_sid: Mapped[str | None]
    block_reason: Mapped[str | None]
    error_code: Mapped[str | None]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[str | None]


class MessageSubject(Base):
    """What a message speaks for: one row a subject."""

    __tablename__ = "message_subject"
    __table_args__ = (
        CheckConstraint("num_nonnulls(follow_up_id, appointment_id, alert_id) = 1", name="one_subject"),
        UniqueConstraint(
            "message_id", "follow_up_id", "appointment_id", "alert_id", postgresql_nulls_not_distinct=True
        ),
        Index("ix_message_subject_follow_up", "follow_up_id", postgresql_where=text("follow_up_id IS NOT NULL")),
        Index("ix_message_subject_appointment", "appointment_id", postgresql_where=text("appointment_id IS NOT NULL")),
        Index("ix_message_subject_alert", "alert_id", postgresql_where=text("alert_id IS NOT NULL")),
    )

    id: Mapped[Pk]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    follow_up_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))


class Attempt(Base):
    """One call to a provider, committed before the call. Its id is in the callback's path, so it is a random UUID."""

    __tablename__ = "attempt"
    __table_args__ = (one_of("outcome", AttemptOutcome), UniqueConstraint("message_id", "number"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    number: Mapped[int]
    started_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    outcome: Mapped[str]
    provider_sid: Mapped[str | None]
    error_code: Mapped[str | None]


class Receipt(Base):
    """A provider's word on an attempt, kept as it came, in any order, also before our own record; append-only."""

    __tablename__ = "receipt"
    __table_args__ = (Index(None, "attempt_id"),)

    id: Mapped[Pk]
    attempt_id: Mapped[UUID]  # no key: a callback may come before our own record, or for nothing we know
    provider_sid: Mapped[str | None]
    status: Mapped[str]
    error_code: Mapped[str | None]
    received_at: Mapped[Instant]
    fields: Mapped[dict[str, object]] = mapped_column(JSONB)  # no body, no numbers


class InboundMessage(Base):
    """A text from outside, once per provider id; what is not settled by rule waits for a person as an alert."""

    __tablename__ = "inbound_message"
    __table_args__ = (
        Index("ix_inbound_message_unhandled", "received_at", postgresql_where=text("handled_at IS NULL")),
    )

    id: Mapped[Pk]
    provider_sid: Mapped[str] = mapped_column(unique=True)
    from_number: Mapped[str]
    to_number: Mapped[str]
    body: Mapped[str]
    received_at: Mapped[Instant]
    contact_point_id: Mapped[int | None] = mapped_column(ForeignKey("contact_point.id"))
    meaning: Mapped[str | None]
    handled_at: Mapped[Instant | None]
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))


class TextsStop(Base):
    """The deployment's kill switch: while a stop stands, no family text leaves. At most one stands at a time."""

    __tablename__ = "texts_stop"
    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted_by_somebody"),
        Index("uq_texts_stop_standing", text("(true)"), unique=True, postgresql_where=text("lifted_at IS NULL")),
    )

    id: Mapped[Pk]
    stopped_at: Mapped[Instant]
    stopped_by: Mapped[str]
    lifted_at: Mapped[Instant | None]
    lifted_by: Mapped[str | None]
