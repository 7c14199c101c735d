"""What a child and a pregnancy should have, by England's schedule (domain.md 1.1, 1.2)."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.schedule import next_look, plan_contacts
from models.domain.words import ExpectedState
from tests.domain.builders import local, rules

ENGLAND = rules().schedule(on=date(2026, 11, 22))
STATUTORY = ["HV-NBV", "HV-6W", "HV-1Y", "HV-2Y"]


def plan(born=None, *, edd=None, received=None):
    found = plan_contacts(ENGLAND, date_of_birth=born, edd=edd, received_on=received or born or edd)
    return {contact.contact_code: contact for contact in found}


class TestPlanFromBirth:
    def test_has_every_review_with_its_window(self):
        """Windows as the national counts draw them; the antenatal review ends with birth."""
        windows = {
            code: (contact.window_start, contact.window_end, contact.late_until)
            for code, contact in plan(date(2026, 8, 31)).items()
        }
        assert windows == {
            "HV-NBV": (date(2026, 9, 10), date(2026, 9, 14), date(2026, 9, 30)),
            "HV-6W": (date(2026, 10, 12), date(2026, 10, 26), None),
            "HV-3M": (date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31)),
            "HV-6M": (date(2027, 2, 14), date(2027, 3, 30), date(2027, 4, 30)),
            "HV-1Y": (date(2027, 5, 31), date(2027, 8, 31), date(2027, 11, 30)),
            "HV-2Y": (date(2028, 8, 31), date(2029, 2, 28), None),
        }

    @given(born=st.dates(date(2020, 1, 1), date(2030, 12, 31)))
    def test_is_in_order_whatever_the_month(self, born):
        """No window ends before it starts, no check comes after the window."""
        for contact in plan(born).values():
            assert contact.window_start <= contact.window_end <= (contact.late_until or contact.window_end)
            assert contact.unbooked_on <= contact.overdue_on <= contact.window_end

    def test_of_a_two_year_old_who_moves_in_chases_only_what_still_matters(self):
        """No birth visit for a child of two; the review that is due now is planned, the passed ones are superseded."""
        found = plan(date(2024, 5, 1), received=date(2026, 11, 22))
        assert [code for code, contact in found.items() if contact.initial_state is ExpectedState.PLANNED] == ["HV-2Y"]
        assert found["HV-2Y"].already_past

    def test_of_a_baby_heard_of_late_keeps_the_visit_and_says_that_it_is_past(self):
        """Day 40: the birth visit is still owed, and older than its ladder when first received."""
        visit = plan(date(2026, 10, 1), received=date(2026, 11, 10))["HV-NBV"]
        assert (visit.initial_state, visit.already_past) == (ExpectedState.PLANNED, True)

    def test_of_a_newborn_has_nothing_past(self):
        """Planned the same day."""
        assert not any(contact.already_past for contact in plan(date(2026, 11, 20)).values())


class TestPlanInPregnancy:
    def test_has_the_antenatal_review(self):
        """28 weeks to birth, by 36 weeks."""
        found = plan(edd=date(2027, 3, 1), received=date(2026, 11, 22))
        assert list(found) == ["HV-AN"]
        assert found["HV-AN"].window_start == date(2026, 12, 7)
        assert found["HV-AN"].late_until == date(2027, 3, 1)

    def test_ends_at_birth(self):
        """The date of birth replaces the EDD."""
        found = plan_contacts(
            ENGLAND, date_of_birth=date(2027, 2, 20), edd=date(2027, 3, 1), received_on=date(2027, 2, 21)
        )
        assert [contact.contact_code for contact in found][:2] == ["HV-NBV", "HV-6W"]


class TestNextLook:
    @pytest.mark.parametrize(("is_booked", "expected"), [(False, "Fri 19 Mar 09:00"), (True, "Thu 25 Mar 09:00")])
    def test_is_on_the_working_day_before(self, is_booked, expected):
        """Born 13 March 2027: day 7 is a Saturday, day 12 Maundy Thursday."""
        visit = plan(date(2027, 3, 13))["HV-NBV"]
        assert local(next_look(visit, is_booked=is_booked, at=time(9), calendar=rules().calendar)) == expected
