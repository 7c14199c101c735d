"""Planning as families live it (domain.md 1.1 to 1.5): EDD, birth, twins, new dates, movers, hospital, in any order."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db.auditor import audit
from tests.engine.register import Register, a_child, a_mother, a_visit, an_adult, at

MIDWIFERY = {
    "MW-BOOK", "MW-DATING", "MW-16W", "MW-ANOMALY", "MW-28W", "MW-34W", "MW-36W", "MW-38W", "MW-41W",
}  # fmt: skip


@pytest.fixture
def trust(engine: Engine) -> Register:
    """A health-visiting trust on Monday 7 September 2026."""
    return Register(engine, now=at("2026-09-07 12:00"))


@pytest.fixture
def maternity(engine: Engine) -> Register:
    """A trust with midwifery and general practice switched on, on Monday 20 July 2026."""
    return Register(engine, now=at("2026-07-20 12:00"), services=("midwifery", "general_practice"))


class TestPregnancy:
    def test_is_planned_from_its_edd_for_the_services_that_are_switched_on(self, trust: Register):
        """No midwifery feed, no midwifery plan: nobody is told that bookings are missing which never come in."""
        trust.people(a_mother())
        assert trust.plan("M1") == {"HV-AN": ("planned", date(2027, 3, 1))}

    def test_has_midwifery_contacts_where_that_is_switched_on(self, maternity: Register):
        """NICE's contacts for all women."""
        maternity.people(a_mother())
        assert set(maternity.plan("M1")) == MIDWIFERY | {"HV-AN"}

    def test_of_a_first_birth_has_three_more_once_that_is_known(self, maternity: Register):
        """Parity comes later, and is filled in; put right again, what it alone asked for gives way."""
        maternity.people(a_mother())
        maternity.people(a_mother(subject_nulliparous="yes"))
        assert set(maternity.plan("M1")) == MIDWIFERY | {"HV-AN", "MW-25W", "MW-31W", "MW-40W"}
        maternity.people(a_mother(subject_nulliparous="no"))
        assert set(maternity.plan("M1")) == MIDWIFERY | {"HV-AN"}

    def test_parity_once_told_is_not_forgotten_by_an_emptier_row(self, maternity: Register):
        """UNKNOWN fills nothing."""
        maternity.people(a_mother(subject_nulliparous="yes"))
        maternity.people(a_mother(subject_nulliparous="unknown", postcode="ZZ1 1ZZ"))
        assert maternity.one("SELECT nulliparous FROM pregnancy") == "yes"

    def test_known_from_an_appointment_alone_is_planned_too(self, trust: Register):
        """No register row says so; her midwife's booking carries the due date."""
        trust.visits(a_visit("A1", "M1", "MW-16W", "2026-09-14T10:00", subject_edd="2027-03-01", subject_role="mother"))
        assert trust.plan("M1") == {"HV-AN": ("planned", date(2027, 3, 1))}

    def test_is_not_moved_by_an_appointment_of_an_earlier_one(self, trust: Register):
        """A file of years holds the due dates of years."""
        trust.people(a_mother())
        trust.visits(a_visit("A1", "M1", "MW-16W", "2024-01-08T10:00", subject_edd="2024-06-20", subject_role="mother"))
        assert trust.one("SELECT edd FROM pregnancy") == date(2027, 3, 1)


class TestChangedEdd:
    def test_plans_anew_what_is_not_fulfilled_and_keeps_the_old_dates(self, trust: Register):
        """The dating scan replaces the last period."""
        trust.people(a_mother())
        trust.people(a_mother(subject_edd="2027-03-06"))
        assert trust.plan("M1") == {"HV-AN": ("planned", date(2027, 3, 6))}
        before = trust.contacts("M1", gone=True)[0]
        assert (before.state, before.anchor_on) == ("not_applicable", date(2027, 3, 1))
        assert trust.rows("SELECT event, from_state, to_state, detail ->> 'anchor_is' FROM expected_contact_event") == [
            ("dates_changed", "planned", "not_applicable", "2027-03-06")
        ]
        assert trust.rows("SELECT detail FROM audit_entry WHERE action = 'pregnancy.changed'") == [
            ({"edd_was": "2027-03-01", "edd_is": "2027-03-06"},)
        ]

    def test_by_a_week_or_less_tells_nobody(self, trust: Register):
        """Every dating scan moves it by days."""
        trust.people(a_mother())
        trust.people(a_mother(subject_edd="2027-03-08"))
        assert trust.told() == []

    def test_by_more_than_a_week_with_open_contacts_is_told_to_a_person_once(self, trust: Register):
        """Hazard 28: what is booked may be wrong now."""
        trust.people(a_mother())
        trust.people(a_mother(subject_edd="2027-03-09"))
        trust.detect()
        assert [(alert.kind, alert.person_id) for alert in trust.told()] == [
            ("pregnancy_dates_changed", trust.person("M1"))
        ]

    def test_asks_for_nothing_again_that_took_place(self, trust: Register):
        """Seen at 30 weeks by the old date, and still seen by the new one."""
        trust.until(at("2026-12-21 12:00"))
        trust.people(a_mother())
        trust.visits(a_visit("A1", "M1", "HV-AN", "2026-12-18T10:00", status="attended", subject_role="mother"))
        trust.people(a_mother(subject_edd="2027-03-15"))
        assert trust.plan("M1") == {"HV-AN": ("met", date(2027, 3, 1))}

    def test_takes_a_live_follow_up_along(self, trust: Register):
        """Nobody had booked it; with the new date the same follow-up goes on, and no second one is opened."""
        trust.people(a_mother())
        trust.until(at("2027-01-05 12:00"))
        trust.detect()
        assert trust.live() == [("HV-AN", "never_booked")]
        trust.people(a_mother(subject_edd="2027-03-15"))
        trust.until(at("2027-02-16 12:00"))
        trust.detect()
        (follow_up,) = trust.rows("SELECT * FROM follow_up")
        assert follow_up.expected_contact_id == trust.contact("M1", "HV-AN").id
        assert trust.contact("M1", "HV-AN").anchor_on == date(2027, 3, 15)
        assert "dates_changed" in trust.story(follow_up.id)

    def test_and_put_back_wakes_the_first_plan(self, trust: Register):
        """A slip corrected: what had given way is wanted again, not lost."""
        trust.people(a_mother())
        trust.people(a_mother(subject_edd="2027-04-01"))
        trust.people(a_mother(subject_edd="2027-03-01"))
        assert trust.plan("M1") == {"HV-AN": ("planned", date(2027, 3, 1))}
        assert trust.contact("M1", "HV-AN").next_due_at is not None

    def test_takes_its_booking_along(self, trust: Register):
        """The appointment finds the contact as it is now."""
        trust.people(a_mother())
        trust.visits(a_visit("A1", "M1", "HV-AN", "2026-12-18T10:00", status="booked", subject_role="mother"))
        trust.people(a_mother(subject_edd="2027-03-06"))
        assert trust.plan("M1") == {"HV-AN": ("booked", date(2027, 3, 6))}


class TestBirth:
    def test_ends_the_antenatal_plan_and_begins_the_childs(self, trust: Register):
        """DOB replaces EDD."""
        trust.people(a_mother())
        trust.until(at("2027-03-04 12:00"))
        trust.people(a_child("C1", "2027-03-03"))
        assert trust.plan("M1")["HV-AN"][0] == "superseded"
        assert trust.plan("C1")["HV-NBV"] == ("planned", date(2027, 3, 3))
        assert trust.rows("SELECT outcome, ended_on FROM pregnancy") == [("live_birth", date(2027, 3, 3))]

    def test_known_before_the_pregnancy_ends_it_all_the_same(self, trust: Register):
        """Files come in any order: nobody is asked for the outcome of a pregnancy whose child is here."""
        trust.until(at("2027-03-04 12:00"))
        trust.people(a_child("C1", "2027-03-03"), an_adult("M1", "mother"))
        trust.visits(a_visit("A1", "M1", "MW-36W", "2027-02-01T10:00", subject_edd="2027-03-01", status="attended"))
        assert trust.rows("SELECT outcome, ended_on FROM pregnancy") == [("live_birth", date(2027, 3, 3))]
        trust.until(at("2027-03-20 12:00"))
        trust.detect()
        assert "EVENT-OUTCOME-UNKNOWN" not in [code for code, _ in trust.live()]

    def test_of_twins_is_one_pregnancy_and_two_plans(self, trust: Register):
        """Each child has a schedule; the second was born after midnight."""
        trust.people(a_mother())
        trust.until(at("2027-02-20 12:00"))
        trust.people(a_child("C1", "2027-02-18"), a_child("C2", "2027-02-19"))
        assert trust.plan("C1")["HV-NBV"] == ("planned", date(2027, 2, 18))
        assert trust.plan("C2")["HV-NBV"] == ("planned", date(2027, 2, 19))
        assert trust.rows("SELECT outcome, ended_on FROM pregnancy") == [("live_birth", date(2027, 2, 18))]
        assert trust.one("SELECT count(DISTINCT household_id) FROM expected_contact") == 1

    def test_gives_the_mother_one_check_of_her_own_for_twins(self, maternity: Register):
        """The general practice sees her once, and each infant."""
        maternity.people(a_mother())
        maternity.until(at("2027-02-20 12:00"))
        maternity.people(a_child("C1", "2027-02-18"), a_child("C2", "2027-02-19"))
        assert maternity.plan("M1")["GP-6W"] == ("planned", date(2027, 2, 18))
        assert {"GP-6W-BABY", "MW-PN3", "MW-PN10"} <= maternity.plan("C2").keys()
        assert "MW-PN1" not in maternity.plan("C2")

    def test_turns_a_late_antenatal_review_to_the_birth_visit(self, trust: Register):
        """Nobody saw her before: the baby's visit is followed up from the first day, in one thread."""
        trust.people(a_mother())
        trust.until(at("2027-01-05 12:00"))
        trust.detect()
        trust.until(at("2027-03-04 12:00"))
        trust.people(a_child("C1", "2027-03-03"))
        assert trust.live() == [("HV-NBV", "never_booked")]
        before, later = trust.rows("SELECT * FROM follow_up ORDER BY id")
        assert (before.contact_code, before.state, before.continued_in) == ("HV-AN", "continued", later.id)
        assert (later.person_id, later.miss_count) == (trust.person("C1"), 1)
        trust.detect()
        assert trust.one("SELECT count(*) FROM follow_up") == 2

    def test_with_its_date_put_right_plans_the_child_anew(self, trust: Register):
        """What was met under the wrong date is not asked for again."""
        trust.people(a_child("C1", "2026-08-24"))
        trust.visits(a_visit("A1", "C1", "HV-NBV", "2026-09-05T10:00", status="attended"))
        trust.people(a_child("C1", "2026-08-25"))
        plan = trust.plan("C1")
        assert plan.pop("HV-NBV") == ("met", date(2026, 8, 24))
        assert {anchor for _, anchor in plan.values()} == {date(2026, 8, 25)}

    def test_before_37_weeks_keeps_windows_by_the_real_age(self, trust: Register):
        """Born eight weeks early: the metrics count from birth (domain.md 1.3)."""
        trust.people(a_mother())
        trust.until(at("2027-01-05 12:00"))
        trust.people(a_child("C1", "2027-01-04"))
        visit = trust.contact("C1", "HV-NBV")
        assert (visit.window_start, visit.window_end) == (date(2027, 1, 14), date(2027, 1, 18))

    def test_with_the_day_of_leaving_plans_the_midwifes_first_visit(self, maternity: Register):
        """Within 36 hours of leaving the place of birth, where a source tells that day."""
        maternity.until(at("2027-03-04 12:00"))
        maternity.people(a_child("C1", "2027-03-03", left_birth_place_on="2027-03-04"))
        first = maternity.contact("C1", "MW-PN1")
        assert (first.anchor_on, first.overdue_on) == (date(2027, 3, 4), date(2027, 3, 6))


class TestOutcomeUnknown:
    def test_two_weeks_past_the_edd_is_a_persons_to_find_out(self, trust: Register):
        """EDD + 14 with neither a birth nor an outcome: its own ladder, and no text (domain.md 1.1)."""
        trust.people(a_mother(caseload_holder="HV9"))
        trust.until(at("2027-03-15 08:59"))
        trust.detect()
        assert "EVENT-OUTCOME-UNKNOWN" not in [code for code, _ in trust.live()]
        trust.until(at("2027-03-15 09:00"))
        trust.detect()
        trust.detect()
        (follow_up,) = trust.rows("SELECT * FROM follow_up WHERE contact_code = 'EVENT-OUTCOME-UNKNOWN'")
        assert (follow_up.pathway_code, follow_up.trigger, follow_up.person_id) == (
            "pregnancy-outcome-unknown",
            "family_event",
            trust.person("M1"),
        )
        for _ in range(15):
            trust.advance()
            trust.later(days=1)
        assert trust.rows("SELECT id FROM message WHERE audience = 'family'") == []

    def test_is_answered_by_a_birth_that_comes_in_late_and_closed_by_a_person(self, trust: Register):
        """The commonest cause is a notification that was slow."""
        trust.people(a_mother())
        trust.until(at("2027-03-15 12:00"))
        trust.detect()
        trust.people(a_child("C1", "2027-03-13"))
        (found,) = trust.rows("SELECT state FROM follow_up WHERE contact_code = 'EVENT-OUTCOME-UNKNOWN'")
        assert found.state == "seen"
        trust.advance()
        assert "confirm_seen" in [alert.kind for alert in trust.told()]

    @pytest.mark.parametrize("outcome", ["miscarriage", "stillbirth", "termination"])
    def test_is_not_asked_after_a_loss(self, trust: Register, outcome: str):
        """Nobody is asked for a baby; care after the loss is all there is."""
        trust.people(a_mother())
        trust.people(a_mother(pregnancy_outcome=outcome, pregnancy_ended_on="2026-09-06"))
        trust.until(at("2027-04-15 12:00"))
        trust.detect()
        assert (trust.plan("M1"), trust.live()) == ({}, [("EVENT-BEREAVEMENT", "family_event")])

    def test_is_asked_for_anew_after_a_corrected_edd(self, trust: Register):
        """Closed because the date was wrong: two weeks past the right one it is asked again."""
        trust.people(a_mother())
        trust.until(at("2027-03-15 12:00"))
        trust.detect()
        trust.run(
            "UPDATE follow_up SET state = 'closed', closed_by = 'person:ann', closed_at = :now, next_due_at = NULL,"
            " closed_reason = 'clinician_decision' WHERE contact_code = 'EVENT-OUTCOME-UNKNOWN'",
            now=trust.now,
        )
        trust.people(a_mother(subject_edd="2027-03-29"))
        trust.until(at("2027-04-12 12:00"))
        trust.detect()
        assert [code for code, _ in trust.live()].count("EVENT-OUTCOME-UNKNOWN") == 1

    def test_of_years_ago_is_history(self, trust: Register):
        """A first load of old appointments asks nobody what became of pregnancies of long ago."""
        trust.visits(a_visit("A1", "M1", "MW-16W", "2024-01-08T10:00", subject_edd="2024-06-20", subject_role="mother"))
        trust.until(at("2026-10-08 12:00"))
        trust.detect()
        assert [code for code, _ in trust.live() if code.startswith("EVENT")] == []
        assert "pregnancy_outcome_not_asked" not in audited(trust)


class TestMovingIn:
    def test_is_planned_the_same_day_for_what_still_matters(self, trust: Register):
        """A child of two: the review of that age is owed, those of its first year are not chased."""
        trust.people(a_child("C1", "2024-05-01"))
        plan = {code: state for code, (state, _) in trust.plan("C1").items()}
        assert plan == {
            "HV-NBV": "superseded", "HV-6W": "superseded", "HV-3M": "superseded", "HV-6M": "superseded",
            "HV-1Y": "superseded", "HV-2Y": "overdue",
        }  # fmt: skip
        assert trust.live() == [("HV-2Y", "never_booked")]

    def test_to_another_household_is_followed_up_where_the_child_lives_now(self, trust: Register):
        """The plan was made in the old home; the flags and the team that count are the new one's."""
        trust.people(a_child("C1", "2026-09-01"))
        trust.people(a_child("C1", "2026-09-01", family="H2"), an_adult("P1", "partner", family="H2", flags="cpp"))
        trust.until(at("2026-09-08 09:00"))
        trust.detect()
        (follow_up,) = trust.rows("SELECT household_id, high_risk FROM follow_up")
        home = trust.one("SELECT id FROM household WHERE source_household_id = 'H2'")
        assert tuple(follow_up) == (home, True)

    def test_after_an_engine_that_stood_still_loses_nothing(self, trust: Register):
        """Late is late, not dropped (design 3.7): recall is about when we first heard, not when we looked."""
        trust.people(a_child("C1", "2026-09-01"))
        trust.until(at("2027-03-31 12:00"))
        trust.detect()
        assert {"HV-NBV", "HV-6W", "HV-6M"} <= {code for code, _ in trust.live()}


class TestNeonatalUnit:
    def test_keeps_the_birth_visits_clock(self, trust: Register):
        """Parents are seen on the unit."""
        trust.people(a_child("C1", "2026-09-01", flags="neonatal_inpatient"))
        trust.until(at("2026-09-14 12:00"))
        trust.detect()
        assert trust.live() == [("HV-NBV", "never_booked")]
        assert "HV-HOME" not in trust.plan("C1")

    def test_adds_a_visit_within_five_working_days_of_leaving(self, trust: Register):
        """Left on Thursday 22 October: by Thursday 29 October; booked by Monday 26."""
        trust.people(a_child("C1", "2026-09-01"))
        stay = trust.flag("C1", "neonatal_inpatient")
        trust.until(at("2026-10-22 15:00"))
        trust.unflag(stay)
        trust.detect()
        visit = trust.contact("C1", "HV-HOME")
        assert (visit.state, visit.anchor_on, visit.unbooked_on, visit.overdue_on) == (
            "planned",
            date(2026, 10, 22),
            date(2026, 10, 26),
            date(2026, 10, 29),
        )

    def test_is_visited_sooner_with_a_high_risk_flag(self, trust: Register):
        """Two working days."""
        trust.people(a_child("C1", "2026-09-01", flags="cpp"))
        stay = trust.flag("C1", "neonatal_inpatient")
        trust.until(at("2026-10-22 15:00"))
        trust.unflag(stay)
        trust.detect()
        assert trust.contact("C1", "HV-HOME").overdue_on == date(2026, 10, 26)

    def test_taken_in_again_waits_for_the_next_discharge(self, trust: Register):
        """No visit is chased while the baby is in hospital; a second one is planned afterwards."""
        trust.people(a_child("C1", "2026-09-01"))
        first = trust.flag("C1", "neonatal_inpatient")
        trust.until(at("2026-10-22 15:00"))
        trust.unflag(first)
        trust.detect()
        trust.until(at("2026-10-23 09:00"))
        second = trust.flag("C1", "neonatal_inpatient")
        trust.detect()
        assert "HV-HOME" not in trust.plan("C1")
        trust.until(at("2026-11-05 12:00"))
        trust.unflag(second)
        trust.detect()
        visits = [row for row in trust.contacts("C1") if row.contact_code == "HV-HOME"]
        assert [(row.state, row.anchor_on) for row in visits] == [("planned", date(2026, 11, 5))]

    def test_of_months_ago_is_history(self, trust: Register):
        """A first load of flags plans no visits for the past."""
        trust.people(a_child("C1", "2026-01-01"))
        trust.run(
            "INSERT INTO flag (person_id, code, set_at, set_by, ended_at, ended_by)"
            " VALUES (:id, 'neonatal_inpatient', '2026-01-01Z', 'import:epr', '2026-02-01Z', 'import:epr')",
            id=trust.person("C1"),
        )
        trust.detect()
        assert "HV-HOME" not in trust.plan("C1")


class TestMatching:
    def test_two_bookings_of_one_review_are_one_contact(self, trust: Register):
        """Missed, and booked again: one expected contact, met by the second."""
        trust.people(a_child("C1", "2024-06-01"))
        trust.visits(
            a_visit("A1", "C1", "HV-2Y", "2026-08-20T10:00", status="missed"),
            a_visit("A2", "C1", "HV-2Y", "2026-09-03T10:00", status="attended"),
        )
        trust.run("UPDATE source SET authoritative_for = '{attendance}'")
        assert trust.plan("C1")["HV-2Y"][0] == "met"
        assert trust.one("SELECT count(DISTINCT expected_contact_id) FROM appointment") == 1

    def test_early_counts_and_a_year_early_does_not(self, trust: Register):
        """HV-2Y coded at thirteen months is a slip; it must not hide the review of two years."""
        trust.people(a_child("C1", "2025-08-01"), a_child("C2", "2024-10-15"))
        trust.visits(
            a_visit("A1", "C1", "HV-2Y", "2026-09-01T10:00", status="attended"),
            a_visit("A2", "C2", "HV-2Y", "2026-09-01T10:00", status="attended"),
        )
        assert (trust.plan("C1")["HV-2Y"][0], trust.plan("C2")["HV-2Y"][0]) == ("planned", "met")

    def test_of_an_earlier_pregnancy_is_no_evidence(self, trust: Register):
        """The antenatal review of two years ago."""
        trust.visits(a_visit("A1", "M1", "HV-AN", "2024-05-01T10:00", status="attended", subject_role="mother"))
        trust.people(a_mother())
        assert trust.plan("M1") == {"HV-AN": ("planned", date(2027, 3, 1))}

    def test_of_each_twin_is_the_twins_own(self, trust: Register):
        """One brought, one not."""
        trust.people(a_child("C1", "2026-08-24"), a_child("C2", "2026-08-24"))
        trust.visits(a_visit("A1", "C1", "HV-NBV", "2026-09-05T10:00", status="attended"))
        assert (trust.plan("C1")["HV-NBV"][0], trust.plan("C2")["HV-NBV"][0]) == ("met", "overdue")

    def test_called_off_by_the_service_is_ours_to_book_again_at_once(self, trust: Register):
        """Our breach, not theirs: asked for the same day, once, and not only when it is overdue."""
        trust.people(a_child("C1", "2026-08-01"))  # unbooked from 15 September, overdue from 26 September
        trust.visits(a_visit("A1", "C1", "HV-6W", "2026-09-22T10:00", status="booked"))
        trust.until(at("2026-09-16 12:00"))
        trust.detect()
        assert trust.plan("C1")["HV-6W"][0] == "booked"
        trust.visits(a_visit("A1", "C1", "HV-6W", "2026-09-22T10:00", status="cancelled_by_service", reason="leave"))
        trust.until(at("2026-09-18 17:00"))
        trust.detect()
        assert [how for code, how in trust.live() if code == "HV-6W"] == ["cancelled"]


class TestSuperseded:
    def test_by_a_later_contact_that_took_place_is_confirmed_and_closed(self, trust: Register):
        """The three-month contact nobody booked no longer matters once the child was seen at six."""
        trust.people(a_child("C1", "2026-05-01"))
        assert ("HV-3M", "never_booked") in trust.live()
        trust.until(at("2026-10-21 12:00"))
        trust.visits(a_visit("A1", "C1", "HV-6M", "2026-10-20T10:00", status="attended"))
        states = {row.contact_code: row.state for row in trust.rows("SELECT contact_code, state FROM follow_up")}
        assert (states["HV-3M"], trust.plan("C1")["HV-3M"][0]) == ("seen", "superseded")

    def test_by_a_later_contact_that_is_missing_too_is_one_thread(self, trust: Register):
        """One follow-up for two contacts; what nobody booked is no miss of the family's."""
        trust.people(a_child("C1", "2026-05-01"))
        trust.until(at("2026-11-02 12:00"))
        trust.detect()
        codes = [code for code, _ in trust.live()]
        assert ("HV-3M" in codes, "HV-6M" in codes) == (False, True)
        assert trust.one("SELECT miss_count FROM follow_up WHERE contact_code = 'HV-6M'") == 1

    def test_stays_so_when_either_contact_is_looked_at_again(self, trust: Register):
        """Two misses of the earlier count on in the later one; an appointment entered in error changes nothing."""
        trust.people(a_child("C1", "2026-05-01"))
        for number, day in (("A1", "2026-08-11"), ("A2", "2026-08-25")):
            trust.visits(a_visit(number, "C1", "HV-3M", f"{day}T10:00", status="missed"))
        trust.until(at("2026-11-02 12:00"))
        trust.detect()
        standing = (
            "SELECT contact_code, state, miss_count, cycle FROM follow_up WHERE contact_code <> 'HV-NBV' ORDER BY id"
        )
        before = trust.rows(standing)
        assert ("HV-6M", "open", 2, 1) in before
        for number, code in (("A3", "HV-3M"), ("A4", "HV-6M")):
            trust.visits(a_visit(number, "C1", code, "2026-10-30T10:00", status="void"))
        assert trust.rows(standing) == before


class TestServices:
    def test_switched_on_plan_everybody_who_is_here(self, trust: Register):
        """Children and pregnancies known before; nobody's earlier plan changes."""
        trust.people(a_mother(), a_child("C1", "2026-08-24", family="H2"))
        before = trust.contacts("C1")
        trust.services("midwifery")
        trust.later(minutes=5)
        trust.detect()
        assert {"MW-28W", "HV-AN"} <= trust.plan("M1").keys()
        assert trust.plan("C1")["MW-PN10"] == ("overdue", date(2026, 8, 24))
        assert trust.plan("C1")["MW-PN3"][0] == "superseded"
        assert [row.id for row in trust.contacts("C1") if row.schedule_code == "england"] == [row.id for row in before]

    def test_of_a_maternity_trust_alone_plan_no_health_visiting(self, engine: Engine):
        """Neither reviews nor family reviews nor visits after hospital: they are another trust's."""
        trust = Register(engine, now=at("2026-09-07 12:00"))
        planning = replace(trust.rules.planning, services=frozenset({"midwifery"}))
        trust.rules = replace(trust.rules, planning=planning)
        trust.people(an_adult("M1", "mother", flags="severe_mental_illness"), a_child("C1", "2026-09-05"))
        trust.unflag(trust.flag("C1", "neonatal_inpatient"))
        trust.detect()
        assert {code[:2] for code in trust.plan("C1")} == {"MW"}

    def test_switched_off_are_asked_for_no_more(self, maternity: Register):
        """What was never followed up stops being looked for; switched on again, it is wanted again."""
        maternity.people(a_mother())
        maternity.services()
        maternity.until(at("2026-12-10 12:00"))
        maternity.detect()
        assert [code for code, _ in maternity.live() if code.startswith("MW")] == []
        maternity.services("midwifery")
        maternity.later(minutes=5)
        maternity.detect()
        assert maternity.plan("M1")["MW-34W"][0] == "planned"


class TestCost:
    def test_of_planning_follows_no_count_of_families(self, trust: Register):
        """On sets: as many statements for forty families as for two."""
        counts = []
        for serial, families in enumerate((1, 2, 40)):
            rows = []
            for number in range(families):
                home = f"H{serial}-{number}"
                rows += [
                    a_mother(f"M{serial}-{number}", family=home),
                    a_child(f"C{serial}-{number}", "2026-01-05", family=home, flags="severe_mental_illness"),
                ]
            with statements(trust.engine) as seen:
                trust.people(*rows)
            counts.append(len(seen))
        assert counts[1] == counts[2]  # the first loads the ladders too

    def test_of_a_quiet_day_is_nothing(self, trust: Register):
        """No mark, no work."""
        trust.people(a_mother(), a_child("C1", "2026-08-24", family="H2"))
        assert trust.one("SELECT count(*) FROM plan_mark") == 0
        assert trust.detect().total == 0

    def test_a_flag_looked_at_for_patterns_plans_nobody_again(self, trust: Register):
        """The search for patterns touches every new flag once; that changes no plan."""
        trust.people(a_child("C1", "2026-08-24", flags="severe_mental_illness"))
        trust.detect()
        assert trust.rows("SELECT patterns_looked FROM flag") == [(True,)]
        assert trust.one("SELECT count(*) FROM plan_mark") == 0


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Every statement sent meanwhile."""
    seen: list[str] = []

    def note(connection, cursor, statement, parameters, context, many):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def audited(trust: Register) -> set[str]:
    """The violations the auditor finds now."""
    with Session(trust.engine) as session:
        report = audit(session, trust.now, limits=load_audit_limits(config_dir=None))
    return {finding.code for finding in report.violations}
