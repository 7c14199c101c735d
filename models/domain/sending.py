"""When a message is tried again and when its fate is looked up. Pure; the numbers are data."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from models.domain.words import Audience


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
