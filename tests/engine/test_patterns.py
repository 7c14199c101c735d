"""Patterns on real rows: found once, raising the one live follow-up, opening one only where none is; no cascade."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db.auditor import audit
from models.db.follow_up_actions import take_up
from models.domain.words import AppointmentStatus
from tests.engine.world import World, at


@pytest.fixture
def now():
    return at("2026-06-08 12:00")


class Family:
    """A household of a one-year-old, an older brother and a mother, and what happens to them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ana = world.child(date_of_birth=date(2025, 5, 1), first_received_at=at("2025-05-01 09:00"))
        self.ben = world.child(date_of_birth=date(2023, 5, 1), first_received_at=at("2025-05-01 09:00"))
        self.mother = world.child(date_of_birth=date(1995, 5, 1), first_received_at=at("2025-05-01 09:00"))
        self.household = world.household((self.ana, "child"), (self.ben, "child"), (self.mother, "mother"))

    def contact(self, person: int, code: str, status: str, *, days: float = 0, **given: object) -> int:
        """An appointment that ended so many days before now."""
        ends = self.world.now - timedelta(days=days, hours=1)
        mode = {"mode": "clinic", "subject_role": "mother" if person == self.mother else "child"}
        return self.world.appointment(
            person, contact_code=code, status=status, ends_at=ends, household_id=self.household, **(mode | given)
        )

    def found(self) -> dict[str, tuple[int | None, bool]]:
        """Rule to the follow-up it raised, and whether it opened one instead."""
        rows = self.world.rows("SELECT * FROM pattern_found ORDER BY id")
        assert len({row.rule for row in rows}) == len(rows)
        return {row.rule: (row.follow_up_id, row.family_event_id is not None) for row in rows}


@pytest.fixture
def family(world: World) -> Family:
    return Family(world)


class TestPatternFound:
    def test_raises_the_live_follow_up_tells_the_team_lead_at_once_and_goes_faster(self, world, family):
        """R1: two in a row. The second miss is of another contact, so it has a ladder of its own."""
        family.contact(family.ana, "GP-IMMS", "missed", days=40)
        missed = family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        world.advance()
        row = world.follow_up(missed)
        assert family.found() == {"R1": (row.id, False), "two-in-90-days": (row.id, False)}
        assert (row.faster, row.pattern_at, row.state) == (True, world.now, "open")
        told = [(alert.step_id, alert.practitioner_id) for alert in world.told(follow_up_id=row.id)]
        assert sorted(told) == [
            ("pattern-found", world.visitor),
            ("pattern-found", world.lead),
            ("phone-same-day", world.visitor),
        ]
        assert world.story(row.id).count("pattern_found") == 2
        assert world.rows("SELECT * FROM family_event") == []

    def test_is_found_once_however_often_anybody_looks(self, world, family):
        """Looked at again, by another worker, after a crash: nothing more."""
        family.contact(family.ana, "GP-IMMS", "missed", days=40)
        family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        world.advance()
        before = world.rows("SELECT * FROM alert ORDER BY id"), family.found()
        for spoilt in ("UPDATE follow_up SET patterns_looked = false", "UPDATE pattern_look SET look_at = looked_at"):
            world.run(spoilt)
            world.detect()
            world.advance()
        assert (world.rows("SELECT * FROM alert ORDER BY id"), family.found()) == before

    def test_carries_its_pace_into_the_next_miss_of_the_contact(self, world, family):
        """The thread goes on, and so does what the pattern made of it; nobody is told of the same one twice."""
        family.contact(family.ana, "GP-IMMS", "missed", days=40)
        missed = family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        world.advance()
        first = world.follow_up(missed)
        # The third in six months would be a pattern of its own: here it was found before.
        world.add(
            "pattern_found", rule="R2", rule_version=1, dedupe_key="k", person_id=family.ana, of_household=False,
            about="x", says="x", detail="{}", follow_up_id=first.id, found_at=world.now,
        )  # fmt: skip
        world.later(days=7)
        again = family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        world.advance()
        row = world.follow_up(again)
        assert world.follow_up(missed).continued_in == row.id
        assert (row.faster, row.pattern_at) == (True, first.pattern_at)
        assert not world.told(follow_up_id=row.id, step_id="pattern-found")

    def test_that_comes_later_is_another_and_adds_no_alert_where_a_higher_step_says_it(self, world, family):
        """Third in six months, and the second miss of a review, which faster means supervision."""
        family.contact(family.ana, "GP-IMMS", "missed", days=40)
        family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        world.advance()
        world.later(days=7)
        again = family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        world.advance()
        row = world.follow_up(again)
        assert set(family.found()) == {"R1", "two-in-90-days", "R2"}
        assert row.pattern_at == world.now
        told = world.told(follow_up_id=row.id, practitioner_id=world.lead)
        assert [one.step_id for one in told] == ["second-miss", "supervision"]
        assert world.story(row.id).count("step_passed") == 1

    def test_of_a_family_that_cancels_counts(self, world, family):
        """R2 and R3: cancelled, declined, cancelled. Hazard 6: a miss hidden as a cancellation."""
        family.contact(family.ana, "HV-6M", "cancelled_by_family", days=120)
        family.contact(family.ana, "HV-1Y", "declined", days=60)
        family.contact(family.ana, "HV-1Y", "cancelled_by_family")
        world.detect()
        assert set(family.found()) == {"R2", "R3"}

    def test_keeps_its_words_and_names_nobody(self, world, family):
        """What the page shows is what that version of the rule said."""
        for days in (120, 60, 0):
            family.contact(family.ana, "HV-1Y", "cancelled_by_family", days=days)
        world.detect()
        rows = world.rows("SELECT says, rule_version, detail FROM pattern_found WHERE rule = 'R2'")
        assert [(row.says, row.rule_version, row.detail["count"]) for row in rows] == [
            ("Third contact not kept in six months", 1, 3)
        ]


@pytest.fixture
def quiet(world: World) -> None:
    """A trust whose own rules open nothing where it was the service that cancelled: only a pattern shows it."""
    by_service = AppointmentStatus.CANCELLED_BY_SERVICE
    kinds = {
        code: replace(kind, opens={status: cause for status, cause in kind.opens.items() if status is not by_service})
        for code, kind in world.rules.contacts.kinds.items()
    }
    world.rules = replace(world.rules, contacts=replace(world.rules.contacts, kinds=kinds))


@pytest.mark.usefixtures("quiet")
class TestPatternWithNothingLive:
    def test_opens_one_follow_up_with_the_team_lead_first(self, world, family):
        """R10: cancelled twice by us, of a contact that a schedule would miss only months later. Not the family's."""
        for days in (30, 0):
            family.contact(family.ana, "HV-1Y", "cancelled_by_service", days=days)
        world.detect()
        world.advance()
        (row,) = world.rows("SELECT * FROM follow_up")
        assert family.found() == {"R10": (None, True)}
        assert (row.pathway_code, row.contact_code, row.person_id, row.household_id, row.faster) == (
            "pattern",
            "EVENT-PATTERN",
            family.ana,
            family.household,
            False,
        )
        assert [alert.practitioner_id for alert in world.told()] == [world.lead, world.visitor]

    def test_opens_its_own_where_the_only_live_follow_up_is_ended_after_a_loss(self, world, family):
        """A ladder without a step for patterns tells nobody: the pattern never goes there."""
        missed = family.contact(family.mother, "MW-28W", "missed", days=1)
        world.detect()
        world.run("UPDATE follow_up SET pathway_code = 'after-a-loss', pathway_version = 1")
        for days in (30, 0):
            family.contact(family.ana, "HV-1Y", "cancelled_by_service", days=days)
        world.detect()
        world.advance()
        (opened,) = world.rows("SELECT * FROM follow_up WHERE pathway_code = 'pattern'")
        assert family.found() == {"R10": (None, True)}
        assert world.follow_up(missed).pattern_at is None
        told = [alert.practitioner_id for alert in world.told(follow_up_id=opened.id)]
        assert told == [world.lead, world.visitor]

    def test_raises_a_brother_s_rather_than_what_is_ended_after_a_loss(self, world, family):
        """R4: whose miss completed it counts less than that somebody hears of it."""
        ended = family.contact(family.mother, "MW-28W", "missed", days=1)
        world.detect()
        world.run("UPDATE follow_up SET pathway_code = 'after-a-loss', pathway_version = 1")
        other = family.contact(family.ben, "HV-2Y", "missed", days=2)
        world.detect()
        assert family.found()["R4"] == (world.follow_up(other).id, False)
        assert world.follow_up(ended).pattern_at is None

    def test_opens_one_for_the_whole_family_and_later_patterns_raise_that_one(self, world, family):
        """One card a household."""
        for person, code in ((family.ana, "HV-1Y"), (family.ben, "HV-2Y")):
            for days in (30, 0):
                family.contact(person, code, "cancelled_by_service", days=days)
        world.detect()
        (row,) = world.rows("SELECT * FROM follow_up")
        world.later(days=3)
        for days in (2, 0):
            family.contact(family.mother, "HV-AN", "cancelled_by_service", days=days)
        world.detect()
        assert [one.id for one in world.rows("SELECT id FROM follow_up")] == [row.id]
        later = world.rows("SELECT * FROM pattern_found WHERE found_at = :now", now=world.now)
        assert {one.follow_up_id for one in later} == {row.id}

    def test_is_no_reason_for_another_pattern(self, world, family):
        """A card that a pattern opened counts as no episode and no miss: nothing answers it."""
        for days in (30, 0):
            family.contact(family.ana, "HV-1Y", "cancelled_by_service", days=days)
        world.detect()
        found = family.found()
        for _ in range(3):
            world.later(days=1)
            world.run("UPDATE pattern_look SET look_at = :now", now=world.now)
            world.detect()
        assert family.found() == found
        assert len(world.rows("SELECT * FROM follow_up")) == 1


class TestSiblings:
    def test_inform_and_never_cascade(self, world, family):
        """R5: three children, three misses, one line in one story; no alert, no pace, nothing opened."""
        third = world.child(date_of_birth=date(2022, 5, 1), first_received_at=at("2025-05-01 09:00"))
        world.add("household_member", household_id=family.household, person_id=third, role="child")
        for person, code in ((family.ana, "HV-1Y"), (family.ben, "HV-2Y"), (third, "HV-TARGETED")):
            world.later(days=12)
            family.contact(person, code, "missed")
            world.detect()
            world.advance()
        rows = world.rows("SELECT * FROM follow_up")
        informed = world.rows("SELECT * FROM pattern_found WHERE rule = 'R5'")
        assert len(rows) == 3
        assert len(informed) == 1
        assert not world.rows("SELECT * FROM family_event")

    def test_of_one_visit_are_one_contact(self, world, family):
        """Twins at one clinic, not brought once: no second contact in a row."""
        for person in (family.ana, family.ben):
            family.contact(person, "HV-TARGETED", "missed")
        world.detect()
        assert set(family.found()) == {"R5"}


class TestBacklog:
    def test_of_years_raises_nothing_one_by_one(self, world, family):
        """A first load: each miss stands in the backlog, and no pattern is made of them."""
        for days in (400, 300, 200, 100, 50):
            family.contact(family.ana, "HV-TARGETED", "missed", days=days, first_received_at=world.now)
        world.detect()
        assert {row.state for row in world.rows("SELECT state FROM follow_up")} == {"backlog"}
        assert family.found() == {}

    def test_is_counted_once_something_new_is_missed(self, world, family):
        """History informs the miss of today."""
        for days in (100, 50):
            family.contact(family.ana, "HV-TARGETED", "missed", days=days, first_received_at=world.now)
        family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        assert {"R1", "R2"} <= set(family.found())


class TestConfidentialService:
    def test_missed_by_the_mother_shows_in_no_pattern_of_the_child(self, world, family):
        """Three of her mental-health appointments and the child's review: two services, and no pattern tells of it."""
        team = world.add("team", code="P", name="PMH", stage="staff")
        for days in (60, 30, 5):
            family.contact(family.mother, "PMH-REVIEW", "missed", days=days, team_id=team)
        missed = family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        raised = world.rows("SELECT * FROM pattern_found")
        assert {row.reader for row in raised} == {"perinatal_mental_health"}
        assert world.follow_up(missed).id not in {row.follow_up_id for row in raised}

    def test_that_was_disclosed_counts_as_the_fact_it_is(self, world, family):
        """R4: the recorded family event is a contact with another service."""
        world.add(
            "family_event", kind="adult_missed_contact", dedupe_key="x", person_id=family.ana,
            household_id=family.household, happened_at=world.now - timedelta(days=3), recorded_at=world.now,
            recorded_by="test", opens_follow_up=False,
        )  # fmt: skip
        missed = family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        assert family.found()["R4"] == (world.follow_up(missed).id, False)


class TestUnseenChild:
    def test_under_a_flag_is_noticed_on_the_day_by_time_alone(self, world):
        """R6: nothing is missed and nothing is open; 90 days after the last sighting somebody is asked to look."""
        baby = world.child(date_of_birth=date(2026, 1, 1), first_received_at=at("2026-01-01 09:00"))
        world.household((baby, "child"))
        world.appointment(baby, contact_code="HV-6W", status="attended", ends_at=at("2026-03-20 11:00"))
        world.add("flag", person_id=baby, code="cpp", set_at=world.now, set_by="test")
        world.detect()
        assert world.rows("SELECT * FROM pattern_found") == []
        assert world.one("SELECT look_at FROM pattern_look") == at("2026-06-18 09:00")
        world.until(at("2026-06-18 09:00"))
        world.detect()
        (found,) = world.rows("SELECT * FROM pattern_found")
        assert (found.rule, found.says) == (
            "R6",
            "Nobody is recorded as having seen the child in person since 20 Mar 2026",
        )
        assert world.rows("SELECT pathway_code FROM follow_up") == [("pattern",)]

    def test_seen_meanwhile_is_not(self, world):
        """The look finds the sighting and waits for the next ninety days."""
        baby = world.child(date_of_birth=date(2026, 1, 1), first_received_at=at("2026-01-01 09:00"))
        world.appointment(baby, contact_code="HV-6W", status="attended", ends_at=at("2026-03-20 11:00"))
        world.add("flag", person_id=baby, code="cpp", set_at=world.now, set_by="test")
        world.detect()
        world.until(at("2026-06-10 12:00"))
        seen = at("2026-06-10 11:00")
        world.appointment(baby, contact_code="GP-IMMS", status="attended", ends_at=seen, mode="clinic")
        world.until(at("2026-06-18 09:00"))
        world.detect()
        assert world.rows("SELECT * FROM pattern_found") == []
        assert world.one("SELECT look_at FROM pattern_look") == at("2026-09-08 09:00")

    @pytest.mark.parametrize(
        "given",
        [
            pytest.param({"mode": "phone"}, id="by phone"),
            pytest.param({"subtype": "child_not_seen"}, id="the child was not seen"),
            pytest.param({"status_by": "import:other"}, id="by nobody's word"),
        ],
    )
    def test_is_not_seen_by_what_shows_nobody(self, world, given):
        """In person, the child itself, by an authoritative word."""
        world.run("UPDATE source SET authoritative_for = '{}'" if given.get("status_by") else "SELECT 1")
        baby = world.child(date_of_birth=date(2026, 1, 1), first_received_at=at("2026-01-01 09:00"))
        ends = at("2026-06-01 11:00")
        world.appointment(baby, contact_code="HV-6W", status="attended", ends_at=ends, reconsider_at=None, **given)
        world.add("flag", person_id=baby, code="cpp", set_at=world.now, set_by="test")
        world.detect()
        assert [row.rule for row in world.rows("SELECT rule FROM pattern_found")] == ["R6"]


class TestScores:
    def test_that_ask_for_a_decision_make_a_miss_a_pattern_for_the_same_team(self, world, family):
        """R9: the mother's score three weeks ago, the child not brought today."""
        world.add(
            "indicator", person_id=family.mother, instrument="EPDS", total=14, recorded_on=date(2026, 5, 18),
            recorded_by="test", language="en", received_at=world.now - timedelta(days=21),
            examine_at=world.now - timedelta(days=21),
        )  # fmt: skip
        missed = family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        assert family.found()["R9"] == (world.follow_up(missed).id, False)


class TestDetails:
    def test_changed_both_and_a_miss_are_found_when_the_second_changes(self, world, family):
        """R8, from the register's import: the address last."""
        missed = family.contact(family.ana, "HV-1Y", "missed", days=5)
        world.detect()
        for created in (world.now - timedelta(days=300), world.now - timedelta(days=2)):
            number = "+447700900001" if created < world.now - timedelta(days=5) else "+447700900002"
            world.add("contact_point", person_id=family.mother, number=number, created_at=created)
        world.run("UPDATE person SET postcode_changed_at = :now WHERE id = :id", now=world.now, id=family.mother)
        world.run("UPDATE pattern_look SET look_at = :now", now=world.now)
        world.detect()
        assert family.found()["R8"] == (world.follow_up(missed).id, False)


class TestTheDatabase:
    def test_keeps_what_was_found_for_good(self, world, family, owner_engine: Engine):
        """Append-only, for the application and for the owner of the tables."""
        for days in (30, 0):
            family.contact(family.ana, "HV-1Y", "cancelled_by_service", days=days)
        world.detect()
        for engine in (world.engine, owner_engine):
            for change in ("UPDATE pattern_found SET says = 'x'", "DELETE FROM pattern_found"):
                with Session(engine) as session, pytest.raises(DBAPIError, match=r"append-only|permission denied"):
                    session.connection().exec_driver_sql(change)

    def test_refuses_a_pattern_that_does_nothing(self, world, family):
        """It raises a follow-up or opens one: else nobody would ever see it."""
        with pytest.raises(IntegrityError, match="raises_or_opens_one"):
            world.add(
                "pattern_found", rule="R1", rule_version=1, dedupe_key="k", person_id=family.ana, of_household=False,
                about="x", says="x", detail="{}", found_at=world.now,
            )  # fmt: skip


class TestTheAuditor:
    def violations(self, world) -> set[str]:
        with Session(world.engine) as session:
            return {one.code for one in audit(session, world.now, limits=load_audit_limits(config_dir=None)).violations}

    def test_finds_a_household_due_to_be_looked_at_that_was_not(self, world, family):
        """The day came and the engine did not look."""
        family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        world.advance()
        world.run("UPDATE pattern_look SET look_at = :at", at=world.now + timedelta(minutes=1))
        world.later(hours=1)
        world.advance()
        assert self.violations(world) == {"pattern_not_looked_at"}

    @pytest.mark.parametrize(
        "spoilt", ["UPDATE follow_up SET opened_at = opened_at + interval '1 hour'", "DELETE FROM pattern_look"]
    )
    def test_finds_a_live_follow_up_whose_family_nobody_has_looked_at_since(self, world, family, spoilt):
        """By the looks themselves, not by the mark that the engine goes by."""
        family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        world.advance()
        world.run(spoilt)
        world.later(hours=2)
        world.advance()
        assert "follow_up_without_pattern_look" in self.violations(world)

    def test_gives_an_old_entry_that_was_taken_up_time_to_be_looked_at(self, world, family):
        """Nobody looks at the backlog for patterns; from being taken up on, somebody has to."""
        family.contact(family.ana, "HV-1Y", "missed", days=200, first_received_at=world.now)
        world.detect()
        (row,) = world.rows("SELECT id, row_version FROM follow_up")
        world.later(hours=1)
        assert self.violations(world) == set()
        with Session(world.engine) as session, session.begin():
            take_up(
                session,
                follow_up_id=row.id,
                row_version=row.row_version,
                account=world.person_at_page(),
                now=world.now,
            )
        assert "follow_up_without_pattern_look" not in self.violations(world)
        world.later(hours=1)
        world.advance()
        assert "follow_up_without_pattern_look" in self.violations(world)
        world.detect()
        assert self.violations(world) == set()

    def test_finds_a_flag_that_no_look_has_taken_in(self, world, family):
        world.add("flag", person_id=family.ana, code="cpp", set_at=world.now, set_by="test")
        world.later(hours=1)
        assert "cause_without_pattern_look" in self.violations(world)

    def test_finds_a_pattern_that_no_story_tells(self, world, family):
        """What raised a follow-up is in its story, or nobody would know why it goes faster."""
        missed = family.contact(family.ana, "HV-1Y", "missed")
        world.detect()
        world.advance()
        row = world.follow_up(missed)
        world.add(
            "pattern_found", rule="R2", rule_version=1, dedupe_key="k", person_id=family.ana, of_household=False,
            about="x", says="x", detail="{}", follow_up_id=row.id, found_at=world.now,
        )  # fmt: skip
        assert self.violations(world) == {"pattern_without_story"}

    def test_finds_nothing_where_all_was_looked_at(self, world, family):
        family.contact(family.ana, "HV-1Y", "missed")
        world.add("flag", person_id=family.ana, code="cpp", set_at=world.now, set_by="test")
        world.detect()
        world.advance()
        world.later(minutes=30)
        world.advance()
        assert self.violations(world) == set()


class TestCost:
    def statements(self, world: World) -> int:
        count = 0

        def tick(*_: object) -> None:
            nonlocal count
            count += 1

        event.listen(world.engine, "before_cursor_execute", tick)
        world.detect()
        event.remove(world.engine, "before_cursor_execute", tick)
        return count

    def test_is_the_same_for_one_household_and_for_forty(self, world):
        """Sets: the number of statements follows the number of sets, not of families."""
        world.detect()  # the first look ever takes note of the rules in force
        counts = []
        for households in (1, 40):
            for _ in range(households):
                one = Family(world)
                one.contact(one.ana, "GP-IMMS", "missed", days=40)
                one.contact(one.ana, "HV-1Y", "missed")
            counts.append(self.statements(world))
            world.later(days=1)
        assert counts[0] == counts[1]
        assert world.one("SELECT count(*) FROM pattern_found WHERE rule = 'R1'") == 41

    def test_follows_what_is_due_and_not_what_is_stored(self, world):
        """Forty families at rest: a look takes nothing of them, and reads no row of theirs."""
        for _ in range(40):
            one = Family(world)
            one.contact(one.ana, "HV-1Y", "missed")
        world.detect()
        world.run("ANALYZE pattern_look; ANALYZE follow_up")
        looked = world.rows("SELECT id, looked_at FROM pattern_look ORDER BY id")
        world.later(days=1)
        fresh = Family(world)
        fresh.contact(fresh.ana, "HV-1Y", "missed")
        assert world.detect().patterns == 1
        assert world.rows("SELECT id, looked_at FROM pattern_look ORDER BY id")[: len(looked)] == looked
