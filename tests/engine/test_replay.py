"""A small extract replayed: what the ladders would have done with it, told like the policy, with either staff."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from models.db.replay_figures import Telling
from models.domain.words import ImportKind
from tests.engine.replaying import APPOINTMENTS, RULES, Replaying
from workers import lanes
from workers.lanes import Lane
from workers.replay import NothingToReplay, ReplayFailed

# Follow-up 1 is of a2, which is booked again for the 17th; 2 of a4, whose new appointment staff make; 3 of a5.
ON_TIME = [
    "Mon 08 13:00 1 health_visitor practitioner-contacts",
    "Tue 09 16:30 2 health_visitor ask-practitioner",
    "Tue 09 16:30 2 health_visitor practitioner-contacts",
    "Wed 10 12:00 3 health_visitor ask-practitioner",
    "Wed 10 17:00 1 health_visitor practitioner-contacts",
    "Thu 11 10:00 1 health_visitor confirm-seen",
    "Fri 12 10:00 2 health_visitor confirm-seen",
]
ACTS = {"acknowledged": 3, "alert_done": 4, "booked": 2, "closed": 2, "outcome_recorded": 2}
# The same follow-ups. Nobody answers: each step goes up after its limit, and the next fires at its time.
NEVER = [
    "Mon 08 13:00 1 health_visitor practitioner-contacts",
    "Tue 09 13:00 1 team_lead practitioner-contacts",
    "Tue 09 17:00 2 health_visitor ask-practitioner",
    "Tue 09 18:00 2 health_visitor practitioner-contacts",
    "Wed 10 12:00 3 health_visitor ask-practitioner",
    "Wed 10 17:00 2 team_lead practitioner-contacts",
    "Thu 11 09:00 2 team_lead practitioner-tries-again",
    "Thu 11 09:00 2 health_visitor practitioner-tries-again",
    "Thu 11 12:00 3 team_lead ask-again",
    "Thu 11 12:00 3 health_visitor ask-again",
    "Thu 11 17:00 1 named_nurse practitioner-contacts",
    "Fri 12 09:00 3 team_lead settle",
    "Fri 12 17:00 3 last_resort settle",
    "Mon 15 09:00 1 named_nurse team-lead-decides",
    "Mon 15 09:00 1 health_visitor team-lead-decides",
    "Mon 15 09:00 1 team_lead team-lead-decides",
    "Mon 15 09:00 3 last_resort still-no-outcome",
    "Mon 15 09:00 3 team_lead still-no-outcome",
    "Mon 15 17:00 2 named_nurse practitioner-tries-again",
    "Tue 16 09:00 2 named_nurse team-lead-decides",
    "Tue 16 09:00 2 health_visitor team-lead-decides",
    "Tue 16 09:00 2 team_lead team-lead-decides",
    "Tue 16 09:00 3 last_resort still-no-outcome",
    "Tue 16 09:00 3 team_lead still-no-outcome",
    "Wed 17 09:00 3 last_resort still-no-outcome",
    "Wed 17 09:00 3 team_lead still-no-outcome",
    "Wed 17 13:00 1 health_visitor confirm-seen",
    "Thu 18 09:00 3 last_resort still-no-outcome",
    "Thu 18 09:00 3 team_lead still-no-outcome",
    "Thu 18 17:00 2 last_resort team-lead-decides",
    "Fri 19 09:00 3 last_resort still-no-outcome",
    "Fri 19 09:00 3 team_lead still-no-outcome",
    "Fri 19 17:00 1 team_lead confirm-seen",
]


@pytest.fixture
def replaying(engine: Engine, database_owner: Engine, tmp_path: Path) -> Replaying:
    """The extract, on the test's own database."""
    return Replaying(engine, database_owner, tmp_path)


def lines(tellings: list[Telling]) -> list[str]:
    """Civil time, whose follow-up, who is told, of which step. The weekly check of the staff is another's test."""
    zone = RULES.calendar.zone
    return [
        f"{one.at.astimezone(zone):%a %d %H:%M} {one.follow_up_id} {one.staff_role} {one.step}"
        for one in tellings
        if one.follow_up_id is not None
    ]


class TestStaffWhoDoEverythingInTime:
    def test_reach_each_family_before_the_next_step(self, replaying: Replaying) -> None:
        """One alert a miss at once, one when the child was seen; an unrecorded outcome is asked for once."""
        done, report = replaying.run(on_time=True)
        assert lines(replaying.told) == ON_TIME
        assert done.acts == ACTS
        assert report["named_nurse"] == {
            "new_items": 0, "per_working_day_per_10000": 0.0, "new_items_before_birth": 0,
        }  # fmt: skip
        assert {name: one["met"] for name, one in report["targets"].items()} == {
            "health_visitor_median": True, "health_visitor_p95": True, "named_nurse_per_10000": True,
        }  # fmt: skip

    def test_see_her_the_next_working_day_where_a_pattern_says_so(self, replaying: Replaying) -> None:
        """domain.md 3.3 (i): a new slot within three working days, within 24 hours where the risk is raised. A second
        contact missed within 90 days moves the ladder one rung faster: before the discussion after two working days.
        """
        header = "source_id,subject_local_id,subject_role,kind,practitioner,team,starts_at,minutes,status,recorded_at"
        rows = [
            "a1,M1,mother,MW-16W,HV1,N,2026-06-08T10:00,20,missed,2026-06-08T11:00",
            "a2,M1,mother,MW-ANOMALY,HV1,N,2026-06-15T10:00,20,missed,2026-06-15T11:00",
        ]
        _, report = replaying.run(on_time=True, appointments="\n".join([header, *rows]) + "\n")
        with replaying.engine.connect() as connection:
            made = connection.execute(
                text("SELECT starts_at FROM appointment WHERE source_ref LIKE 'replay-made%' ORDER BY starts_at")
            )
            assert [f"{row.starts_at.astimezone(RULES.calendar.zone):%a %d %H:%M}" for row in made] == [
                "Thu 11 09:30",
                "Tue 16 09:30",
            ]
        assert "case-discussion" not in {one["step"] for one in report["steps"]}


class TestStaffWhoDoNothing:
    def test_are_told_step_by_step_and_then_those_above_them(self, replaying: Replaying) -> None:
        """The visitor on the day, her lead when she does not answer, the named nurse, and for ever the last resort."""
        _, report = replaying.run(on_time=False)
        assert lines(replaying.told) == NEVER
        assert report["acts_of_staff"] == {}

    def test_leave_a_whole_report(self, replaying: Replaying) -> None:
        """What was opened, what came in and could not be used, whom it reached, and an audit that finds nothing."""
        _, report = replaying.run(on_time=False)
        assert report["audit"]["violations"] == []
        assert report["period"] == {"from": date(2026, 6, 8), "to": date(2026, 6, 19), "working_days": 10}
        assert report["appointments"] == {"all": 5, "attended": 2, "missed": 2, "outcome_due": 1}
        assert report["follow_ups"] == [
            {"pathway": "general-missed", "trigger": "missed", "backlog": False, "count": 2},
            {"pathway": "outcome-not-recorded", "trigger": "outcome_not_recorded", "backlog": False, "count": 1},
        ]
        assert [(file["kind"], file["read"], len(file["rejected"])) for file in report["files"]] == [
            ("staff", 3, 0),
            ("appointments", 6, 1),
        ]
        [rejected] = report["files"][1]["rejected"]
        assert (rejected["line"], rejected["column"], rejected["value"]) == (7, "starts_at", "not a time")
        assert (report["children"], report["late_steps"], report["rows_that_came_late"]) == (4, [], 0)


class TestGoLive:
    def test_is_the_first_day_what_was_missed_before_is_backlog(self, replaying: Replaying) -> None:
        """One task for the team's lead instead of an alert each."""
        _, report = replaying.run(on_time=False, first_day=date(2026, 6, 11))
        assert [(one["pathway"], one["backlog"], one["count"]) for one in report["follow_ups"]] == [
            ("general-missed", True, 2),
            ("outcome-not-recorded", True, 1),
        ]
        first = [one for one in replaying.told if one.times == 1 and one.kind != "staffing_gap"]
        assert [(one.kind, one.staff_role, f"{one.at:%d %H:%M}") for one in first] == [
            ("backlog_triage", "team_lead", "10 23:00")
        ]


class TestTheEngine:
    def test_is_the_engine_every_pass_of_its_lanes_runs(
        self, replaying: Replaying, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A pass that is added to a lane is in a replay without a change of it"""
        seen: list[object] = []
        passes = {**lanes.JOBS[Lane.ENGINE], "new": lambda machine: seen.append(machine.clock) or 0}
        monkeypatch.setattr(lanes, "JOBS", {**lanes.JOBS, Lane.ENGINE: passes})
        done, _ = replaying.run(on_time=False, last_day=date(2026, 6, 8))
        assert len(seen) == done.steps

    def test_ends_it_by_name_where_a_pass_fails(self, replaying: Replaying, monkeypatch: pytest.MonkeyPatch) -> None:
        """Half a history must not look like a whole one."""

        def failing(machine: object) -> int:
            raise RuntimeError

        monkeypatch.setattr(lanes, "JOBS", {**lanes.JOBS, Lane.ENGINE: {"failing": failing}})
        with pytest.raises(ReplayFailed, match="failing failed"):
            replaying.run(on_time=False)


class TestNothing:
    def test_to_replay_is_said(self, replaying: Replaying) -> None:
        """No usable row; a period that ends before it begins."""
        header, *_, bad = APPOINTMENTS.splitlines()
        with pytest.raises(NothingToReplay, match="no appointment"):
            replaying.run(on_time=False, appointments=f"{header}\n{bad}\n")
        with pytest.raises(NothingToReplay, match="is empty"):
            replaying.run(on_time=False, last_day=date(2026, 6, 1))


class TestTwoMissesOfOneDay:
    def test_are_one_thread(self, replaying: Replaying) -> None:
        """Two whole-day appointments end at one moment: one follow-up climbs. A replay found that two did."""
        header = "source_id,subject_local_id,subject_role,kind,starts_at,status"
        rows = [f"a{number},C1,carer,GP-ROUTINE,2026-06-08,missed" for number in (1, 2)]
        _, report = replaying.run(on_time=False, appointments="\n".join([header, *rows]) + "\n")
        assert report["audit"]["violations"] == []
        with replaying.engine.connect() as connection:
            found = connection.execute(text("SELECT state FROM follow_up ORDER BY state")).all()
        assert [row.state for row in found] == ["continued", "open"]


class TestFilesThatNameStaff:
    def test_are_read_with_the_staff_there(self, replaying: Replaying):
        """A week of leave of somebody in the staff file is no faulty row, whatever the order of the files."""
        leave = "source_id,practitioner,starts_at,ends_at\nL1,HV1,2026-06-15,2026-06-16\nL2,HV9,2026-06-15,2026-06-16\n"
        done, _ = replaying.run(on_time=False, more=[replaying.write(ImportKind.ABSENCES, leave)])
        (absences,) = [one for one in done.imports if one.kind is ImportKind.ABSENCES]
        assert (absences.read, [fault.value for fault in absences.rejected]) == (2, ["HV9"])
