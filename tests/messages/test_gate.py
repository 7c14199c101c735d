"""The one gate: each check by the hazard it stands against (domain.md section 10). Pure."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from config import messages_loader
from models.domain.gate import Gate, GateVerdict, Reason, check
from models.domain.gate_facts import BookedText, ContactFacts, FollowUpText, PregnancyFacts, TextFacts
from models.domain.words import (
    AppointmentStatus,
    ContentLevel,
    FollowUpState,
    FollowUpTrigger,
    Known,
    LifeStatus,
    PregnancyOutcome,
    Purpose,
    TeamStage,
)
from tests.messages.builders import NOON, at

RULES = messages_loader.load().gate
CONTACT = ContactFacts(
    number="+447700900123",
    safe_to_text=Known.YES,
    content_level=ContentLevel.NEUTRAL,
    confirmed_on=date(2026, 6, 1),
)
RELEASED = FollowUpText(
    state=FollowUpState.OPEN,
    trigger=FollowUpTrigger.MISSED,
    released=True,
    same_cycle=True,
    pathway_signed=True,
)
BOOKED = BookedText(status=AppointmentStatus.BOOKED, starts_at=NOON + timedelta(days=2))


def a_text(**given: object) -> TextFacts:
    """A text after a miss that may leave."""
    base = TextFacts(
        purpose=Purpose.AFTER_MISS,
        due_at=NOON,
        not_after=None,
        contact=CONTACT,
        recipient_life=LifeStatus.ALIVE,
        subject_lives=(LifeStatus.ALIVE,),
        contact_codes=frozenset({"HV-1Y"}),
        team_stage=TeamStage.TEXTS,
        call_back_number="+441632960123",
        follow_ups=(RELEASED,),
    )
    return replace(base, **given)  # type: ignore[arg-type]


def a_reminder(**given: object) -> TextFacts:
    reminder = a_text(purpose=Purpose.REMINDER_TWO_DAYS, follow_ups=(), appointments=(BOOKED,))
    return replace(reminder, **given)  # type: ignore[arg-type]


def blocked(reason: Reason) -> GateVerdict:
    return GateVerdict(Gate.BLOCK, reason)


class TestGate:
    def test_lets_a_released_text_and_a_reminder_pass(self) -> None:
        assert check(a_text(), RULES, now=NOON).gate is Gate.PASS
        assert check(a_reminder(), RULES, now=NOON).gate is Gate.PASS


class TestHazard2Bereavement:
    """No text after a death or the end of a pregnancy; what nobody has told us is not "alive"."""

    def test_recipient_died(self) -> None:
        assert check(a_text(recipient_life=LifeStatus.DECEASED), RULES, now=NOON) == blocked(Reason.RECIPIENT_DIED)

    def test_child_died(self) -> None:
        lives = (LifeStatus.ALIVE, LifeStatus.DECEASED)
        assert check(a_text(subject_lives=lives), RULES, now=NOON) == blocked(Reason.CHILD_DIED)

    def test_a_loss_in_the_household_lately(self) -> None:
        """A twin's death or a stillbirth: a person speaks, no machine."""
        assert check(a_reminder(bereaved=True), RULES, now=NOON) == blocked(Reason.BEREAVED)

    @pytest.mark.parametrize(
        "given",
        [{"recipient_life": LifeStatus.UNKNOWN}, {"subject_lives": (LifeStatus.UNKNOWN,)}, {"subject_lives": ()}],
    )
    def test_nobody_has_told_us_that_they_live(self, given: dict[str, object]) -> None:
        assert check(a_text(**given), RULES, now=NOON) == blocked(Reason.LIFE_UNKNOWN)

    @pytest.mark.parametrize("outcome", list(PregnancyOutcome)[2:])
    def test_the_pregnancy_has_ended(self, outcome: PregnancyOutcome) -> None:
        pregnancy = PregnancyFacts(outcome=outcome, edd=date(2026, 9, 1))
        facts = a_reminder(contact_codes=frozenset({"MW-28W"}), pregnancy=pregnancy)
        assert check(facts, RULES, now=NOON) == blocked(Reason.PREGNANCY_ENDED)

    @pytest.mark.parametrize(
        ("outcome", "edd"),
        [(PregnancyOutcome.UNKNOWN, date(2026, 9, 1)), (PregnancyOutcome.CONTINUING, date(2026, 5, 24))],
    )
    def test_nobody_knows_how_the_pregnancy_goes(self, outcome: PregnancyOutcome, edd: date) -> None:
        """Unknown, or "continuing" more than 14 days past the due date, waits for somebody to record the outcome."""
        facts = a_reminder(about_unborn=True, pregnancy=PregnancyFacts(outcome=outcome, edd=edd))
        assert check(facts, RULES, now=NOON) == blocked(Reason.PREGNANCY_UNKNOWN)

    def test_an_antenatal_contact_without_a_pregnancy_on_record(self) -> None:
        facts = a_reminder(contact_codes=frozenset({"HV-AN"}))
        assert check(facts, RULES, now=NOON) == blocked(Reason.PREGNANCY_UNKNOWN)

    def test_a_pregnancy_that_goes_on_passes_up_to_14_days_past_the_due_date(self) -> None:
        pregnancy = PregnancyFacts(outcome=PregnancyOutcome.CONTINUING, edd=date(2026, 5, 25))
        assert check(a_reminder(about_unborn=True, pregnancy=pregnancy), RULES, now=NOON).gate is Gate.PASS


class TestHazard1Disclosure:
    """A text read by somebody who does harm: only a number known to be safe, and no flag against it."""

    @pytest.mark.parametrize(
        ("contact", "reason"),
        [
            ({"safe_to_text": Known.NO}, Reason.NOT_SAFE),
            ({"safe_to_text": Known.UNKNOWN}, Reason.SAFETY_UNKNOWN),
            ({"safe_to_text": Known.NOT_ASKED}, Reason.SAFETY_UNKNOWN),
            ({"shared": True}, Reason.SHARED_NUMBER),
            ({"content_level": ContentLevel.NONE}, Reason.NO_CONTENT_ALLOWED),
        ],
    )
    def test_contact_is_not_known_to_be_safe(self, contact: dict[str, object], reason: Reason) -> None:
        facts = a_text(contact=replace(CONTACT, **contact))  # type: ignore[arg-type]
        assert check(facts, RULES, now=NOON) == blocked(reason)

    @pytest.mark.parametrize(
        "flag", ["marac", "domestic_abuse", "bereavement", "no_sms", "sensitive_record", "new_one"]
    )
    def test_a_flag_allows_no_texts_and_an_unknown_flag_neither(self, flag: str) -> None:
        assert check(a_text(flags=frozenset({"cin", flag})), RULES, now=NOON) == blocked(Reason.FLAG)

    def test_a_flag_that_allows_texts_passes(self) -> None:
        assert check(a_text(flags=frozenset({"cin"})), RULES, now=NOON).gate is Gate.PASS


class TestHazard11WrongNumber:
    """UK numbers are reissued: confirmed within six months, a working mobile of this country, or nothing."""

    @pytest.mark.parametrize(
        ("confirmed_on", "reason"),
        [(None, Reason.NOT_CONFIRMED), (date(2025, 12, 6), Reason.CONFIRMED_LONG_AGO)],
    )
    def test_confirmed_too_long_ago_or_never(self, confirmed_on: date | None, reason: Reason) -> None:
        facts = a_text(contact=replace(CONTACT, confirmed_on=confirmed_on))
        assert check(facts, RULES, now=NOON) == blocked(reason)

    def test_confirmed_just_within_the_limit_passes(self) -> None:
        facts = a_text(contact=replace(CONTACT, confirmed_on=date(2025, 12, 7)))
        assert check(facts, RULES, now=NOON).gate is Gate.PASS

    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            ("+441632960123", Reason.LANDLINE),
            ("+447012345678", Reason.LANDLINE),
            ("+447611123456", Reason.LANDLINE),
            ("+33612345678", Reason.FOREIGN_NUMBER),
        ],
    )
    def test_no_mobile_of_this_country(self, number: str, reason: Reason) -> None:
        """070 is a personal number and 076 a pager; 07624 is a mobile of the Isle of Man."""
        assert check(a_text(contact=replace(CONTACT, number=number)), RULES, now=NOON) == blocked(reason)

    def test_the_number_failed_before(self) -> None:
        assert check(a_text(contact=replace(CONTACT, failed=True)), RULES, now=NOON) == blocked(Reason.NUMBER_FAILED)


class TestHazard10OptOut:
    def test_an_opted_out_number_gets_nothing(self) -> None:
        assert check(a_text(contact=replace(CONTACT, opted_out=True)), RULES, now=NOON) == blocked(Reason.OPTED_OUT)


class TestHazard22Interpreter:
    def test_who_needs_an_interpreter_is_rung_not_texted_in_english(self) -> None:
        facts = a_text(contact=replace(CONTACT, interpreter=Known.YES))
        assert check(facts, RULES, now=NOON) == blocked(Reason.INTERPRETER_NEEDED)


class TestHazard5FalseMiss:
    def test_no_text_ever_leaves_from_an_outcome_that_is_not_recorded(self) -> None:
        follow_up = replace(RELEASED, trigger=FollowUpTrigger.OUTCOME_NOT_RECORDED)
        assert check(a_text(follow_ups=(follow_up,)), RULES, now=NOON) == blocked(Reason.OUTCOME_NOT_RECORDED)


class TestRelevance:
    @pytest.mark.parametrize(
        ("follow_up", "reason"),
        [
            ({"state": FollowUpState.CLOSED}, Reason.FOLLOW_UP_ENDED),
            ({"state": FollowUpState.CONTINUED}, Reason.FOLLOW_UP_ENDED),
            ({"state": FollowUpState.SEEN}, Reason.CHILD_SEEN),
            ({"state": FollowUpState.CLOSING}, Reason.CHILD_SEEN),
            ({"state": FollowUpState.BACKLOG}, Reason.BACKLOG),
            ({"same_cycle": False}, Reason.FOLLOW_UP_CHANGED),
            ({"released": False}, Reason.NOT_RELEASED),
            ({"rebooked": True}, Reason.REBOOKED),
            ({"pathway_signed": False}, Reason.PATHWAY_NOT_SIGNED),
        ],
    )
    def test_follow_up_no_longer_wants_it(self, follow_up: dict[str, object], reason: Reason) -> None:
        facts = a_text(follow_ups=(replace(RELEASED, **follow_up),))  # type: ignore[arg-type]
        assert check(facts, RULES, now=NOON) == blocked(reason)

    @pytest.mark.parametrize("status", [each for each in AppointmentStatus if each is not AppointmentStatus.BOOKED])
    def test_appointment_is_no_longer_booked(self, status: AppointmentStatus) -> None:
        facts = a_reminder(appointments=(replace(BOOKED, status=status),))
        assert check(facts, RULES, now=NOON) == blocked(Reason.APPOINTMENT_CHANGED)

    def test_appointment_moved(self) -> None:
        """Its key, made again from the start as it is now, is another one."""
        assert check(a_reminder(same_key=False), RULES, now=NOON) == blocked(Reason.APPOINTMENT_CHANGED)

    def test_appointment_has_begun(self) -> None:
        facts = a_reminder(appointments=(replace(BOOKED, starts_at=NOON),))
        assert check(facts, RULES, now=NOON) == blocked(Reason.APPOINTMENT_CHANGED)

    def test_the_record_system_reminds_by_itself(self) -> None:
        facts = a_reminder(appointments=(replace(BOOKED, source_sends_reminders=True),))
        assert check(facts, RULES, now=NOON) == blocked(Reason.SOURCE_SENDS_REMINDERS)

    def test_hazard_7_the_same_words_went_to_this_household_today(self) -> None:
        assert check(a_text(covered=True), RULES, now=NOON) == blocked(Reason.COVERED)


class TestSwitches:
    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            ({"household_stopped": True}, Reason.STOPPED_HOUSEHOLD),
            ({"team_stopped": True}, Reason.STOPPED_TEAM),
            ({"all_stopped": True}, Reason.STOPPED_EVERYWHERE),
            ({"team_stage": TeamStage.STAFF}, Reason.TEAM_NOT_LIVE),
            ({"team_stage": TeamStage.SHADOW}, Reason.TEAM_NOT_LIVE),
            ({"team_stage": None}, Reason.TEAM_NOT_LIVE),
            ({"call_back_number": None}, Reason.NO_CALL_BACK_NUMBER),
            ({"has_words": False}, Reason.NO_APPROVED_WORDS),
        ],
    )
    def test_somebody_has_not_let_texts_go(self, given: dict[str, object], reason: Reason) -> None:
        assert check(a_text(**given), RULES, now=NOON) == blocked(reason)


class TestHazard19StaleData:
    def test_a_text_that_depends_on_a_late_feed_waits(self) -> None:
        verdict = check(a_reminder(feed_late=True), RULES, now=NOON)
        assert verdict == GateVerdict(Gate.WAIT, Reason.FEED_LATE, NOON + timedelta(minutes=15))

    def test_a_reminder_of_a_vanished_appointment_waits(self) -> None:
        facts = a_reminder(appointments=(replace(BOOKED, vanished=True),))
        assert check(facts, RULES, now=NOON).gate is Gate.WAIT

    def test_a_text_after_a_vanished_miss_goes_to_a_person(self) -> None:
        facts = a_text(appointments=(replace(BOOKED, status=AppointmentStatus.MISSED, vanished=True),))
        assert check(facts, RULES, now=NOON) == blocked(Reason.VANISHED)


class TestHazard25Restore:
    def test_nothing_long_past_its_due_time_goes_out_by_itself(self) -> None:
        verdict = check(a_text(due_at=NOON - timedelta(hours=2, seconds=1)), RULES, now=NOON)
        assert verdict == GateVerdict(Gate.EXPIRE, Reason.TOO_LATE)

    def test_nor_past_its_useful_time(self) -> None:
        assert check(a_reminder(not_after=NOON), RULES, now=NOON) == GateVerdict(Gate.EXPIRE, Reason.TOO_LATE)

    def test_it_does_not_wait_past_its_useful_time_either(self) -> None:
        facts = a_reminder(feed_late=True, not_after=NOON + timedelta(minutes=10))
        assert check(facts, RULES, now=NOON) == GateVerdict(Gate.EXPIRE, Reason.FEED_LATE)


class TestHazard9Hours:
    """08:30 to 19:30 on the family's clocks: opening included, closing excluded, also when the clocks change."""

    @pytest.mark.parametrize(
        ("now", "until"),
        [
            ("2026-06-08 08:29", "2026-06-08 08:30"),
            ("2026-06-08 19:30", "2026-06-09 08:30"),
            ("2026-06-08 23:59", "2026-06-09 08:30"),
            ("2026-03-28 22:00", "2026-03-29 08:30"),  # the clocks go forward in this night
            ("2026-03-29 00:30", "2026-03-29 08:30"),
            ("2026-10-24 22:00", "2026-10-25 08:30"),  # and back in this one
        ],
    )
    def test_a_text_outside_them_waits_for_the_opening(self, now: str, until: str) -> None:
        contact = replace(CONTACT, confirmed_on=at(now).date())
        verdict = check(a_text(due_at=at(now), contact=contact), RULES, now=at(now))
        assert verdict == GateVerdict(Gate.WAIT, Reason.OUTSIDE_HOURS, at(until))

    @pytest.mark.parametrize("now", ["2026-06-08 08:30", "2026-06-08 19:29", "2026-10-25 08:30", "2026-03-29 08:30"])
    def test_a_text_within_them_passes(self, now: str) -> None:
        contact = replace(CONTACT, confirmed_on=at(now).date())
        assert check(a_text(due_at=at(now), contact=contact), RULES, now=at(now)).gate is Gate.PASS


class TestHazard13Caps:
    @pytest.mark.parametrize("given", [{"sent_today_to_person": 2}, {"sent_today_to_household": 3}])
    def test_a_text_over_the_day_s_limit_waits_for_tomorrow(self, given: dict[str, object]) -> None:
        verdict = check(a_text(**given), RULES, now=NOON)
        assert verdict == GateVerdict(Gate.WAIT, Reason.DAILY_LIMIT, at("2026-06-09 08:30"))


class TestOrder:
    def test_a_block_comes_before_a_wait(self) -> None:
        """Nothing waits for what can't happen: a person is told at once."""
        night = at("2026-06-08 22:00")
        contact = replace(CONTACT, opted_out=True)
        assert check(a_text(due_at=night, contact=contact), RULES, now=night) == blocked(Reason.OPTED_OUT)
