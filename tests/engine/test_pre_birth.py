"""Pre-birth checkpoints: asked for by gestation where a flag says so, met only by what a person records."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.db import planning_acts
from models.db.follow_up_rows import ChangedMeanwhile, NotAllowed
from models.db.planning_acts import Held
from models.domain.ids import HouseholdId
from tests.engine.register import Register, a_child, a_mother, a_visit, an_adult, at


@pytest.fixture
def trust(engine: Engine) -> Register:
    """A trust on Monday 20 July 2026; M1 is due on 1 March 2027, 8+0 weeks today."""
    made = Register(engine, now=at("2026-07-20 12:00"))
    made.people(a_mother(), an_adult("F1", "father"))
    return made


def checkpoints(trust: Register) -> dict[str, str]:
    """The checkpoints of M1 and how they stand."""
    return {code: state for code, (state, _) in trust.plan("M1").items() if code.startswith("PB")}


def record(trust: Register, code: str, on: date) -> None:
    """A midwife records a checkpoint as done."""
    with Session(trust.engine) as session, session.begin():
        planning_acts.record_held(
            session,
            Held(
                contact_id=trust.contact("M1", code).id,
                on=on,
                at=trust.rules.calendar.at(on, trust.rules.calendar.day_ends),
                by_whom="Social worker S.",
                reference="minutes of that day",
                asked={},
            ),
            household_id=HouseholdId(trust.one("SELECT id FROM household")),
            codes=trust.rules.contacts.recorded,
            account=trust.person_at_page(),
            now=trust.now,
        )
    trust.detect()


class TestCheckpoints:
    def test_are_asked_of_nobody_without_the_flag(self, trust: Register):
        """Most pregnancies."""
        assert checkpoints(trust) == {}

    @pytest.mark.parametrize("who", ["M1", "F1"])
    def test_are_planned_when_the_flag_is_set_on_either_parent(self, trust: Register, who: str):
        """The flag marks the family for planning; nobody has to import anything."""
        trust.flag(who, "pre_birth_plan")
        trust.detect()
        assert checkpoints(trust) == {
            "PB-16W": "planned",
            "PB-28W": "planned",
            "PB-32W": "planned",
            "PB-36W": "planned",
        }

    def test_give_way_when_the_flag_ends(self, trust: Register):
        """A person ended it; what is followed up already stays."""
        flag = trust.flag("M1", "pre_birth_plan")
        trust.detect()
        trust.until(at("2026-09-14 09:00"))
        trust.detect()
        trust.unflag(flag)
        trust.detect()
        assert checkpoints(trust) == {"PB-16W": "overdue"}
        assert trust.live() == [("PB-16W", "overdue")]

    def test_not_recorded_by_their_week_are_followed_up(self, trust: Register):
        """16+0 is Monday 14 September, 28+0 Monday 7 December."""
        trust.flag("M1", "pre_birth_plan")
        trust.detect()
        trust.until(at("2026-09-14 08:59"))
        trust.detect()
        assert trust.live() == []
        trust.until(at("2026-09-14 09:00"))
        trust.detect()
        assert trust.live() == [("PB-16W", "overdue")]
        (follow_up,) = trust.rows("SELECT * FROM follow_up")
        assert (follow_up.high_risk, follow_up.person_id) == (True, trust.person("M1"))

    def test_are_met_by_what_a_person_records(self, trust: Register):
        """When, by whom, where it is written: in the history for good."""
        trust.flag("M1", "pre_birth_plan")
        trust.detect()
        trust.until(at("2026-09-11 12:00"))
        record(trust, "PB-16W", date(2026, 9, 10))
        assert checkpoints(trust)["PB-16W"] == "met"
        trust.until(at("2026-09-15 12:00"))
        trust.detect()
        assert trust.live() == []
        assert trust.rows("SELECT event, actor, detail FROM expected_contact_event") == [
            (
                "recorded_held",
                "person:ann",
                {"on": "2026-09-10", "by_whom": "Social worker S.", "reference": "minutes of that day"},
            )
        ]

    def test_recorded_late_are_confirmed_and_closed_by_a_person(self, trust: Register):
        """The ladder stops; it does not close by itself."""
        trust.flag("M1", "pre_birth_plan")
        trust.detect()
        trust.until(at("2026-09-15 12:00"))
        trust.detect()
        record(trust, "PB-16W", date(2026, 9, 15))
        assert [row.state for row in trust.rows("SELECT state FROM follow_up")] == ["seen"]

    def test_end_with_the_birth(self, trust: Register):
        """Born at 30 weeks: what was still to be done before birth is over."""
        trust.flag("M1", "pre_birth_plan")
        trust.detect()
        trust.until(at("2026-12-22 12:00"))
        trust.people(a_child("C1", "2026-12-21"))
        assert set(checkpoints(trust).values()) <= {"superseded", "overdue"}
        assert checkpoints(trust)["PB-36W"] == "superseded"


class TestRecording:
    def test_refuses_what_was_recorded_already(self, trust: Register):
        """Two colleagues at once: the later is told."""
        trust.flag("M1", "pre_birth_plan")
        trust.detect()
        record(trust, "PB-16W", date(2026, 7, 20))
        with pytest.raises(ChangedMeanwhile):
            record(trust, "PB-16W", date(2026, 7, 20))

    def test_refuses_a_contact_that_needs_the_child_seen(self, trust: Register):
        """A review is met by an attendance, not by a note."""
        with pytest.raises(NotAllowed):
            record(trust, "HV-AN", date(2026, 7, 20))


class TestAppointment:
    def test_of_a_checkpoints_code_counts_too_where_a_source_sends_it(self, trust: Register):
        """A strategy discussion held by the trust and recorded as attended."""
        trust.flag("M1", "pre_birth_plan")
        trust.detect()
        trust.until(at("2026-12-01 12:00"))
        trust.visits(a_visit("A1", "M1", "PB-28W", "2026-11-30T10:00", status="attended", subject_role="mother"))
        assert checkpoints(trust)["PB-28W"] == "met"
