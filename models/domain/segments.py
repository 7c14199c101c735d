"""How a text is cut into segments on the air: GSM-7 or UCS-2. Pure.

Source: 3GPP TS 23.038, the GSM 7-bit default alphabet and its extension table; lengths as in data/twilio FACTS, "UK".
"""

from dataclasses import dataclass

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "^{}\\[~]|€\f"  # each takes two of the 7-bit places
_ONE = {"gsm7": 160, "ucs2": 70}
_JOINED = {"gsm7": 153, "ucs2": 67}


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text takes on the air. `units`: septets in GSM-7, 16-bit units in UCS-2."""

    encoding: str  # 'gsm7' or 'ucs2'
    units: int
    count: int


def segments(body: str) -> Segments:
    """Return the encoding, length and number of segments of a text; an empty one takes one segment."""
    encoding = "ucs2" if outside_gsm7(body) else "gsm7"
    units = len(body.encode("utf-16-be")) // 2
    if encoding == "gsm7":
        units = sum(2 if character in _EXTENDED else 1 for character in body)
    count = 1 if units <= _ONE[encoding] else -(-units // _JOINED[encoding])
    return Segments(encoding, units, count)


def outside_gsm7(body: str) -> str:
    """Return the characters that force the long encoding, each once, in order."""
    return "".join(dict.fromkeys(character for character in body if character not in _BASIC + _EXTENDED))
