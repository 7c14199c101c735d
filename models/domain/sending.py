"""When a message is tried again and when its fate is looked up. Pure; the numbers are data."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from models.domain.message_states import MessageEvent
from models.domain.words import AlertKind, AttemptOutcome, Audience

OUTBOX_SID = "outbox-"  # what the outbox's own ids begin with: such a message has not left


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingRules:
    """How messages are handed over, tried again and settled (design 3.6, 5.5)."""

    lease: timedelta
    answer_within: timedelta
    tries: dict[Audience, int]
    backoff_first: timedelta
    backoff_most: timedelta
    jitter: float
    look_again: timedelta
    give_up_after: timedelta
    clock_skew: timedelta
    ask_for_report_after: timedelta
    report_within: timedelta
    answer_alerts_within: timedelta

    def backoff(self, tries: int, *, chance: float) -> timedelta:
        """Return how long to wait after `tries` clean refusals; `chance` in 0..1 spreads the next tries out."""
        doubled: int = 2 ** max(tries - 1, 0)
        return min(self.backoff_first * doubled, self.backoff_most) * (1 + self.jitter * chance)


class CodeMeaning(StrEnum):
    """What a provider's error code means for us; one that isn't known is a refusal that a person is told of."""

    TRY_LATER = "try_later"
    ACCOUNT = "account"  # ours to mend; says nothing of the number
    OPTED_OUT = "opted_out"
    NUMBER = "number"  # wrong, a landline, or blocked
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterCall:
    """What one call comes to. `tell`: a person must be told; `number_out`: mark the number."""

    event: MessageEvent
    wait: timedelta | None = None  # until the next try, or the next look-up
    tell: AlertKind | None = None
    number_out: CodeMeaning | None = None


def after_call(
    outcome: AttemptOutcome,
    *,
    audience: Audience,
    tries: int,
    delivered: bool,
    meaning: CodeMeaning | None,
    rules: SendingRules,
    chance: float,
) -> AfterCall:
    """Say what a call comes to. A family text of unknown fate is never queued again; a staff alert is."""
    may_try_again = tries < rules.tries[audience]
    again = AfterCall(event=MessageEvent.TRY_AGAIN, wait=rules.backoff(tries, chance=chance))
    match outcome:
        case AttemptOutcome.ACCEPTED if delivered:
            return AfterCall(event=MessageEvent.DELIVERED)
        case AttemptOutcome.ACCEPTED:
            return AfterCall(event=MessageEvent.ACCEPTED, wait=rules.ask_for_report_after)
        case AttemptOutcome.RETRY if may_try_again:
            return again
        case AttemptOutcome.UNKNOWN | AttemptOutcome.STARTED if audience is Audience.FAMILY:
            return AfterCall(event=MessageEvent.NO_ANSWER, wait=rules.look_again)
        case AttemptOutcome.UNKNOWN | AttemptOutcome.STARTED if may_try_again:
            return again
    out = meaning if meaning in (CodeMeaning.OPTED_OUT, CodeMeaning.NUMBER) else None
    return AfterCall(event=MessageEvent.REFUSED, tell=AlertKind.TEXT_UNDELIVERED, number_out=out)
