"""What a text from a family means. Pure; the words are data (config/messages/replies.yaml).

Only digits and wishes to stop are read by machine; everything else is for a person (domain.md 6.2, hazard 21).
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class ReplyMeaning(StrEnum):
    """What a reply asks for."""

    COMING = "coming"  # lowers nothing
    CHANGE = "change"
    CALL_ME = "call_me"
    STOP = "stop"
    OTHER = "other"  # a person reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyWords:
    """`stop_alone`: what stops where it is the whole text; `stop_within`: words that stop wherever they stand."""

    stop_alone: frozenset[str]
    stop_within: tuple[str, ...]


_DIGITS = {"1": ReplyMeaning.COMING, "2": ReplyMeaning.CHANGE, "3": ReplyMeaning.CALL_ME}


def meaning(body: str, words: ReplyWords) -> ReplyMeaning:
    """Return what a text means. A wish to stop counts in any shape: "Stop please", "STOP.", "opt-out"."""
    plain = " ".join(re.sub(r"[^\w\s]", " ", body.casefold().replace("opt-out", "optout")).split())
    if plain in words.stop_alone or any(re.search(rf"\b{re.escape(word)}\b", plain) for word in words.stop_within):
        return ReplyMeaning.STOP
    return _DIGITS.get(plain, ReplyMeaning.OTHER)
