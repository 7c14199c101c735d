"""A file may be rejected row by row to the last: what is told about it must not fill the memory."""

import io
import json
import tracemalloc
from datetime import UTC, datetime

import pytest

from intake.faults import Faults, Rejection
from intake.report import ImportReport

MANY = 120_000


def many(count: int) -> list[Rejection]:
    return [Rejection(line, "starts_at", f"value {line}", "expected a time") for line in range(2, count + 2)]


class TestFaults:
    """Faults read like a tuple, however many there are."""

    def test_stay_flat_in_memory_with_their_number(self) -> None:
        tracemalloc.start()
        faults = Faults(Rejection(line, "starts_at", "x" * 60, "expected a time") for line in range(MANY))
        told = sum(each.line for each in faults)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert told == sum(range(MANY))
        assert peak < 12_000_000

    @pytest.mark.parametrize("place", [0, 999, 1_000, 2_345, -1])
    def test_are_found_by_their_place(self, place: int) -> None:
        given = many(2_500)
        assert Faults(given)[place] == given[place]

    def test_are_sliced_across_blocks_and_compare_to_a_tuple(self) -> None:
        given = many(1_500)
        faults = Faults(given)
        assert faults[990:1_010] == tuple(given[990:1_010])
        assert faults == tuple(given)
        assert faults != tuple(given[:-1])

    def test_name_a_place_that_does_not_exist(self) -> None:
        with pytest.raises(IndexError):
            Faults(many(3))[3]


class TestReport:
    """The JSON object comes in pieces and is one valid object."""

    @pytest.mark.parametrize("count", [0, 1, 1_001])
    def test_lists_every_rejected_row(self, count: int) -> None:
        report = ImportReport(
            source="clinic", kind="appointments", dry_run=False, run_id=7, as_of=datetime(2026, 6, 1, tzinfo=UTC),
            read=count, created=0, updated=0, unchanged=0, vanished=0, rejected=Faults(many(count)), warnings=Faults(),
            notes=("a note",),
        )  # fmt: skip
        out = io.StringIO()
        out.writelines(report.json_pieces())
        told = json.loads(out.getvalue())
        assert [row["line"] for row in told["rejected"]] == list(range(2, count + 2))
        assert (told["read"], told["warnings"], told["notes"]) == (count, [], ["a note"])
