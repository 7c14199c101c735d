"""What should happen (expected contacts) and what was arranged (appointments), with the history of every change."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import ActorKind, AppointmentStatus, ContactMode, ExpectedState, OutcomeSubtype


class ExpectedContact(Base):
    """A contact of the schedule that a person should have by a date; never booked is as visible as missed."""

    __tablename__ = "expected_contact"
    __table_args__ = (
        one_of("state", ExpectedState),
        CheckConstraint("window_start <= window_end", name="window"),
        # What waits must be found: a planned or booked contact always has a time to be looked at.
        CheckConstraint("state NOT IN ('planned', 'booked') OR next_due_at IS NOT NULL", name="waiting_has_due"),
        CheckConstraint("NOT whole_family OR household_id IS NOT NULL", name="family_has_household"),
        UniqueConstraint("person_id", "contact_code", "anchor_on"),
        # `detect` claims contacts to look at: not booked in time, or overdue; ended ones whose end has consequences.
        Index("ix_expected_contact_due", "next_due_at", "id", postgresql_where=text("next_due_at IS NOT NULL")),
        Index("ix_expected_contact_overdue", "id", postgresql_where=text("state = 'overdue'")),  # `audit`
        # Appointments of any child find their household's contact; and a household never has two of a kind to come.
        Index("ix_expected_contact_family", "household_id", postgresql_where=text("whole_family")),
        Index(
            "uq_expected_contact_family_coming",
            "household_id",
            "contact_code",
            unique=True,
            postgresql_where=text("whole_family AND state IN ('planned', 'booked')"),
        ),
    )

    id: Mapped[Pk]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    pregnancy_id: Mapped[int | None] = mapped_column(ForeignKey("pregnancy.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    contact_code: Mapped[str]
    schedule_code: Mapped[str]
    schedule_version: Mapped[int]
    anchor_on: Mapped[date]  # date of birth or EDD from which the window was reckoned
    window_start: Mapped[date]
    window_end: Mapped[date]  # last day in time
    late_until: Mapped[date | None]  # last day of the late band
    # The days of the version it was planned by: a plan keeps them whatever the files say later.
    unbooked_on: Mapped[date | None]  # null: nothing is ever booked, a person records that it took place
    overdue_on: Mapped[date]
    superseded_by: Mapped[str | None]  # the contact that takes its place
    matches_from: Mapped[date | None]  # an appointment before this day is another contact
    matches_until: Mapped[date | None]
    whole_family: Mapped[bool] = mapped_column(server_default=text("false"))  # the household's, on one child's row
    state: Mapped[str] = mapped_column(server_default=ExpectedState.PLANNED)
    next_due_at: Mapped[Instant | None]
    met_at: Mapped[Instant | None]
    first_received_at: Mapped[Instant]  # when this contact first became known here
    already_past: Mapped[bool] = mapped_column(server_default=text("false"))  # past its late end when first received


class Appointment(Base):
    """One appointment of one source. Three due times find the work on it; whoever writes the row sets them:

    `outcome_due_at`: end plus the allowance of config/contacts.yaml, while the status is planned, booked or arrived (an
    empty outcome and a visit that the record system finished by itself are `booked`); `detect` takes it only up to
    the source's as-of plus the allowance, so that a late feed raises no false alarms; null once an outcome is in.
    `reconsider_at`: the time of writing, whenever a row comes with, or changes to or from, any other status, moves, or
    gets back from vanished; `detect` clears it. `reminders_due_at`: the time of writing for a booked appointment
    still to come, new or moved; else null; the planner of reminders moves it on and clears it.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        one_of("status", AppointmentStatus),
        one_of("subtype", OutcomeSubtype),
        one_of("mode", ContactMode),
        CheckConstraint("starts_at <= ends_at", name="order"),
        CheckConstraint(
            "status NOT IN ('planned', 'booked', 'arrived') OR outcome_due_at IS NOT NULL OR reconsider_at IS NOT NULL",
            name="waiting_has_due",
        ),
        UniqueConstraint("source_id", "source_ref"),
        # `detect`: a range per source, up to least(now, as-of + allowance).
        Index(
            "ix_appointment_outcome_due",
            "source_id",
            "outcome_due_at",
            postgresql_where=text("outcome_due_at IS NOT NULL"),
        ),
        # `detect`: changed rows, person by person.
        Index("ix_appointment_reconsider", "person_id", "id", postgresql_where=text("reconsider_at IS NOT NULL")),
        # `reconcile` plans reminders; the gate asks for a household's coming appointments.
        Index("ix_appointment_reminders", "reminders_due_at", postgresql_where=text("reminders_due_at IS NOT NULL")),
        Index("ix_appointment_vanished", "source_id", "vanished_at", postgresql_where=text("vanished_at IS NOT NULL")),
        # `audit`: those that are owed a follow-up, at any age.
        Index(
            "ix_appointment_owed",
            "id",
            postgresql_where=text(
                "status IN ('missed', 'arrived_not_seen', 'outcome_due', 'cancelled_by_family',"
                " 'cancelled_by_service', 'cancelled', 'declined') OR subtype = 'child_not_seen'"
            ),
            postgresql_include=["status", "subtype", "contact_code", "subject_role", "reconsider_at"],
        ),
        Index(None, "person_id", "contact_code", "starts_at"),
        Index(
            "ix_appointment_expected", "expected_contact_id", postgresql_where=text("expected_contact_id IS NOT NULL")
        ),
        # Detection updates rows: room on the page keeps that cheap, eager vacuum keeps the index short.
        {
            "postgresql_with": {
                "fillfactor": 90,
                "autovacuum_vacuum_scale_factor": 0.02,
                "autovacuum_analyze_scale_factor": 0.02,
            }
        },
    )

    id: Mapped[Pk]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    source_ref: Mapped[str]  # the sender's id of the appointment
    source_version: Mapped[str | None]
    version_order: Mapped[Decimal | None] = mapped_column(
        Numeric
    )  # source_version as a number, or as seconds since 1970
    content_hash: Mapped[bytes]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    subject_role: Mapped[str | None]
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    contact_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # whom to reach
    contact_code: Mapped[str]
    mode: Mapped[str | None]
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    location: Mapped[str | None]
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    length_assumed: Mapped[bool] = mapped_column(server_default=text("false"))
    whole_day: Mapped[bool] = mapped_column(server_default=text("false"))
    time_ambiguous: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[str]
    status_by: Mapped[str]  # 'import:SOURCE', 'person:ACCOUNT' or 'engine'
    subtype: Mapped[str | None]
    reason: Mapped[str | None]
    recorded_at: Mapped[Instant | None]
    cancelled_at: Mapped[Instant | None]
    expected_contact_id: Mapped[int | None] = mapped_column(ForeignKey("expected_contact.id"))
    outcome_due_at: Mapped[Instant | None]
    reconsider_at: Mapped[Instant | None]
    reminders_due_at: Mapped[Instant | None]
    first_received_at: Mapped[Instant]
    created_by_run: Mapped[
        int | None
    ]  # no key, as for the next: a check on each row of a load would cost a tenth of it
    last_seen_run: Mapped[int | None]  # the last import that changed this row
    vanished_at: Mapped[Instant | None]
    decline_told: Mapped[dict[str, object] | None] = mapped_column(JSONB)  # what the file says of a decline
    extras: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class AppointmentEvent(Base):
    """A change of an appointment; append-only. Its creation is told by `created_by_run` and `first_received_at`."""

    __tablename__ = "appointment_event"
    __table_args__ = (
        one_of("actor_kind", ActorKind),
        Index(None, "appointment_id", "id"),
        # `audit`: appointments that were thought to be another person's.
        Index(
            "ix_appointment_event_person_was", "appointment_id", postgresql_where=text("detail ->> 'person_was' <> ''")
        ),
    )

    id: Mapped[Pk]
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    at: Mapped[Instant]
    event: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    import_run_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)
