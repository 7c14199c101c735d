"""The family review, over a household's years: from the first indicator until school nursing has accepted the child."""

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db import planning_acts
from models.db.auditor import audit
from models.db.planning_acts import Held
from models.domain.ids import HouseholdId
from tests.engine.register import Register, a_child, a_visit, an_adult, at


@pytest.fixture
def trust(engine: Engine) -> Register:
    """A trust on Monday 7 September 2026."""
    return Register(engine, now=at("2026-09-07 12:00"))


@pytest.fixture
def family(trust: Register) -> Register:
    """A mother with a history, a father, a baby and a child of four."""
    trust.people(
        an_adult("M1", "mother", flags="severe_mental_illness"),
        an_adult("F1", "father"),
        a_child("C1", "2026-02-01"),
        a_child("C2", "2022-05-01"),
    )
    return trust


def reviews(trust: Register) -> list[tuple[str, date, str]]:
    """All reviews: about which child, from when, how it stands."""
    found = trust.rows(
        "SELECT i.local_id, e.anchor_on, e.state FROM expected_contact e"
        " JOIN person_identifier i ON i.person_id = e.person_id WHERE e.whole_family ORDER BY e.id"
    )
    return [tuple(row) for row in found]


def score(trust: Register, local_id: str, instrument: str, total: int, item: int | None = None) -> None:
    """A score is recorded today."""
    trust.add(
        "indicator",
        person_id=trust.person(local_id),
        instrument=instrument,
        total=total,
        self_harm_item=item,
        recorded_on=trust.now.date(),
        recorded_by="person:ann",
        examine_at=trust.now,
        received_at=trust.now,
    )
    trust.detect()


def hold(trust: Register, on: date) -> None:
    """A health visitor records the coming review as held."""
    (contact, household) = trust.rows(
        "SELECT id, household_id FROM expected_contact WHERE whole_family AND met_at IS NULL"
        " AND state IN ('planned', 'booked', 'overdue')"
    )[0]
    calendar = trust.rules.calendar
    with Session(trust.engine) as session, session.begin():
        planning_acts.record_held(
            session,
            Held(
                contact_id=contact,
                on=on,
                at=min(calendar.at(on, calendar.day_ends), trust.now),
                by_whom="Viv Visitor",
                reference="entry of that day",
                asked={"ordinary_day": "yes", "each_adult": "yes"},
            ),
            household_id=HouseholdId(household),
            codes=trust.rules.contacts.recorded,
            account=trust.person_at_page(),
            now=trust.now,
        )
    trust.detect()


def violations(trust: Register) -> set[str]:
    """What the auditor finds wrong, of those that are about the family review."""
    with Session(trust.engine) as session:
        found = audit(session, trust.now, limits=load_audit_limits(config_dir=None)).violations
    return {finding.code for finding in found} & {"family_review_missing", "plan_not_looked_at"}


class TestNeed:
    def test_plans_one_review_for_the_household_about_the_youngest_child(self, family: Register):
        """Due in four to six months; two children, one card."""
        assert reviews(family) == [("C1", date(2026, 9, 7), "planned")]
        contact = family.contact("C1", "HV-FAMILY")
        assert (contact.window_start, contact.unbooked_on, contact.overdue_on) == (
            date(2027, 1, 7),
            date(2027, 2, 7),
            date(2027, 3, 7),
        )

    def test_arises_from_a_score_over_a_published_threshold(self, trust: Register):
        """EPDS 12 of the father counts; EPDS 9 does not; the self-harm item counts whatever the total."""
        trust.people(an_adult("F1", "father"), a_child("C1", "2026-02-01"))
        score(trust, "F1", "EPDS", 9)
        assert reviews(trust) == []
        score(trust, "F1", "EPDS", 3, item=1)
        assert reviews(trust) == [("C1", date(2026, 9, 7), "planned")]

    def test_arises_from_a_flag_that_has_ended(self, trust: Register):
        """Past as well as current."""
        trust.people(an_adult("M1", "mother", flags="severe_mental_illness"))
        trust.run("UPDATE flag SET ended_at = :now, ended_by = 'person:ann'", now=trust.now)
        trust.later(days=30)
        trust.people(a_child("C1", "2026-10-01"))
        assert reviews(trust) == [("C1", date(2026, 10, 7), "planned")]

    def test_arises_when_such_an_adult_moves_in(self, trust: Register):
        """A new partner with a history."""
        trust.people(a_child("C1", "2026-02-01"), an_adult("M1", "mother"))
        trust.people(an_adult("P1", "partner", family="H9", flags="severe_mental_illness"))
        assert reviews(trust) == []
        trust.people(an_adult("P1", "partner", flags="severe_mental_illness"))
        assert reviews(trust) == [("C1", date(2026, 9, 7), "planned")]

    def test_does_not_arise_from_an_adult_who_lives_elsewhere(self, trust: Register):
        """Known not to live there; where nobody has said, they count as living there."""
        trust.people(a_child("C1", "2026-02-01"), an_adult("F1", "father"))
        trust.run("UPDATE household_member SET lives_with = 'no' WHERE role = 'father'")
        trust.flag("F1", "severe_mental_illness")
        trust.detect()
        assert reviews(trust) == []

    def test_ends_with_the_adult_who_leaves(self, family: Register):
        """What is planned gives way, with its history."""
        family.run("UPDATE household_member SET valid_until = :now WHERE role = 'mother'", now=family.now)
        family.detect()
        assert reviews(family) == [("C1", date(2026, 9, 7), "not_applicable")]
        assert family.rows("SELECT event FROM expected_contact_event") == [("no_longer_planned",)]

    def test_of_everybody_is_looked_at_when_more_comes_to_count(self, trust: Register):
        """A trust adds a flag to the rule: families who carry it already are planned."""
        trust.people(an_adult("M1", "mother", flags="substance_misuse"), a_child("C1", "2026-02-01"))
        assert reviews(trust) == []
        rule = replace(trust.rules.family_review, flags=frozenset({"severe_mental_illness", "substance_misuse"}))
        trust.rules = replace(trust.rules, family_review=rule)
        trust.detect()
        assert reviews(trust) == [("C1", date(2026, 9, 7), "planned")]


class TestReview:
    def test_held_plans_the_next(self, family: Register):
        """There is always one; it runs from the day the last was held."""
        family.until(at("2027-02-01 12:00"))
        family.detect()
        hold(family, date(2027, 1, 29))
        assert reviews(family) == [("C1", date(2026, 9, 7), "met"), ("C1", date(2027, 1, 29), "planned")]

    def test_attended_by_an_appointment_for_a_sibling_counts(self, family: Register):
        """It is the household's: booked on the older child's record."""
        family.until(at("2027-01-20 12:00"))
        family.visits(a_visit("A1", "C2", "HV-FAMILY", "2027-01-19T10:00", status="attended", household_id="H1"))
        assert reviews(family) == [("C1", date(2026, 9, 7), "met"), ("C1", date(2027, 1, 19), "planned")]

    def test_never_booked_climbs_its_own_ladder(self, family: Register):
        """A month before it is due; the words ask for the child's ordinary day and each adult."""
        family.until(at("2027-02-05 09:00"))  # the 7th is a Sunday
        family.detect()
        (follow_up,) = [row for row in family.rows("SELECT * FROM follow_up") if row.contact_code == "HV-FAMILY"]
        assert (follow_up.trigger, follow_up.pathway_code) == ("never_booked", "family-review")
        step = family.rules.current_pathway("family-review", on=date(2027, 2, 5)).step("book-the-review")
        assert step is not None
        assert "ordinary day is like for each child" in step.action
        assert "how each adult who lives with or cares for the child is" in step.action

    def test_missed_on_a_siblings_record_takes_its_follow_up_over(self, family: Register):
        """One thread, whichever child it was booked for."""
        family.until(at("2027-02-10 12:00"))
        family.detect()
        family.visits(a_visit("A1", "C2", "HV-FAMILY", "2027-02-09T10:00", status="missed", household_id="H1"))
        found = [row for row in family.rows("SELECT * FROM follow_up") if row.contact_code == "HV-FAMILY"]
        assert [(row.trigger, row.cycle) for row in found] == [("missed", 2)]

    def test_held_late_asks_its_follow_up_to_be_confirmed_and_closed_by_a_person(self, family: Register):
        """Recorded on the page: the ladder stops, nothing closes by itself, and the next is planned."""
        family.until(at("2027-03-10 12:00"))
        family.detect()
        hold(family, date(2027, 3, 10))
        (follow_up,) = [row for row in family.rows("SELECT * FROM follow_up") if row.contact_code == "HV-FAMILY"]
        assert follow_up.state == "seen"
        assert reviews(family)[-1] == ("C1", date(2027, 3, 10), "planned")

    @pytest.mark.parametrize(("reason", "state"), [("seen", "met"), ("clinician_decision", "overdue")])
    def test_closed_by_a_person_for_any_reason_plans_the_next(self, family: Register, reason: str, state: str):
        """A decision about this one is none about the next."""
        family.until(at("2027-03-10 12:00"))
        family.detect()
        family.run(
            "UPDATE follow_up SET state = 'closed', closed_by = 'person:bob', closing_by = 'person:ann',"
            " closing_reason = :reason, closed_reason = :reason, closed_at = :now, next_due_at = NULL"
            " WHERE contact_code = 'HV-FAMILY'",
            now=family.now,
            reason=reason,
        )
        family.detect()
        assert reviews(family) == [("C1", date(2026, 9, 7), state), ("C1", date(2027, 3, 10), "planned")]

    def test_planned_by_two_workers_at_once_is_one(self, family: Register):
        """Both find the mark; one plans, the other finds it done."""
        family.run("UPDATE expected_contact SET state = 'not_applicable', next_due_at = NULL WHERE whole_family")
        family.run("INSERT INTO plan_mark (person_id, marked_at) SELECT id, :now FROM person", now=family.now)
        workers = [threading.Thread(target=family.detect) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [state for _, _, state in reviews(family)] == ["not_applicable", "planned"]

    def test_is_never_two_at_once_by_the_database(self, family: Register):
        """Past the code that keeps it."""
        with pytest.raises(IntegrityError, match="uq_expected_contact_family_coming"):
            family.run(
                "INSERT INTO expected_contact (person_id, household_id, contact_code, schedule_code, schedule_version,"
                " anchor_on, window_start, window_end, overdue_on, next_due_at, first_received_at, whole_family)"
                " SELECT person_id, household_id, contact_code, schedule_code, schedule_version, anchor_on + 1,"
                " window_start, window_end, overdue_on, next_due_at, first_received_at, true FROM expected_contact"
                " WHERE whole_family"
            )


class TestMoving:
    def test_takes_the_review_along_with_its_date(self, family: Register):
        """The same family under another household id: one review, due when it was due."""
        family.until(at("2026-12-01 12:00"))
        family.people(
            an_adult("M1", "mother", family="H7", flags="severe_mental_illness"),
            an_adult("F1", "father", family="H7"),
            a_child("C1", "2026-02-01", family="H7"),
            a_child("C2", "2022-05-01", family="H7"),
        )
        assert reviews(family) == [("C1", date(2026, 9, 7), "planned")]
        assert (
            family.one(
                "SELECT h.source_household_id FROM expected_contact e JOIN household h ON h.id = e.household_id"
                " WHERE e.whole_family"
            )
            == "H7"
        )
        family.later(hours=1)
        assert violations(family) == set()

    def test_in_with_a_family_that_has_one_leaves_one(self, family: Register):
        """Two households become one."""
        family.people(
            an_adult("M2", "mother", family="H2", flags="severe_mental_illness"),
            a_child("C3", "2025-01-01", family="H2"),
        )
        family.people(an_adult("M2", "mother", flags="severe_mental_illness"), a_child("C3", "2025-01-01"))
        assert sorted(state for _, _, state in reviews(family)) == ["not_applicable", "planned"]


class TestHandover:
    def test_of_one_child_leaves_the_review_to_the_next(self, family: Register):
        """The same review, with its own date."""
        hand_over(family, "C1")
        assert reviews(family) == [("C1", date(2026, 9, 7), "not_applicable"), ("C2", date(2026, 9, 7), "planned")]

    def test_of_every_child_ends_the_reviews(self, family: Register):
        """A person's recorded act, and nothing else, does."""
        hand_over(family, "C1")
        hand_over(family, "C2")
        assert [state for _, _, state in reviews(family)] == ["not_applicable", "not_applicable"]
        assert family.rows("SELECT action FROM audit_entry WHERE action LIKE 'school%'") == [
            ("school_handover",),
            ("school_handover",),
        ]

    def test_ends_what_is_planned_for_the_child_and_closes_nothing(self, family: Register):
        """HV-2Y of the older child is chased until a person closes it (domain.md 1.2, stop-chasing point)."""
        open_before = family.live()
        assert ("HV-2Y", "never_booked") in open_before
        hand_over(family, "C2")
        assert family.live() == open_before
        assert {row.state for row in family.contacts("C2")} <= {"overdue", "superseded"}

    def test_taken_back_plans_again(self, family: Register):
        """Recorded in error."""
        hand_over(family, "C1")
        assert "HV-2Y" not in family.plan("C1")
        with Session(family.engine) as session, session.begin():
            planning_acts.withdraw_handover(
                session,
                person_id=family.person("C1"),
                household_id=home(family),
                account=family.person_at_page(),
                now=family.now,
            )
        family.detect()
        assert family.plan("C1")["HV-2Y"][0] == "planned"

    def test_is_not_age(self, family: Register):
        """Five and not handed over: reviews go on."""
        hand_over(family, "C1")
        family.until(at("2027-06-01 12:00"))
        family.detect()
        hold(family, date(2027, 5, 31))
        assert reviews(family)[-1] == ("C2", date(2027, 5, 31), "planned")


class TestAuditor:
    def test_finds_a_household_without_a_next_review(self, family: Register):
        """By its own query, over the flags and the scores."""
        family.later(hours=1)
        assert violations(family) == set()
        family.run("UPDATE expected_contact SET state = 'not_applicable', next_due_at = NULL WHERE whole_family")
        assert violations(family) == {"family_review_missing"}

    def test_finds_marks_that_nobody_looks_at(self, family: Register):
        """The planner stands still."""
        family.run("INSERT INTO plan_mark (person_id, marked_at) SELECT id, :now FROM person", now=family.now)
        family.later(hours=1)
        assert violations(family) == {"plan_not_looked_at"}


def home(trust: Register) -> HouseholdId:
    return HouseholdId(trust.one("SELECT id FROM household WHERE source_household_id = 'H1'"))


def hand_over(trust: Register, local_id: str) -> None:
    """A person records that school nursing has accepted the child."""
    with Session(trust.engine) as session, session.begin():
        planning_acts.record_handover(
            session,
            person_id=trust.person(local_id),
            household_id=home(trust),
            accepted_on=trust.now.date() - timedelta(days=1),
            accepted_by="Sandy School",
            reference="",
            account=trust.person_at_page(),
            now=trust.now,
        )
    trust.detect()
