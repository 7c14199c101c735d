"""Losses that no hold stands for yet: a death, a pregnancy that ended, a flag that says so. Never commits.

An import asks in its own transaction; `reconcile` asks again, for whatever else writes such a fact. Only recent losses
are looked at, by indexes that hold nothing else, and older ones of people who have something live.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.holds import new_hold, set_many
from models.domain.holds import HoldRules
from models.domain.words import LOST_PREGNANCIES, HoldKind, HoldScope
from models.domain.working_time import WorkingCalendar


class Loss(NamedTuple):
    """A fact that needs a hold, on exactly one person, household or pregnancy. `told`: which fact, for the reason."""

    kind: str
    told: str
    person_id: int | None
    household_id: int | None
    pregnancy_id: int | None
    about_person_id: int | None
    is_news: bool  # false: longer ago than the rules call lately


_REASONS = {
    "death": "the record says that somebody in the family has died",
    "pregnancy": "the record says that the pregnancy has ended",
    "flag": "a flag in the record says so",
}


def hold_all(
    session: Session, rules: HoldRules, *, by: str, now: datetime, calendar: WorkingCalendar, work: bool = False
) -> int:
    """Set the holds that facts ask for; return how many. Texts are stopped in this transaction, plans by `detect`.

    `work`: within an import, whose table `work` names the people it speaks of.
    """
    codes, kinds = zip(*rules.kind_of_flag.items(), strict=True)
    params = {
        "since": calendar.civil_date(now) - rules.lately,
        "codes": list(codes),
        "kinds": [kind.value for kind in kinds],
        "on_household": [HoldScope.HOUSEHOLD in rules.rules[kind].scopes for kind in kinds],
    }
    people = f"{_LATELY} UNION {_OF_WORK}" if work else _LATELY
    found = session.execute(
        text(f"{_DEATHS.format(people=people)} UNION {_PREGNANCIES} UNION {_FLAGS} {_ORDER}"), params
    )
    return _hold(session, [Loss._make(row) for row in found], rules, by=by, now=now, calendar=calendar)


def hold_dead(
    session: Session,
    rules: HoldRules,
    *,
    by: str,
    now: datetime,
    calendar: WorkingCalendar,
    people: Collection[int] = (),
    follow_ups: Collection[int] = (),
    reason: str | None = None,
) -> int:
    """Set the hold of whoever of these has died, however long ago, or is the subject of one of these follow-ups."""
    among = _OF_FOLLOW_UPS if follow_ups else _OF_PEOPLE
    params = {"since": calendar.civil_date(now) - rules.lately}
    chosen = {"follow_ups": list(follow_ups)} if follow_ups else {"people": list(people)}
    found = session.execute(text(f"{_DEATHS.format(people=among)} {_ORDER}"), {**params, **chosen})
    losses = [Loss._make(row) for row in found]
    return _hold(session, losses, rules, by=by, now=now, calendar=calendar, reason=reason)


def _hold(
    session: Session,
    found: Sequence[Loss],
    rules: HoldRules,
    *,
    by: str,
    now: datetime,
    calendar: WorkingCalendar,
    reason: str | None = None,
) -> int:
    wanted = [
        new_hold(
            rules.rules[HoldKind(loss.kind)],
            reason=reason or _REASONS[loss.told],
            now=now,
            calendar=calendar,
            person_id=loss.person_id,
            household_id=loss.household_id,
            pregnancy_id=loss.pregnancy_id,
            about_person_id=loss.about_person_id,
            detail=None if loss.is_news else {"news": False},
        )
        for loss in found
    ]
    return len(set_many(session, wanted, rules, by=by, now=now, calendar=calendar))


# Nobody knows when: then it is news.
_LATELY = "SELECT id FROM person WHERE life_status = 'deceased' AND (deceased_on >= :since OR deceased_on IS NULL)"
_OF_WORK = """
    SELECT p.id FROM person p
    WHERE p.life_status = 'deceased' AND p.id IN (SELECT person_id FROM work UNION SELECT contact_person_id FROM work)
      AND EXISTS (
        SELECT FROM follow_up f WHERE f.person_id = p.id AND f.state IN ('open', 'backlog', 'seen', 'closing'))
"""
_OF_FOLLOW_UPS = """
    SELECT p.id FROM follow_up f JOIN person p ON p.id = f.person_id
    WHERE f.id = ANY(CAST(:follow_ups AS bigint[])) AND p.life_status = 'deceased'
"""
_OF_PEOPLE = """
    SELECT id FROM person WHERE id = ANY(CAST(:people AS bigint[])) AND life_status = 'deceased'
"""
_DEATHS = """
    SELECT 'bereavement' AS kind, 'death' AS told, CASE WHEN m.household_id IS NULL THEN p.id END AS person_id,
           m.household_id, NULL::bigint AS pregnancy_id, p.id AS about_person_id,
           coalesce(p.deceased_on >= :since, true) AS is_news
    FROM person p LEFT JOIN household_member m ON m.person_id = p.id AND m.valid_until IS NULL
    WHERE p.id IN ({people}) AND p.merged_into IS NULL AND NOT EXISTS (
        SELECT FROM hold h WHERE h.about_person_id = p.id AND h.ended_how IS DISTINCT FROM 'in_error'
          AND (m.household_id IS NULL OR h.household_id = m.household_id))
"""
_LOST = ", ".join(f"'{outcome}'" for outcome in LOST_PREGNANCIES)
_PREGNANCIES = f"""
    SELECT 'pregnancy_ended', 'pregnancy', NULL, NULL, g.id, NULL, true FROM pregnancy g
    WHERE g.outcome IN ({_LOST}) AND coalesce(g.ended_on, g.edd) >= :since
      AND NOT EXISTS (SELECT FROM hold h WHERE h.pregnancy_id = g.id AND h.ended_how IS DISTINCT FROM 'in_error')
"""
# Ending such a hold ends its flags, so a flag that is current wants one that stands.
_FLAGS = """
    SELECT u.kind, 'flag', CASE WHEN u.on_household AND m.household_id IS NOT NULL THEN NULL ELSE f.person_id END,
           CASE WHEN u.on_household THEN m.household_id END, NULL, NULL, true
    FROM unnest(CAST(:codes AS text[]), CAST(:kinds AS text[]), CAST(:on_household AS boolean[]))
         AS u (code, kind, on_household)
    JOIN flag f ON f.code = u.code AND f.ended_at IS NULL
    LEFT JOIN household_member m ON m.person_id = f.person_id AND m.valid_until IS NULL AND u.on_household
    WHERE NOT EXISTS (
        SELECT FROM hold h WHERE h.kind = u.kind AND h.ended_at IS NULL
          AND (h.person_id = f.person_id OR h.household_id = m.household_id))
"""
_ORDER = "ORDER BY kind, household_id, person_id, pregnancy_id, about_person_id"
