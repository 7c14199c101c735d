"""The one gate that every family text passes when it is sent (design 3.5). Pure: facts + rules + now -> a verdict.

What no source has told us is unknown, not absent, and blocks. Checks stand in the order of what does most harm; the
first that objects gives the reason. A block comes before a wait, so that nothing waits for what can't happen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.domain.gate_facts import FollowUpText, GateRules, TextFacts
from models.domain.texting_hours import next_allowed, opening
from models.domain.words import (
    AppointmentStatus,
    ContentLevel,
    FollowUpState,
    FollowUpTrigger,
    HoldKind,
    Known,
    LifeStatus,
    PregnancyOutcome,
    Purpose,
    TeamStage,
)


class Reason(StrEnum):
    """Why a text is held back; docs/operations.md tells staff what each asks of them."""

    RECIPIENT_DIED = "recipient_died"
    CHILD_DIED = "child_died"
    BEREAVED = "bereaved"  # a loss in the household that no person has lifted
    PROTECTED_IDENTITY = "protected_identity"  # whom to contact may have changed, or must not be known
    MOVED_OUT = "moved_out"
    IN_HOSPITAL = "in_hospital"
    LIVES_APART = "lives_apart"  # the recipient and whom it is about were separated
    LIFE_UNKNOWN = "life_unknown"  # nobody has told us that child and recipient live
    PREGNANCY_ENDED = "pregnancy_ended"
    PREGNANCY_UNKNOWN = "pregnancy_unknown"
    FLAG = "flag"  # a flag in the household allows no texts
    STOPPED_HOUSEHOLD = "stopped_household"
    STOPPED_TEAM = "stopped_team"
    STOPPED_EVERYWHERE = "stopped_everywhere"
    NOT_SAFE = "not_safe"
    SAFETY_UNKNOWN = "safety_unknown"
    SHARED_NUMBER = "shared_number"
    NO_CONTENT_ALLOWED = "no_content_allowed"
    NOT_CONFIRMED = "not_confirmed"
    CONFIRMED_LONG_AGO = "confirmed_long_ago"
    OPTED_OUT = "opted_out"
    NUMBER_FAILED = "number_failed"
    LANDLINE = "landline"
    FOREIGN_NUMBER = "foreign_number"
    INTERPRETER_NEEDED = "interpreter_needed"
    OUTCOME_NOT_RECORDED = "outcome_not_recorded"  # never texted from (domain.md 3.2, L0)
    FOLLOW_UP_ENDED = "follow_up_ended"
    FOLLOW_UP_CHANGED = "follow_up_changed"  # another ladder or a new round began since
    BACKLOG = "backlog"
    CHILD_SEEN = "child_seen"
    NOT_RELEASED = "not_released"
    REBOOKED = "rebooked"
    APPOINTMENT_CHANGED = "appointment_changed"  # moved, cancelled or over
    VANISHED = "vanished"  # gone from a full extract
    SOURCE_SENDS_REMINDERS = "source_sends_reminders"
    COVERED = "covered"  # the same words went to this household today; that text speaks for this subject too
    TEAM_NOT_LIVE = "team_not_live"
    PATHWAY_NOT_SIGNED = "pathway_not_signed"
    NO_CALL_BACK_NUMBER = "no_call_back_number"
    NO_APPROVED_WORDS = "no_approved_words"
    OUTSIDE_HOURS = "outside_hours"
    DAILY_LIMIT = "daily_limit"
    FEED_LATE = "feed_late"
    TOO_LATE = "too_late"  # past its useful time


class Gate(StrEnum):
    """What the gate says."""

    PASS = "pass"
    WAIT = "wait"  # ask again at `until`
    BLOCK = "block"
    EXPIRE = "expire"  # its useful time is over, or would be


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What the gate says, why, and until when to wait."""

    gate: Gate
    reason: Reason | None = None
    until: datetime | None = None


PASS = GateVerdict(Gate.PASS)

# Blocks that ask nothing of anybody: the work was done, or somebody else does it.
QUIET_REASONS = frozenset(
    {Reason.COVERED, Reason.SOURCE_SENDS_REMINDERS, Reason.FOLLOW_UP_ENDED, Reason.CHILD_SEEN, Reason.REBOOKED}
)


def check(facts: TextFacts, rules: GateRules, *, now: datetime) -> GateVerdict:
    """Say whether a family text may leave at `now`. Sources: design.md 3.5, domain.md 6.2 and section 10."""
    for blocks in _BLOCKS:
        reason = blocks(facts, rules, now)
        if reason is not None:
            return GateVerdict(Gate.BLOCK, reason)
    if _too_late(facts, rules, now):
        return GateVerdict(Gate.EXPIRE, Reason.TOO_LATE)
    for waits in _WAITS:
        verdict = waits(facts, rules, now)
        if verdict is not None:
            return _wait_or_expire(verdict, facts)
    return PASS


def _too_late(facts: TextFacts, rules: GateRules, now: datetime) -> bool:
    """Nothing long past its due time goes out after a restore or a long stop without a person's release (hazard 25)."""
    return (facts.not_after is not None and now >= facts.not_after) or now > facts.due_at + rules.useful_after_due


def _wait_or_expire(verdict: GateVerdict, facts: TextFacts) -> GateVerdict:
    if facts.not_after is not None and verdict.until is not None and verdict.until >= facts.not_after:
        return GateVerdict(Gate.EXPIRE, verdict.reason)
    return verdict


def _alive(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    if facts.recipient_life is LifeStatus.DECEASED:
        return Reason.RECIPIENT_DIED
    if LifeStatus.DECEASED in facts.subject_lives:
        return Reason.CHILD_DIED
    if facts.bereaved:
        return Reason.BEREAVED
    unknown = facts.recipient_life is LifeStatus.UNKNOWN or LifeStatus.UNKNOWN in facts.subject_lives
    return Reason.LIFE_UNKNOWN if unknown or not facts.subject_lives else None


def _held(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    """A hold that stands, whatever its review time: nothing ends by itself. The one that does most harm is named."""
    if facts.lives_apart:
        return Reason.LIVES_APART
    standing = facts.holds & rules.holds.blocking
    return next((reason for kind, reason in _HOLDS.items() if kind in standing), None)


def _pregnancy(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    if not facts.about_unborn and not facts.contact_codes & rules.holds.antenatal_contacts:
        return None
    pregnancy = facts.pregnancy
    if pregnancy is None or pregnancy.outcome is PregnancyOutcome.UNKNOWN:
        return Reason.PREGNANCY_UNKNOWN
    if pregnancy.outcome is not PregnancyOutcome.CONTINUING:
        return Reason.PREGNANCY_ENDED
    today = now.astimezone(rules.hours.zone).date()
    return Reason.PREGNANCY_UNKNOWN if today > pregnancy.edd + rules.pregnancy_unknown_after_edd else None


def _flags(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    return Reason.FLAG if facts.flags - rules.flags_allowing_texts else None


def _stopped(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    if facts.household_stopped:
        return Reason.STOPPED_HOUSEHOLD
    if facts.team_stopped:
        return Reason.STOPPED_TEAM
    return Reason.STOPPED_EVERYWHERE if facts.all_stopped else None


def _safe_contact(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    contact = facts.contact
    if contact.safe_to_text is Known.NO:
        return Reason.NOT_SAFE
    if contact.safe_to_text is not Known.YES:
        return Reason.SAFETY_UNKNOWN
    if contact.shared:
        return Reason.SHARED_NUMBER
    if contact.content_level is ContentLevel.NONE:
        return Reason.NO_CONTENT_ALLOWED
    if contact.confirmed_on is None:
        return Reason.NOT_CONFIRMED
    today = now.astimezone(rules.hours.zone).date()
    return Reason.CONFIRMED_LONG_AGO if contact.confirmed_on < today - rules.reconfirm_after else None


def _reachable(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    contact = facts.contact
    if contact.opted_out:
        return Reason.OPTED_OUT
    if contact.failed:
        return Reason.NUMBER_FAILED
    if not contact.number.startswith(rules.home_prefix):
        return Reason.FOREIGN_NUMBER
    mobile = contact.number.startswith(rules.mobile_prefixes)
    if not mobile or contact.number.startswith(rules.not_mobile_prefixes):
        return Reason.LANDLINE
    return Reason.INTERPRETER_NEEDED if contact.interpreter is Known.YES and contact.language == "en" else None


def _follow_up(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    if facts.purpose is not Purpose.AFTER_MISS:
        return None
    if not facts.follow_ups:
        return Reason.FOLLOW_UP_ENDED
    return next((reason for each in facts.follow_ups if (reason := _one_follow_up(each))), None)


def _one_follow_up(follow_up: FollowUpText) -> Reason | None:
    if follow_up.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
        return Reason.OUTCOME_NOT_RECORDED
    if follow_up.state in (FollowUpState.CLOSED, FollowUpState.CONTINUED):
        return Reason.FOLLOW_UP_ENDED
    if follow_up.state is FollowUpState.BACKLOG:
        return Reason.BACKLOG
    if follow_up.state is not FollowUpState.OPEN:
        return Reason.CHILD_SEEN
    if not follow_up.same_cycle:
        return Reason.FOLLOW_UP_CHANGED
    if not follow_up.released:
        return Reason.NOT_RELEASED
    if follow_up.rebooked:
        return Reason.REBOOKED
    return None if follow_up.pathway_signed else Reason.PATHWAY_NOT_SIGNED


def _appointments(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    if facts.purpose is Purpose.AFTER_MISS:
        return Reason.VANISHED if any(each.vanished for each in facts.appointments) else None
    if not facts.appointments or not facts.same_key:
        return Reason.APPOINTMENT_CHANGED
    if any(each.status is not AppointmentStatus.BOOKED or each.starts_at <= now for each in facts.appointments):
        return Reason.APPOINTMENT_CHANGED
    sends = any(each.source_sends_reminders for each in facts.appointments)
    return Reason.SOURCE_SENDS_REMINDERS if sends else None


def _team(facts: TextFacts, rules: GateRules, now: datetime) -> Reason | None:
    if facts.team_stage is not TeamStage.TEXTS:
        return Reason.TEAM_NOT_LIVE
    if not facts.call_back_number:
        return Reason.NO_CALL_BACK_NUMBER
    if not facts.has_words:
        return Reason.NO_APPROVED_WORDS
    return Reason.COVERED if facts.covered else None


def _data_wait(facts: TextFacts, rules: GateRules, now: datetime) -> GateVerdict | None:
    """A late feed may hide a cancellation; a vanished appointment may come back. Design 3.8: the text waits."""
    if facts.feed_late:
        return GateVerdict(Gate.WAIT, Reason.FEED_LATE, now + rules.look_again_after)
    if any(each.vanished for each in facts.appointments):
        return GateVerdict(Gate.WAIT, Reason.VANISHED, now + rules.look_again_after)
    return None


def _hours_wait(facts: TextFacts, rules: GateRules, now: datetime) -> GateVerdict | None:
    allowed = next_allowed(now, rules.hours)
    return None if allowed <= now else GateVerdict(Gate.WAIT, Reason.OUTSIDE_HOURS, allowed)


def _cap_wait(facts: TextFacts, rules: GateRules, now: datetime) -> GateVerdict | None:
    to_person, to_household = facts.sent_today_to_person, facts.sent_today_to_household
    if to_person < rules.per_person_a_day and to_household < rules.per_household_a_day:
        return None
    tomorrow = now.astimezone(rules.hours.zone).date() + timedelta(days=1)
    return GateVerdict(Gate.WAIT, Reason.DAILY_LIMIT, opening(tomorrow, rules.hours))


_HOLDS = {
    HoldKind.BEREAVEMENT: Reason.BEREAVED,
    HoldKind.PREGNANCY_ENDED: Reason.BEREAVED,
    HoldKind.PROTECTED_IDENTITY: Reason.PROTECTED_IDENTITY,
    HoldKind.MOVED_OUT: Reason.MOVED_OUT,
    HoldKind.IN_HOSPITAL: Reason.IN_HOSPITAL,
}
_Blocks = Callable[[TextFacts, GateRules, datetime], Reason | None]
_Waits = Callable[[TextFacts, GateRules, datetime], GateVerdict | None]
_BLOCKS: tuple[_Blocks, ...] = (
    _alive,
    _held,
    _pregnancy,
    _flags,
    _stopped,
    _follow_up,
    _appointments,
    _safe_contact,
    _reachable,
    _team,
)
_WAITS: tuple[_Waits, ...] = (_data_wait, _hours_wait, _cap_wait)
