"""Households, the people in them, pregnancies, ways to reach people, and flags."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of, words_in
from models.domain.words import LOST_PREGNANCIES, ContentLevel, Known, LifeStatus, PersonRole, PregnancyOutcome

# Columns named *_by hold who entered the value: 'import:SOURCE' or 'person:ACCOUNT'. A person's entry is never
# overwritten by an emptier or vaguer import (design 3.11).


class Household(Base):
    """The centre of the data: people joined only by an equal household id or contact NHS number, never by a guess."""

    __tablename__ = "household"
    __table_args__ = (
        CheckConstraint("merged_into <> id", name="not_merged_into_itself"),
        UniqueConstraint("source_id", "source_household_id"),
        Index("ix_household_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )

    id: Mapped[Pk]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"))
    source_household_id: Mapped[str | None]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    texts_stopped_at: Mapped[Instant | None]  # the household's kill switch
    texts_stopped_by: Mapped[str | None]
    created_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("household.id"))  # by a person, never by a machine


class Person(Base):
    """A child, parent or other adult. `nhs_number` is checked (modulus 11) before it gets here."""

    __tablename__ = "person"
    __table_args__ = (
        one_of("life_status", LifeStatus),
        CheckConstraint("nhs_number ~ '^[0-9]{10}$'", name="nhs_number_digits"),
        CheckConstraint("deceased_on IS NULL OR life_status = 'deceased'", name="deceased_on_means_deceased"),
        CheckConstraint("merged_into <> id", name="not_merged_into_itself"),
        Index(None, "caseload_holder_id"),
        # Deaths without a hold, and records closed to all but the named nurse, are few.
        Index("ix_person_died", "deceased_on", postgresql_where=text("life_status = 'deceased'")),
        Index("ix_person_protected", "protected_at", postgresql_where=text("protected_at IS NOT NULL")),
        Index("ix_person_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        # `detect` puts the threads of people in order whose records were joined or taken apart.
        Index("ix_person_threads_due", "threads_due_at", "id", postgresql_where=text("threads_due_at IS NOT NULL")),
    )

    id: Mapped[Pk]
    nhs_number: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str | None]
    date_of_birth: Mapped[date | None]
    life_status: Mapped[str] = mapped_column(server_default=LifeStatus.UNKNOWN)
    life_status_by: Mapped[str | None]
    deceased_on: Mapped[date | None]
    left_birth_place_on: Mapped[date | None]  # the day a baby left the place of birth
    gp_practice: Mapped[str | None]
    postcode: Mapped[str | None]
    postcode_changed_at: Mapped[Instant | None]  # from one known address to another
    caseload_holder_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    details_by: Mapped[str | None]
    source_version: Mapped[str | None]  # of the register row last applied
    content_hash: Mapped[bytes | None]  # of the register row last applied
    first_received_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))
    extras: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    protected_at: Mapped[Instant | None]  # closed to all but the named nurse; no feed joins it to anybody again
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # the record that is kept; never a chain
    threads_due_at: Mapped[Instant | None]


class PersonIdentifier(Base):
    """A source's own id of a person."""

    __tablename__ = "person_identifier"
    __table_args__ = (Index(None, "person_id"),)

    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), primary_key=True)
    local_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class HouseholdMember(Base):
    """A person's place in a household, for a period."""

    __tablename__ = "household_member"
    __table_args__ = (
        one_of("role", PersonRole),
        one_of("lives_with", Known),
        one_of("parental_responsibility", Known),
        Index(
            "uq_household_member_current",
            "household_id",
            "person_id",
            unique=True,
            postgresql_where=text("valid_until IS NULL"),
        ),
        Index(None, "person_id"),
        # Who joined or left a household since the last look.
        Index(None, "valid_from"),
        Index("ix_household_member_valid_until", "valid_until", postgresql_where=text("valid_until IS NOT NULL")),
    )

    id: Mapped[Pk]
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str]
    lives_with: Mapped[str] = mapped_column(server_default=Known.UNKNOWN)
    parental_responsibility: Mapped[str] = mapped_column(server_default=Known.UNKNOWN)
    reach_first_since: Mapped[Instant | None]  # a person said so: the one to reach about the children here, their carer
    valid_from: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))
    valid_until: Mapped[Instant | None]


class Pregnancy(Base):
    """One pregnancy; its outcome blocks texts until it is known. One that goes on belongs to one mother at a time."""

    __tablename__ = "pregnancy"
    __table_args__ = (
        one_of("outcome", PregnancyOutcome),
        Index(
            "uq_pregnancy_current",
            "mother_id",
            unique=True,
            postgresql_where=text("outcome IN ('unknown','continuing')"),
        ),
        one_of("nulliparous", Known),
        # Whether something was recorded in pregnancy is asked for each indicator, of either parent.
        Index(None, "mother_id"),
        # Planning asks for the pregnancies of a household.
        Index("ix_pregnancy_household_id", "household_id"),
        # `detect`: two weeks past the EDD with no outcome; dates that moved.
        Index("ix_pregnancy_due", "next_due_at", "id", postgresql_where=text("next_due_at IS NOT NULL")),
        Index(
            "ix_pregnancy_lost",
            text("coalesce(ended_on, edd)"),
            postgresql_where=text(f"outcome IN {words_in(LOST_PREGNANCIES)}"),
        ),
    )

    id: Mapped[Pk]
    mother_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    edd: Mapped[date]  # estimated date of delivery
    edd_by: Mapped[str | None]
    outcome: Mapped[str] = mapped_column(server_default=PregnancyOutcome.UNKNOWN)
    outcome_by: Mapped[str | None]
    ended_on: Mapped[date | None]
    nulliparous: Mapped[str] = mapped_column(server_default=Known.UNKNOWN)  # NO: she has given birth before
    nulliparous_by: Mapped[str | None]
    edd_was: Mapped[date | None]  # by what open contacts were planned before the EDD moved; null once somebody was told
    next_due_at: Mapped[Instant | None]  # when the engine has to look at it; planning sets it
    created_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))


class ContactPoint(Base):
    """A number to reach a person at. What no source has told us is UNKNOWN and blocks (design 3.5)."""

    __tablename__ = "contact_point"
    __table_args__ = (
        one_of("safe_to_text", Known),
        one_of("content_level", ContentLevel),
        UniqueConstraint("person_id", "number"),
        # Inbound texts are matched by number, and a number on two adults is unsafe.
        Index(None, "number"),
    )

    id: Mapped[Pk]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    number: Mapped[str]  # E.164
    language: Mapped[str | None]
    interpreter: Mapped[str] = mapped_column(server_default=Known.UNKNOWN)
    safe_to_text: Mapped[str] = mapped_column(server_default=Known.UNKNOWN)
    safe_to_text_by: Mapped[str | None]
    content_level: Mapped[str] = mapped_column(server_default=ContentLevel.NEUTRAL)
    confirmed_on: Mapped[date | None]
    confirmed_by: Mapped[str | None]
    opted_out_at: Mapped[Instant | None]
    failed_at: Mapped[Instant | None]
    failed_code: Mapped[str | None]
    created_at: Mapped[Instant] = mapped_column(server_default=text("clock_timestamp()"))


class Flag(Base):
    """A flag on a person, by the codes of config/flags.yaml; ended, never deleted."""

    __tablename__ = "flag"
    __table_args__ = (
        Index("uq_flag_current", "person_id", "code", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_flag_patterns", "id", postgresql_where=text("NOT patterns_looked")),
        # Past ones count for the family review.
        Index(None, "person_id"),
        Index("ix_flag_code", "code", postgresql_where=text("ended_at IS NULL")),
        # Red flags are few and looked for often: which follow-ups they concern, and which a person has to confirm.
        Index(
            "ix_flag_red",
            "review_at",
            "person_id",
            postgresql_where=text("code = 'red_flag' AND ended_at IS NULL"),
        ),
    )

    id: Mapped[Pk]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    code: Mapped[str]
    set_at: Mapped[Instant]
    set_by: Mapped[str]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[str | None]
    patterns_looked: Mapped[bool] = mapped_column(server_default=text("false"))
    review_at: Mapped[Instant | None]  # a red flag: when somebody is asked whether it still holds
