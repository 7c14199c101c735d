"""R6: a child whom no professional has seen in person for longer than its age allows. Pure.

Only where a follow-up of the child is live or the family carries a high-risk flag: else the schedule decides. Nobody
knows what happened before the child was known here, so the time runs from then at the earliest. Source: domain.md 3.4.
"""

from datetime import date, timedelta
from typing import NamedTuple

from models.domain.patterns import Family, Found, PatternRule, Relative, UnseenLimits
from models.domain.working_time import add_months

_MONTHS = 12


class _Limit(NamedTuple):
    """From `due` on the child has been unseen too long; it holds for ages from `start` to before `end`."""

    start: date
    end: date
    due: date


def unseen(family: Family, rule: PatternRule, *, today: date) -> tuple[list[Found], list[date]]:
    """Return the children unseen for too long today, and the days on which others, or they again, would be."""
    found: list[Found] = []
    looks: list[date] = []
    followed = {live.person_id for live in family.live if live.is_miss}
    for relative in family.relatives:
        if rule.unseen is None or not relative.is_child or relative.born is None:
            continue
        if not (relative.flagged or relative.person_id in followed):
            continue
        since = _unseen_since(relative, relative.born)
        for limit in _limits(relative, rule.unseen, born=relative.born, since=since):
            if limit.start <= today < limit.end and limit.due <= today:
                found.append(_found(relative, rule, since=since, limit=limit))
            elif limit.due > today:
                looks.append(limit.due)
    return found, looks


def _unseen_since(relative: Relative, born: date) -> date:
    return relative.last_seen_on or max(born, relative.known_since)


def _limits(relative: Relative, limits: UnseenLimits, *, born: date, since: date) -> list[_Limit]:
    """The ages' limits that this child can still come to, each with the day on which it is reached."""
    newborn = born + timedelta(weeks=limits.until_weeks)
    infant = add_months(born, limits.until_months)
    child = add_months(born, limits.until_years * _MONTHS)
    ages = [
        _Limit(born, newborn, since + timedelta(days=limits.days_then)),
        _Limit(newborn, infant, max(newborn, since + timedelta(days=limits.days_after))),
    ]
    if relative.review_due is not None:
        past = add_months(relative.review_due, limits.months_past_review)
        ages.append(_Limit(infant, child, max(infant, past)))
    return [limit for limit in ages if limit.start <= limit.due < limit.end]


def _found(relative: Relative, rule: PatternRule, *, since: date, limit: _Limit) -> Found:
    said = rule.says.format(count=1, nth="", since=f"{since.day} {since:%b %Y}")
    about = f"unseen since {since.isoformat()} at {limit.due.isoformat()}"
    return Found(rule, relative.person_id, False, about, (), 1, said, None)
