"""The functions that templates call to put codes into words."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from config.rules import Rules
from models.domain.words import HoldKind
from web import adult_words, prompt_words, sentences, words


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

    def hold_sign(kind: str) -> str:
        return words.HANDED_OVER if kind == "handed_over" else rules.holds.rules[HoldKind(kind)].sign

    def age_on(born: date, now: datetime) -> str:
        return sentences.age(born, on=now.astimezone(rules.calendar.zone).date())

    def corrected_age(runs_from: date, now: datetime) -> str:
        on = now.astimezone(rules.calendar.zone).date()
        return "none yet: the due date is still to come" if on < runs_from else sentences.age(runs_from, on=on)

    receivers = {
        rules.sharing.for_children: "the health visitor",
        rules.sharing.for_pregnancy: "the midwife",
        rules.sharing.gp: "the GP",
    }

    def receiver_name(service: str) -> str:
        return receivers.get(service, service.replace("_", " "))

    return {
        "receiver_name": receiver_name,
        "contact_name": rules.name_of,
        "service_name": rules.referrals.name_of,
        "flag_name": flag_name,
        "flag_stops_texts": flag_stops_texts,
        "flag_why": flag_why,
        "hold_sign": hold_sign,
        "age_on": age_on,
        "corrected_age": corrected_age,
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
    "agency": words.AGENCIES,
    "staff_role": words.STAFF_ROLES,
    "gap": words.GAPS,
    "route": words.ROUTES,
    "disclosure": adult_words.DISCLOSURES,
    "why_not": adult_words.WHY_NOT,
    "sharing_event": adult_words.SHARING_EVENTS,
    "discharge": adult_words.DISCHARGES,
    "relationship": adult_words.RELATIONSHIPS,
    "pattern": adult_words.PATTERNS,
    "asked": adult_words.ASKED,
    "told_by": adult_words.TOLD_BY,
    "missed_by": adult_words.MISSED_BY,
    "way": words.WAYS,
    **prompt_words.LISTS,
}


def _word_for(kind: str, code: str | None) -> str:
    """The users' word for a code of one of our lists; the code itself where a list lacks it, never an error page."""
    return "" if code is None else _LISTS[kind].get(code, code.replace("_", " "))
