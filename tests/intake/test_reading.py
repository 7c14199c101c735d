"""Files as senders write them: encodings, quotes, ragged and blank rows, and what is no table at all."""

import gzip
import lzma
import tracemalloc

import pytest

from intake.errors import UnusableFile
from intake.reading import LINE_LIMIT, Fault, open_sheet


@pytest.fixture
def sheet(tmp_path):
    """Open bytes as a file."""

    def sheet(content: bytes, name: str = "f.csv", **given: str):
        path = tmp_path / name
        path.write_bytes(content)
        return open_sheet(path, **given)

    return sheet


def rows(opened):
    return list(opened.rows())


class TestEncodings:
    @pytest.mark.parametrize(
        ("content", "encoding"),
        [
            ("id,name\n1,Zoë\n".encode(), "utf-8"),
            ("id,name\n1,Zoë\n".encode("utf-8-sig"), "utf-8-sig"),
            ("id,name\n1,Zoë\n".encode("windows-1252"), "windows-1252"),
            ("id,name\n1,Zoë’s\n".encode("windows-1252"), "windows-1252"),
            ("id,name\n1,Zoë\n".encode("utf-16"), "utf-16"),
            (b"id,name\n1,Zo\xeb\x8d\n", "iso-8859-1"),
        ],
    )
    def test_the_encoding_is_found(self, sheet, content, encoding):
        """By its mark, else UTF-8 if it is, else Windows-1252, else ISO-8859-1; the header has no mark in it."""
        opened = sheet(content)
        assert (opened.survey.encoding, opened.headers) == (encoding, ("id", "name"))
        assert rows(opened)[0][1][1].startswith("Zoë")

    def test_an_accent_far_into_a_long_file_is_still_found(self, sheet):
        """The first megabyte alone would have said ASCII."""
        opened = sheet(b"id,name\n" + b"1,x\n" * 400_000 + "2,Zoë\n".encode("windows-1252"))
        assert opened.survey.encoding == "windows-1252"

    def test_one_stray_byte_in_utf8_costs_its_row_only(self, load, tmp_path):
        """Other names stay right; the row with the stray byte is rejected by line."""
        path = tmp_path / "f.csv"
        head = "source_id,subject_local_id,subject_name,kind,starts_at\n"
        good = "".join(f"A{n},P{n},Zoë,HV-6W,2026-06-01T10:00\n" for n in range(5))
        path.write_bytes((head + good).encode() + b"A9,P9,Zo\xeb,HV-6W,2026-06-01T10:00\n")
        report = load(path)
        assert report.created == 5
        assert [(each.line, each.reason) for each in report.rejected] == [
            (7, "expected text in the file's encoding; this row holds stray bytes")
        ]


class TestRows:
    def test_a_quoted_newline_belongs_to_its_row_and_lines_are_the_files(self, sheet):
        """A row is known by the number of its first physical line."""
        opened = sheet(b'id,note\r\n1,"two\r\nlines"\r\n2,x\r\n')
        assert rows(opened) == [(2, ["1", "two\r\nlines"]), (4, ["2", "x"])]

    def test_blank_rows_are_passed_over_and_still_counted_as_lines(self, sheet):
        """Empty lines and rows of commas alone are nothing."""
        assert rows(sheet(b"\n\nid,note\n\n1,a\n,,\n , \n\n2,b\n")) == [(5, ["1", "a"]), (9, ["2", "b"])]

    def test_a_ragged_row_is_a_fault_of_its_line(self, sheet):
        """Too few or too many values: a shifted column could be another patient's."""
        (short, long) = rows(sheet(b"a,b,c\n1,2\n1,2,3,4\n"))
        assert short == (2, Fault("expected 3 columns as in the header; this row has 2", ""))
        assert long[0] == 3
        assert isinstance(long[1], Fault)

    def test_empty_values_beyond_the_header_are_dropped(self, sheet):
        """Spreadsheets leave trailing commas."""
        assert rows(sheet(b"a,b\n1,2,,\n")) == [(2, ["1", "2"])]

    def test_a_missing_closing_quote_costs_one_line(self, sheet):
        """The row that opens it is a fault; the rows after it are read."""
        opened = sheet(b'a,b\n1,"open\n2,x\n3,y\n')
        found = rows(opened)
        assert [line for line, _ in found] == [2, 3, 4]
        assert isinstance(found[0][1], Fault)
        assert found[1:] == [(3, ["2", "x"]), (4, ["3", "y"])]

    def test_a_missing_quote_that_meets_another_costs_no_other_row(self, sheet):
        """The next quoted value further down would close it: the rows between must not be swallowed."""
        opened = sheet(b'a,b\n1,"open\n2,x\n3,"y, z"\n4,w\n')
        assert [line for line, cells in rows(opened) if not isinstance(cells, Fault)] == [3, 4, 5]

    def test_a_line_longer_than_any_real_row_costs_itself_alone(self, sheet):
        """A lost line end must not pull the rest of the file into memory: the rows after it are read as they stand."""
        opened = sheet(b"a,b\n1,x\n2," + b"y" * (16 * LINE_LIMIT) + b"\n3,z\n")
        tracemalloc.start()
        found = rows(opened)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert [(line, cells) for line, cells in found if not isinstance(cells, Fault)] == [
            (2, ["1", "x"]),
            (4, ["3", "z"]),
        ]
        [(line, fault)] = [(line, cells) for line, cells in found if isinstance(cells, Fault)]
        assert (line, "at most 1,048,576 characters" in fault.reason) == (3, True)
        assert peak < 6 * LINE_LIMIT

    def test_a_long_line_within_quotes_costs_its_row_alone(self, sheet):
        """Also where it is the second line of a quoted value."""
        opened = sheet(b'a,b\n1,"x\n' + b"y" * (2 * LINE_LIMIT) + b'"\n3,z\n')
        good = [(line, cells) for line, cells in rows(opened) if not isinstance(cells, Fault)]
        assert good[-1] == (4, ["3", "z"])

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_the_delimiter_is_the_one_that_cuts_the_header(self, sheet, delimiter):
        """Comma, semicolon, tab or bar."""
        opened = sheet(delimiter.join(["a", "b", "c"]).encode() + b"\n" + delimiter.join("123").encode() + b"\n")
        assert opened.headers == ("a", "b", "c")

    @pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
    def test_a_packed_file_is_known_by_its_content(self, sheet, pack):
        """gzip and xz, whatever the name says."""
        assert rows(sheet(pack(b"a\n1\n"))) == [(2, ["1"])]


class TestUnusableFiles:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "is empty"),
            (b"\xef\xbb\xbf \r\n\n", "is empty"),
            (b"PK\x03\x04rest", "Excel"),
            (b"%PDF-1.7", "PDF"),
            (b"\x89PNG\r\n\x1a\n\0\0\0", "not text"),
            (bytes(range(256)) * 40, "not text"),
            ("id,name\n1,x\n".encode("utf-16-le"), "not text"),
            (b"x" * (3 << 20), "no header row that ends"),
            (gzip.compress(b"a,b\n" * 100, mtime=0)[:-20], "can't be read to its end"),
        ],
    )
    def test_what_is_no_table_is_refused_before_anything_is_stored(self, load, tmp_path, rows_of, content, said):
        """The message says what it is; not even the source is made known."""
        path = tmp_path / "f.csv"
        path.write_bytes(content)
        with pytest.raises(UnusableFile, match=said):
            load(path)
        assert rows_of("SELECT count(*) FROM source")[0][0] == 0

    def test_utf16_that_was_cut_off_stores_nothing(self, load, tmp_path, rows_of):
        """Its rows before the cut look whole: the file is refused all the same."""
        path = tmp_path / "f.csv"
        text = "source_id,subject_local_id,kind,starts_at\nA1,P1,HV-6W,2026-06-01T10:00\n"
        path.write_bytes(text.encode("utf-16")[:-1])
        with pytest.raises(UnusableFile, match="not utf-16 to its end"):
            load(path)
        assert rows_of("SELECT count(*) FROM source")[0][0] == 0

    def test_a_missing_file_and_a_folder_are_refused(self, load, tmp_path):
        """By name, with the reason."""
        with pytest.raises(UnusableFile, match=r"gone\.csv can't be opened"):
            load(tmp_path / "gone.csv")
        with pytest.raises(UnusableFile, match="can't be opened"):
            load(tmp_path)

    def test_prose_is_refused_naming_the_columns_that_were_expected(self, load, tmp_path):
        """A letter saved as .csv has no source_id."""
        path = tmp_path / "f.csv"
        path.write_text("Dear colleague,\nplease find attached\n")
        with pytest.raises(UnusableFile, match="source_id"):
            load(path)

    def test_a_mapped_header_that_stands_twice_is_refused(self, load, tmp_path):
        """Nobody can say which of the two is meant."""
        path = tmp_path / "f.csv"
        path.write_text("source_id,source_id,subject_local_id,kind,starts_at\n1,2,p,HV-6W,2026-01-01\n")
        with pytest.raises(UnusableFile, match="stands 2 times"):
            load(path)

    def test_headers_only_is_a_file_of_no_rows(self, load, tmp_path):
        """Usable, empty, stored as a run."""
        path = tmp_path / "f.csv"
        path.write_text("source_id,subject_local_id,kind,starts_at\n")
        report = load(path)
        assert (report.read, report.created, report.rejected) == (0, 0, ())


class TestMemory:
    def test_it_stays_flat_however_long_the_file(self, tmp_path):
        """Ten times the rows, no more memory: rows are handed on one by one."""
        peaks = []
        for count in (20_000, 200_000):
            path = tmp_path / f"{count}.csv"
            path.write_bytes(b"a,b,c\n" + b"1,some text that takes room,3\n" * count)
            tracemalloc.start()
            assert sum(1 for _ in open_sheet(path).rows()) == count
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert peaks[1] < peaks[0] * 1.5 + 2_000_000
