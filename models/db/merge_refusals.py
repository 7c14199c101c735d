"""What may never be joined, whoever asks and whatever the reason: closed records, people who live apart. Reads only."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.follow_up_rows import NotAllowed
from models.domain.words import SplitReason

_PROTECTED = "a record that is closed for protection is neither joined with another nor parted; ask the named nurse"
_APART = "this would bring people together who live apart since their household was separated; put that together first"
# Who begins with a clean record lives apart from the old family: nothing may tell that the two are one (decision 58).
_UNSAID = "these two records may not be joined; ask the named nurse"
_DISCHARGES = "both records have a discharge from the same service that is not settled; settle one of them first"
_MADE_APART = "both households were made by separating others; put one of those together again first"


def check_people(session: Session, kept: int, gone: int) -> None:
    """Raise NotAllowed where two records of a person must stay two, or what is open on both can't be one."""
    check_open(session, [kept, gone])
    beside = session.scalars(_BESIDE, {"people": [kept, gone]}).all()
    homes = session.scalars(_HOMES, {"people": [kept, gone]}).all()
    _check_apart(session, people=[kept, gone], everybody=[kept, gone, *beside], households=homes)
    if session.scalar(_SAME_DISCHARGE, {"kept": kept, "gone": gone}):
        raise NotAllowed(_DISCHARGES)


def check_households(session: Session, kept: int, gone: int) -> None:
    """Raise NotAllowed where two households must stay two."""
    members = session.scalars(_MEMBERS, {"households": [kept, gone]}).all()
    check_open(session, members)
    _check_apart(session, people=members, everybody=members, households=[kept, gone])
    if session.scalar(_BOTH_MADE_APART, {"kept": kept, "gone": gone}):
        raise NotAllowed(_MADE_APART)


def check_open(session: Session, people: Collection[int]) -> None:
    """Raise NotAllowed where the record of one of these people is closed to all but the named nurse."""
    if session.scalar(_CLOSED, {"people": list(people)}):
        raise NotAllowed(_PROTECTED)


def _check_apart(
    session: Session, *, people: Collection[int], everybody: Collection[int], households: Collection[int]
) -> None:
    """`people` become one or stand in `households` together, with `everybody` there."""
    params = {"people": list(people), "everybody": list(everybody), "households": list(households)}
    reasons = session.scalars(_SPLITS, params).all()
    if reasons:
        raise NotAllowed(_UNSAID if SplitReason.PROTECTED_IDENTITY in reasons else _APART)


_CLOSED = text(
    """
    SELECT EXISTS (SELECT FROM person p WHERE p.id = ANY(CAST(:people AS bigint[])) AND (
        p.protected_at IS NOT NULL OR EXISTS (
            SELECT FROM household_split s WHERE s.protected_person_id = p.id AND s.undone_at IS NULL)))
    """
)
_BESIDE = text(
    """
    SELECT DISTINCT o.person_id FROM household_member m JOIN household_member o ON o.household_id = m.household_id
    WHERE m.person_id = ANY(CAST(:people AS bigint[])) AND m.valid_until IS NULL AND o.valid_until IS NULL
    """
)
_HOMES = text(
    """
    SELECT DISTINCT household_id FROM household_member
    WHERE person_id = ANY(CAST(:people AS bigint[])) AND valid_until IS NULL
    """
)
_MEMBERS = text(
    """
    SELECT DISTINCT person_id FROM household_member
    WHERE household_id = ANY(CAST(:households AS bigint[])) AND valid_until IS NULL
    """
)
# Somebody of each side; somebody and the household of the other side; the two households themselves.
_SPLITS = text(
    """
    SELECT s.reason FROM household_split s
    JOIN split_member mine ON mine.split_id = s.id AND mine.person_id = ANY(CAST(:people AS bigint[]))
    WHERE s.undone_at IS NULL AND (
        EXISTS (SELECT FROM split_member theirs WHERE theirs.split_id = s.id AND theirs.side <> mine.side
                AND theirs.person_id = ANY(CAST(:everybody AS bigint[])))
        OR CASE mine.side WHEN 'leaves' THEN s.from_household_id ELSE s.to_household_id END
           = ANY(CAST(:households AS bigint[])))
    UNION ALL
    SELECT s.reason FROM household_split s
    WHERE s.undone_at IS NULL AND s.from_household_id = ANY(CAST(:households AS bigint[]))
      AND s.to_household_id = ANY(CAST(:households AS bigint[]))
    """
)
_SAME_DISCHARGE = text(
    """
    SELECT EXISTS (
        SELECT FROM discharge k JOIN discharge g USING (service)
        WHERE k.person_id = :kept AND g.person_id = :gone AND k.state = 'proposed' AND g.state = 'proposed')
    """
)
_BOTH_MADE_APART = text(
    """
    SELECT EXISTS (SELECT FROM household_split WHERE to_household_id = :kept)
       AND EXISTS (SELECT FROM household_split WHERE to_household_id = :gone AND undone_at IS NULL)
    """
)
