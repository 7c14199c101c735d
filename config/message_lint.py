"""Refuse words that could put a family at risk, and rules that are not whole. Reads files; changes nothing.

A neutral text names no service, child, reason or link, is one GSM-7 segment when rendered at its longest, and invites
no answer that the provider swallows or that a one-way sender can't receive. Source: domain.md 6.2; data/twilio FACTS.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from string import Formatter
from typing import Any

from config.yaml_files import Finding, RuleFile, RulesError, read_rule_file
from models.domain.segments import outside_gsm7, segments

NEEDED = {
    "gate.yaml": (
        "source",
        "allowed_hours",
        "caps",
        "reconfirm_after_days",
        "pregnancy_unknown_days_after_edd",
        "useful_for_minutes_after_due",
        "look_again_after_minutes",
        "numbers",
    ),
    "sending.yaml": ("source", "lease_seconds", "answer_within_seconds", "tries", "backoff", "settle"),
    "reminders.yaml": ("source", "none_within_minutes_of_start", "reminders"),
    "codes.yaml": ("source", "twilio"),
    "staff.yaml": ("source", "staff_alert", "routine_at"),
    "replies.yaml": ("source", "stop_alone", "stop_within", "answer", "answer_at_most_every_minutes"),
    "language.yaml": ("source", "refused_words", "refused_replies", "refused_invitations", "placeholders", "longest"),
}
LATEST, EARLIEST = "20:00", "08:00"  # domain.md 6.2: never outside these, whatever a trust writes
TEMPLATE_KEYS = {"version", "level", "source", "approved_by", "approved_on", "text"}
WITHIN = 160
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"


def lint_folders(folders: Sequence[Path]) -> Iterator[Finding]:
    """Yield every fault of the message files in `folders`; the language rules are those of the first."""
    try:
        files = [read_rule_file(path) for folder in folders for path in sorted((folder / "messages").glob("*.yaml"))]
    except RulesError as error:
        yield from error.findings
        return
    if not files:
        return
    language = next((file for file in files if file.path.name == "language.yaml"), None)
    if language is None:
        yield Finding("messages/language.yaml", None, "", "absent", "the rules that texts are linted by")
        return
    for file in files:
        yield from _lint_file(file, language.content)


def _lint_file(file: RuleFile, language: Any) -> Iterator[Finding]:
    if not isinstance(file.content, dict):
        yield file.finding((), "a mapping")
        return
    missing = [key for key in NEEDED.get(file.path.name, ()) if key not in file.content]
    yield from (file.finding((key,), "a value", value="absent") for key in missing)
    if missing:
        return
    if file.path.name == "gate.yaml":
        yield from _lint_hours(file)
    if file.path.name == "staff.yaml":
        yield from _lint_staff(file, language)
    if file.path.name == "replies.yaml":
        faults = (check(file.content["answer"], language) for check in (_says_too_much, _invites_swallowed))
        yield from (file.finding(("answer",), fault) for fault in faults if fault)
    for code in file.content.get("templates", {}):
        yield from _lint_template(file, ("templates", code), language)


def _lint_hours(file: RuleFile) -> Iterator[Finding]:
    opens, closes = file.at(("allowed_hours", "opens")), file.at(("allowed_hours", "closes"))
    if not (isinstance(opens, str) and isinstance(closes, str) and EARLIEST <= opens < closes <= LATEST):
        yield file.finding(("allowed_hours",), f"hours within {EARLIEST} to {LATEST}, quoted")


def _lint_staff(file: RuleFile, language: Any) -> Iterator[Finding]:
    where = ("staff_alert", "text")
    words = str(file.at(where))
    if _fields(words) != {"link"}:
        yield file.finding(where, "{link} and no other placeholder: nothing identifying goes by e-mail")
    where = ("staff_alert", "out_of_hours")
    if _fields(str(file.at(where))) != {"routes"}:
        yield file.finding(where, "words with {routes}, and no other placeholder")
    times = file.content["routine_at"]
    if not isinstance(times, list) or not times or not all(re.fullmatch(_TIME, str(each)) for each in times):
        yield file.finding(("routine_at",), 'times of a working day, quoted, such as ["09:00", "12:00"]')
    subjects = " ".join(str(each) for each in file.content["staff_alert"]["subject"].values())
    if _fields(subjects):
        yield file.finding(("staff_alert", "subject"), "no placeholder: a subject line identifies nobody")


def _lint_template(file: RuleFile, where: tuple[str, ...], language: Any) -> Iterator[Finding]:
    entry = file.at(where)
    if not isinstance(entry, dict) or set(entry) != TEMPLATE_KEYS or not isinstance(entry["text"], str):
        yield file.finding(where, f"exactly the keys {', '.join(sorted(TEMPLATE_KEYS))}")
        return
    if entry["level"] != "neutral":
        yield file.finding((*where, "level"), "neutral; named words come with recorded consent, not yet supported")
    unknown = _fields(entry["text"]) - set(language["placeholders"])
    if unknown:
        yield file.finding((*where, "text"), f"only the placeholders {language['placeholders']}", value=sorted(unknown))
        return
    for check in _CHECKS:
        fault = check(entry["text"], language)
        if fault:
            yield file.finding((*where, "text"), fault)


def _says_too_much(words: str, language: Any) -> str | None:
    told = [word for word in language["refused_words"] if re.search(rf"(?<!\w){re.escape(word)}", words.lower())]
    return f"neutral words, without {', '.join(map(repr, told))}" if told else None


def _invites_swallowed(words: str, language: Any) -> str | None:
    told = [word for word in language["refused_replies"] if re.search(rf"\b{word}\b", words)]
    return f"no reply that the provider swallows: {', '.join(told)}" if told else None


def _invites_answer(words: str, language: Any) -> str | None:
    told = [word for word in language["refused_invitations"] if re.search(rf"\b{word}\b", words.lower())]
    return f"no invitation to answer by text ({', '.join(told)}): give the number to call" if told else None


def _no_number(words: str, language: Any) -> str | None:
    return None if "call_back_number" in _fields(words) else "{call_back_number}: the only way to answer is to call"


def _own_number(words: str, language: Any) -> str | None:
    return "no number of its own: only {call_back_number}" if re.search(r"\d{4,}", words.replace(" ", "")) else None


def _too_long(words: str, language: Any) -> str | None:
    longest = words.format_map(language["longest"])
    found = segments(longest)
    if found.encoding != "gsm7":
        return f"characters of the GSM-7 alphabet, not {outside_gsm7(longest)!r}"
    return f"at most {WITHIN} characters when rendered; {found.units} now" if found.units > WITHIN else None


_CHECKS: tuple[Callable[[str, Any], str | None], ...] = (
    _says_too_much,
    _invites_swallowed,
    _invites_answer,
    _no_number,
    _own_number,
    _too_long,
)


def _fields(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}
