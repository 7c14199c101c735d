"""Two records that are one person or household, or one that mixed two: proposals, what was moved, and its undoing."""

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import JoinKind, ProposalState

_ONE_PAIR = (
    "num_nonnulls(person_id, household_id) = 1 AND num_nonnulls(person_id, other_person_id) IN (0, 2)"
    " AND num_nonnulls(household_id, other_household_id) IN (0, 2)"
)


class MergeProposal(Base):
    """Two records that a person should compare; asked once for each pair, whoever tells of it again."""

    __tablename__ = "merge_proposal"
    __table_args__ = (
        one_of("state", ProposalState),
        CheckConstraint(_ONE_PAIR, name="one_pair"),
        CheckConstraint("person_id < other_person_id AND household_id < other_household_id", name="lower_first"),
        CheckConstraint("state = 'open' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)", name="decided"),
        CheckConstraint("state <> 'not_one' OR reason <> ''", name="not_one_has_reason"),
        UniqueConstraint("person_id", "other_person_id"),
        UniqueConstraint("household_id", "other_household_id"),
        Index("ix_merge_proposal_open", "id", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[Pk]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    other_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    other_household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    why: Mapped[str]  # same_number: a source gives one's NHS number to the other; asked: by a person; joined_people
    raised_at: Mapped[Instant]
    raised_by: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=ProposalState.OPEN)
    reason: Mapped[str | None]
    decided_at: Mapped[Instant | None]
    decided_by: Mapped[str | None]


class RecordMerge(Base):
    """One act: rows went from the record that is gone to the one that is kept; undone by a second act.

    APART: `kept` is the record that mixed two people, `gone` the one made for the second, and rows went to it.
    """

    __tablename__ = "record_merge"
    __table_args__ = (
        one_of("kind", JoinKind),
        CheckConstraint(
            "CASE WHEN kind = 'households' THEN num_nonnulls(kept_household_id, gone_household_id) = 2"
            " AND num_nonnulls(kept_person_id, gone_person_id) = 0"
            " ELSE num_nonnulls(kept_person_id, gone_person_id) = 2"
            " AND num_nonnulls(kept_household_id, gone_household_id) = 0 END",
            name="one_pair",
        ),
        CheckConstraint("kept_person_id <> gone_person_id AND kept_household_id <> gone_household_id", name="two"),
        CheckConstraint(
            "num_nonnulls(undone_at, undone_by, undone_reason) IN (0, 3)", name="undone_by_somebody_with_reason"
        ),
        Index(None, "kept_person_id"),
        Index(None, "gone_person_id"),
        Index(None, "kept_household_id"),
        Index(None, "gone_household_id"),
    )

    id: Mapped[Pk]
    kind: Mapped[str]
    kept_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    gone_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kept_household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    gone_household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    agreed: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))  # identifiers that did
    reason: Mapped[str]
    # The highest id of each table by then: what is above came afterwards, and stays where it is.
    ids_before: Mapped[dict[str, object]] = mapped_column(JSONB)
    made_at: Mapped[Instant]
    made_by: Mapped[str]
    undone_at: Mapped[Instant | None]
    undone_by: Mapped[str | None]
    undone_reason: Mapped[str | None]


class MergeItem(Base):
    """One value of one row that a merge changed; append-only. `undoes`: the item that this one took back.

    `step` orders the statements of the act, for a merge is undone from its end.
    """

    __tablename__ = "merge_item"
    __table_args__ = (Index(None, "merge_id", "id"), Index("uq_merge_item_undoes", "undoes", unique=True))

    id: Mapped[Pk]
    merge_id: Mapped[int] = mapped_column(ForeignKey("record_merge.id"))
    at: Mapped[Instant]
    step: Mapped[int]
    table_name: Mapped[str]
    row_key: Mapped[dict[str, object]] = mapped_column(JSONB)
    column_name: Mapped[str]
    before: Mapped[object] = mapped_column(JSONB)
    after: Mapped[object] = mapped_column(JSONB)
    undoes: Mapped[int | None] = mapped_column(ForeignKey("merge_item.id"))
