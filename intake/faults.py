"""The faults of an import in the order of the file, kept on disk once they are many: a wrong mapping rejects every row.

Memory stays flat with the number of faults. Reads like a tuple.
"""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import overload

SPOOL_BYTES = 4_000_000
BLOCK = 1_000  # every how-manieth fault's place in the file is remembered


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that could not be used, or, in `warnings`, one value that was left out of a row that was."""

    line: int
    column: str
    value: str
    reason: str


class Faults(Sequence[Rejection]):
    """Any number of faults, read again as often as wanted. Compares equal to a tuple of the same faults."""

    def __init__(self, faults: Iterable[Rejection] = ()) -> None:
        self._file = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - lives as long as the report
        self._places = array("Q")
        self._count = 0
        for fault in faults:
            if self._count % BLOCK == 0:
                self._places.append(self._file.tell())
            self._file.write(json.dumps(astuple(fault)).encode() + b"\n")
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Rejection]:
        for block in range(len(self._places)):
            yield from self._block(block)

    @overload
    def __getitem__(self, place: int) -> Rejection: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Rejection, ...]: ...
    def __getitem__(self, place: int | slice) -> Rejection | tuple[Rejection, ...]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(self._count)))
        number = place + self._count if place < 0 else place
        if not 0 <= number < self._count:
            raise IndexError(place)
        return self._block(number // BLOCK)[number % BLOCK]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Faults({list(islice(self, 3))!r}, {self._count} in all)"

    def _block(self, block: int) -> list[Rejection]:
        self._file.seek(self._places[block])
        lines = islice(self._file, BLOCK)
        return [Rejection(*json.loads(line)) for line in lines]
