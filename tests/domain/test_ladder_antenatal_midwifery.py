"""The antenatal midwife's ladder, day by day (domain.md 3.3 i), over Easter and both clock changes."""

from datetime import date

from models.domain.ladder_facts import OfferText
from models.domain.words import FollowUpTrigger
from tests.domain.builders import a_miss, at, local, step, story, the

ANTENATAL = the("antenatal-midwifery")
WEEK_28 = date(2027, 6, 17)  # the due date of a woman 28 weeks pregnant on Maundy Thursday, 25 March 2027
WEEK_35 = date(2027, 4, 29)


def not_seen(when: str, **changes):
    return a_miss(when, contact_code="MW-28W", edd=changes.pop("edd", WEEK_28), **changes)


class TestAntenatalAppointmentMissed:
    def test_is_followed_over_easter_and_the_change_to_summer_time(self):
        """Same day verify and phone twice; WD1 call and new slot; WD2 home visit; 5 WD unseen case discussion; 10 WD
        referral decision. Good Friday is 26 March 2027, the clocks go forward on the 28th, Easter Monday is the 29th.
        """
        assert story(not_seen("2027-03-25 14:00"), ANTENATAL, days=20) == [
            "Thu 25 Mar 14:00 practitioner: verify-and-phone",
            "Tue 30 Mar 09:00 practitioner: second-day-call",
            "Wed 31 Mar 09:00 practitioner: home-visit",
            "Fri 2 Apr 17:00 practitioner: home-visit (lease_ended)",
            "Mon 5 Apr 09:00 team_lead: case-discussion",
            "Thu 8 Apr 17:00 team_lead: case-discussion (lease_ended)",
            "Mon 12 Apr 09:00 named_nurse: referral-decision",
        ]

    def test_is_followed_over_the_change_to_winter_time(self):
        """Missed on the Friday before 25 October 2026; the steps keep their time on the wall."""
        assert story(not_seen("2026-10-23 10:00", edd=date(2027, 1, 15)), ANTENATAL, days=8) == [
            "Fri 23 Oct 10:00 practitioner: verify-and-phone",
            "Mon 26 Oct 09:00 practitioner: second-day-call",
            "Tue 27 Oct 09:00 practitioner: home-visit",
            "Thu 29 Oct 17:00 practitioner: home-visit (lease_ended)",
            "Fri 30 Oct 09:00 team_lead: case-discussion",
        ]

    def test_from_34_weeks_asks_for_a_referral_decision_after_72_hours(self):
        """10 WD unlocated, or 34 weeks and 72 h: real hours, on Easter Sunday, an hour later on the new clock."""
        assert story(not_seen("2027-03-25 14:00", edd=WEEK_35), ANTENATAL, days=8) == [
            "Thu 25 Mar 14:00 practitioner: verify-and-phone",
            "Sun 28 Mar 15:00 named_nurse: referral-decision",
            "Tue 30 Mar 09:00 practitioner: second-day-call",
            "Wed 31 Mar 09:00 practitioner: home-visit",
        ]

    def test_that_reaches_34_weeks_meanwhile_asks_on_that_day(self):
        """Missed on a Monday at 33 weeks and 4 days: 34 weeks come on the Thursday, as the 72 h end. At 33 weeks they
        come a week later.
        """
        told = story(not_seen("2026-11-09 10:00", edd=date(2026, 12, 24)), ANTENATAL, days=4)
        assert told[-1] == "Thu 12 Nov 10:00 named_nurse: referral-decision"
        later = story(not_seen("2026-11-09 10:00", edd=date(2026, 12, 28)), ANTENATAL, days=7)
        assert "Mon 16 Nov 09:00 named_nurse: referral-decision" in later

    def test_of_an_unknown_due_date_is_not_taken_for_34_weeks(self):
        """Unknown is not no: the ten working days still count."""
        told = story(not_seen("2026-11-09 10:00", edd=None), ANTENATAL, days=20)
        assert "Mon 23 Nov 09:00 named_nurse: referral-decision" in told

    def test_a_second_time_is_discussed_at_once(self):
        """2nd miss: team lead and named nurse, beside the same-day call."""
        assert story(not_seen("2027-03-25 14:00", miss_count=2), ANTENATAL, days=1) == [
            "Thu 25 Mar 14:00 practitioner: verify-and-phone",
            "Thu 25 Mar 14:00 team_lead: case-discussion",
        ]

    def test_goes_up_when_nobody_answers(self):
        """Four working hours for the first call; from then on it never comes down by itself."""
        assert story(not_seen("2027-03-25 10:00"), ANTENATAL, days=8, acknowledging=False) == [
            "Thu 25 Mar 10:00 practitioner: verify-and-phone",
            "Thu 25 Mar 14:00 team_lead: verify-and-phone (not_acknowledged)",
            "Tue 30 Mar 09:00 team_lead: second-day-call",
            "Wed 31 Mar 09:00 team_lead: home-visit",
            "Thu 1 Apr 17:00 named_nurse: home-visit (not_acknowledged)",
        ]

    def test_offers_a_text_only_with_the_step_that_verifies_first(self):
        """Neutral, and only after a person has made sure that the pregnancy continues."""
        decision, facts = step(not_seen("2026-11-09 10:00"), ANTENATAL, at("2026-11-09 10:00"))
        assert [one for one in decision.actions if isinstance(one, OfferText)] == [OfferText("verify-and-phone")]
        later, _ = step(facts, ANTENATAL, at("2026-11-10 09:00"))
        assert not [one for one in later.actions if isinstance(one, OfferText)]

    def test_rests_for_a_slot_within_three_working_days(self):
        """New slot within 3 WD: the second call and the visit wait for it, and speak again the day after."""
        facts = not_seen("2026-11-09 10:00", booked_until=at("2026-11-12 11:00"))
        assert story(facts, ANTENATAL, days=7) == [
            "Mon 9 Nov 10:00 practitioner: verify-and-phone",
            "Wed 11 Nov 17:00 practitioner: verify-and-phone (lease_ended)",
            "Fri 13 Nov 17:00 practitioner: home-visit",
            "Mon 16 Nov 09:00 team_lead: case-discussion",
        ]

    def test_from_36_weeks_rests_only_for_a_slot_the_next_day(self):
        """From 36 weeks within 24 h: on Tuesday the slot on Thursday is too far off, on Wednesday it is not. Who has a
        date is not unlocated: the decision on a referral waits for it too, and comes if it is not kept.
        """
        facts = not_seen("2026-11-09 10:00", edd=date(2026, 12, 5), booked_until=at("2026-11-12 11:00"))
        assert story(facts, ANTENATAL, days=5) == [
            "Mon 9 Nov 10:00 practitioner: verify-and-phone",
            "Tue 10 Nov 09:00 practitioner: second-day-call",
            "Fri 13 Nov 17:00 practitioner: home-visit",
            "Fri 13 Nov 17:00 named_nurse: referral-decision",
        ]

    def test_with_a_slot_too_far_off_is_decided_on_all_the_same(self):
        """At 35 weeks only a slot within three working days counts as found; and in high risk none does."""
        week_35 = {"edd": date(2026, 12, 12), "booked_until": at("2026-11-20 11:00")}
        told = story(not_seen("2026-11-09 10:00", **week_35), ANTENATAL, days=4)
        assert "Thu 12 Nov 10:00 named_nurse: referral-decision" in told
        soon = week_35 | {"booked_until": at("2026-11-13 11:00")}
        decision, _ = step(not_seen("2026-11-09 10:00", high_risk=True, **soon), ANTENATAL, at("2026-11-12 10:00"))
        assert "referral-decision" in {one.step_id for one in decision.actions}

    def test_that_is_high_risk_is_in_elapsed_hours(self):
        """The overlay over Easter; the case discussion stays on its own clock."""
        told = story(not_seen("2027-03-25 14:00", high_risk=True), ANTENATAL, days=7)
        assert [line for line in told if "exception" not in line] == [
            "Thu 25 Mar 14:00 practitioner: verify-and-phone",
            "Thu 25 Mar 18:00 team_lead: high-risk-team-lead",
            "Fri 26 Mar 14:00 practitioner: high-risk-sighting",
            "Sat 27 Mar 14:00 named_nurse: high-risk-social-care",
            "Wed 31 Mar 09:00 team_lead: case-discussion",
        ]


class TestAntenatalNotBooked:
    def test_is_booked_by_the_office_and_discussed_after_a_week(self):
        """Nobody missed anything: no home visit, no referral decision; the booking is chased all the same."""
        facts = not_seen("2026-11-02 09:00", trigger=FollowUpTrigger.NEVER_BOOKED, unseen_since=at("2026-11-02 09:00"))
        assert story(facts, ANTENATAL, days=10) == [
            "Mon 2 Nov 09:00 admin: book-antenatal",
            "Wed 4 Nov 09:00 practitioner: offer-a-time",
            "Fri 6 Nov 17:00 practitioner: offer-a-time (lease_ended)",
            "Mon 9 Nov 09:00 team_lead: case-discussion",
        ]


class TestAntenatalCancelled:
    def test_is_booked_again_by_the_midwife(self):
        """Whoever cancelled: within three working days."""
        facts = not_seen("2026-11-02 09:00", trigger=FollowUpTrigger.CANCELLED)
        assert story(facts, ANTENATAL, days=3)[:2] == [
            "Mon 2 Nov 09:00 practitioner: rebook-antenatal",
            "Wed 4 Nov 09:00 practitioner: offer-a-time",
        ]
        rests, _ = step(
            not_seen("2026-11-02 09:00", trigger=FollowUpTrigger.CANCELLED, booked_until=at("2026-11-05 11:00")),
            ANTENATAL,
            at("2026-11-02 09:00"),
        )
        assert (rests.actions, local(rests.next_due_at)) == ((), "Fri 6 Nov 17:00")
