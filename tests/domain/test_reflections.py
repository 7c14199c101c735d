"""Reflective prompts: by role, fitting the case, another one each day, the same for everybody on one day."""

from datetime import date, timedelta

from models.domain.reflections import Fit, chosen
from models.domain.words import AccountRole
from tests.domain.builders import rules

HV, LEAD, NURSE = AccountRole.HEALTH_VISITOR, AccountRole.TEAM_LEAD, AccountRole.NAMED_NURSE
DAY = date(2026, 6, 8)


def ids(role: AccountRole, *case: Fit, follow_up: int = 7, day: date = DAY) -> list[str]:
    return [one.id for one in chosen(rules().reflections, role=role, case=case, follow_up_id=follow_up, day=day)]


class TestReflections:
    def test_are_the_same_all_day_and_others_the_next(self):
        """By the follow-up's number and the day; in eleven days a practitioner has met every general one."""
        assert ids(HV) == ids(HV)
        assert ids(HV) != ids(HV, day=DAY + timedelta(days=1))
        met = {one for n in range(11) for one in ids(HV, day=DAY + timedelta(days=n))}
        assert met == {"P1", "P2", "P3", "P7", "P8", "P9", "P12"}

    def test_differ_from_one_follow_up_to_the_next(self):
        assert ids(HV, follow_up=7) != ids(HV, follow_up=8)

    def test_put_what_fits_the_case_first_and_only_there(self):
        """P4 where the men are unknown; P6 where there is a sibling; never elsewhere."""
        assert ids(HV, Fit.MEN_UNKNOWN)[0] == "P4"
        assert ids(HV, Fit.SIBLING)[0] == "P6"
        every_day = {one for n in range(50) for one in ids(HV, Fit.SIBLING, day=DAY + timedelta(days=n))}
        assert "P4" not in every_day

    def test_take_turns_where_several_fit(self):
        firsts = {ids(HV, Fit.MEN_UNKNOWN, Fit.REFERRAL, day=DAY + timedelta(days=n))[0] for n in range(4)}
        assert firsts == {"P4", "P10"}

    def test_are_by_role(self):
        """Practitioners, managers and leaders are asked different things; an administrator nothing."""
        assert ids(LEAD, Fit.MEN_UNKNOWN)[0] == "M3"
        assert ids(NURSE, Fit.ADULT_MISSED)[0] == "L1"
        assert ids(AccountRole.ADMINISTRATOR, Fit.MEN_UNKNOWN) == []

    def test_are_two_at_most(self):
        assert len(ids(NURSE, *Fit)) == 2
