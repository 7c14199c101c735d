"""The ways a message leaves: outbox, Twilio, SMTP, behind one interface. A channel touches no database."""

from collections.abc import Callable

from config.messages_loader import MessageRules
from config.settings import Settings, SmsChannel
from models.domain.words import Channel
from workers.channels.base import Channels, Sender
from workers.channels.outbox import Outbox
from workers.channels.smtp import Smtp
from workers.channels.twilio import OWN_API, Twilio, TwilioAccount


def from_settings(settings: Settings, rules: MessageRules, *, public_url: str) -> Channels:
    """Return the channels that the settings name; e-mail without SMTP_URL stays in the outbox too."""
    texts: Callable[[], Sender] = Outbox
    mail: Callable[[], Sender] = Outbox
    if settings.sms_channel is SmsChannel.TWILIO:
        account = _account(settings, rules, public_url)
        texts = lambda: Twilio(account)  # noqa: E731
    if settings.smtp_url is not None:
        url, timeout = settings.smtp_url.get_secret_value(), rules.sending.answer_within.total_seconds()
        mail = lambda: Smtp(url, sender=None, timeout_seconds=timeout)  # noqa: E731
    return Channels({Channel.SMS: texts, Channel.EMAIL: mail})


def _account(settings: Settings, rules: MessageRules, public_url: str) -> TwilioAccount:
    token = settings.twilio_auth_token
    return TwilioAccount(
        account_sid=settings.twilio_account_sid or "",
        auth_token="" if token is None else token.get_secret_value(),
        sender=settings.twilio_from,
        messaging_service_sid=settings.twilio_messaging_service_sid,
        api_base=settings.twilio_api_base or OWN_API,
        public_url=public_url,
        timeout=rules.sending.answer_within,
        clock_skew=rules.sending.clock_skew,
        codes=dict(rules.codes),
    )
