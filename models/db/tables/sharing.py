"""Sharing between services: signed agreements, what was told to whom or not, discharges others hear of first."""

from datetime import date

from sqlalchemy import CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of, words_in
from models.domain.sharing_states import OPEN
from models.domain.words import ActorKind, DischargeState, DisclosureState, WhyNotNeeded

UNDECIDED = f"state IN {words_in(OPEN)}"


class SharingAgreement(Base):
    """What two services have signed: the one tells the other the minimum by itself. None by default.

    `valid_until` is its last day. At most one of a pair of services is not ended.
    """

    __tablename__ = "sharing_agreement"
    __table_args__ = (
        CheckConstraint("from_service <> to_service", name="two_services"),
        CheckConstraint("signed_by <> ''", name="signed_by_somebody"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
        Index(
            "uq_sharing_agreement_standing",
            "from_service",
            "to_service",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Pk]
    from_service: Mapped[str]
    to_service: Mapped[str]
    signed_by: Mapped[str]
    signed_at: Mapped[Instant]
    valid_until: Mapped[date]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[str | None]


class Disclosure(Base):
    """One question: does the adult's service tell that other one? Decided by a person, or by a signed agreement.

    It stands on the side of the service that tells. The receiving side has a family event with the minimum in it and
    nothing that leads here. `what`, `purpose` and `legal_basis` are the words as they were when it was shared.
    """

    __tablename__ = "disclosure"
    __table_args__ = (
        one_of("state", DisclosureState),
        one_of("why_not", WhyNotNeeded),
        CheckConstraint("num_nonnulls(appointment_id, discharge_id) = 1", name="one_cause"),
        CheckConstraint(f"NOT ({UNDECIDED}) OR next_due_at IS NOT NULL", name="undecided_has_due"),
        CheckConstraint(f"({UNDECIDED}) OR state = 'shared' OR next_due_at IS NULL", name="decided_has_no_due"),
        CheckConstraint(
            "state <> 'held' OR (held_by IS NOT NULL AND coalesce(held_reason, '') <> '' AND held_until IS NOT NULL)",
            name="held_with_reason_and_end",
        ),
        CheckConstraint(
            "state <> 'shared' OR (coalesce(what, '') <> '' AND coalesce(purpose, '') <> ''"
            " AND coalesce(legal_basis, '') <> '' AND decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name="shared_says_what_and_why",
        ),
        # Nothing is told by the machine alone.
        CheckConstraint(
            "state <> 'shared' OR decided_by <> 'engine' OR agreement_id IS NOT NULL", name="automatic_needs_agreement"
        ),
        CheckConstraint(
            "state <> 'not_shared' OR (coalesce(reason, '') <> '' AND coalesce(decided_by, '') LIKE 'person:%'"
            " AND decided_at IS NOT NULL)",
            name="not_shared_by_a_person_with_reason",
        ),
        CheckConstraint("(state = 'not_needed') = (why_not IS NOT NULL)", name="not_needed_by_a_rule"),
        CheckConstraint(
            "received_at IS NULL OR (state = 'shared' AND next_due_at IS NULL)", name="received_what_was_shared"
        ),
        Index("uq_disclosure_appointment", "appointment_id", "to_service", unique=True),
        Index("uq_disclosure_discharge", "discharge_id", "to_service", unique=True),
        # A settled discharge points at what was received, by these four.
        UniqueConstraint("id", "discharge_id", "to_service", "received"),
        # `reconcile` claims deadlines, ends of holds, receipts to ask for.
        Index("ix_disclosure_due", "next_due_at", "id", postgresql_where=text("next_due_at IS NOT NULL")),
        Index(None, "person_id"),
        Index(None, "household_id"),
    )

    id: Mapped[Pk]
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    discharge_id: Mapped[int | None] = mapped_column(ForeignKey("discharge.id", use_alter=True))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # the adult
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    from_service: Mapped[str]
    from_team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))  # who sees the adult there
    to_service: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=DisclosureState.WAITING)
    why_not: Mapped[str | None]
    high_risk: Mapped[bool]
    may_be_automatic: Mapped[bool]
    happened_at: Mapped[Instant]
    last_seen_on: Mapped[date | None]  # the adult, in any of these services
    misses: Mapped[int] = mapped_column(server_default=text("1"))  # in a row, this one included
    raised_at: Mapped[Instant]
    next_due_at: Mapped[Instant | None]
    times_held: Mapped[int] = mapped_column(server_default=text("0"))
    held_by: Mapped[str | None]
    held_reason: Mapped[str | None]
    held_until: Mapped[Instant | None]
    what: Mapped[str | None]
    purpose: Mapped[str | None]
    legal_basis: Mapped[str | None]
    agreement_id: Mapped[int | None] = mapped_column(ForeignKey("sharing_agreement.id"))
    decided_by: Mapped[str | None]
    decided_at: Mapped[Instant | None]
    reason: Mapped[str | None]
    received_at: Mapped[Instant | None]  # by every recipient
    received: Mapped[bool] = mapped_column(Computed("received_at IS NOT NULL", persisted=True))


class DisclosureRecipient(Base):
    """To whom it went: through a family event of ours, or by another way to somebody named in `to_whom`."""

    __tablename__ = "disclosure_recipient"
    __table_args__ = (
        CheckConstraint("num_nonnulls(family_event_id, to_whom) = 1", name="one_way"),
        CheckConstraint("(received_at IS NULL) = (received_by IS NULL)", name="received_by_somebody"),
        UniqueConstraint("disclosure_id", "family_event_id"),
        Index("ix_disclosure_recipient_event", "family_event_id"),
    )

    id: Mapped[Pk]
    disclosure_id: Mapped[int] = mapped_column(ForeignKey("disclosure.id"))
    family_event_id: Mapped[int | None] = mapped_column(ForeignKey("family_event.id"))
    to_whom: Mapped[str | None]  # and how
    told_at: Mapped[Instant]
    received_at: Mapped[Instant | None]
    received_by: Mapped[str | None]
    received_how: Mapped[str | None]
    view: Mapped[str | None]  # what they think of a proposed discharge


class DisclosureHistory(Base):
    """What happened to each question; append-only."""

    __tablename__ = "disclosure_history"
    __table_args__ = (one_of("actor_kind", ActorKind), Index(None, "disclosure_id", "id"))

    id: Mapped[Pk]
    disclosure_id: Mapped[int] = mapped_column(ForeignKey("disclosure.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    to_state: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class Discharge(Base):
    """A proposed end of an adult's care. It can't be settled before health visitor and GP have received the question.

    The two `*_received` columns are true or null: their keys lead to a disclosure of this very discharge, to that very
    service, that was received. `next_due_at`: proposed, when to ask about it again; settled, when whoever was asked is
    told of that; discharged, the next look.
    """

    __tablename__ = "discharge"
    __table_args__ = (
        one_of("state", DischargeState),
        CheckConstraint("state <> 'proposed' OR next_due_at IS NOT NULL", name="proposed_has_due"),
        CheckConstraint("state = 'proposed' OR settled_told OR next_due_at IS NOT NULL", name="settled_is_told"),
        CheckConstraint("state = 'proposed' OR (settled_by IS NOT NULL AND settled_at IS NOT NULL)", name="settled_by"),
        CheckConstraint(
            "state <> 'discharged' OR (gp_received IS TRUE AND coalesce(letter_copied, '') <> ''"
            " AND (visitor_received IS TRUE OR NOT visitor_needed))",
            name="discharged_once_told",
        ),
        CheckConstraint("visitor_service <> gp_service", name="two_services"),
        *(
            ForeignKeyConstraint(
                [f"{who}_disclosure_id", "id", f"{who}_service", f"{who}_received"],
                ["disclosure.id", "disclosure.discharge_id", "disclosure.to_service", "disclosure.received"],
                name=f"fk_discharge_{who}_received",
                use_alter=True,
            )
            for who in ("visitor", "gp")
        ),
        *(
            CheckConstraint(f"({who}_disclosure_id IS NULL) = ({who}_received IS NULL)", name=f"{who}_told")
            for who in ("visitor", "gp")
        ),
        Index(
            "uq_discharge_proposed", "person_id", "service", unique=True, postgresql_where=text("state = 'proposed'")
        ),
        Index("ix_discharge_due", "next_due_at", "id", postgresql_where=text("next_due_at IS NOT NULL")),
        Index(None, "household_id"),
    )

    id: Mapped[Pk]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    service: Mapped[str]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    state: Mapped[str] = mapped_column(server_default=DischargeState.PROPOSED)
    proposed_by: Mapped[str]
    proposed_at: Mapped[Instant]
    reason: Mapped[str]
    next_due_at: Mapped[Instant | None]
    visitor_needed: Mapped[bool]  # false: the household is known, and has neither pre-school child nor pregnancy
    visitor_service: Mapped[str]
    visitor_disclosure_id: Mapped[int | None]
    visitor_received: Mapped[bool | None]
    gp_service: Mapped[str]
    gp_disclosure_id: Mapped[int | None]
    gp_received: Mapped[bool | None]
    letter_copied: Mapped[str | None]  # to whom and how
    settled_by: Mapped[str | None]
    settled_at: Mapped[Instant | None]
    settled_note: Mapped[str | None]
    settled_told: Mapped[bool] = mapped_column(server_default=text("false"))  # to those who were asked
    looks_done: Mapped[int] = mapped_column(server_default=text("0"))
