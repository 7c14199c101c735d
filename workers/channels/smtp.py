"""Staff e-mail by SMTP. Subject and body identify nobody; who may see what is asked after login.

A connection that breaks before the message was handed over is a clean failure; after, the fate is unknown, and a staff
alert of unknown fate is sent again (design 3.6).
"""

import smtplib
import ssl
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from models.domain.words import AttemptOutcome
from workers.channels.base import FoundText, OutgoingText, SendResult, SentText

DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
# Long lines stay whole, so that a link is one in every reader.
_POLICY = policy.SMTP.clone(max_line_length=900)
_LASTING = 500  # SMTP replies from here on are permanent


class Smtp:
    """One thread's way to the mail server; a connection per message, as alerts are few and servers drop idle ones.

    `smtp://` upgrades by STARTTLS and refuses to log in without it; `smtps://` is TLS from the first byte.
    """

    def __init__(self, url: str, *, sender: str | None, timeout_seconds: float) -> None:
        self._parts = urlsplit(url)
        self._sender = sender or unquote(self._parts.username or "") or f"steadfast@{self._parts.hostname}"
        self._timeout = timeout_seconds

    def send(self, text: OutgoingText) -> SendResult:
        try:
            server = self._connect()
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code)
        except (OSError, smtplib.SMTPException):
            return SendResult(outcome=AttemptOutcome.RETRY, code="connection")
        try:
            server.send_message(self._letter(text))
        except smtplib.SMTPRecipientsRefused as error:
            return _refused(next(iter(error.recipients.values()))[0])
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code)
        except (OSError, smtplib.SMTPException):
            return SendResult(outcome=AttemptOutcome.UNKNOWN, code="connection")
        finally:
            server.close()
        return SendResult(outcome=AttemptOutcome.ACCEPTED, provider_sid=f"smtp-{text.attempt_id}", delivered=True)

    def find(self, text: SentText) -> list[FoundText]:
        return []

    def status(self, provider_sid: str) -> FoundText | None:
        return None

    def _connect(self) -> smtplib.SMTP:
        host, scheme = self._parts.hostname or "", self._parts.scheme
        port = self._parts.port or DEFAULT_PORTS[scheme]
        context = ssl.create_default_context()
        if scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=self._timeout)
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif self._parts.username:
                raise smtplib.SMTPException("the server offers no STARTTLS; a password is not sent in the clear")
        if self._parts.username:
            server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
        return server

    def _letter(self, text: OutgoingText) -> EmailMessage:
        letter = EmailMessage(policy=_POLICY)
        letter["From"] = self._sender
        letter["To"] = text.to
        letter["Subject"] = text.subject or ""
        letter["Date"] = formatdate()
        letter["Message-ID"] = f"<{text.attempt_id}@{self._sender.partition('@')[2] or 'steadfast'}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(text.body)
        return letter


def _refused(code: int) -> SendResult:
    outcome = AttemptOutcome.REFUSED if code >= _LASTING else AttemptOutcome.RETRY
    return SendResult(outcome=outcome, code=str(code))
