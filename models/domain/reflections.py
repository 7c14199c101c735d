"""Which short reflective prompts a page shows: by role, fitting the case, another one each day. Pure; never a form.

The prompts are data: config/reflections.yaml. Source: domain.md section 9.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from models.domain.words import AccountRole


class Fit(StrEnum):
    """What about a case calls for a prompt."""

    MEN_UNKNOWN = "men_unknown"  # nobody has asked, or nobody knows, who else cares for the child
    MISSED_AGAIN = "missed_again"
    SIBLING = "sibling"  # more than one child in the household
    REFERRAL = "referral"
    AFTER_THE_EARLY_WEEKS = "after_the_early_weeks"
    ADULT_MISSED = "adult_missed"


@dataclass(frozen=True, slots=True)
class Reflection:
    """One prompt. `fits` empty: it fits any case; else only a case that has one of these."""

    id: str
    words: str
    roles: frozenset[AccountRole]
    fits: frozenset[Fit]


@dataclass(frozen=True)
class ReflectionRules:
    """All prompts; `at_once` 0 switches them off."""

    version: int
    source: str
    at_once: int
    early_weeks_days: int
    prompts: tuple[Reflection, ...]


def chosen(
    rules: ReflectionRules, *, role: AccountRole, case: Collection[Fit], follow_up_id: int, day: date
) -> tuple[Reflection, ...]:
    """Return the prompts of one page on one day, at most `at_once`: one made for such a case first, then any other.

    Deterministic: everybody of a role sees the same ones on that day, and others on the next.
    """
    mine = [one for one in rules.prompts if role in one.roles]
    turn = follow_up_id + day.toordinal()
    fitting = _rotated([one for one in mine if one.fits & set(case)], turn)
    general = _rotated([one for one in mine if not one.fits], turn)
    return (*fitting[:1], *general, *fitting[1:])[: rules.at_once]


def _rotated(prompts: Sequence[Reflection], turn: int) -> list[Reflection]:
    if not prompts:
        return []
    start = turn % len(prompts)
    return [*prompts[start:], *prompts[:start]]
