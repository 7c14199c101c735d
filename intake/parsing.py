"""Text of one field to the text that staging stores, by the shape of the field. Pure but for what `Settings` brings.

Each parser is memoised per column: extracts repeat their dates, codes and people, and a row must cost microseconds.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from nhs_number.validate import is_valid as check_digit_is_right

from intake.bad_value import BadValue
from intake.moments import date_parser, moment_parser
from intake.records import Field, Shape
from models.domain.indicators import Instrument
from models.domain.words import Known

Parse = Callable[[str], str]

MEMO_SIZE = 1 << 16
LONGEST_CODE = 60
EARLIEST_DATE = date(1900, 1, 1)
HOME_REGION = "GB"  # of telephone numbers without a country
# No due date lies further ahead than a pregnancy lasts, give or take.
LONGEST_PREGNANCY = timedelta(days=310)
_FLOAT_ID = re.compile(r"\d+(\.\d+)?[eE][+-]?\d+|\d+\.0+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{2,4})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What the parser must know of a contact code (config/contacts.yaml)."""

    length: timedelta
    outcome_allowance: timedelta
    subject_role: str  # whom the contact is for; empty where that is whoever attends


@dataclass(frozen=True)
class Settings:
    """What is true for a whole import: the rules, the zone and the civil day on which it runs."""

    contacts: Mapping[str, ContactFacts]
    flags: frozenset[str]
    zone: ZoneInfo
    now: datetime
    region: str = HOME_REGION
    version_kind: str | None = None
    instruments: Mapping[str, Instrument] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The civil day of `now`."""
        return self.now.astimezone(self.zone).date()


def parser_of(field: Field, settings: Settings, patterns: tuple[str, ...]) -> Parse:
    """The memoised parser of one field; it raises BadValue saying what was expected."""
    match field.shape:
        case Shape.NHS_NUMBER:
            parse: Parse = nhs_number
        case Shape.WORD:
            parse = _word(field.words)
        case Shape.CONTACT_CODE:
            parse = _word(tuple(settings.contacts))
        case Shape.PAST_DATE | Shape.DUE_DATE:
            parse = _date(field.shape, settings, patterns)
        case Shape.MOMENT:
            parse = _moment(settings, patterns)
        case Shape.FLAGS:
            parse = _flags(settings.flags)
        case Shape.FLAG:
            parse = _flag(settings.flags)
        case Shape.PHONE:
            parse = phone_parser(settings.region)
        case Shape.FREE:
            return lambda text: text[: field.longest]
        case Shape.ID | Shape.NAME:
            return _text(field.longest)
        case Shape.START | Shape.VERSION:
            return lambda text: text  # read by the row parser, which needs more than the text of them
        case _:
            parse = _PLAIN[field.shape]
    return lru_cache(MEMO_SIZE)(parse)


def _text(longest: int) -> Parse:
    def parse(text: str) -> str:
        if len(text) > longest:
            raise BadValue(f"expected at most {longest} characters; this has {len(text)}")
        return text

    return parse


def nhs_number(text: str) -> str:
    """Return the ten digits of an NHS number whose check digit is right. Raises BadValue."""
    digits = text.replace(" ", "").replace("-", "")
    if _FLOAT_ID.fullmatch(digits):
        raise BadValue("expected an NHS number of 10 digits; a spreadsheet has turned this one into a decimal number")
    if len(digits) != 10 or not digits.isdecimal() or not digits.isascii():
        raise BadValue("expected an NHS number of 10 digits")
    if digits == digits[0] * 10 or not check_digit_is_right(digits):
        raise BadValue("expected an NHS number whose check digit is right (modulus 11)")
    return digits


def _word(allowed: tuple[str, ...]) -> Parse:
    folded = {word.casefold(): word for word in allowed}

    def parse(text: str) -> str:
        try:
            return folded[text.casefold()]
        except KeyError:
            raise BadValue("expected one of " + ", ".join(allowed)) from None

    return parse


def _date(shape: Shape, settings: Settings, patterns: tuple[str, ...]) -> Parse:
    read = date_parser(patterns)
    latest = settings.today + (LONGEST_PREGNANCY if shape is Shape.DUE_DATE else timedelta())

    def parse(text: str) -> str:
        found = read(text)
        if found < EARLIEST_DATE:
            raise BadValue(f"expected a date from {EARLIEST_DATE} on")
        if found > latest:
            raise BadValue(f"expected a date no later than {latest}")
        return found.isoformat()

    return parse


def _moment(settings: Settings, patterns: tuple[str, ...]) -> Parse:
    read = moment_parser(settings.zone, patterns)
    return lambda text: read(text).at.isoformat()


def _flags(known: frozenset[str]) -> Parse:
    """A code nobody has configured is kept as written: the rules hold it for high risk, unknown is not safe."""
    folded = {code.casefold(): code for code in known}

    def parse(text: str) -> str:
        codes = [code.strip() for code in text.split("|") if code.strip()]
        if any(len(code) > LONGEST_CODE for code in codes):
            raise BadValue(f"expected codes separated by |, each of at most {LONGEST_CODE} characters")
        return "|".join(sorted({folded.get(code.casefold(), code) for code in codes}))

    return parse


def _flag(known: frozenset[str]) -> Parse:
    read = _flags(known)

    def parse(text: str) -> str:
        if "|" in text:
            raise BadValue("expected one code; each flag has a row of its own")
        return read(text)

    return parse


def phone_parser(region: str) -> Parse:
    """Return the reader of a telephone number of a region, to E.164. It raises BadValue."""

    def parse(text: str) -> str:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException as error:
            raise BadValue("expected a phone number such as 07700 900123") from error
        # Possible, not valid: Ofcom's drama numbers are possible and must pass.
        if not phonenumbers.is_possible_number(number):
            raise BadValue("expected a phone number of a possible length, such as 07700 900123")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    return parse


def phone_number(text: str, region: str = "GB") -> str | None:
    """Return a telephone number as E.164; None where it can't be one."""
    try:
        return phone_parser(region)(text)
    except BadValue:
        return None


def _minutes(text: str) -> str:
    if not text.isdecimal() or not 0 < int(text) <= 24 * 60:
        raise BadValue("expected whole minutes from 1 to 1440")
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise BadValue("expected a language code such as en, cy or pl")
    return text.lower()


def _score(text: str) -> str:
    if not text.isdecimal() or int(text) > 999:
        raise BadValue("expected a whole score from 0 to 999")
    return text


def _answers(text: str) -> str:
    """As JSON, an item to its answer; which items there are is the instrument's affair."""
    answers = {}
    for part in filter(None, (part.strip() for part in text.split("|"))):
        item, equals, answer = (piece.strip().casefold() for piece in part.partition("="))
        if not item or not equals or answer not in list(Known):
            raise BadValue(f"expected item=answer, separated by |, each answer one of {', '.join(Known)}")
        answers[item] = answer
    return json.dumps(answers, sort_keys=True)


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise BadValue("expected an e-mail address")
    return text


_PLAIN: Mapping[Shape, Parse] = {
    Shape.MINUTES: _minutes,
    Shape.LANGUAGE: _language,
    Shape.SCORE: _score,
    Shape.ANSWERS: _answers,
    Shape.EMAIL: _email,
}


def version_parser(settings: Settings, patterns: tuple[str, ...]) -> Callable[[str], tuple[str, str]]:
    """A function from a version's text to its kind and its order as a decimal; one source keeps to one kind."""
    read = moment_parser(settings.zone, patterns)
    kind = settings.version_kind

    def parse(text: str) -> tuple[str, str]:
        nonlocal kind
        found, order = ("number", text) if _NUMBER.fullmatch(text) else ("time", "")
        if found == "time":
            try:
                order = repr(read(text).at.timestamp())
            except BadValue as error:
                raise BadValue("expected a version that is a number or a time") from error
        if kind is not None and found != kind:
            raise BadValue(f"expected a version that is a {kind}, as this source has sent so far")
        kind = found
        return found, order

    return parse
