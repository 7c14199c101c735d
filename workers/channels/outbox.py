"""The default channel: nothing leaves. The message row is the outbox, shown on a page."""

from models.domain.sending import OUTBOX_SID
from models.domain.words import AttemptOutcome
from workers.channels.base import FoundText, OutgoingText, SendResult, SentText


class Outbox:
    """Takes every text at once; its row says so, and that is all that happens."""

    def send(self, text: OutgoingText) -> SendResult:
        sid = f"{OUTBOX_SID}{text.attempt_id}"
        return SendResult(outcome=AttemptOutcome.ACCEPTED, provider_sid=sid, delivered=True, kept=True)

    def find(self, text: SentText) -> list[FoundText]:
        """An attempt that was written is in the outbox: the row with its words is all there is."""
        return [FoundText(provider_sid=f"{OUTBOX_SID}{text.attempt_id}", status="delivered")]

    def status(self, provider_sid: str) -> FoundText | None:
        return FoundText(provider_sid=provider_sid, status="delivered")
