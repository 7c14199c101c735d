"""Pregnancies in planning: births that end them, when to look at each, and what a look finds. Never commits."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed_tuples, unpacked
from models.domain.planning import PregnancyRules
from models.domain.words import PregnancyOutcome


class DuePregnancy(NamedTuple):
    """A pregnancy whose time to be looked at has come, locked. `edd_was`: by what open contacts were planned before."""

    id: int
    mother_id: int
    household_id: int | None
    team_id: int | None
    caseload_holder: int | None
    edd: date
    edd_was: date | None
    outcome: PregnancyOutcome
    ended_on: date | None
    mother_lives: bool


def end_by_births(session: Session, *, by: str, rules: PregnancyRules, now: datetime) -> None:
    """End the pregnancies whose child is known: a child of the household born near the EDD, whichever came first.

    Looks at `planning_member`, and takes the mothers whose pregnancy it ends into `planning`.
    """
    session.execute(
        _BORN,
        {
            "by": by,
            "now": now,
            "earliest": -rules.born_from.days,
            "latest": rules.born_until.days,
        },
    )


def look_at(session: Session, due: Sequence[tuple[int, datetime]], *, rules: PregnancyRules) -> None:
    """Set when pregnancies that go on are looked at for their outcome; one whose dates moved is looked at before that.

    One that was history when it first became known is not looked at.
    """
    if due:
        recall = {"recall": rules.outcome_recall_until.days}
        session.execute(_LOOK_AT, {**packed_tuples(due, _DUE), **recall})


def look_at_ended(session: Session, *, now: datetime) -> None:
    """Have the pregnancies of `planning` that are over looked at, where somebody is still asked for their outcome."""
    session.execute(_ENDED, {"now": now})


def take_due(session: Session, *, now: datetime, limit: int) -> list[DuePregnancy]:
    """Take up to `limit` pregnancies off the list of those to look at; `settle` says when each is looked at again."""
    rows = session.execute(_TAKE, {"now": now, "limit": limit}).mappings()
    return [DuePregnancy(**{**row, "outcome": PregnancyOutcome(row["outcome"])}) for row in rows]


def settle(session: Session, rows: Sequence[tuple[int, datetime | None]]) -> None:
    """Store when each is looked at again; whoever had to be told of moved dates has been."""
    if rows:
        session.execute(_SETTLE, packed_tuples(rows, _DUE))


def asked_about(session: Session, mothers: Sequence[int]) -> dict[int, int]:
    """Of these mothers, those about whose pregnancy's outcome a live follow-up asks: mother to follow-up."""
    if not mothers:
        return {}
    rows = session.execute(_ASKED, {"mothers": list(mothers)})
    return {row.person_id: row.id for row in rows}


_BORN = text(
    """
    WITH born AS (
        SELECT g.id, min(c.date_of_birth) AS on_day
        FROM planning_member mother
        JOIN pregnancy g ON g.mother_id = mother.person_id AND g.outcome IN ('unknown', 'continuing')
        JOIN planning_member baby ON baby.household_id = mother.household_id AND baby.role = 'child'
        JOIN person c ON c.id = baby.person_id
             AND c.date_of_birth BETWEEN g.edd - CAST(:earliest AS int) AND g.edd + CAST(:latest AS int)
        GROUP BY g.id
    ), ended AS (
        UPDATE pregnancy g SET outcome = 'live_birth', outcome_by = :by, ended_on = born.on_day
        FROM born WHERE g.id = born.id RETURNING g.id, g.mother_id, g.household_id
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why)
        SELECT :now, CASE WHEN :by LIKE 'import:%' THEN 'import' ELSE 'engine' END, :by, 'pregnancy.ended', 'pregnancy',
               id, household_id, 'birth in the household'
        FROM ended
    )
    INSERT INTO planning (person_id) SELECT mother_id FROM ended ON CONFLICT DO NOTHING
    """
)
_DUE = (("id", "bigint"), ("next_due_at", "timestamptz"))
_LOOK_AT = text(
    f"""
    UPDATE pregnancy g SET next_due_at = u.next_due_at FROM {unpacked(_DUE, alias="u")}
    WHERE g.id = u.id AND g.edd_was IS NULL AND g.next_due_at IS DISTINCT FROM u.next_due_at
      AND g.outcome IN ('unknown', 'continuing') AND CAST(g.created_at AS date) <= g.edd + CAST(:recall AS int)
    """
)
_ENDED = text(
    """
    UPDATE pregnancy g SET next_due_at = CAST(:now AS timestamptz) FROM planning x
    WHERE g.mother_id = x.person_id AND g.outcome NOT IN ('unknown', 'continuing')
      AND EXISTS (SELECT FROM follow_up f JOIN family_event v ON v.id = f.family_event_id
                  WHERE f.person_id = g.mother_id AND v.kind = 'pregnancy_outcome_unknown'
                    AND f.state IN ('open', 'backlog'))
    """
)
_TAKE = text(
    """
    SELECT g.id, g.mother_id, coalesce(g.household_id, home.household_id) AS household_id, p.team_id,
           p.caseload_holder_id AS caseload_holder, g.edd, g.edd_was, g.outcome, g.ended_on,
           p.life_status <> 'deceased' AS mother_lives
    FROM pregnancy g JOIN person p ON p.id = g.mother_id
    LEFT JOIN LATERAL (SELECT (array_agg(m.household_id ORDER BY m.id))[1] AS household_id FROM household_member m
                       WHERE m.person_id = g.mother_id AND m.valid_until IS NULL) AS home ON true
    WHERE g.next_due_at <= :now ORDER BY g.next_due_at, g.id LIMIT :limit FOR NO KEY UPDATE OF g SKIP LOCKED
    """
)
_SETTLE = text(
    f"""
    UPDATE pregnancy g SET next_due_at = u.next_due_at, edd_was = NULL
    FROM {unpacked(_DUE, alias="u")} WHERE g.id = u.id
    """
)
_ASKED = text(
    """
    SELECT DISTINCT ON (f.person_id) f.person_id, f.id
    FROM follow_up f JOIN family_event v ON v.id = f.family_event_id
    WHERE f.person_id = ANY(CAST(:mothers AS bigint[])) AND v.kind = 'pregnancy_outcome_unknown'
      AND f.state IN ('open', 'backlog') ORDER BY f.person_id, f.id
    """
)
