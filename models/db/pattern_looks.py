"""Whom to look at for patterns: taken when a follow-up, flag or prompt is new, or a day has come. Never commits."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed_tuples, unpacked
from models.domain.words import LIVE_FOLLOW_UP_STATES, FollowUpState

LISTED = ", ".join(f"'{state}'" for state in LIVE_FOLLOW_UP_STATES if state is not FollowUpState.BACKLOG)


class Cluster(NamedTuple):
    """A household, or a person who is in none."""

    household_id: int | None
    person_id: int | None


def take(session: Session, *, now: datetime, limit: int) -> list[Cluster]:
    """Take whoever is due off the list, up to `limit` rows of each kind of cause; each must be settled now.

    Their rows are locked until the transaction ends, so that what comes meanwhile makes them due again.
    """
    return [Cluster._make(row) for row in session.execute(_TAKE, {"now": now, "limit": limit})]


def settle(session: Session, looks: Sequence[tuple[int | None, int | None, datetime]]) -> None:
    """Store when to look again by time alone: household, person, when."""
    if looks:
        session.execute(_SETTLE, packed_tuples(looks, _LOOKS))


def mark_people(session: Session, people: Collection[int], *, now: datetime) -> None:
    """Make the households of these people due, for what opens no follow-up: a cancellation of ours, a moved booking."""
    if people:
        session.execute(_MARK, {"people": ",".join(map(str, sorted(people))), "now": now})


def wake_changed_details(session: Session, *, now: datetime) -> None:
    """After an import's `work`: make due again whoever was looked at before and has a new number or address since."""
    session.execute(_WAKE, {"now": now})


def _households_of(people: str) -> str:
    """SQL: the clusters of people in `people (person_id, household_id)`."""
    return f"""
        SELECT m.household_id, NULL::bigint AS person_id FROM {people} p JOIN household_member m USING (person_id)
        WHERE m.valid_until IS NULL
        UNION SELECT p.household_id, NULL FROM {people} p WHERE p.household_id IS NOT NULL
        UNION SELECT NULL, p.person_id FROM {people} p WHERE p.household_id IS NULL
          AND NOT EXISTS (SELECT FROM household_member m WHERE m.person_id = p.person_id AND m.valid_until IS NULL)
    """


# Rows in order, so that two who mark the same households wait for each other and never lock up.
_TAKE = text(
    f"""
    WITH f AS (
        UPDATE follow_up SET patterns_looked = true WHERE id IN (
            SELECT id FROM follow_up WHERE NOT patterns_looked AND state IN ({LISTED})
            ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING person_id, household_id
    ), g AS (
        UPDATE flag SET patterns_looked = true WHERE id IN (
            SELECT id FROM flag WHERE NOT patterns_looked ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING person_id
    ), r AS (
        UPDATE referral_prompt SET patterns_looked = true WHERE id IN (
            SELECT id FROM referral_prompt WHERE NOT patterns_looked
            ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING person_id
    ), due AS MATERIALIZED (
        SELECT household_id, person_id FROM pattern_look WHERE look_at <= :now
        ORDER BY look_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ), people AS (
        SELECT person_id, household_id FROM f
        UNION SELECT person_id, NULL FROM g UNION SELECT person_id, NULL FROM r
        UNION SELECT person_id, NULL FROM due WHERE person_id IS NOT NULL
    ), clusters AS ({_households_of("people")} UNION SELECT household_id, person_id FROM due)
    INSERT INTO pattern_look (household_id, person_id, looked_at)
    SELECT household_id, person_id, CAST(:now AS timestamptz) FROM clusters ORDER BY household_id, person_id
    ON CONFLICT (household_id, person_id) DO UPDATE SET look_at = NULL, looked_at = excluded.looked_at
    RETURNING household_id, person_id
    """
)
_LOOKS = (("household_id", "bigint"), ("person_id", "bigint"), ("look_at", "timestamptz"))
_SETTLE = text(
    f"""
    UPDATE pattern_look l SET look_at = u.look_at FROM {unpacked(_LOOKS, alias="u")}
    WHERE l.household_id IS NOT DISTINCT FROM u.household_id AND l.person_id IS NOT DISTINCT FROM u.person_id
    """
)
_MARK = text(
    f"""
    WITH people AS (
        SELECT unnest(CAST(string_to_array(:people, ',') AS bigint[])) AS person_id, NULL::bigint AS household_id
    ), clusters AS ({_households_of("people")})
    INSERT INTO pattern_look (household_id, person_id, look_at)
    SELECT household_id, person_id, CAST(:now AS timestamptz) FROM clusters ORDER BY household_id, person_id
    ON CONFLICT (household_id, person_id) DO UPDATE SET look_at = least(pattern_look.look_at, excluded.look_at)
    """
)
_WAKE = text(
    """
    WITH changed AS (
        SELECT p.id FROM work w JOIN person p ON p.id = w.person_id WHERE p.postcode_changed_at = :now
        UNION
        SELECT c.person_id FROM work w JOIN contact_point c ON c.person_id = w.contact_person_id
        WHERE c.created_at = :now
    ), due AS (
        SELECT l.id FROM pattern_look l WHERE l.person_id IN (SELECT id FROM changed)
        OR l.household_id IN (SELECT m.household_id FROM changed JOIN household_member m ON m.person_id = changed.id
                              WHERE m.valid_until IS NULL)
        ORDER BY l.household_id, l.person_id FOR NO KEY UPDATE
    )
    UPDATE pattern_look SET look_at = :now FROM due WHERE pattern_look.id = due.id
    """
)
