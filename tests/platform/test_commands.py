"""The command line as other programs use it: its JSON, its exit codes, and that an import leaves all in order."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import config
from cli.embedded import ensure

STEADFAST = str(Path(sys.executable).parent / "steadfast")
ROWS = """source_id,subject_nhs_number,subject_name,subject_dob,kind,starts_at,status
a1,9990000018,Ada Made-Up,2026-01-05,HV-NBV,2026-01-19T10:00,missed
a2,9990000018,Ada Made-Up,2026-01-05,HV-6W,2026-03-02T10:00,attended
a3,9990000018,Ada Made-Up,2026-01-05,HV-6W,not a time,missed
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data folder whose servers run during all of these tests."""
    with (
        tempfile.TemporaryDirectory(prefix="sf-", ignore_cleanup_errors=True) as made,
        ensure(Path(made), redis=False, settings={"fsync": "off"}),
    ):
        (Path(made) / "rows.csv").write_text(ROWS)
        yield Path(made)


def run(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    given = {name: value for name, value in os.environ.items() if not name.startswith("STEADFAST_")}
    given |= {"STEADFAST_DATA_DIR": str(folder), **(environment or {})}
    return subprocess.run([STEADFAST, *arguments], env=given, capture_output=True, text=True, check=False)


def imported(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    file = str(folder / "rows.csv")
    return run(folder, "import", file, "--format", "csv", "--source", "test", "--kind", "appointments", "--json", *more)


class TestImport:
    def test_reports_each_row_and_changes_nothing_the_second_time(self, folder: Path) -> None:
        """Exit 0 with the rejected row named; the same file again is unchanged throughout."""
        first = imported(folder)
        assert first.returncode == 0, first.stderr
        report = json.loads(first.stdout)
        assert (report["read"], report["created"], report["updated"], report["unchanged"]) == (3, 2, 0, 0)
        [rejected] = report["rejected"]
        assert (rejected["line"], rejected["column"], rejected["value"]) == (4, "starts_at", "not a time")
        again = json.loads(imported(folder).stdout)
        assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)

    def test_takes_an_as_of_time_for_civil_time_wherever_the_machine_stands(self, folder: Path) -> None:
        """Seven in the morning in June is six in UTC, also on a server in New Zealand."""
        file, environment = str(folder / "rows.csv"), {**os.environ, "STEADFAST_DATA_DIR": str(folder)}
        command = [
            STEADFAST,
            "import",
            file,
            "--source",
            "elsewhere",
            "--as-of",
            "2026-06-05T07:00:00",
            "--dry-run",
            "--json",
        ]
        done = subprocess.run(
            command, env={**environment, "TZ": "Pacific/Auckland"}, capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout)["as_of"] == "2026-06-05T06:00:00+00:00"

    def test_leaves_status_audit_and_explain_right_with_no_engine_running(self, folder: Path) -> None:
        """The missed visit has its follow-up when the command ends."""
        assert imported(folder).returncode == 0
        status = json.loads(run(folder, "status", "--json").stdout)
        assert status["appointments"]["missed"] == 1
        assert sum(status["follow_ups"].values()) >= 1
        audit = run(folder, "audit", "--json")
        assert (audit.returncode, json.loads(audit.stdout)["violations"]) == (0, [])
        assert "Who has it now" in run(folder, "explain", "1").stdout

    def test_says_whose_red_flag_card_lacks_local_numbers(self, folder: Path) -> None:
        """Shown in `status` and warned of by `audit`, until the trust has entered them (hazard 16)."""
        team = "staff_id,name,role,team,team_name\nP1,Pat,health_visitor,N,North\n"
        (folder / "staff.csv").write_text(team)
        assert run(folder, "import", str(folder / "staff.csv"), "--source", "esr", "--kind", "staff").returncode == 0
        assert json.loads(run(folder, "status", "--json").stdout)["teams_without_local_numbers"] == ["N"]
        warned = json.loads(run(folder, "audit", "--json").stdout)["warnings"]
        assert "team_without_local_numbers" in {one["code"] for one in warned}

    def test_of_an_unusable_file_ends_with_2(self, folder: Path) -> None:
        """Nothing of it is stored; the reason is on standard error."""
        (folder / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00")
        done = run(folder, "import", str(folder / "picture.csv"), "--source", "test")
        assert done.returncode == 2
        assert done.stderr

    def test_that_names_no_sender_or_an_unknown_kind_ends_with_2(self, folder: Path) -> None:
        """Nothing is stored; the message says what was expected."""
        blank = run(folder, "import", str(folder / "rows.csv"), "--source", " ")
        assert (blank.returncode, "--source" in blank.stderr) == (2, True)
        unknown = run(folder, "import", str(folder / "rows.csv"), "--source", "test", "--kind", "visits")
        assert (unknown.returncode, "appointments" in unknown.stderr) == (2, True)

    def test_leaves_no_room_for_made_up_families(self, folder: Path) -> None:
        """`up --demo` is refused on a folder that somebody imported into."""
        assert imported(folder).returncode == 0
        done = run(folder, "up", "--demo", "--data", str(folder))
        assert done.returncode == 3
        assert "refused" in done.stderr


class TestPeopleAndSources:
    def test_are_added_listed_and_switched_off(self, folder: Path) -> None:
        """A random password is printed once."""
        added = run(folder, "users", "add", "Ops", "--role", "administrator", "--all-teams", "--by", "test")
        assert "added ops with the password" in added.stdout
        assert run(folder, "users", "disable", "ops").returncode == 0
        [line] = json.loads(run(folder, "users", "list", "--json").stdout)
        assert (line["username"], line["disabled"]) == ("ops", True)

    def test_declare_what_data_mean(self, folder: Path) -> None:
        """A wrong key names those that are known and changes nothing."""
        assert run(folder, "sources", "set", "test", "go-live=2026-01-01", "rhythm=daily", "--by", "t").returncode == 0
        wrong = run(folder, "sources", "set", "test", "rythm=daily", "--by", "t")
        assert wrong.returncode == 2
        assert "rhythm" in wrong.stderr

    def test_are_refused_by_the_lint_where_a_rule_is_wrong(self, folder: Path) -> None:
        """`pathways lint` of a trust's own folder exits 1 and names the file."""
        own = folder / "own" / "pathways"
        own.mkdir(parents=True)
        (own / "new-birth-visit.yaml").write_text("code: new-birth-visit\n")
        done = run(folder, "pathways", "lint", str(folder / "own"))
        assert done.returncode == 1
        assert "new-birth-visit.yaml" in done.stdout


class TestDemoData:
    def test_into_a_folder_that_cannot_be_made_ends_with_2(self, folder: Path) -> None:
        """With the reason, and no traceback."""
        done = run(folder, "demo-data", "--families", "2", "--out", str(folder / "rows.csv" / "below"))
        assert (done.returncode, "can't be written to" in done.stderr) == (2, True)


class TestDuty:
    def test_routes_are_added_tested_and_ended_by_a_named_person(self, folder: Path) -> None:
        """A route counts once it was tested; hours and numbers that are none are refused."""
        given = ("duty", "add", "On call", "--kind", "phone", "--by", "Ann")
        added = run(folder, *given, "--reaches", "01632 960999", "--hours", "mon-fri 17:00-09:00")
        assert "route 1 added" in added.stdout
        assert run(folder, "duty", "test", "1", "--by", "Ann").returncode == 0
        [route] = json.loads(run(folder, "duty", "list", "--json").stdout)
        assert (route["label"], route["reaches"], route["tested_by"]) == ("On call", "+441632960999", "person:Ann")
        for wrong in (("--reaches", "12", "--hours", "mon 09:00-10:00"), ("--reaches", "01632 960999", "--hours", "x")):
            assert run(folder, *given, *wrong).returncode == 2
        assert run(folder, "duty", "end", "1", "--by", "Ann").returncode == 0
        assert run(folder, "duty", "test", "1", "--by", "Ann").returncode == 2


class TestMovingAPathway:
    def test_shows_who_is_affected_and_then_moves_them(self, folder: Path) -> None:
        """--dry-run changes nothing; then it is done, once; an unknown version is refused."""
        assert imported(folder).returncode == 0
        given = ("pathways", "move", "new-birth-visit", "--by", "Ann", "--why", "Signed")
        assert run(folder, *given, "--to", "9").returncode == 2
        own = folder / "newer" / "pathways"
        own.mkdir(parents=True)
        shipped = (Path(config.__file__).parent / "pathways" / "new-birth-visit.yaml").read_text()
        (own / "new-birth-visit-3.yaml").write_text(shipped.replace("\nversion: 2", "\nversion: 3"))
        environment = {"STEADFAST_CONFIG_DIR": str(folder / "newer")}
        dry = json.loads(run(folder, *given, "--to", "3", "--dry-run", "--json", environment=environment).stdout)
        assert (dry["moved"], [group["count"] for group in dry["groups"]]) == (0, [1])
        done = [
            json.loads(run(folder, *given, "--to", "3", "--json", environment=environment).stdout)["moved"]
            for _ in range(2)
        ]
        assert done == [1, 0]


class TestSettings:
    def test_that_are_wrong_end_a_command_with_every_fault(self, folder: Path) -> None:
        """Exit 3, before anything is begun."""
        environment = {**os.environ, "STEADFAST_NATION": "france", "STEADFAST_BROKER_URL": "amqp://x"}
        done = subprocess.run([STEADFAST, "status"], env=environment, capture_output=True, text=True)
        assert done.returncode == 3
        assert "STEADFAST_NATION" in done.stderr
        assert "STEADFAST_BROKER_URL" in done.stderr


class TestTexts:
    def test_are_stopped_and_let_go_by_a_named_person(self, folder: Path) -> None:
        """The kill switch of the deployment; a team nobody knows is refused."""
        assert "are stopped" in run(folder, "texts", "stop", "--by", "A. Manager").stdout
        assert "go again" in run(folder, "texts", "resume", "--by", "A. Manager").stdout
        assert run(folder, "texts", "stop", "--by", "A. Manager", "--team", "nowhere").returncode == 2
        assert run(folder, "texts", "stop", "--by", " ").returncode == 2


class TestSharing:
    def test_is_off_until_somebody_signs_and_off_again_once_somebody_ends_it(self, folder: Path) -> None:
        """None by default; a service nobody knows, a past day or nobody's name is refused; every agreement is kept."""
        pair = ("perinatal_mental_health", "health_visiting")
        assert "a person decides" in run(folder, "sharing", "list").stdout
        assert run(folder, "sharing", "end", *pair, "--by", "Sam").returncode == 2
        for wrong in (
            ("perinatal", "health_visiting", "--by", "Sam", "--until", "2999-01-01"),
            (*pair, "--by", " ", "--until", "2999-01-01"),
            (*pair, "--by", "Sam", "--until", "2020-01-01"),
            (*pair, "--by", "Sam", "--until", "next year"),
        ):
            assert run(folder, "sharing", "sign", *wrong).returncode == 2
        assert run(folder, "sharing", "sign", *pair, "--by", "Sam", "--until", "2999-01-01").returncode == 0
        assert run(folder, "sharing", "sign", *pair, "--by", "Sam", "--until", "2999-01-01").returncode == 2
        [line] = json.loads(run(folder, "sharing", "list", "--json").stdout)
        assert (line["signed_by"], line["valid_until"], line["stands"]) == ("Sam", "2999-01-01", True)
        assert run(folder, "sharing", "end", *pair, "--by", "Kim").returncode == 0
        [line] = json.loads(run(folder, "sharing", "list", "--json").stdout)
        assert (line["ended_by"], line["stands"]) == ("Kim", False)


class TestThresholds:
    def test_are_signed_by_name_one_by_one_or_all(self, folder: Path) -> None:
        """As shipped nobody has signed any; a signature names who, and is given once."""
        run(folder, "migrate")
        listed = json.loads(run(folder, "thresholds", "list", "--json").stdout)
        assert {one["signed"] for one in listed} == {False}
        assert run(folder, "thresholds", "approve", "epds-13", "--by", " ").returncode == 2
        assert run(folder, "thresholds", "approve", "epds-14", "--by", "Dr Hill").returncode == 2
        assert (
            "1 newly signed by Dr Hill: epds-13"
            in run(folder, "thresholds", "approve", "epds-13", "--by", "Dr Hill").stdout
        )
        assert "0 newly signed" in run(folder, "thresholds", "approve", "epds-13", "--by", "Dr Hill").stdout
        run(folder, "thresholds", "approve", "all", "--by", "Dr Hill")
        assert {one["signed"] for one in json.loads(run(folder, "thresholds", "list", "--json").stdout)} == {True}
