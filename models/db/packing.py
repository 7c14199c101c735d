"""Send columns of many rows to the database quickly: each as one string that SQL splits into an array.

psycopg writes a Python list as an array element by element in Python, which costs more than the rest of a burst. Not
for text that people wrote: a value must not hold the two separators, and an empty string can't be told from no rows.
"""

from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from types import NoneType
from typing import cast

SEPARATOR = "\x1f"
NULL = "\x1e"
Columns = Sequence[tuple[str, str]]  # names with their SQL types


def packed(rows: Sequence[object], columns: Columns) -> dict[str, str]:
    """Return the parameters that `unpacked` reads: per column the attribute of that name of every row."""
    values = attrgetter(*(name for name, _ in columns), "__class__")  # at least two names, so always a tuple
    return packed_tuples([values(row)[:-1] for row in rows], columns)


def packed_tuples(rows: Sequence[Sequence[object]], columns: Columns) -> dict[str, str]:
    """The same for rows that are tuples in the order of `columns`."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return {name: _column(column) for (name, _), column in zip(columns, values, strict=True)}


def unpacked(columns: Columns, *, alias: str) -> str:
    """Return SQL for a FROM clause: the rows of `packed`, in order, with their place in a last column `place`."""
    arrays = ", ".join(f"CAST(string_to_array(:{name}, chr(31), chr(30)) AS {kind}[])" for name, kind in columns)
    return f"unnest({arrays}) WITH ORDINALITY AS {alias} ({', '.join(name for name, _ in columns)}, place)"


def _column(values: Sequence[object]) -> str:
    cells = _cells(values)
    joined = SEPARATOR.join(cells)
    if cells and (not joined or joined.count(SEPARATOR) != len(cells) - 1):
        raise ValueError("a packed value is empty or holds a separator; pass such text as an array instead")
    return joined


def _cells(values: Sequence[object]) -> Sequence[str]:
    """Most columns of a burst are of one kind throughout, and then need no look at each value."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return list(map(str, values))
    if kinds == {NoneType}:
        return [NULL] * len(values)
    if kinds and all(issubclass(kind, str) for kind in kinds):
        return cast("Sequence[str]", values)
    return [_cell(value) for value in values]


def _cell(value: object) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        return value
    if isinstance(value, date):  # and datetime
        return value.isoformat()
    return str(value)
