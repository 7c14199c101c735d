"""Who else cares for the baby? Four answers, one quiet task a household and occasion, and nothing that is lost."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db import adult_records, carers
from models.db.adult_records import AdultFacts, NewAdult
from models.db.auditor import audit
from models.db.follow_up_rows import NotAllowed
from models.domain.carers import review_on
from models.domain.ids import HouseholdId, PersonId
from models.domain.words import Asked, ContactPattern, Known, PersonRole, Relationship, ToldBy
from tests.engine.world import World, at

TOLD = {"told_by": ToldBy.MOTHER, "legal_basis": "direct care"}


@pytest.fixture
def household(world: World) -> int:
    """A mother and her baby of twelve days."""
    mother = world.add("person", life_status="alive")
    baby = world.child(date_of_birth=world.now.date() - timedelta(days=12))
    household = world.household((mother, "mother"), (baby, "child"))
    world.run("UPDATE household_member SET valid_from = :now", now=world.now)
    return household


class TestAtANamedContact:
    def test_not_asked_by_the_new_birth_visit_is_a_quiet_task(self, world: World, household: int):
        """Whoever was there has two working days to write it down; routine, to whoever holds the baby, no more."""
        seen(world, household, "HV-NBV")
        assert world.told(kind="father_not_asked") == []
        world.until(at("2026-06-10 09:00"))
        world.reconcile()
        (task,) = world.told(kind="father_not_asked")
        assert (task.practitioner_id, task.urgency, task.household_id) == (world.visitor, "routine", household)

    def test_goes_up_softly_to_the_team_lead_and_no_further(self, world: World, household: int):
        """Ten working days each time; the same one task."""
        seen(world, household, "HV-NBV")
        who = []
        for day in ("2026-06-10", "2026-06-23", "2026-06-24", "2026-07-08", "2026-07-22", "2026-08-05"):
            world.until(at(f"{day} 09:00"))
            world.reconcile()
            (task,) = world.told(kind="father_not_asked")
            who.append(task.practitioner_id)
        assert who == [world.visitor, world.visitor, *[world.lead] * 4]

    @pytest.mark.parametrize("answer", [Known.YES, Known.NO])
    def test_answered_raises_none(self, world: World, household: int, answer: Known):
        say(world, household, answer)
        seen(world, household, "HV-NBV")
        world.until(at("2026-06-30 09:00"))
        world.reconcile()
        assert world.told(kind="father_not_asked") == []

    def test_answered_with_not_known_is_asked_again_at_the_next_one(self, world: World, household: int):
        """UNKNOWN ends the task of this contact, and is no NO: the 6 to 8 week review asks anew."""
        seen(world, household, "HV-NBV")
        world.until(at("2026-06-10 09:00"))
        world.reconcile()
        say(world, household, Known.UNKNOWN)
        assert world.told(kind="father_not_asked") == []
        world.until(at("2026-07-20 12:00"))
        world.reconcile()
        assert world.told(kind="father_not_asked") == []
        seen(world, household, "HV-6W")
        world.until(at("2026-07-22 09:00"))
        world.reconcile()
        assert len(world.told(kind="father_not_asked")) == 1

    def test_is_one_for_twins_seen_on_one_day(self, world: World, household: int):
        twin = world.child(date_of_birth=world.now.date() - timedelta(days=12))
        world.add("household_member", household_id=household, person_id=twin, role="child")
        seen(world, household, "HV-NBV")
        seen(world, household, "HV-NBV", child=twin)
        world.until(at("2026-06-10 09:00"))
        world.reconcile()
        world.reconcile()
        assert len(world.told(kind="father_not_asked")) == 1

    @pytest.mark.parametrize(("code", "status"), [("HV-3M", "attended"), ("HV-AN", "attended"), ("HV-NBV", "missed")])
    def test_is_put_on_the_page_alone_elsewhere(self, world: World, household: int, code: str, status: str):
        """No task at other contacts, nor from one that did not take place: it must not become noise."""
        seen(world, household, code, status=status)
        world.until(at("2026-06-30 09:00"))
        world.reconcile()
        assert world.told(kind="father_not_asked") == []

    def test_heard_of_weeks_later_is_no_occasion(self, world: World, household: int):
        """A first load brings years of birth visits: it asks nobody."""
        baby = world.one("SELECT person_id FROM household_member WHERE role = 'child'")
        world.appointment(
            baby, contact_code="HV-NBV", household_id=household, status="attended", ends_at=at("2026-05-20 10:00")
        )
        world.detect()
        assert world.rows("SELECT * FROM carers_question") == []


class TestAnAnswer:
    def test_of_no_man_involved_is_looked_at_again_after_half_a_year(self, world: World, household: int):
        """An answer by somebody's account on a day, not a fact for ever."""
        say(world, household, Known.NO)
        world.until(at("2026-12-08 08:59"))
        world.reconcile()
        assert world.told(kind="father_not_asked") == []
        world.until(at("2026-12-08 09:00"))
        world.reconcile()
        assert len(world.told(kind="father_not_asked")) == 1

    def test_of_no_can_not_be_stored_without_its_review(self, world: World, household: int):
        with pytest.raises(IntegrityError, match="no_is_reviewed"):
            world.run(
                "INSERT INTO carers_question (household_id, answer, answered_by, answered_at)"
                " VALUES (:id, 'no', 'person:ann', now())",
                id=household,
            )

    def test_is_asked_anew_when_somebody_joins_or_leaves(self, world: World, household: int):
        """A new partner in an import; then he is gone again. Each is one occasion."""
        say(world, household, Known.YES)
        world.until(at("2026-07-01 10:00"))
        partner = world.add("person", name="New Partner")
        member = world.add(
            "household_member", household_id=household, person_id=partner, role="partner", valid_from=world.now
        )
        world.reconcile()
        world.until(at("2026-07-03 10:00"))
        world.reconcile()
        assert len(world.told(kind="father_not_asked")) == 1
        say(world, household, Known.YES)
        world.until(at("2026-07-10 10:00"))
        world.reconcile()
        assert world.told(kind="father_not_asked") == []
        world.run("UPDATE household_member SET valid_until = :now WHERE id = :id", now=world.now, id=member)
        world.later(minutes=6)
        world.reconcile()
        world.until(at("2026-07-20 10:00"))
        world.reconcile()
        assert len(world.told(kind="father_not_asked")) == 1

    def test_of_every_time_is_kept_and_can_not_be_changed(self, world: World, household: int):
        say(world, household, Known.UNKNOWN)
        world.later(days=1)
        say(world, household, Known.NO)
        kept = world.rows("SELECT answer, answered_by FROM carers_answer ORDER BY id")
        assert kept == [("unknown", "person:ann"), ("no", "person:ann")]
        with pytest.raises(ProgrammingError, match="permission denied"):
            world.run("UPDATE carers_answer SET answer = 'yes'")


class TestWhatIsKnownOfAnAdult:
    def test_holds_four_values_apart(self, world: World, household: int):
        """UNKNOWN, NOT ASKED, NO and YES come back as they were written; declined is not asked-and-done."""
        father = joined(world, household, "father")
        facts = AdultFacts(
            relationship=Relationship.BIRTH_FATHER,
            is_man=Known.YES,
            lives_with=Known.UNKNOWN,
            parental_responsibility=Known.NO,
            contact_pattern=ContactPattern.WEEKLY,
            mental_health_asked=Asked.DECLINED,
            mental_health_asked_on=date(2026, 6, 8),
            domestic_abuse=Known.NOT_ASKED,
            other_children=Known.YES,
            **TOLD,
        )
        write(world, household, father, facts)
        with Session(world.engine) as session:
            (found,) = adult_records.newest(session, household).values()
        assert (found.facts, found.by) == (facts, "person:ann")
        member = "SELECT lives_with, parental_responsibility FROM household_member WHERE person_id = :id"
        assert world.rows(member, id=father) == [("unknown", "no")]

    def test_is_never_made_vaguer_by_an_import(self, world: World, household: int):
        """Imports write neither records nor what a person said of home and responsibility."""
        father = joined(world, household, "father")
        write(world, household, father, AdultFacts(lives_with=Known.NO, parental_responsibility=Known.YES, **TOLD))
        world.run(
            "INSERT INTO household_member (household_id, person_id, role) VALUES (:household, :person, 'carer')"
            " ON CONFLICT (household_id, person_id) WHERE valid_until IS NULL DO NOTHING",
            household=household,
            person=father,
        )
        member = world.rows("SELECT role, lives_with FROM household_member WHERE person_id = :id", id=father)
        assert member == [("father", "no")]

    def test_said_to_have_been_asked_needs_the_day(self, world: World, household: int):
        father = joined(world, household, "father")
        with pytest.raises(NotAllowed, match="Write the day"):
            write(world, household, father, AdultFacts(mental_health_asked=Asked.DONE, **TOLD))

    def test_keeps_every_version(self, world: World, household: int):
        father = joined(world, household, "father")
        for lives in (Known.UNKNOWN, Known.YES):
            write(world, household, father, AdultFacts(lives_with=lives, **TOLD))
        assert world.one("SELECT count(*) FROM adult_record") == 2
        with pytest.raises(ProgrammingError, match="permission denied"):
            world.run("DELETE FROM adult_record")

    @pytest.mark.parametrize("setting", ["safe_to_contact", "texts_about_child"])
    def test_not_safe_takes_back_what_waits_to_leave_for_him(self, world: World, household: int, setting: str):
        """At once, and his number stays unsafe where contact is not safe at all."""
        father = joined(world, household, "father")
        number = world.add("contact_point", person_id=father, number="+447700900123", safe_to_text="yes")
        world.add(
            "message", channel="sms", audience="family", purpose="reminder_week", urgency="routine", state="queued",
            dedupe_key="k", household_id=household, contact_point_id=number, template_code="reminder",
            template_version=1, language="en", created_at=world.now, send_after=world.now,
        )  # fmt: skip
        write(world, household, father, AdultFacts(**{setting: Known.NO}, **TOLD))
        assert world.one("SELECT state FROM message") == "dropped"
        safe = world.one("SELECT safe_to_text FROM contact_point WHERE id = :id", id=number)
        assert safe == ("no" if setting == "safe_to_contact" else "yes")


class TestAnAdultNobodyToldUsOf:
    def test_is_added_by_a_person_and_joined_by_an_equal_nhs_number_alone(self, world: World, household: int):
        known = world.add("person", name="Known", nhs_number="9990000018", date_of_birth=date(1990, 1, 1))
        assert added(world, household, "Sam", "9990000018") == known
        assert added(world, household, "Known", None) != known  # a name joins nobody

    def test_with_another_date_of_birth_is_for_a_person_to_find_out(self, world: World, household: int):
        world.add("person", name="Known", nhs_number="9990000018", date_of_birth=date(1990, 1, 1))
        with pytest.raises(NotAllowed, match="born on another day"):
            added(world, household, "Sam", "9990000018", born=date(1991, 1, 1))


class TestTheAuditor:
    def test_finds_a_question_nothing_puts(self, world: World, household: int):
        seen(world, household, "HV-NBV")
        world.later(days=3)
        assert "carers_question_overdue" in violations(world)

    def test_finds_a_household_that_changed_and_was_not_asked(self, world: World, household: int):
        say(world, household, Known.YES)
        assert violations(world) == []
        world.later(days=1)
        joined(world, household, "partner")
        world.later(hours=1)
        assert violations(world) == ["changed_household_not_asked"]

    def test_finds_an_answer_that_was_lost(self, world: World, household: int):
        say(world, household, Known.YES)
        world.run("UPDATE carers_question SET answer = 'unknown'")
        assert violations(world) == ["carers_answer_lost"]


def seen(world: World, household: int, code: str, *, child: int | None = None, status: str = "attended") -> None:
    """A contact took place an hour ago; the engine looks."""
    baby = child or world.one("SELECT person_id FROM household_member WHERE role = 'child' ORDER BY id LIMIT 1")
    world.appointment(baby, contact_code=code, household_id=household, status=status)
    world.detect()


def say(world: World, household: int, answer: Known) -> None:
    """A practitioner writes the mother's answer down."""
    day = world.now.date()
    review = review_on(answer, answered_on=day, rules=world.rules.carers)
    calendar = world.rules.calendar
    with Session(world.engine) as session, session.begin():
        carers.answer(
            session,
            HouseholdId(household),
            answer,
            told_by=ToldBy.MOTHER,
            note=None,
            review_at=None if review is None else calendar.at(review, calendar.day_starts),
            account=world.person_at_page(),
            now=world.now,
        )


def joined(world: World, household: int, role: str) -> int:
    """An adult whom an import put into the household now."""
    person = world.add("person", name="Sam Made-Up")
    world.add("household_member", household_id=household, person_id=person, role=role, valid_from=world.now)
    return person


def write(world: World, household: int, person: int, facts: AdultFacts) -> None:
    with Session(world.engine) as session, session.begin():
        adult_records.record(
            session, HouseholdId(household), PersonId(person), facts, account=world.person_at_page(), now=world.now
        )


def added(world: World, household: int, name: str, number: str | None, *, born: date | None = None) -> int:
    account: Any = world.person_at_page()
    with Session(world.engine) as session, session.begin():
        adult = NewAdult(name, born, number)
        return adult_records.add(
            session, HouseholdId(household), adult, role=PersonRole.FATHER, account=account, now=world.now
        )


def violations(world: World) -> list[str]:
    with Session(world.engine) as session:
        found = audit(session, world.now, limits=load_audit_limits(config_dir=None))
    return [finding.code for finding in found.violations if "carers" in finding.code or "household" in finding.code]
