"""Medians of interleaved repeats, and the table that shows them beside each other."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One comparison: what, ours, theirs, and the bound that the issue sets on ours / theirs."""

    what: str
    unit: str
    ours: float
    theirs: float | None
    bound: str
    met: bool

    @property
    def ratio(self) -> str:
        """Ours divided by theirs."""
        return f"{self.ours / self.theirs:.2f}" if self.theirs else "-"


def interleaved(ways: Mapping[str, Callable[[], T]], repeats: int) -> dict[str, list[T]]:
    """Run the ways in turn, A B C A B C …, so that a machine that slows down slows them all."""
    results: dict[str, list[T]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            results[name].append(way())
            print(f"  {name}: {results[name][-1]}", flush=True)
    return results


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def shown(rows: Sequence[Row]) -> str:
    """The rows as a table of fixed width."""
    heads = ("what", "unit", "ours", "beside", "ratio", "bound", "met")
    cells = [
        (
            r.what,
            r.unit,
            f"{r.ours:,.2f}",
            f"{r.theirs:,.2f}" if r.theirs else "-",
            r.ratio,
            r.bound,
            "yes" if r.met else "NO",
        )
        for r in rows
    ]
    widths = [max(len(line[i]) for line in (heads, *cells)) for i in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (heads, *cells)
    )
