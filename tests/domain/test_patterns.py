"""The pattern rules R1 to R10 at their edges (domain.md 3.4): what is found, what is not, which follow-up is raised.

A family of two children, a mother and a father; days count back from Monday, 9 November 2026, at noon.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from models.domain.pattern_rules import patterns
from models.domain.patterns import DISCLOSED, Earlier, Event, Family, Happened, Live, Relative, Screen, views
from tests.domain.builders import at, rules

RULES = rules().patterns
NOW = at("2026-11-09 12:00")
TODAY = date(2026, 11, 9)
ANA, BEN, MOTHER, FATHER = 1, 2, 3, 4
NOT_SEEN, SEEN, CANCELLED = Happened.NOT_SEEN, Happened.SEEN, Happened.FAMILY_CANCELLED
SERVICE_CANCELLED, MOVED = Happened.SERVICE_CANCELLED, Happened.MOVED


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def event(what: Happened, days: float, person: int | None = ANA, code: str = "HV-1Y", **given) -> Event:
    kind = rules().contacts.get(code)
    service = given.pop("service", kind.service if kind else "another")
    about = given.pop("about", int(days * 10) + 1000 * (person or 0))
    return Event(what, person, code, service, days_ago(days), days_ago(days).date(), about, **given)


def follow_up(number: int, person: int = ANA, **given) -> Live:
    opened = given.pop("opened", days_ago(1))
    row = {"service": "health_visiting", "team_id": 7, "about": None, "high_risk": False, "is_miss": True}
    return Live(number, person, opened_at=opened, breach_at=opened, **(row | given))


def family(*events: Event, **given) -> Family:
    relatives = [
        Relative(ANA, True, date(2025, 11, 1), date(2025, 11, 1), last_seen_on=date(2026, 10, 1)),
        Relative(BEN, True, date(2023, 5, 1), date(2023, 5, 1), last_seen_on=date(2026, 10, 1)),
        Relative(MOTHER, False, date(1995, 1, 1), date(2025, 11, 1)),
        Relative(FATHER, False, date(1994, 1, 1), date(2025, 11, 1)),
    ]
    row = {"household_id": 5, "relatives": relatives, "live": [follow_up(90)]}
    return Family(events=sorted(events, key=lambda one: one.at), **(row | given))


def found(of: Family, *, now: datetime = NOW) -> dict[str, list[tuple[int | None, int]]]:
    """Rule to whom (None: the household) and how many contacts."""
    result: dict[str, list[tuple[int | None, int]]] = {}
    for one in patterns(of, RULES, now=now, today=now.date())[0]:
        result.setdefault(one.rule.id, []).append((None if one.of_household else one.person_id, one.count))
    return result


class TestR1TwoInARow:
    def test_of_any_kind_are_found_for_the_child(self):
        """Two different contacts not kept, nothing kept between."""
        of = family(event(NOT_SEEN, 120, code="HV-6M"), event(NOT_SEEN, 1))
        assert found(of)["R1"] == [(ANA, 2)]

    def test_with_a_contact_kept_between_are_not_in_a_row(self):
        """Seen in between: the run begins anew."""
        of = family(event(NOT_SEEN, 120, code="HV-6M"), event(SEEN, 60, code="GP-IMMS"), event(NOT_SEEN, 1))
        assert "R1" not in found(of)

    def test_of_two_children_are_found_for_the_household(self):
        """Neither child has two, the household has."""
        of = family(event(NOT_SEEN, 20, ANA), event(NOT_SEEN, 1, BEN, "HV-2Y"))
        assert found(of)["R1"] == [(None, 2)]

    def test_of_twins_at_one_visit_are_one(self):
        """One clinic, two children, not kept once."""
        of = family(event(NOT_SEEN, 1, ANA), event(NOT_SEEN, 1, BEN))
        assert "R1" not in found(of)

    @pytest.mark.parametrize(("days", "is_found"), [(183.9, True), (184.1, False)])
    def test_lie_within_six_months_of_each_other(self, days, is_found):
        """183 days before the last of them."""
        of = family(event(NOT_SEEN, days, code="HV-6M"), event(NOT_SEEN, 1))
        assert ("R1" in found(of)) is is_found

    def test_of_perinatal_mental_health_are_no_pattern(self):
        """Clinics there miss 22 to 30 % anyway: two in a row is that ladder's own step."""
        of = family(event(NOT_SEEN, 20, MOTHER, "PMH-REVIEW"), event(NOT_SEEN, 1, MOTHER, "PMH-REVIEW"))
        assert all("R1" not in found(view) for _, view in views(of, RULES))

    def test_disclosed_of_an_adult_are_no_run(self):
        """Only the misses are told, not what was kept between; and the second is its own ladder's step."""
        told = {"person": None, "code": "EVENT-ADULT-MISSED", "service": DISCLOSED}
        assert "R1" not in found(family(event(NOT_SEEN, 20, **told), event(NOT_SEEN, 1, **told)))


class TestR2ThreeInSixMonths:
    def test_counts_what_the_family_cancelled_or_declined(self):
        """A real miss hidden as cancelled: hazard 6."""
        of = family(event(CANCELLED, 150), event(CANCELLED, 80), event(NOT_SEEN, 1))
        assert found(of)["R2"] == [(ANA, 3)]

    def test_is_not_broken_by_a_contact_that_was_kept(self):
        """So many in a time, not in a row."""
        of = family(event(CANCELLED, 150), event(SEEN, 100), event(CANCELLED, 80), event(NOT_SEEN, 1))
        assert found(of)["R2"] == [(ANA, 3)]

    @pytest.mark.parametrize(("days", "is_found"), [(183.9, True), (184.1, False)])
    def test_lie_within_six_months_of_the_last(self, days, is_found):
        of = family(event(CANCELLED, days), event(CANCELLED, 80), event(NOT_SEEN, 1))
        assert ("R2" in found(of)) is is_found

    def test_says_so_in_plain_words(self):
        """Never a score."""
        of = family(event(CANCELLED, 150), event(CANCELLED, 80), event(NOT_SEEN, 1))
        said = [one.says for one in patterns(of, RULES, now=NOW, today=TODAY)[0] if one.rule.id == "R2"]
        assert said == ["Third contact not kept in six months"]

    def test_of_perinatal_mental_health_is_for_that_service_alone(self):
        """The mother's missed appointments raise her own follow-up there, and nobody else's page shows a word of it."""
        own = follow_up(91, MOTHER, service="perinatal_mental_health")
        days = (60, 30, 1)
        of = family(*(event(NOT_SEEN, day, MOTHER, "PMH-REVIEW") for day in days), live=[follow_up(90), own])
        seen_by = {reader: patterns(view, RULES, now=NOW, today=TODAY)[0] for reader, view in views(of, RULES)}
        assert seen_by[None] == ()
        raised = {one.rule.id: one.follow_up_id for one in seen_by["perinatal_mental_health"]}
        assert raised == {"R2": 91, "two-in-90-days": 91}


class TestR3TheSameContactMovedTwice:
    def test_is_found_for_moves_and_cancellations_of_one_contact(self):
        """Moved once, cancelled once, of the same review."""
        of = family(event(MOVED, 30), event(CANCELLED, 2))
        assert found(of)["R3"] == [(ANA, 2)]

    def test_of_two_contacts_is_none(self):
        of = family(event(MOVED, 30, code="HV-6M"), event(CANCELLED, 2))
        assert "R3" not in found(of)

    def test_begins_anew_when_the_contact_has_taken_place(self):
        of = family(event(MOVED, 30), event(SEEN, 20), event(CANCELLED, 2))
        assert "R3" not in found(of)

    def test_of_a_recurring_contact_is_counted_for_each_appointment(self):
        """Two immunisations moved are two appointments, each moved once; one moved twice is a pattern."""
        apart = family(event(MOVED, 30, code="GP-IMMS", about=1), event(MOVED, 2, code="GP-IMMS", about=2))
        twice = family(event(MOVED, 30, code="GP-IMMS", about=1), event(MOVED, 2, code="GP-IMMS", about=1))
        assert ("R3" in found(apart), "R3" in found(twice)) == (False, True)


class TestR4TwoServices:
    @pytest.mark.parametrize(("days", "is_found"), [(30.9, True), (31.1, False)])
    def test_within_30_days_are_found_for_the_household(self, days, is_found):
        """A midwife's and a health visitor's, whoever they were for."""
        of = family(event(NOT_SEEN, days, MOTHER, "MW-28W"), event(NOT_SEEN, 1, BEN, "HV-2Y"))
        assert ("R4" in found(of)) is is_found

    def test_includes_an_adults_contact_only_where_it_was_disclosed(self):
        """The disclosed fact counts; the appointment itself doesn't."""
        hidden = family(event(NOT_SEEN, 5, MOTHER, "PMH-ASSESS"), event(NOT_SEEN, 1))
        told = family(event(NOT_SEEN, 5, None, "EVENT-ADULT-MISSED"), event(NOT_SEEN, 1))
        assert ("R4" in found(views(hidden, RULES)[0][1]), "R4" in found(views(told, RULES)[0][1])) == (False, True)


class TestR5ASiblingWithAnOpenFollowUp:
    def test_informs_the_follow_up_opened_last_and_opens_nothing(self):
        """One line in one story: no alert, no pace, no card."""
        of = family(live=[follow_up(90, ANA, opened=days_ago(20)), follow_up(91, BEN, opened=days_ago(1))])
        (one,) = patterns(of, RULES, now=NOW, today=TODAY)[0]
        assert (one.rule.id, one.follow_up_id, one.rule.tells, one.rule.faster, one.rule.opens) == (
            "R5",
            91,
            False,
            False,
            False,
        )

    def test_does_not_answer_back(self):
        """No ping-pong: once a household, also when the first child's thread goes on in a new follow-up."""
        told = Earlier(None, "R5", None, "follow-up 91", days_ago(1))
        of = family(
            live=[follow_up(92, ANA, opened=days_ago(0)), follow_up(91, BEN, opened=days_ago(1))], earlier=[told]
        )
        assert found(of) == {}

    def test_is_no_episode_where_it_is_a_pattern_or_an_unrecorded_outcome(self):
        """A card that a pattern opened is no reason for another pattern."""
        of = family(live=[follow_up(90, ANA), follow_up(91, BEN, is_miss=False)])
        assert found(of) == {}


class TestR6NotSeenInPerson:
    def child(self, born: date, seen: date | None, **given) -> Family:
        relative = Relative(ANA, True, born, given.pop("known_since", born), last_seen_on=seen, **given)
        return family(relatives=[relative])

    @pytest.mark.parametrize(
        ("born", "seen", "is_found"),
        [
            pytest.param(date(2026, 10, 20), date(2026, 10, 27), False, id="newborn 13 days"),
            pytest.param(date(2026, 10, 20), date(2026, 10, 26), True, id="newborn 14 days"),
            pytest.param(date(2026, 9, 29), date(2026, 10, 26), True, id="the last day under six weeks"),
            pytest.param(date(2026, 9, 28), date(2026, 10, 20), False, id="six weeks old, 20 days"),
            pytest.param(date(2026, 3, 1), date(2026, 8, 12), False, id="baby 89 days"),
            pytest.param(date(2026, 3, 1), date(2026, 8, 11), True, id="baby 90 days"),
            pytest.param(date(2025, 11, 9), date(2026, 3, 1), False, id="one year old today"),
        ],
    )
    def test_depends_on_age(self, born, seen, is_found):
        """Under 6 weeks 14 days, under 1 year 90 days."""
        assert ("R6" in found(self.child(born, seen))) is is_found

    @pytest.mark.parametrize(
        ("due", "is_found"), [(date(2025, 11, 9), True), (date(2025, 11, 10), False), (None, False)]
    )
    def test_of_an_older_child_runs_from_the_review_that_is_past(self, due, is_found):
        """12 months past the due review, from one year to five."""
        assert ("R6" in found(self.child(date(2023, 5, 1), None, review_due=due))) is is_found

    def test_of_a_five_year_old_is_no_rule_any_more(self):
        assert "R6" not in found(self.child(date(2021, 11, 9), None, review_due=date(2023, 11, 1)))

    def test_asks_for_a_live_follow_up_or_a_flag(self):
        """Else the schedule decides."""
        unseen = self.child(date(2026, 3, 1), date(2026, 8, 1))
        quiet = replace(unseen, live=[])
        flagged = replace(quiet, relatives=[replace(quiet.relatives[0], flagged=True)])
        assert ("R6" in found(unseen), "R6" in found(quiet), "R6" in found(flagged)) == (True, False, True)

    def test_does_not_say_of_a_newcomer_what_happened_before_we_knew_them(self):
        """Unknown is not no: a first load raises nothing that day; the time runs from then."""
        newcomer = self.child(date(2026, 3, 1), None, known_since=date(2026, 11, 1))
        assert found(newcomer) == {}
        assert patterns(newcomer, RULES, now=NOW, today=TODAY)[1] == date(2027, 1, 30)

    def test_is_looked_at_again_on_the_day_it_would_come_true(self):
        """Time alone makes it true: 90 days after the last sighting."""
        baby = self.child(date(2026, 3, 1), date(2026, 8, 12))
        assert patterns(baby, RULES, now=NOW, today=TODAY) == ((), date(2026, 11, 10))

    def test_is_found_once_until_the_child_is_seen(self):
        """The same spell is one occasion, however long it lasts."""
        baby = self.child(date(2026, 3, 1), date(2026, 8, 11))
        ((one,), _) = patterns(baby, RULES, now=NOW, today=TODAY)
        assert one.says == "Nobody is recorded as having seen the child in person since 11 Aug 2026"
        told = Earlier(None, "R6", ANA, one.about, days_ago(60))
        assert found(replace(baby, earlier=[told])) == {}


class TestR7OneSide:
    def test_seen_and_the_children_never_is_found(self):
        """The parent attends her own, the children are not brought."""
        kept = [event(SEEN, day, MOTHER, "GP-ROUTINE") for day in (90, 40)]
        missed = [event(NOT_SEEN, 100, ANA, "HV-6M"), event(NOT_SEEN, 2, BEN, "HV-2Y")]
        assert "R7" in found(family(*kept, *missed))
        assert "R7" not in found(family(*kept, *missed, event(SEEN, 50, BEN, "GP-IMMS")))

    def test_the_other_way_round_is_found_as_well(self):
        """The children are brought, the parent is never seen."""
        kept = [event(SEEN, day, ANA, "GP-IMMS") for day in (90, 40)]
        missed = [event(NOT_SEEN, day, MOTHER, "GP-ROUTINE") for day in (100, 2)]
        assert "R7" in found(family(*kept, *missed))
        assert "R7" not in found(family(*kept, *missed[:1]))


class TestR8NumberAndAddressChanged:
    def test_both_with_a_miss_are_found(self):
        of = family(event(NOT_SEEN, 10), number_changed_at=days_ago(20), address_changed_at=days_ago(3))
        assert found(of)["R8"] == [(None, 1)]

    def test_one_of_them_is_none(self):
        of = family(event(NOT_SEEN, 10), number_changed_at=days_ago(20))
        assert "R8" not in found(of)

    @pytest.mark.parametrize(("days", "is_found"), [(99.9, True), (100.1, False)])
    def test_within_90_days_of_the_miss(self, days, is_found):
        of = family(event(NOT_SEEN, 10), number_changed_at=days_ago(days), address_changed_at=days_ago(3))
        assert ("R8" in found(of)) is is_found

    def test_is_completed_by_whichever_came_last(self):
        """Missed six weeks ago, moved and renumbered this week: the family may be gone."""
        of = family(event(NOT_SEEN, 42), number_changed_at=days_ago(2), address_changed_at=days_ago(1))
        assert "R8" in found(of)


class TestR9AfterAScore:
    def of(self, days: float, *, team: int = 7) -> Family:
        missed = event(NOT_SEEN, 1)
        screen = Screen(MOTHER, days_ago(days).date(), team)
        return family(missed, screens=[screen], live=[follow_up(90, about=missed.about)])

    @pytest.mark.parametrize(("days", "is_found"), [(1, True), (31, True), (32, False), (0, False)])
    def test_within_a_month_is_found(self, days, is_found):
        """On the day or up to 30 days after; a score recorded afterwards is no cause."""
        assert ("R9" in found(self.of(days))) is is_found

    def test_held_by_another_team_is_not_told_here(self):
        """What a score says is not passed on through a pattern."""
        assert "R9" not in found(self.of(5, team=8))


class TestR10CancelledByTheService:
    def test_twice_is_our_failure(self):
        """To the team lead; the family has done nothing: the ladder goes no faster for it."""
        of = family(event(SERVICE_CANCELLED, 40), event(SERVICE_CANCELLED, 3))
        (one,) = [one for one in patterns(of, RULES, now=NOW, today=TODAY)[0] if one.rule.id == "R10"]
        assert (one.rule.tells, one.rule.faster, one.says) == (
            True,
            False,
            "We cancelled this contact 2 times. The delay is ours, not the family's",
        )

    def test_is_counted_in_no_rule_about_the_family(self):
        of = family(*(event(SERVICE_CANCELLED, day) for day in (60, 40, 3)))
        assert set(found(of)) == {"R10"}

    def test_opens_a_follow_up_where_nothing_is_live(self):
        """Exactly what a schedule would not notice for months."""
        of = family(event(SERVICE_CANCELLED, 40), event(SERVICE_CANCELLED, 3), live=[])
        assert [one.follow_up_id for one in patterns(of, RULES, now=NOW, today=TODAY)[0]] == [None]


class TestTwoIn90Days:
    @pytest.mark.parametrize(("days", "is_found"), [(90.9, True), (91.1, False)])
    def test_move_the_ladder_one_rung_faster_and_no_more(self, days, is_found):
        """2+ misses in 90 days alone: faster; the overlay only with another factor, which is a flag of its own."""
        of = family(event(NOT_SEEN, days, code="HV-6M"), event(SEEN, 50, code="GP-IMMS"), event(NOT_SEEN, 1))
        assert ("two-in-90-days" in found(of)) is is_found
        rule = RULES.rule("two-in-90-days")
        assert (rule.tells, rule.faster, rule.opens) == (False, True, False)

    def test_open_nothing_by_themselves(self):
        of = family(event(NOT_SEEN, 20, code="HV-6M"), event(SEEN, 10), event(NOT_SEEN, 1), live=[])
        assert "two-in-90-days" not in found(of)


class TestWhatIsFound:
    def test_is_only_what_was_completed_recently(self):
        """Years of history raise nothing: the last contact lies at most 30 days back."""
        for last, is_found in ((30, True), (30.1, False)):
            of = family(event(NOT_SEEN, 100, code="HV-6M"), event(NOT_SEEN, last))
            assert ("R1" in found(of)) is is_found

    def test_counts_history_but_is_never_completed_by_backlog(self):
        """What was already old when it first reached us is counted, and raises nothing by itself."""
        old = event(NOT_SEEN, 100, code="HV-6M", backlog=True)
        assert "R1" in found(family(old, event(NOT_SEEN, 1)))
        assert found(family(old, event(NOT_SEEN, 1, backlog=True))) == {}

    def test_is_not_found_again_for_the_same_occasion(self):
        of = family(event(NOT_SEEN, 100, code="HV-6M"), event(NOT_SEEN, 1, about=77))
        told = Earlier(None, "R1", ANA, "appointment 77", days_ago(200))
        assert "R1" not in found(replace(of, earlier=[told]))

    @pytest.mark.parametrize(("days", "is_found"), [(89, False), (90, True)])
    def test_is_not_found_again_too_soon(self, days, is_found):
        """A third miss in the same weeks is the ladder's business."""
        of = family(event(NOT_SEEN, 100, code="HV-6M"), event(NOT_SEEN, 1))
        told = Earlier(None, "R1", ANA, "appointment 5", days_ago(days))
        assert ("R1" in found(replace(of, earlier=[told]))) is is_found

    def test_of_one_child_leaves_the_brother_his_own(self):
        of = family(event(NOT_SEEN, 30, BEN), event(NOT_SEEN, 20, BEN, "HV-2Y"))
        told = Earlier(None, "R1", ANA, "appointment 5", days_ago(3))
        assert found(replace(of, earlier=[told]))["R1"] == [(BEN, 2)]

    def test_raises_the_contacts_own_follow_up(self):
        """Else the person's, else a child's, else the most urgent: one card a household."""
        missed = event(NOT_SEEN, 1, BEN, "HV-2Y", about=55)
        of = family(event(NOT_SEEN, 20, BEN), missed)
        own, mothers, sisters = follow_up(91, BEN, about=55), follow_up(92, MOTHER), follow_up(93, ANA)
        for live, expected in (
            ([mothers, sisters, own], 91),
            ([mothers, sisters], 93),
            ([mothers], 92),
            ([], None),
        ):
            told = patterns(replace(of, live=live), RULES, now=NOW, today=TODAY)[0]
            assert {one.follow_up_id for one in told if one.rule.id != "R5"} == {expected}

    def test_is_the_same_when_asked_again_once_it_is_stored(self):
        """Idempotent: nothing more to say at the same moment."""
        of = family(event(NOT_SEEN, 100, code="HV-6M"), event(CANCELLED, 50), event(NOT_SEEN, 1))
        first = patterns(of, RULES, now=NOW, today=TODAY)[0]
        told = [
            Earlier(None, one.rule.id, None if one.of_household else one.person_id, one.about, NOW) for one in first
        ]
        assert first
        assert patterns(replace(of, earlier=told), RULES, now=NOW, today=TODAY)[0] == ()
