"""Made-up families: NHS numbers from 999, Ofcom's drama telephone numbers, names from a list. Nobody here exists.

Same seed, same families. Shares are from domain.md 8 (about one family in ten with a high-risk flag, one in 130
bereaved) or our guess where it has none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from nhs_number.validate import calculate_checksum

# Names that most readers take for a mother's and a father's: a demo in which they are mixed looks like wrong data.
_MOTHERS = (
    "Ada Amina Aria Ayesha Bella Chloe Daisy Ella Erin Esme Farah Freya Grace Hana Imogen Isla Ivy Jasmine Layla Maja "
    "Maryam Mia Mila Nia Olive Orla Poppy Priya Rosa Saffron Seren Sofia Uma Zara Zofia"
)
_FATHERS = (
    "Alfie Arlo Beau Callum Dafydd Eesa Ezra Finn George Idris Jakub Kai Kofi Leo Noah Omar Oscar Rafe Reuben Rowan "
    "Tariq Theo"
)
_FAMILY = (
    "Abbott Ahmed Akhtar Baker Barnes Begum Bell Brook Clarke Cole Davies Dixon Eze Farrow Ford Ghosh Grant Hall "
    "Hussain Islam Jones Kaur Khan Kowalski Lane Lewis Mensah Moss Nowak Okafor Owen Patel Pryce Reid Shaw Singh "
    "Stone Thomas Turner Vale Walsh Ward Webb West Wood Yates Young"
)
MOTHERS, FATHERS, FAMILY = tuple(_MOTHERS.split()), tuple(_FATHERS.split()), tuple(_FAMILY.split())
GIVEN = (*MOTHERS, *FATHERS)
LANGUAGES = ("pl", "ur", "ro", "bn", "ar")
HIGH_RISK = ("cpp", "cin", "domestic_abuse", "severe_mental_illness", "substance_misuse", "care_leaver", "worried")
DRAMA_NUMBERS = 1000
NUMBERS_FROM = 999_000_000
UNDER_FIVE_DAYS = 5 * 365


@dataclass(frozen=True)
class Adult:
    """A parent. `mobile` is empty where none is on record."""

    nhs_number: str
    local_id: str
    name: str
    born: date
    mobile: str


@dataclass(frozen=True)
class Child:
    """A child; `died_on` for the one family in 130."""

    nhs_number: str
    local_id: str
    name: str
    born: date
    died_on: date | None = None


@dataclass(frozen=True)
class Family:
    """One household of one team."""

    number: int
    team: str
    visitor: str
    mother: Adult
    father: Adult | None
    children: tuple[Child, ...]
    edd: date | None
    pregnancy_outcome: str
    pregnancy_ended_on: date | None
    flags: tuple[str, ...]
    language: str
    safe_to_text: str
    confirmed_on: date | None
    in_mental_health_care: bool
    postcode: str

    @property
    def household_id(self) -> str:
        """The sender's id of the household."""
        return f"H{self.number:06d}"


class Numbers:
    """NHS numbers from 999 in order, each valid; empty once they run out, as for people not yet traced."""

    def __init__(self, start: int = 0) -> None:
        self._next = NUMBERS_FROM + start

    def take(self) -> str:
        """The next valid number."""
        while self._next < NUMBERS_FROM + 1_000_000:
            digits = str(self._next)
            self._next += 1
            check = calculate_checksum(digits)
            if check is not None and check < 10:
                return f"{digits}{check}"
        return ""


def families(
    *, count: int, seed: int, today: date, teams: tuple[tuple[str, tuple[str, ...]], ...], of_a_trust: bool = False
) -> Iterator[Family]:
    """Yield `count` families; `teams` are (code, its visitors' ids).

    For the first look they are young, so that something happens; `of_a_trust` makes as many of every age under five.
    """
    chance, numbers = Random(seed), Numbers()
    for number in range(1, count + 1):
        team, visitors = teams[chance.randrange(len(teams))]
        yield _family(number, team, chance.choice(visitors), chance, numbers, today, of_a_trust)


def _family(
    number: int, team: str, visitor: str, chance: Random, numbers: Numbers, today: date, of_a_trust: bool
) -> Family:
    surname = chance.choice(FAMILY)
    name = f"{chance.choice(MOTHERS)} {surname}"
    mother = _adult(f"M{number:06d}", name, chance, numbers, today, phone_share=0.95, number=number)
    father = None
    if chance.random() < 0.8:
        name = f"{chance.choice(FATHERS)} {surname}"
        father = _adult(f"F{number:06d}", name, chance, numbers, today, phone_share=0.4, number=number + 500)
    expecting = chance.random() < 0.18
    edd = today + timedelta(days=chance.randrange(1, 220)) if expecting else None
    made = _children_of_every_age if of_a_trust else _children
    children = tuple(made(number, surname, chance, numbers, today, at_least=0 if expecting else 1))
    lost = expecting and chance.random() < 0.02
    ended_on = today - timedelta(days=chance.randrange(1, 30)) if lost else None
    flags = (chance.choice(HIGH_RISK),) if chance.random() < 0.1 else ()
    return Family(
        number, team, visitor, mother, father, children, edd,
        pregnancy_outcome=("miscarriage" if lost else "continuing") if expecting else "",
        pregnancy_ended_on=ended_on, flags=flags,
        language=chance.choice(LANGUAGES) if chance.random() < 0.12 else "en",
        safe_to_text=chance.choices(("yes", "no", ""), (0.82, 0.06, 0.12))[0],
        confirmed_on=today - timedelta(days=chance.randrange(1, 150)) if chance.random() < 0.9 else None,
        in_mental_health_care=chance.random() < 0.06,
        postcode=f"ZZ{chance.randrange(1, 99)} {chance.randrange(1, 9)}ZZ",
    )  # fmt: skip


def _adult(
    local_id: str, name: str, chance: Random, numbers: Numbers, today: date, *, phone_share: float, number: int
) -> Adult:
    born = today - timedelta(days=chance.randrange(19 * 365, 42 * 365))
    mobile = f"07700 900{number % DRAMA_NUMBERS:03d}" if chance.random() < phone_share else ""
    return Adult(numbers.take(), local_id, name, born, mobile)


def _children(
    number: int, surname: str, chance: Random, numbers: Numbers, today: date, *, at_least: int
) -> Iterator[Child]:
    """One to three children of up to five years, twins once in seventy."""
    count = max(at_least, chance.choices((0, 1, 2, 3), (0.05, 0.55, 0.32, 0.08))[0])
    born = today - timedelta(days=chance.randrange(1, 700))
    for index in range(count):
        died = born + timedelta(days=chance.randrange(1, 60)) if chance.random() < 1 / 260 else None
        yield Child(
            numbers.take(), f"C{number:06d}{index}", f"{chance.choice(GIVEN)} {surname}", born,
            died if died and died < today else None,
        )  # fmt: skip
        if chance.random() > 1 / 70:
            born -= timedelta(days=chance.randrange(330, 1000))


def _children_of_every_age(
    number: int, surname: str, chance: Random, numbers: Numbers, today: date, *, at_least: int
) -> Iterator[Child]:
    """The children under five of a family, at whatever point of its years: as many born in one year as in another."""
    while family := list(_children(number, surname, chance, numbers, today, at_least=at_least)):
        gaps = [(family[0].born - child.born).days for child in family]
        age = chance.randrange(-gaps[-1], UNDER_FIVE_DAYS)  # of the youngest; below zero: not born yet
        found = [
            _born(child, today - timedelta(days=age + gap), today)
            for child, gap in zip(family, gaps, strict=True)
            if 0 < age + gap < UNDER_FIVE_DAYS
        ]
        if found:
            yield from found
            return


def _born(child: Child, born: date, today: date) -> Child:
    """The child as born on another day; dead at the same age, if that is past."""
    died = None if child.died_on is None else born + (child.died_on - child.born)
    return replace(child, born=born, died_on=died if died is not None and died < today else None)
