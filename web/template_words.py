"""The functions that templates call to put codes into words."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from config.rules import Rules
from web import prompt_words, sentences, words


def template_words(rules: Rules) -> Mapping[str, Callable[..., object]]:
    """Words by name, for the template engine."""

    def flag_name(code: str) -> str:
        kind = rules.flags.kinds.get(code)
        return kind.name if kind is not None else f"{code} (not configured: treated as high risk)"

    def flag_stops_texts(code: str) -> bool:
        return rules.flags.blocks_texts([code])

    def flag_why(code: str) -> str:
        kind = rules.flags.kinds.get(code)
        return (kind.why_blocked or "") if kind is not None else ""

    def age_on(born: date, now: datetime) -> str:
        return sentences.age(born, on=now.astimezone(rules.calendar.zone).date())

    return {
        "contact_name": rules.name_of,
        "service_name": rules.referrals.name_of,
        "flag_name": flag_name,
        "flag_stops_texts": flag_stops_texts,
        "flag_why": flag_why,
        "age_on": age_on,
        "person_words": sentences.person,
        "word_for": _word_for,
    }


_LISTS: Mapping[str, Mapping[Any, str]] = {
    "trigger": words.TRIGGERS,
    "state": words.STATES,
    "status": words.STATUSES,
    "closed": words.CLOSED,
    "text": words.TEXTS,
    "purpose": words.PURPOSES,
    "alert": words.ALERTS,
    "expected": words.EXPECTED,
    "known": words.KNOWN,
    "role": words.ROLES,
    "life": words.LIFE,
    "pregnancy": words.PREGNANCY,
    "urgency": words.URGENCY,
    "decision": words.DECISIONS,
    "held": words.HELD_BECAUSE,
    **prompt_words.LISTS,
}


def _word_for(kind: str, code: str | None) -> str:
    """The users' word for a code of one of our lists; the code itself where a list lacks it, never an error page."""
    return "" if code is None else _LISTS[kind].get(code, code.replace("_", " "))
