"""`steadfast replay` as others use it: a server of its own that is gone afterwards, two at once, two sets of rules."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import scratch
from config.rule_files import SHIPPED

STEADFAST = str(Path(sys.executable).parent / "steadfast")
ROWS = """source_id,subject_local_id,subject_name,subject_role,subject_dob,kind,team,practitioner,starts_at,status,recorded_at
a1,C1,Ada Made-Up,child,2025-01-05,HV-TARGETED,N,HV1,2026-06-08T10:00,missed,2026-06-08T12:00
a2,C2,Bea Made-Up,child,2025-01-06,HV-TARGETED,N,HV1,2026-06-08T11:00,attended,2026-06-08T12:00
a3,C3,Cyn Made-Up,child,2025-01-07,HV-TARGETED,N,HV1,not a time,attended,
"""  # noqa: E501 - a table
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Two appointments of one Monday, and a bad row."""
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    return path


@pytest.fixture(autouse=True)
def temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for scratch servers that no other test run has: short, for a socket's path."""
    folder = Path(f"/tmp/sfr{os.getpid()}")
    folder.mkdir(mode=0o711, exist_ok=True)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(folder))
    return folder


def started(*arguments: str) -> "subprocess.Popen[str]":
    """A replay whose configured database answers nobody: it must not be needed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STEADFAST_")}
    environment["STEADFAST_DATABASE_URL"] = NOWHERE
    command = [STEADFAST, "replay", *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def report_of(out: str) -> dict[str, Any]:
    """The report without what differs from run to run."""
    return {name: value for name, value in json.loads(out).items() if name != "run"}


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class TestReplay:
    def test_opens_no_live_database_and_leaves_nothing_and_two_at_once_agree(
        self, rows: Path, tmp_path: Path, temporary_folder: Path
    ) -> None:
        """The configured server answers nobody. Both find the one miss and the bad row, and list who was told when."""
        day = ("--to", "2026-06-09", "--json")
        both = [started(str(rows), *day, "--list", str(tmp_path / f"{number}.csv")) for number in (1, 2)]
        (code, out, err), (_, other, _) = (ended(process) for process in both)
        assert code == 0, err
        found = report_of(out)
        assert found == report_of(other)
        assert found["appointments"] == {"all": 2, "attended": 1, "missed": 1}
        [file] = found["files"]
        assert [(one["line"], one["value"]) for one in file["rejected"]] == [(4, "not a time")]
        assert found["follow_ups"] == [{"pathway": "general-missed", "trigger": "missed", "backlog": False, "count": 1}]
        listed = (tmp_path / "1.csv").read_text()
        assert listed == (tmp_path / "2.csv").read_text()
        assert "2026-06-08T12:00+01:00" in listed
        assert "Made-Up" not in listed
        assert list(temporary_folder.glob(f"{scratch.PREFIX}*")) == []

    def test_killed_leaves_nothing_behind_after_the_next(self, rows: Path, temporary_folder: Path) -> None:
        """Its server stops with it; the folder goes with the next replay, which one still at work never loses."""
        process = started(str(rows), "--to", "2026-12-09")
        folders = lambda: list(temporary_folder.glob(f"{scratch.PREFIX}*"))  # noqa: E731
        eventually(lambda: any((folder / "postgres" / "postmaster.pid").exists() for folder in folders()))
        assert scratch.remove_leftovers() == 0
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        eventually(lambda: scratch.remove_leftovers() == 1)
        assert folders() == []

    def test_sets_two_sets_of_rules_side_by_side(self, rows: Path, tmp_path: Path) -> None:
        """The same days under a ladder that goes to the team lead first: its column differs, the appointments don't."""
        own = tmp_path / "own"
        (own / "pathways").mkdir(parents=True)
        shipped = yaml.safe_load((SHIPPED / "pathways" / "general-missed.yaml").read_text())
        for step in shipped["steps"]:
            if step["id"] == "practitioner-contacts":
                step["owner"] = "team_lead"
        (own / "pathways" / "general-missed.yaml").write_text(yaml.safe_dump(shipped))
        code, out, err = ended(started(str(rows), "--to", "2026-06-08", "--pathways", str(own / "pathways"), "--json"))
        assert code == 0, err
        mine, theirs = (json.loads(out)[name] for name in ("in force", "pathways"))
        assert mine["appointments"] == theirs["appointments"]
        assert [one["role"] for one in mine["steps"]] == ["practitioner"]
        assert [one["role"] for one in theirs["steps"]] == ["last_resort"]  # the team has no lead

    def test_of_files_that_hold_nothing_to_replay_ends_with_2(self, tmp_path: Path) -> None:
        """The reason on standard error."""
        (tmp_path / "empty").mkdir()
        code, _, err = ended(started(str(tmp_path / "empty")))
        assert (code, "appointments.csv" in err) == (2, True)
        (tmp_path / "none.csv").write_text(ROWS.splitlines()[0] + "\n" + ROWS.splitlines()[3] + "\n")
        code, _, err = ended(started(str(tmp_path / "none.csv")))
        assert (code, "no appointment" in err) == (2, True)
