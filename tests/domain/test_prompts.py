"""Referral prompts: published thresholds on what was recorded, asked again until decided (domain.md 4.1, 4.2)."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.indicators import Recorded
from models.domain.prompts import Before, flags_for, is_old, merges_into, next_ask, prompt_for
from models.domain.words import Known, OwnerRole, PerinatalPhase, PersonRole, PromptBasis, Urgency
from tests.domain.builders import at, local, rules

RULES = rules().prompts
CALENDAR = rules().calendar
SIGNED = frozenset(rule.content_sha256 for rule in RULES.rules)
ANTENATAL, POSTNATAL = PerinatalPhase.ANTENATAL, PerinatalPhase.POSTNATAL
MOTHER, FATHER = PersonRole.MOTHER, PersonRole.FATHER


def recorded(instrument: str, **given: object) -> Recorded:
    """Something recorded of a mother after birth, in English."""
    values = {"person": MOTHER, "phase": POSTNATAL, "language": "en"} | given
    return Recorded(instrument=instrument, **values)  # type: ignore[arg-type]


def yes(*items: str) -> dict[str, Known]:
    """These items answered with yes."""
    return dict.fromkeys(items, Known.YES)


def asked(one: Recorded, *, signed: frozenset[str] = SIGNED) -> tuple[str, PromptBasis] | None:
    """By which rule it is asked about, and on what ground."""
    found = prompt_for(one, RULES, signed=signed)
    return found and (found.rule.id, found.basis)


SAYS = PromptBasis.THRESHOLD
TODAY = date(2026, 11, 22)


class TestThreshold:
    @pytest.mark.parametrize("phase", [ANTENATAL, POSTNATAL])
    @pytest.mark.parametrize(
        ("total", "item_10", "expected"),
        [
            (9, 0, None),
            (10, 0, "epds-10"),
            (12, 0, "epds-10"),
            (13, 0, "epds-13"),
            (30, None, "epds-13"),
            (3, 1, "epds-self-harm"),
            (20, 2, "epds-self-harm"),
            (None, 1, "epds-self-harm"),
        ],
    )
    def test_of_the_epds(self, total, item_10, phase, expected):
        """10 to 12 possible, 13 and more probable; item 10 above zero the same day, whatever the total."""
        found = asked(recorded("EPDS", total=total, self_harm_item=item_10, phase=phase))
        assert found == (expected and (expected, SAYS))

    @pytest.mark.parametrize(
        ("instrument", "total", "expected", "urgency"),
        [
            ("PHQ-9", 9, None, None),
            ("PHQ-9", 10, "phq9-10", Urgency.ROUTINE),
            ("PHQ-9", 14, "phq9-10", Urgency.ROUTINE),
            ("PHQ-9", 15, "phq9-15", Urgency.URGENT),
            ("PHQ-9", 19, "phq9-15", Urgency.URGENT),
            ("PHQ-9", 20, "phq9-20", Urgency.URGENT),
            ("GAD-7", 7, None, None),
            ("GAD-7", 8, "gad7-8", Urgency.ROUTINE),
            ("GAD-7", 14, "gad7-8", Urgency.ROUTINE),
            ("GAD-7", 15, "gad7-15", Urgency.URGENT),
            ("GAD-2", 2, None, None),
            ("GAD-2", 3, "gad2-3", Urgency.ROUTINE),
        ],
    )
    def test_of_the_other_scales(self, instrument, total, expected, urgency):
        """PHQ-9 at 10, 15 and 20; GAD-7 at 8 and 15; GAD-2 at 3."""
        found = prompt_for(recorded(instrument, total=total), RULES, signed=SIGNED)
        assert (found and found.rule.id, found and found.rule.urgency) == (expected, urgency)

    def test_of_the_phq9_is_its_item_9_too(self):
        """A total of 2 with item 9 above zero is a same-day assessment."""
        assert asked(recorded("PHQ-9", total=2, self_harm_item=1)) == ("phq9-self-harm", SAYS)

    def test_of_the_gad2_is_avoidance_as_well(self):
        """Avoidance alone asks, at a total of nothing."""
        assert asked(recorded("GAD-2", total=0, answers=yes("avoidance"))) == ("gad2-avoidance", SAYS)

    @pytest.mark.parametrize("wants_help", list(Known))
    def test_of_the_whooley_questions_is_one_yes_whether_or_not_help_is_wanted(self, wants_help):
        """A positive screen is not dropped because help was not wanted; the card says what was answered."""
        one_yes = {"first": Known.NO, "second": Known.YES, "wants_help": wants_help}
        assert asked(recorded("WHOOLEY", answers=one_yes)) == ("whooley", SAYS)
        both_no = {"first": Known.NO, "second": Known.NO, "wants_help": wants_help}
        assert asked(recorded("WHOOLEY", answers=both_no)) is None

    def test_is_found_however_the_instrument_is_written(self):
        """Sources differ in case."""
        assert asked(recorded("epds", total=13)) == ("epds-13", SAYS)

    @given(total=st.integers(0, 30), higher=st.integers(0, 30))
    def test_never_weighs_less_for_a_higher_score(self, total, higher):
        """Transparent look-ups: more is never less urgent."""
        low, high = (
            prompt_for(recorded("EPDS", total=score, self_harm_item=0), RULES, signed=SIGNED)
            for score in (min(total, higher), max(total, higher))
        )
        assert (low.rule.weight if low else 0) <= (high.rule.weight if high else 0)


class TestValidity:
    """A threshold says something only for whom, when and in which language it is valid."""

    def test_keeps_the_phases_apart(self):
        """A trust whose antenatal threshold is 15 asks about a 14 after birth with a band, in pregnancy without."""
        rule = RULES.rule("epds-13")
        antenatal = replace(
            rule,
            id="epds-15-antenatal",
            valid_for=replace(rule.valid_for, phases=frozenset({ANTENATAL})),
            when=replace(rule.when, total_at_least=15),
        )
        after = replace(rule, valid_for=replace(rule.valid_for, phases=frozenset({POSTNATAL})))
        own = replace(RULES, rules=(antenatal, after))
        found = {
            (phase, total): prompt_for(recorded("EPDS", total=total, phase=phase), own, signed=SIGNED)
            for phase in (ANTENATAL, POSTNATAL)
            for total in (14, 15)
        }
        assert {key: one and one.rule.id for key, one in found.items()} == {
            (ANTENATAL, 14): None,
            (ANTENATAL, 15): "epds-15-antenatal",
            (POSTNATAL, 14): "epds-13",
            (POSTNATAL, 15): "epds-13",
        }

    @pytest.mark.parametrize(
        ("total", "changes", "expected"),
        [
            (14, {"person": FATHER}, "no-threshold-partner-urgent"),
            (4, {"person": FATHER}, "no-threshold-partner-routine"),
            (14, {"language": "so"}, "no-threshold-urgent"),
            (4, {"language": "so"}, "no-threshold-routine"),
            (14, {"language": None}, "no-threshold-urgent"),
            (14, {"phase": None}, "no-threshold-urgent"),
            (14, {"person": None}, "no-threshold-urgent"),
        ],
    )
    def test_lacking_shows_no_band_and_asks_all_the_same(self, total, changes, expected):
        """A father, a language without validity, what nobody knows: asked, and as soon as a valid one would be."""
        found = asked(recorded("EPDS", total=total, self_harm_item=0, **changes))
        assert found == (expected, PromptBasis.NO_THRESHOLD)

    def test_is_not_asked_of_a_self_harm_item(self):
        """Item 10 counts for everybody, always, in every language."""
        one = recorded("EPDS", total=3, self_harm_item=1, person=FATHER, phase=None, language="so")
        assert asked(one) == ("epds-self-harm", SAYS)

    def test_is_nothing_for_an_instrument_nobody_has_configured(self):
        """Nothing is made up: the score is shown, and somebody is asked."""
        assert asked(recorded("HADS", total=9)) == ("no-threshold-routine", PromptBasis.NO_THRESHOLD)


class TestSignature:
    def test_missing_shows_no_band_and_loses_no_urgency(self):
        """As shipped nothing is signed: every result is asked about, a grave one as soon as ever."""
        unsigned = frozenset()
        assert asked(recorded("EPDS", total=14), signed=unsigned) == ("no-threshold-urgent", PromptBasis.UNSIGNED)
        assert asked(recorded("EPDS", total=4), signed=unsigned) == ("no-threshold-routine", PromptBasis.UNSIGNED)

    def test_missing_takes_nothing_from_what_is_no_band(self):
        """A self-harm item, a red flag, a worry: their action is needed now, whoever has yet to sign it."""
        for one, expected in (
            (recorded("EPDS", total=3, self_harm_item=1), "epds-self-harm"),
            (recorded("RED-FLAG", answers=yes("estranged")), "red-flag"),
            (recorded("CONCERN", answers=yes("worried")), "concern"),
        ):
            assert asked(one, signed=frozenset()) == (expected, PromptBasis.UNSIGNED)

    def test_of_one_band_is_none_of_the_others(self):
        """Silence needs every threshold that could have spoken to be signed."""
        only_13 = frozenset({RULES.rule("epds-13").content_sha256})
        assert asked(recorded("EPDS", total=14), signed=only_13) == ("epds-13", SAYS)
        assert asked(recorded("EPDS", total=4), signed=only_13) == ("no-threshold-routine", PromptBasis.UNSIGNED)


class TestHistory:
    @pytest.mark.parametrize("item", ["bipolar", "schizophrenia", "psychosis", "postpartum_psychosis"])
    def test_of_psychosis_or_bipolar_is_referred_in_pregnancy_even_when_well(self, item):
        """And it is a high-risk flag whenever it is known, in pregnancy or not."""
        one = recorded("HISTORY", answers=yes(item), phase=ANTENATAL)
        assert asked(one) == ("history-psychosis", SAYS)
        flags = flags_for(replace(one, phase=None), RULES, recorded_on=date(2016, 1, 1), received_on=TODAY)
        assert flags == {"severe_mental_illness"}

    @pytest.mark.parametrize("item", ["severe_depression", "inpatient_or_crisis_care"])
    def test_of_severe_illness_is_referred_in_pregnancy_even_when_well(self, item):
        assert asked(recorded("HISTORY", answers=yes(item), phase=ANTENATAL)) == ("history-severe", SAYS)

    def test_after_birth_is_shown_and_asked_about_without_a_threshold(self):
        """No published rule says what it means then; somebody looks."""
        found = asked(recorded("HISTORY", answers=yes("postpartum_psychosis")))
        assert found == ("no-threshold-urgent", PromptBasis.NO_THRESHOLD)

    def test_in_the_family_is_urgent_with_a_change_of_mood(self):
        relative = "relative_bipolar_or_postpartum_psychosis"
        assert asked(recorded("HISTORY", answers=yes(relative))) == ("relative", SAYS)
        assert asked(recorded("HISTORY", answers=yes(relative, "mood_change"))) == ("relative-and-mood", SAYS)

    def test_all_answered_with_no_asks_nobody(self):
        """A list says something only where an item is yes."""
        assert asked(recorded("HISTORY", answers={"bipolar": Known.NO, "psychosis": Known.NOT_ASKED})) is None

    def test_never_is_too_old(self):
        """Postpartum psychosis ten years ago is as much a reason as last week's."""
        rule = RULES.rule("history-psychosis")
        assert not is_old(rule, recorded_on=date(2016, 1, 1), received_on=date(2026, 6, 8))

    def test_medicine_stopped_in_pregnancy_needs_advice_the_same_day(self):
        one = recorded("MEDICINE", answers=yes("stopped_or_changed"), phase=ANTENATAL)
        assert asked(one) == ("medicine-changed", SAYS)
        assert local(RULES.rule("medicine-changed").decide_within.after(at("2026-11-02 10:00"), calendar=CALENDAR)) == (
            "Mon 2 Nov 14:00"
        )

    @pytest.mark.parametrize("item", ["tokophobia", "birth_trauma", "loss"])
    def test_of_birth_points_to_the_maternal_mental_health_service(self, item):
        assert asked(recorded("BIRTH", answers=yes(item))) == ("birth-and-loss", SAYS)
        assert "maternal mental health service" in RULES.rule("birth-and-loss").action


class TestConcern:
    def test_outranks_every_score(self):
        """A colleague's worry weighs more than any scale can; only a red flag weighs more."""
        worry = RULES.rule("concern").weight
        scores = [rule.weight for rule in RULES.rules if rule.when.is_band or rule.when.self_harm_item_at_least]
        assert worry > max(scores)
        assert worry < RULES.rule("red-flag").weight

    def test_about_a_father_points_to_what_there_is_for_him(self):
        """GP, adult services, the perinatal team's offer for partners."""
        found = prompt_for(recorded("CONCERN", answers=yes("worried"), person=FATHER), RULES, signed=SIGNED)
        assert found.rule.id == "concern-partner"
        assert all(word in found.rule.action for word in ("GP", "adult mental-health services", "partners"))

    @pytest.mark.parametrize("item", list(RULES.instruments["RED-FLAG"].items))
    def test_of_any_red_flag_is_asked_about_in_fifteen_minutes(self, item):
        found = prompt_for(recorded("RED-FLAG", answers=yes(item)), RULES, signed=SIGNED)
        first = next_ask(found.rule, times_asked=0, now=at("2026-12-25 03:00"), calendar=CALENDAR)
        assert (found.rule.urgency, local(first.next_due_at)) == (Urgency.RED_FLAG, "Fri 25 Dec 03:15")
        flags = flags_for(recorded("RED-FLAG", answers=yes(item)), RULES, recorded_on=TODAY, received_on=TODAY)
        assert flags == {"red_flag"}


class TestAskingAgain:
    def test_goes_on_until_there_is_a_decision_and_up_to_the_team_lead(self):
        """Twice to the practitioner, twice to the team lead, then to the head of service for ever."""
        rule, now, told = RULES.rule("epds-13"), at("2026-11-02 10:00"), []
        for times in range(6):
            ask = next_ask(rule, times_asked=times, now=now, calendar=CALENDAR)
            told.append((local(now), ask.role_chain[0]))
            now = ask.next_due_at
        assert told == [
            ("Mon 2 Nov 10:00", OwnerRole.PRACTITIONER),
            ("Tue 3 Nov 17:00", OwnerRole.PRACTITIONER),
            ("Wed 4 Nov 17:00", OwnerRole.TEAM_LEAD),
            ("Thu 5 Nov 17:00", OwnerRole.TEAM_LEAD),
            ("Fri 6 Nov 17:00", OwnerRole.HEAD_OF_SERVICE),
            ("Mon 9 Nov 17:00", OwnerRole.HEAD_OF_SERVICE),
        ]

    def test_about_a_red_flag_runs_in_minutes_through_a_bank_holiday(self):
        """Fifteen minutes, then the team lead AND the duty colleague, then on; at three in the morning of Christmas."""
        rule, now, told = RULES.rule("red-flag"), at("2026-12-25 03:00"), []
        for times in range(4):
            ask = next_ask(rule, times_asked=times, now=now, calendar=CALENDAR)
            told.append((local(now), ask.role_chain[0], ask.also_tell))
            now = ask.next_due_at
        assert told == [
            ("Fri 25 Dec 03:00", OwnerRole.PRACTITIONER, ()),
            ("Fri 25 Dec 03:15", OwnerRole.TEAM_LEAD, (OwnerRole.DUTY,)),
            ("Fri 25 Dec 03:30", OwnerRole.HEAD_OF_SERVICE, ()),
            ("Fri 25 Dec 03:45", OwnerRole.HEAD_OF_SERVICE, ()),
        ]

    def test_about_self_harm_runs_in_hours_also_on_a_bank_holiday(self):
        """Same-day assessment: unanswered it is with the team lead two hours later."""
        rule = RULES.rule("epds-self-harm")
        first = next_ask(rule, times_asked=0, now=at("2027-03-26 10:00"), calendar=CALENDAR)
        assert local(first.next_due_at) == "Fri 26 Mar 12:00"
        second = next_ask(rule, times_asked=1, now=first.next_due_at, calendar=CALENDAR)
        assert second.role_chain[0] is OwnerRole.TEAM_LEAD

    @given(times=st.integers(0, 500))
    def test_always_has_a_next_time_and_somebody(self, times):
        """A prompt never falls silent."""
        for rule in (*RULES.rules, *RULES.without_threshold):
            now = at("2026-11-02 10:00")
            ask = next_ask(rule, times_asked=times, now=now, calendar=CALENDAR)
            assert ask.next_due_at > now
            assert ask.role_chain[-1] is OwnerRole.LAST_RESORT


class TestOldScore:
    @pytest.mark.parametrize(("day", "expected"), [(10, False), (24, False), (25, True)])
    def test_is_one_of_more_than_14_days_before_it_came(self, day, expected):
        """An alarm weeks afterwards alarms nobody usefully: it goes on a list."""
        rule = RULES.rule("epds-13")
        assert is_old(rule, recorded_on=date(2026, 11, 10), received_on=date(2026, 11, day)) is expected

    def test_of_a_red_flag_is_one_of_more_than_30_days(self):
        """A red flag in the last 30 days counts, however late we hear of it."""
        rule = RULES.rule("red-flag")
        assert not is_old(rule, recorded_on=date(2026, 11, 1), received_on=date(2026, 12, 1))
        assert is_old(rule, recorded_on=date(2026, 11, 1), received_on=date(2026, 12, 2))


class TestMerging:
    """One question per parent within 14 days; a red flag or a graver score always cuts through."""

    BEFORE = Before(RULES.rule("epds-10").weight, False, "EPDS", 11, date(2026, 11, 2))

    @pytest.mark.parametrize(
        ("rule", "instrument", "total", "day", "expected"),
        [
            ("epds-10", "EPDS", 11, 10, True),
            ("epds-10", "EPDS", 10, 16, True),
            ("epds-10", "EPDS", 10, 17, False),
            ("gad7-8", "GAD-7", 12, 10, True),
            ("epds-10", "EPDS", 12, 3, False),
            ("epds-13", "EPDS", 13, 3, False),
            ("epds-self-harm", "EPDS", 3, 3, False),
            ("concern", "CONCERN", None, 3, False),
            ("red-flag", "RED-FLAG", None, 3, False),
        ],
    )
    def test_joins_only_what_says_nothing_new(self, rule, instrument, total, day, expected):
        found = merges_into(
            RULES.rule(rule),
            Recorded(instrument, total=total),
            recorded_on=date(2026, 11, day),
            before=self.BEFORE,
            merge_days=RULES.merge_days,
        )
        assert found is expected

    def test_never_joins_one_red_flag_to_another(self):
        """The second may be the worse one."""
        rule = RULES.rule("red-flag")
        before = Before(rule.weight, True, "RED-FLAG", None, date(2026, 11, 2))
        assert not merges_into(
            rule, Recorded("RED-FLAG"), recorded_on=date(2026, 11, 2), before=before, merge_days=RULES.merge_days
        )

    def test_never_joins_a_same_day_assessment_to_what_is_none(self):
        """Item 10 above zero while a colleague's worry waits: the worry weighs more, and the assessment is today."""
        worry = Before(RULES.rule("concern").weight, False, "CONCERN", None, date(2026, 11, 2))
        assert not merges_into(
            RULES.rule("epds-self-harm"),
            Recorded("EPDS", total=3, self_harm_item=1),
            recorded_on=date(2026, 11, 2),
            before=worry,
            merge_days=RULES.merge_days,
        )
