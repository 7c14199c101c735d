"""The command line as other programs use it: its JSON, its exit codes, and that an import leaves all in order."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STEADFAST_")}
    environment["STEADFAST_DATA_DIR"] = str(folder)
    return subprocess.run([STEADFAST, *arguments], env=environment, capture_output=True, text=True, check=False)


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
