"""Whether a call really comes from Twilio. Checked before anything of it is stored."""

from collections.abc import Mapping, Sequence

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]


def validate_twilio_signature(
    url: str, params: Mapping[str, Sequence[str]] | str, signature: str | None, token: str
) -> bool:
    """Return whether `signature` (the X-Twilio-Signature header) fits.

    `url`: the configured public address with path and query as Twilio called it, never one made from the Host header.
    `params`: every form field to all its values, blank ones kept (parse_qs needs keep_blank_values); or the raw body
    where it is not a form, for which the query holds its bodySHA256.
    """
    if not signature or not token:
        return False
    checked = params if isinstance(params, str) else _Form(params)
    try:
        return bool(RequestValidator(token).validate(url, checked, signature))
    except (ValueError, TypeError, UnicodeError):
        return False


class _Form(dict[str, Sequence[str]]):
    """A form as Twilio's validator reads one with repeated keys."""

    def getall(self, name: str) -> list[str]:
        return list(self[name])
