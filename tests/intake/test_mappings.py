"""The shipped mappings on their samples: the record systems' statuses mean what they should."""

from pathlib import Path

import pytest
from sqlalchemy import text

import config
from intake.errors import MappingError, UnusableFile
from intake.formats import Format
from intake.mapping import load_mapping, read_mapping
from models.domain.words import ImportKind

CONFIG = Path(config.__file__).parent
# Samples with rows that change nothing: a flag that is over, leave that nobody has agreed to yet, a team meeting.
STORED = {"record-flags": 2, "roster-absences": 2, "roster-calendar": 1}


def shipped(name: str) -> dict[str, Path]:
    (sample,) = (CONFIG / "samples").glob(f"{name}.*")
    return {"what": sample, "mapping": CONFIG / "mappings" / f"{name}.yaml"}


def staff() -> list[dict[str, str]]:
    """The practitioners whom the samples of absences name."""
    return [
        {"staff_id": f"HV01{n}", "name": f"Hana Vale {n}", "role": "health_visitor", "team": "T01",
         "email": f"hv01{n}@example.nhs.uk"}
        for n in (1, 2, 3)
    ]  # fmt: skip


@pytest.fixture
def status_of(rows_of):
    """Status and subtype of one appointment of the sample."""

    def status_of(ref: str) -> tuple[str, str | None]:
        return tuple(rows_of("SELECT status, subtype FROM appointment WHERE source_ref = :ref", ref=ref)[0])

    return status_of


class TestShippedMappings:
    @pytest.mark.parametrize("name", sorted(path.stem for path in (CONFIG / "mappings").glob("*.yaml")))
    def test_each_reads_every_row_of_its_sample(self, load, name):
        """Nothing is rejected, nothing left out, no mapped column is missing."""
        load(staff(), kind=ImportKind.STAFF)
        kind = ImportKind(name.partition("-")[2].replace("calendar", "absences"))
        sample = shipped(name)
        report = load(**sample, kind=kind, format=Format(sample["what"].suffix[1:]))
        assert (report.rejected, report.warnings, report.notes) == ((), (), ())
        assert report.created + report.updated == STORED.get(name, report.read) > 0


class TestSystmOne:
    @pytest.fixture(autouse=True)
    def loaded(self, load):
        load(**shipped("systmone-appointments"))

    @pytest.mark.parametrize(
        ("ref", "status", "subtype"),
        [
            ("SO-1001", "attended", None),
            ("SO-1002", "missed", "wnb"),
            ("SO-1003", "missed", "nav_no_answer"),
            ("SO-1004", "booked", "auto_finished"),
            ("SO-1005", "cancelled", "deferred"),
            ("SO-1006", "cancelled", "person_died"),
            ("SO-1007", "attended", "child_not_seen"),
            ("SO-1008", "booked", None),
        ],
    )
    def test_its_statuses_mean_what_they_should(self, status_of, ref, status, subtype):
        """No access is a miss; finished by the system itself is unrecorded; a death is nobody's choice."""
        assert status_of(ref) == (status, subtype)

    def test_a_visit_finished_by_the_system_still_waits_for_an_outcome(self, rows_of):
        """It goes the way of every unrecorded outcome."""
        due = rows_of("SELECT outcome_due_at FROM appointment WHERE source_ref = 'SO-1004'")
        assert due[0][0] is not None

    def test_consent_to_texts_is_not_a_safe_phone(self, rows_of):
        """Y stays unknown, N is no."""
        safe = dict(map(tuple, rows_of("SELECT number, safe_to_text FROM contact_point")))
        assert safe["+447700900101"] == "unknown"
        assert safe["+447700900104"] == "no"

    def test_a_column_nobody_named_is_kept_as_extra(self, rows_of):
        """The rota's name is not ours, and not lost."""
        extras = rows_of("SELECT extras FROM appointment WHERE source_ref = 'SO-1001'")
        assert extras[0][0] == {"Rota Name": "Friday clinic"}

    def test_a_date_alone_is_the_whole_day(self, rows_of):
        """Midnight to midnight in Europe/London, an hour before UTC's in summer."""
        row = rows_of(
            "SELECT whole_day, length_assumed, ends_at - starts_at FROM appointment WHERE source_ref = 'SO-1008'"
        )
        assert (row[0][0], row[0][1], row[0][2].days) == (True, False, 1)


class TestRio:
    @pytest.fixture(autouse=True)
    def loaded(self, load):
        load(**shipped("rio-appointments"), source="rio")

    @pytest.mark.parametrize(
        ("ref", "status", "subtype"),
        [
            ("770002", "missed", None),
            ("770003", "booked", "auto_finished"),
            ("770004", "missed", "nav_no_answer"),
            ("770005", "cancelled", "person_died"),
            ("770006", "arrived_not_seen", None),
            ("770007", "booked", None),
        ],
    )
    def test_its_outcomes_mean_what_they_should(self, status_of, ref, status, subtype):
        """Outcomes closed by the nightly job are no outcomes."""
        assert status_of(ref) == (status, subtype)

    def test_date_and_time_in_two_columns_are_one_start(self, rows_of):
        """13:00 in summer is 12:00 UTC; an empty time leaves the whole day."""
        starts = dict(
            map(tuple, rows_of("SELECT source_ref, to_char(starts_at AT TIME ZONE 'UTC', 'HH24:MI') FROM appointment"))
        )
        assert starts["770001"] == "12:00"
        assert starts["770007"] == "23:00"


class TestMappingFiles:
    def test_all_faults_are_told_at_once(self):
        """Unknown keys, unknown fields, a wrong zone, a wrong pattern: one round of corrections is enough."""
        content = {
            "kind": "people",
            "colums": {},
            "columns": {"source_id": "Id", "colour": "C"},
            "formats": {"starts_at": "day first"},
            "zone": "Europe/Lundon",
            "constants": {"source_id": "x"},
            "values": {"status": {"Seen": "attendend"}},
        }
        with pytest.raises(MappingError) as error:
            read_mapping("m.yaml", content, kind=ImportKind.APPOINTMENTS)
        assert len(error.value.faults) == 7

    def test_yes_and_no_of_yaml_are_the_words_written(self, load, tmp_path, rows_of):
        """YAML reads Yes as true; the sender wrote letters."""
        mapping = tmp_path / "m.yaml"
        mapping.write_text(
            "columns: {source_id: id, subject_local_id: who, starts_at: day, status: No-show}\n"
            "values: {status: {Yes: missed, No: attended}}\nconstants: {kind: GP-ROUTINE}\n"
        )
        path = tmp_path / "f.csv"
        path.write_text("id,who,day,No-show\n1,p1,2026-05-01,Yes\n2,p2,2026-05-01,No\n")
        load(path, mapping=mapping)
        assert rows_of("SELECT status FROM appointment ORDER BY source_ref") == [("missed",), ("attended",)]

    def test_a_word_the_mapping_lacks_is_rejected_naming_both_vocabularies(self, load, tmp_path):
        """The analyst sees which words would have been understood."""
        mapping = tmp_path / "m.yaml"
        mapping.write_text(
            "columns: {source_id: a, subject_local_id: b, starts_at: c, status: d, kind: e}\n"
            "values: {status: {Seen: attended}}\n"
        )
        path = tmp_path / "f.csv"
        path.write_text("a,b,c,d,e\n1,p,2026-05-01,Vu,HV-6W\n")
        (rejected,) = load(path, mapping=mapping).rejected
        assert (rejected.line, rejected.column, rejected.value) == (2, "d", "Vu")
        assert "attended" in rejected.reason
        assert "'Seen'" in rejected.reason

    def test_a_mapped_column_that_is_missing_changes_nothing_it_would_have_filled(
        self, load, tmp_path, rows_of, engine
    ):
        """A report without its status column must not wipe outcomes: it is noted, and statuses stay."""
        mapping = tmp_path / "m.yaml"
        mapping.write_text(
            "columns: {source_id: a, subject_local_id: b, starts_at: c, status: d}\nconstants: {kind: HV-6W}\n"
        )
        path = tmp_path / "f.csv"
        path.write_text("a,b,c,d\n1,p,2026-05-01,missed\n")
        load(path, mapping=mapping)
        path.write_text("a,b,c\n1,p,2026-05-02\n")
        report = load(path, mapping=mapping)
        assert report.notes == ("the mapping names the column 'd', which the file lacks",)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT status FROM appointment")).scalar() == "missed"

    def test_a_required_column_that_is_missing_makes_the_file_unusable(self, load, tmp_path, rows_of):
        """Nothing is stored, and the message shows the headers there are."""
        path = tmp_path / "f.csv"
        path.write_text("source_id,subject_local_id,kind\n1,p,HV-6W\n")
        with pytest.raises(UnusableFile, match=r"starts_at.*It has: source_id"):
            load(path)
        assert rows_of("SELECT count(*) FROM source")[0][0] == 0

    def test_a_mapping_for_another_kind_is_refused(self):
        """A people mapping on appointments is a mistake worth stopping for."""
        with pytest.raises(MappingError, match="imported as 'appointments'"):
            load_mapping(CONFIG / "mappings" / "rio-people.yaml", kind=ImportKind.APPOINTMENTS)
