"""A file cut into the deliveries in which it would have come: nothing is known before anybody could have known it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.replay_rules import load_replay_rules
from config.rules import load_rules
from intake.unfolding import Extract, Unfolded, unfold
from models.domain.words import ImportKind
from tests.engine.world import at

ASSUMED = load_replay_rules().unfolding
RULES = load_rules(config_dir=None, nation="england", today=date(2026, 6, 30))
START, END = at("2026-06-01 00:00"), at("2026-06-30 00:00")
HOUR = timedelta(hours=1)
REAL = Path(__file__).parents[3] / "shared" / "data" / "noshow" / "KaggleV2-May-2016.csv.xz"
Unfold = Callable[..., Unfolded]


@pytest.fixture
def unfolded(write: Callable[..., Path], tmp_path: Path) -> Unfold:
    """Unfold rows as of the end of July; `mapping` is the text of a mapping file."""

    def unfolded(*rows: dict[str, str], kind: ImportKind = ImportKind.APPOINTMENTS, mapping: str = "") -> Unfolded:
        of = None
        if mapping:
            of = tmp_path / "mapping.yaml"
            of.write_text(mapping, encoding="utf-8")
        extract = Extract(kind, write(rows, name=f"{kind}.csv"), of)
        return unfold(extract, rules=RULES, assumed=ASSUMED, now=at("2026-07-31 12:00"))

    return unfolded


def visit(**fields: str) -> dict[str, str]:
    """A targeted contact on 10 June at 10:00, missed and recorded at noon of the next day."""
    return {
        "source_id": "a1", "subject_local_id": "C1", "kind": "HV-TARGETED", "starts_at": "2026-06-10T10:00",
        "status": "missed", "outcome": "wnb", "recorded_at": "2026-06-11T12:00", "subject_dob": "", **fields,
    }  # fmt: skip


def told(unfolded: Unfolded, *columns: str) -> list[tuple[str, ...]]:
    """Each delivered row: when it came (civil time), then these columns."""
    places = [unfolded.headers.index(name) for name in columns]
    found: list[tuple[datetime, Any]] = sorted(
        (moment, tuple(row[place] for place in places))
        for moment, rows in unfolded.deliveries(start=START, end=END, every=HOUR).items()
        for row in rows
    )
    zone = RULES.calendar.zone
    return [(f"{moment.astimezone(zone):%d.%m. %H:%M}", *cells) for moment, cells in found]


class TestAnAppointment:
    def test_is_known_without_its_outcome_until_that_was_recorded(self, unfolded: Unfold) -> None:
        """Booked within the 28 days before the start, so known from the first day; the miss at noon of the 11th."""
        assert told(unfolded(visit()), "status", "outcome", "recorded_at") == [
            ("01.06. 00:00", "", "", ""),
            ("11.06. 12:00", "missed", "wnb", "2026-06-11T12:00"),
        ]

    def test_without_a_time_of_recording_has_its_outcome_at_the_end_of_its_day(self, unfolded: Unfold) -> None:
        """The assumption of config/replay.yaml; never before the appointment is over."""
        assert told(unfolded(visit(recorded_at="")), "status")[1] == ("10.06. 18:00", "missed")
        late = visit(recorded_at="", starts_at="2026-06-10T18:30")
        assert told(unfolded(late), "status")[1] == ("10.06. 20:00", "missed")  # 18:30 and 45 minutes, next delivery

    def test_called_off_is_known_when_it_was(self, unfolded: Unfold) -> None:
        """Also long before it would have begun."""
        off = visit(status="cancelled_by_family", outcome="", recorded_at="", cancelled_at="2026-06-03T09:20")
        assert told(unfolded(off), "status") == [("01.06. 00:00", ""), ("03.06. 10:00", "cancelled_by_family")]

    def test_is_booked_so_long_ahead_and_not_before_the_child_is_known(self, unfolded: Unfold) -> None:
        """28 days ahead; a child born on the 5th is known on the 6th."""
        ahead = visit(starts_at="2026-07-10T10:00", status="", outcome="", recorded_at="")
        assert told(unfolded(ahead), "status") == [("12.06. 10:00", "")]
        assert told(unfolded(visit(subject_dob="2026-06-05")), "status")[0] == ("06.06. 18:00", "")

    def test_booked_again_after_a_miss_is_known_no_earlier_than_the_miss(self, unfolded: Unfold) -> None:
        """The second appointment was made because of the first."""
        again = visit(source_id="a2", starts_at="2026-06-17T10:00", status="attended", outcome="", recorded_at="")
        assert told(unfolded(visit(), again), "source_id", "status") == [
            ("01.06. 00:00", "a1", ""),
            ("11.06. 12:00", "a1", "missed"),
            ("11.06. 12:00", "a2", ""),
            ("17.06. 18:00", "a2", "attended"),
        ]

    def test_of_a_list_of_misses_alone_is_known_with_its_miss(self, unfolded: Unfold) -> None:
        """Where the mapping says that every row was missed, nothing of it can be shown before."""
        columns = "columns: {source_id: Id, subject_local_id: Who, starts_at: When}"
        mapping = f"{columns}\nconstants: {{kind: GP-ROUTINE, status: missed}}"
        row = {"Id": "1", "Who": "p", "When": "2026-06-10T10:00"}
        assert told(unfolded(row, mapping=mapping), "Id") == [("10.06. 18:00", "1")]

    def test_told_twice_counts_as_the_later_line_says(self, unfolded: Unfold) -> None:
        """As for the import."""
        found = unfolded(visit(), visit(status="attended", outcome=""))
        assert told(found, "status") == [("01.06. 00:00", ""), ("11.06. 12:00", "attended")]
        assert found.outcomes == {"a1": ("attended", "")}

    def test_that_cannot_be_used_is_left_out(self, unfolded: Unfold) -> None:
        """The report lists it, as the import does."""
        assert told(unfolded(visit(), visit(source_id="a2", starts_at="never")), "source_id") == [
            ("01.06. 00:00", "a1"),
            ("11.06. 12:00", "a1"),
        ]


class TestARegister:
    def test_tells_a_birth_a_day_after_and_a_death_when_it_happened(self, unfolded: Unfold) -> None:
        """Until then the child is not known, and then not known to have died."""
        child = {"subject_local_id": "C1", "subject_dob": "2026-06-04", "subject_deceased_on": "2026-06-20"}
        assert told(unfolded(child, kind=ImportKind.PEOPLE), "subject_dob", "subject_deceased_on") == [
            ("05.06. 18:00", "2026-06-04", ""),
            ("20.06. 18:00", "2026-06-04", "2026-06-20"),
        ]

    def test_tells_a_pregnancy_when_it_could_be_booked_and_its_end_when_it_ended(self, unfolded: Unfold) -> None:
        """The mother herself is known from the first day."""
        mother = {
            "subject_local_id": "M1", "subject_role": "mother", "subject_edd": "2027-01-05",
            "pregnancy_outcome": "miscarriage", "pregnancy_ended_on": "2026-06-25",
        }  # fmt: skip
        assert told(unfolded(mother, kind=ImportKind.PEOPLE), "subject_edd", "pregnancy_outcome") == [
            ("01.06. 00:00", "", ""),
            ("09.06. 18:00", "2027-01-05", ""),
            ("25.06. 18:00", "2027-01-05", "miscarriage"),
        ]


@pytest.mark.skipif(not REAL.exists(), reason="the real no-show file is not beside the checkout")
class TestTheRealFile:
    def test_comes_in_day_by_day_and_whole(self) -> None:
        """110,527 appointments: each known once as booked, once with its outcome; the file has no time of recording."""
        extract = Extract(ImportKind.APPOINTMENTS, REAL, Path(__file__).parent / "noshow.yaml")
        found = unfold(extract, rules=RULES, assumed=ASSUMED, now=at("2026-07-31 12:00"))
        start = at("2016-04-29 00:00")
        deliveries = found.deliveries(start=start, end=at("2016-06-10 00:00"), every=HOUR)
        status = found.headers.index("No-show")
        known = [row[status] for rows in deliveries.values() for row in rows]
        assert (known.count("Yes"), known.count("No")) == (22_319, 110_527 - 22_319)
        assert known.count("") == 110_527
