"""The declarative base, names of constraints, and the column shapes that every table shares."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Pk = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Json = Annotated[dict[str, object], mapped_column(JSONB)]
Words = Annotated[str, mapped_column(Text)]


class Base(DeclarativeBase):
    """All tables; instants are timestamptz, words are text held to an enum by a CHECK."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), int: BigInteger}  # noqa: RUF012


def one_of(column: str, words: type[StrEnum] | Iterable[str], *, name: str | None = None) -> CheckConstraint:
    """A CHECK that `column` is one of `words`; a null passes, so NOT NULL is the column's own affair."""
    allowed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({allowed})", name=name or f"{column}_word")


def words_in(words: Iterable[str]) -> str:
    """The words as a SQL list, for the predicate of a partial index or a CHECK."""
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"
