"""What every channel offers: hand one text over, and look up what became of one. The interface where the world begins.

A sender touches no database. It tells a clean refusal, after which nothing has left, from an unknown fate, after which
something may have; when in doubt it says unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import local
from typing import Protocol
from uuid import UUID

from models.domain.sending import CodeMeaning
from models.domain.words import AttemptOutcome, Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingText:
    """A text or e-mail about to leave. `attempt_id` goes into the callback's path.

    `useful_for`: a provider that can should not deliver it later than that.
    """

    attempt_id: UUID
    to: str
    body: str
    subject: str | None = None
    useful_for: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What came of one call. RETRY and REFUSED: it did not leave. `delivered`: nothing more is to be heard of it.

    `kept`: it stays in our own outbox, and nobody must be told that it left.
    """

    outcome: AttemptOutcome
    provider_sid: str | None = None
    code: str | None = None
    meaning: CodeMeaning | None = None
    delivered: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentText:
    """An attempt of unknown fate, to be looked up."""

    attempt_id: UUID
    to: str
    body: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundText:
    """A text that the provider has; `status` in its own words."""

    provider_sid: str
    status: str
    code: str | None = None


class LookupFailed(Exception):
    """The provider could not be asked now; ask again later."""


class Sender(Protocol):
    """One channel, used by one thread."""

    def send(self, text: OutgoingText) -> SendResult:
        """Hand one text over, once. Raises nothing for what the provider or the network does."""
        ...

    def find(self, text: SentText) -> list[FoundText]:
        """Return what the provider has that can only be this attempt's; an empty list proves nothing.

        Raises LookupFailed.
        """
        ...

    def status(self, provider_sid: str) -> FoundText | None:
        """Return how a text stands; None where the channel can't tell. Raises LookupFailed."""
        ...


class Channels:
    """The channels of a process: each thread gets its own sender, made when first asked for."""

    def __init__(self, makers: Mapping[Channel, Callable[[], Sender]]) -> None:
        self._makers = makers
        self._of_thread = local()

    def sender(self, channel: Channel) -> Sender:
        """Return this thread's sender."""
        senders: dict[Channel, Sender] = self._of_thread.__dict__.setdefault("senders", {})
        if channel not in senders:
            senders[channel] = self._makers[channel]()
        return senders[channel]
