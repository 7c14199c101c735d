"""What a child, a pregnancy and a mother should have: domain.md 1.1 to 1.7, with dates reckoned by hand."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.expected import first_look
from models.domain.schedule import (
    ContactOf,
    PlannedContact,
    PlanSubject,
    Schedule,
    at_gestation,
    in_force,
    plan_contacts,
    schedules_for,
)
from models.domain.words import ExpectedState, Known
from tests.domain.builders import local, rules


def the(code: str) -> Schedule:
    return next(one for one in rules().schedules if one.code == code)


def plan(schedule: str, subject: PlanSubject, *, received: date | None = None) -> dict[str, PlannedContact]:
    day = received or subject.date_of_birth or subject.edd
    assert day is not None
    found = plan_contacts(the(schedule), subject, received_on=day, match=rules().planning.match)
    return {contact.contact_code: contact for contact in found}


def a_child(born: date, **given: object) -> PlanSubject:
    return PlanSubject(ContactOf.CHILD, date_of_birth=born, **given)


def a_pregnancy(edd: date, **given: object) -> PlanSubject:
    return PlanSubject(ContactOf.MOTHER, edd=edd, **given)


def windows(planned: dict[str, PlannedContact]) -> dict[str, tuple[date, date]]:
    return {code: (contact.window_start, contact.window_end) for code, contact in planned.items()}


class TestGestation:
    @pytest.mark.parametrize(
        ("weeks", "days", "on"),
        [
            (0, 0, date(2026, 5, 25)),
            (10, 0, date(2026, 8, 3)),
            (11, 2, date(2026, 8, 12)),
            (28, 0, date(2026, 12, 7)),
            (36, 0, date(2027, 2, 1)),
            (40, 0, date(2027, 3, 1)),
            (41, 0, date(2027, 3, 8)),
        ],
    )
    def test_is_reckoned_back_from_the_edd(self, weeks, days, on):
        """EDD - 280 + 7g + d (domain.md 1.1), for an EDD of 1 March 2027."""
        assert at_gestation(weeks, days).from_date(date(2027, 3, 1)) == on


class TestEngland:
    def test_has_every_review_from_birth(self):
        """Windows as the national counts draw them, also where 31 August + 6 months has no such day (domain.md 1.2)."""
        planned = plan("england", a_child(date(2026, 8, 31)))
        assert {code: (one.window_start, one.window_end, one.late_until) for code, one in planned.items()} == {
            "HV-NBV": (date(2026, 9, 10), date(2026, 9, 14), date(2026, 9, 30)),
            "HV-6W": (date(2026, 10, 12), date(2026, 10, 26), None),
            "HV-3M": (date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31)),
            "HV-6M": (date(2027, 2, 14), date(2027, 3, 30), date(2027, 4, 30)),
            "HV-1Y": (date(2027, 5, 31), date(2027, 8, 31), date(2027, 11, 30)),
            "HV-2Y": (date(2028, 8, 31), date(2029, 2, 28), None),
        }

    def test_holds_to_the_last_day_of_february_in_leap_years_and_others(self):
        """Born 29 February 2024: two years on there is no 29th, four years on there is."""
        assert plan("england", a_child(date(2024, 2, 29)))["HV-2Y"].window_start == date(2026, 2, 28)
        assert plan("scotland", a_child(date(2024, 2, 29)))["UHVP-4Y"].window_start == date(2028, 2, 29)
        assert plan("england", a_child(date(2025, 8, 31)))["HV-2Y"].window_end == date(2028, 2, 29)

    def test_has_the_antenatal_review_from_28_weeks_by_36(self):
        """HV-AN: EDD-84 to birth, aim by EDD-28; then late until the birth turns it to the birth visit."""
        planned = plan("england", a_pregnancy(date(2027, 3, 1)), received=date(2026, 11, 22))
        (review,) = planned.values()
        assert (review.window_start, review.window_end, review.late_until, review.superseded_by) == (
            date(2026, 12, 7),
            date(2027, 2, 1),
            date(2027, 3, 1),
            "HV-NBV",
        )

    def test_of_a_two_year_old_who_moves_in_chases_only_what_still_matters(self):
        """No birth visit for a child of two; the review that is due now is planned, the passed ones are superseded."""
        planned = plan("england", a_child(date(2024, 5, 1)), received=date(2026, 11, 22))
        waiting = [code for code, one in planned.items() if one.initial_state is ExpectedState.PLANNED]
        assert waiting == ["HV-2Y"]
        assert planned["HV-2Y"].already_past

    def test_of_a_baby_heard_of_late_keeps_the_visit_and_says_that_it_is_past(self):
        """Day 40: the birth visit is still owed, and older than its ladder when first received."""
        visit = plan("england", a_child(date(2026, 10, 1)), received=date(2026, 11, 10))["HV-NBV"]
        assert (visit.initial_state, visit.already_past) == (ExpectedState.PLANNED, True)

    def test_of_a_newborn_has_nothing_past(self):
        """Planned the same day."""
        planned = plan("england", a_child(date(2026, 11, 20)))
        assert len(planned) == 6
        assert not any(one.already_past for one in planned.values())


class TestAntenatalMidwifery:
    def test_has_the_contacts_that_all_women_have(self):
        """NICE NG201 as EDD offsets with seven days either side (domain.md 1.4); EDD 1 March 2027."""
        planned = plan("antenatal-midwifery", a_pregnancy(date(2027, 3, 1)), received=date(2026, 7, 1))
        assert windows(planned) == {
            "MW-BOOK": (date(2026, 6, 22), date(2026, 8, 3)),  # until EDD-210
            "MW-DATING": (date(2026, 8, 12), date(2026, 9, 1)),  # EDD-201 to EDD-181
            "MW-16W": (date(2026, 8, 31), date(2026, 9, 28)),  # EDD-182 to EDD-154
            "MW-ANOMALY": (date(2026, 9, 28), date(2026, 10, 18)),  # EDD-154 to EDD-134
            "MW-28W": (date(2026, 11, 30), date(2026, 12, 14)),  # EDD-84
            "MW-34W": (date(2027, 1, 11), date(2027, 1, 25)),  # EDD-42
            "MW-36W": (date(2027, 1, 25), date(2027, 2, 8)),  # EDD-28
            "MW-38W": (date(2027, 2, 8), date(2027, 2, 22)),  # EDD-14
            "MW-41W": (date(2027, 3, 1), date(2027, 3, 14)),  # EDD+7
        }

    def test_has_three_more_for_a_first_birth(self):
        """25, 31 and 40 weeks: EDD-105, EDD-63, EDD."""
        first = a_pregnancy(date(2027, 3, 1), nulliparous=Known.YES)
        planned = plan("antenatal-midwifery", first, received=date(2026, 7, 1))
        assert {code: planned[code].overdue_on for code in ("MW-25W", "MW-31W", "MW-40W")} == {
            "MW-25W": date(2026, 11, 23),
            "MW-31W": date(2027, 1, 4),
            "MW-40W": date(2027, 3, 8),
        }
        assert len(planned) == 12

    @pytest.mark.parametrize("nulliparous", [Known.NO, Known.UNKNOWN, Known.NOT_ASKED])
    def test_plans_those_for_no_woman_whose_parity_is_unknown(self, nulliparous):
        """UNKNOWN is not yes: it is asked for, not guessed (docs/decisions/0047)."""
        planned = plan(
            "antenatal-midwifery", a_pregnancy(date(2027, 3, 1), nulliparous=nulliparous), received=date(2026, 7, 1)
        )
        assert not {"MW-25W", "MW-31W", "MW-40W"} & planned.keys()

    def test_is_overdue_seven_days_after_its_target(self):
        """Missed: no attended contact by target + 7."""
        planned = plan("antenatal-midwifery", a_pregnancy(date(2027, 3, 1)), received=date(2026, 7, 1))
        assert (planned["MW-34W"].unbooked_on, planned["MW-34W"].overdue_on) == (date(2027, 1, 18), date(2027, 1, 25))

    def test_books_a_woman_referred_late_within_two_weeks(self):
        """First heard of at 20+0 (12 October): booked by 26 October, and what passed before is not chased."""
        planned = plan("antenatal-midwifery", a_pregnancy(date(2027, 3, 1)), received=date(2026, 10, 12))
        booking = planned["MW-BOOK"]
        assert (booking.unbooked_on, booking.overdue_on, booking.window_end) == (
            date(2026, 10, 19),
            date(2026, 10, 26),
            date(2026, 10, 26),
        )
        gone = [code for code, one in planned.items() if one.initial_state is ExpectedState.SUPERSEDED]
        assert gone == ["MW-DATING", "MW-16W"]


class TestPostnatal:
    def test_midwifery_counts_birth_as_day_0(self):
        """Day 3, day 5 (blood spot), day 10 to 14 (domain.md 1.5)."""
        planned = plan("postnatal-midwifery", a_child(date(2026, 12, 30)))
        assert windows(planned) == {
            "MW-PN3": (date(2027, 1, 2), date(2027, 1, 3)),
            "MW-PN5": (date(2027, 1, 4), date(2027, 1, 5)),
            "MW-PN10": (date(2027, 1, 9), date(2027, 1, 13)),
        }

    def test_first_visit_runs_from_leaving_the_birth_place(self):
        """Within 36 hours of that day, where a source tells it; it is not guessed from the birth."""
        child = a_child(date(2026, 12, 30), left_birth_place_on=date(2027, 1, 4))
        first = plan("postnatal-midwifery", child)["MW-PN1"]
        assert (first.anchor_on, first.window_start, first.overdue_on) == (
            date(2027, 1, 4),
            date(2027, 1, 4),
            date(2027, 1, 6),
        )

    def test_general_practice_sees_mother_and_infant_at_six_to_eight_weeks(self):
        """Each has a check of their own: DOB+42 to DOB+56."""
        born = date(2026, 8, 31)
        infant = plan("gp-checks", a_child(born))
        mother = plan("gp-checks", PlanSubject(ContactOf.MOTHER, date_of_birth=born))
        window = (date(2026, 10, 12), date(2026, 10, 26))
        assert (windows(infant), windows(mother)) == ({"GP-6W-BABY": window}, {"GP-6W": window})


class TestPreBirth:
    def test_has_checkpoints_by_gestation_for_families_with_the_flag(self):
        """16, 28, 32 and 36 weeks (domain.md 3.3 (v)); nothing is booked: a person records them."""
        flagged = a_pregnancy(date(2027, 3, 1), flags=frozenset({"pre_birth_plan"}))
        planned = plan("pre-birth", flagged, received=date(2026, 7, 1))
        assert {code: (one.unbooked_on, one.overdue_on) for code, one in planned.items()} == {
            "PB-16W": (None, date(2026, 9, 14)),
            "PB-28W": (None, date(2026, 12, 7)),
            "PB-32W": (None, date(2027, 1, 4)),
            "PB-36W": (None, date(2027, 2, 1)),
        }

    def test_asks_nothing_of_other_families(self):
        """Most pregnancies need none."""
        assert plan("pre-birth", a_pregnancy(date(2027, 3, 1)), received=date(2026, 7, 1)) == {}

    def test_flagged_late_asks_for_the_checkpoint_that_matters_now(self):
        """At 30 weeks the decision of 16 weeks has been overtaken; the assessment of 28 weeks is owed."""
        flagged = a_pregnancy(date(2027, 3, 1), flags=frozenset({"pre_birth_plan"}))
        planned = plan("pre-birth", flagged, received=date(2026, 12, 21))
        assert [code for code, one in planned.items() if one.initial_state is ExpectedState.PLANNED] == [
            "PB-28W",
            "PB-32W",
            "PB-36W",
        ]


class TestOtherNations:
    def test_scotland_has_eleven_home_visits_three_with_a_review(self):
        """Universal Health Visiting Pathway (domain.md 1.7): eight by the end of the first year."""
        born = date(2026, 8, 31)
        visits = plan("scotland", a_child(born))
        antenatal = plan("scotland", a_pregnancy(date(2027, 3, 1)), received=date(2026, 11, 22))
        assert len(visits) + len(antenatal) == 11
        assert sum(one.window_end < date(2027, 8, 31) for one in visits.values()) + len(antenatal) == 8
        assert windows(antenatal) == {"HV-AN": (date(2027, 1, 4), date(2027, 1, 18))}  # 32 to 34 weeks
        assert {code: windows(visits)[code] for code in ("HV-NBV", "UHVP-13M", "UHVP-27M", "UHVP-4Y")} == {
            "HV-NBV": (date(2026, 9, 11), date(2026, 9, 14)),
            "UHVP-13M": (date(2027, 9, 30), date(2027, 11, 30)),
            "UHVP-27M": (date(2028, 11, 30), date(2029, 2, 28)),
            "UHVP-4Y": (date(2030, 8, 31), date(2031, 8, 31)),
        }

    def test_wales_has_nine_reporting_points(self):
        """10 to 14 days, 6, 8, 12, 16 weeks, 6, 15, 27 months, 3.5 years."""
        planned = plan("wales", a_child(date(2026, 8, 31)))
        assert [one.window_start for one in planned.values()] == [
            date(2026, 9, 10),
            date(2026, 10, 12),
            date(2026, 10, 26),
            date(2026, 11, 23),
            date(2026, 12, 21),
            date(2027, 2, 28),
            date(2027, 11, 30),
            date(2028, 11, 30),
            date(2030, 2, 28),
        ]

    def test_northern_ireland_has_its_own_reviews(self):
        """Healthy Child, Healthy Future, as far as the field's reference gives it."""
        planned = plan("northern-ireland", a_child(date(2026, 8, 31)))
        assert list(planned) == ["HV-NBV", "HV-6W", "HCHF-14W", "HCHF-6M", "HCHF-1Y", "HV-2Y", "HCHF-3Y"]

    def test_each_plans_its_own_and_what_all_share(self):
        """A nation's children are never planned by another's schedule."""
        every = frozenset({"health_visiting", "midwifery", "general_practice", "pre_birth"})
        for nation in ("england", "wales", "scotland", "northern-ireland"):
            found = in_force(rules().schedules, nation=nation, services=every, on=date(2026, 11, 22))
            codes = {one.code for one in found}
            assert codes == {nation, "antenatal-midwifery", "postnatal-midwifery", "gp-checks", "pre-birth"}


class TestServices:
    def test_not_switched_on_plan_nothing(self):
        """A health-visiting trust without a midwifery feed is not told that every booking is missing."""
        shipped = rules().schedules_in_force(on=date(2026, 11, 22))
        assert [one.code for one in shipped] == ["england", "pre-birth"]


class TestVersions:
    def test_of_a_plan_stay_those_it_began_with(self):
        """A new version, or another nation's schedule, is for those who are planned from then on."""
        first, scotland = the("england"), the("scotland")
        known = {first.key: first, scotland.key: scotland}
        assert schedules_for(frozenset({("england", 1)}), (scotland,), known) == (first,)
        assert schedules_for(frozenset(), (scotland,), known) == (scotland,)

    def test_whose_file_is_gone_are_not_planned_a_second_time(self):
        """Its contacts keep their own days; nothing is added from another version."""
        assert schedules_for(frozenset({("england", 0)}), (the("england"),), {}) == ()

    def test_of_a_service_that_is_new_to_somebody_are_the_ones_in_force(self):
        """Midwifery switched on later begins for a child who has health visiting already."""
        current = (the("england"), the("postnatal-midwifery"))
        known = {one.key: one for one in current}
        assert schedules_for(frozenset({("england", 1)}), current, known) == current


class TestEverySchedule:
    @given(born=st.dates(date(2020, 1, 1), date(2030, 12, 31)))
    def test_is_in_order_whatever_the_month(self, born):
        """No window ends before it starts, no check comes after the window, no appointment fits before the anchor."""
        subjects = (
            a_child(born, left_birth_place_on=born),
            PlanSubject(ContactOf.MOTHER, date_of_birth=born),
            a_pregnancy(born, nulliparous=Known.YES, flags=frozenset({"pre_birth_plan"})),
        )
        for schedule in rules().schedules:
            for subject in subjects:
                for one in plan(schedule.code, subject, received=date(2019, 1, 1)).values():
                    assert one.window_start <= one.window_end <= (one.late_until or one.window_end)
                    assert (one.unbooked_on or one.overdue_on) <= one.overdue_on <= one.window_end
                    assert one.matches_from <= one.window_start
                    assert one.initial_state is ExpectedState.PLANNED


class TestMatching:
    def test_takes_a_childs_review_early_or_late_but_not_by_a_year(self):
        """The code says which review it was; one coded for two years at thirteen months is a slip."""
        review = plan("england", a_child(date(2026, 8, 31)))["HV-2Y"]
        assert (review.matches_from, review.matches_until) == (date(2028, 5, 31), None)

    def test_never_takes_what_was_before_the_birth(self):
        """A birth visit can't have been before there was a child."""
        assert plan("england", a_child(date(2026, 8, 31)))["HV-NBV"].matches_from == date(2026, 8, 31)

    def test_keeps_pregnancies_apart(self):
        """The review of an earlier pregnancy is no evidence in this one."""
        review = plan("england", a_pregnancy(date(2027, 3, 1)), received=date(2026, 11, 22))["HV-AN"]
        assert (review.matches_from, review.matches_until) == (date(2026, 5, 25), date(2027, 3, 29))


class TestFirstLook:
    def test_is_on_the_working_day_before(self):
        """Born 13 March 2027: day 7 is a Saturday (domain.md 3.2)."""
        visit = plan("england", a_child(date(2027, 3, 13)))["HV-NBV"]
        at = first_look(visit.unbooked_on, visit.overdue_on, calendar=rules().calendar)
        assert local(at) == "Fri 19 Mar 09:00"

    def test_of_what_is_never_booked_is_when_it_is_overdue(self):
        """A checkpoint that a person records."""
        at = first_look(None, date(2026, 9, 14), calendar=rules().calendar)
        assert local(at) == "Mon 14 Sep 09:00"
