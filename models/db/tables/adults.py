"""The adults who care for or live with a child: what is known of each, and whether anybody has asked (domain.md 5)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import Asked, ContactPattern, Known, Relationship, ToldBy

KNOWN_COLUMNS = (
    "is_man",
    "lives_with",
    "parental_responsibility",
    "domestic_abuse",
    "violence",
    "substance_misuse",
    "other_children",
    "safe_to_contact",
    "texts_about_child",
)


class AdultRecord(Base):
    """What a person wrote down about one adult of one household; append-only: the newest row holds, all are kept.

    Imports write nothing here, so what a person has entered is never made vaguer. `texts_about_child`: the explicit
    setting without which nothing about a child goes to the number of anybody but the mother.
    """

    __tablename__ = "adult_record"
    __table_args__ = (
        *(one_of(column, Known) for column in KNOWN_COLUMNS),
        one_of("relationship", Relationship),
        one_of("contact_pattern", ContactPattern),
        one_of("mental_health_asked", Asked),
        one_of("told_by", ToldBy),
        CheckConstraint(
            "mental_health_asked NOT IN ('done', 'declined') OR mental_health_asked_on IS NOT NULL",
            name="asked_on_a_day",
        ),
        CheckConstraint("legal_basis <> ''", name="has_a_basis"),
        Index(None, "household_id", "person_id", "id"),
    )

    id: Mapped[Pk]
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    relationship: Mapped[str]
    is_man: Mapped[str]
    lives_with: Mapped[str]
    parental_responsibility: Mapped[str]
    contact_pattern: Mapped[str]
    seen_on: Mapped[date | None]  # by us
    mental_health_asked: Mapped[str]
    mental_health_asked_on: Mapped[date | None]
    domestic_abuse: Mapped[str]
    violence: Mapped[str]
    substance_misuse: Mapped[str]
    other_children: Mapped[str]
    safe_to_contact: Mapped[str]
    texts_about_child: Mapped[str]
    told_by: Mapped[str]
    legal_basis: Mapped[str]
    note: Mapped[str | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[Instant]


class CarersQuestion(Base):
    """How "who else cares for the baby?" stands in one household; no row: nobody has asked, and no occasion has come.

    `next_due_at`: when it is put (again), or when an answer of "no man involved" is looked at. `occasion`: a contact
    code, or a word of `models.domain.carers`: why it is open.
    """

    __tablename__ = "carers_question"
    __table_args__ = (
        one_of("answer", Known),
        CheckConstraint(
            "answer <> 'not_asked' OR (next_due_at IS NOT NULL AND coalesce(occasion, '') <> '')", name="open_has_due"
        ),
        CheckConstraint("answer <> 'no' OR next_due_at IS NOT NULL", name="no_is_reviewed"),
        CheckConstraint(
            "answer = 'not_asked' OR (coalesce(answered_by, '') <> '' AND answered_at IS NOT NULL)", name="answered_by"
        ),
        CheckConstraint("(occasion IS NULL) = (times_asked IS NULL)", name="asked_on_an_occasion"),
        CheckConstraint("occasion IS NULL OR next_due_at IS NOT NULL", name="occasion_has_due"),
        Index(
            "ix_carers_question_due", "next_due_at", "household_id", postgresql_where=text("next_due_at IS NOT NULL")
        ),
    )

    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), primary_key=True)
    answer: Mapped[str] = mapped_column(server_default=Known.NOT_ASKED)
    told_by: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[Instant | None]
    occasion: Mapped[str | None]
    occasion_key: Mapped[str | None]  # tells this occasion from another of its kind
    times_asked: Mapped[int | None]
    next_due_at: Mapped[Instant | None]


class CarersAnswer(Base):
    """Each answer ever given; append-only."""

    __tablename__ = "carers_answer"
    __table_args__ = (one_of("answer", Known), one_of("told_by", ToldBy), Index(None, "household_id", "id"))

    id: Mapped[Pk]
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    answer: Mapped[str]
    told_by: Mapped[str]
    note: Mapped[str | None]
    occasion: Mapped[str | None]
    answered_by: Mapped[str]
    answered_at: Mapped[Instant]
