"""One household becomes two by a person's act, and may be put together again. Never commits.

In one transaction: texts on their way are dropped, every number of both sides is unconfirmed, each side's rows are
filed under its own household, and no feed joins the two again while the split stands (models/db/apart.py).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import disclosures, hold_texts, split_actions
from models.db.follow_up_rows import ChangedMeanwhile, NotAllowed
from models.db.separating import Act, audit, move, separate, stop_texts, unconfirm
from models.domain.words import Known, SplitReason, SplitSide

# A refuge's name must not stand in the trail of the household that somebody fled.
ELSEWHERE = "why is kept with the split, not in the trail of either household"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carer:
    """Who cares now for a child placed in care: whom to reach about it from now on. `number` is E.164, if known."""

    name: str
    number: str | None
    safe_to_text: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Who leaves a household, and why. `seen`: everybody who was in it when the person looked."""

    household_id: int
    people: frozenset[int]
    seen: frozenset[int]
    reason: SplitReason
    note: str
    carer: Carer | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a split would do, counted."""

    texts: int  # dropped
    numbers: int  # unconfirmed
    follow_ups: int  # live ones that go with those who leave
    booked: int  # appointments to come of either side whose contact is on the other


@dataclass(frozen=True, slots=True)
class Split:
    """A split that stands, as the page of either household knows it: neither learns why, nor of the other's people."""

    id: int
    done_by: str
    done_at: datetime


def preview(session: Session, leaving: Leaving, *, protected: int | None = None) -> Preview:
    """Return what a split would do now; nothing is changed. Raises NotAllowed as `split` does."""
    members, people = _members(session, leaving.household_id), leaving.people
    _check(leaving, members, alone_too=protected is not None)
    everybody = hold_texts.people_of(session, people=members, households=())
    params = {"all": everybody, "leaving": sorted(people), "staying": sorted(members - people)}
    row = session.execute(_PREVIEW, params).one()
    return Preview(hold_texts.count_waiting(session, everybody), row.numbers, row.follow_ups, row.booked)


def split(session: Session, leaving: Leaving, act: Act) -> tuple[int, int]:
    """Split a household; return the split's id and the new household's.

    Raises ChangedMeanwhile where the household has other people by now, NotAllowed where a side would be empty, a note
    is missing, or a placed child's carer is.
    """
    split_id, new = begin(session, leaving, act)
    split_actions.copy(session, old=leaving.household_id, new=new, now=act.now)
    adults, by = leaving.people, act.account.actor
    disclosures.left_home(session, adults, household_id=leaving.household_id, by=by, now=act.now)
    if leaving.reason is SplitReason.PLACED_IN_CARE:
        _place(session, leaving, new, act)
    for household in (leaving.household_id, new):
        audit(session, "household.split", household, act, why=ELSEWHERE, detail={"split": split_id})
    return split_id, new


def begin(session: Session, leaving: Leaving, act: Act, *, protected: int | None = None) -> tuple[int, int]:
    """Do what every kind of split does; return the split's id and the new household's. Raises as `split` does."""
    members = _locked_members(session, leaving)
    _check(leaving, members, alone_too=protected is not None)
    new = _new_household(session, leaving.household_id, act)
    row = {**_split_row(leaving, new, act), "protected": protected}
    split_id: int = session.execute(_SPLIT, row).scalar_one()
    sides = {person: SplitSide.LEAVES if person in leaving.people else SplitSide.STAYS for person in members}
    add_members(session, split_id, sides)
    separate(session, leaving.household_id, new, people=leaving.people, everybody=members, act=act)
    return split_id, new


def add_members(session: Session, split_id: int, sides: Mapping[int, SplitSide]) -> None:
    """Note on which side of a split each person is."""
    params = {"split": split_id, "people": list(sides), "sides": [side.value for side in sides.values()]}
    session.execute(_SPLIT_MEMBERS, params)


def standing(session: Session, household_id: int) -> list[Split]:
    """Return the splits that stand of which this household is a side, newest first; none that protects a record."""
    return [Split(*row) for row in session.execute(_STANDING, {"household": household_id})]


def undo(session: Session, split_id: int, *, reason: str, act: Act) -> int:
    """Put a household together again; return its id. Numbers stay unconfirmed, texts stay dropped.

    Raises ChangedMeanwhile for one undone already, NotAllowed without a reason or while a later split of its new
    household stands.
    """
    row = session.execute(_LOCK_SPLIT, {"id": split_id}).mappings().one_or_none()
    if row is None:
        raise ChangedMeanwhile(f"split {split_id} has been undone since it was shown")
    if not reason.strip():
        raise NotAllowed("putting a household together again needs a reason; write why")
    if row["split_again"]:
        raise NotAllowed("the new household was split again; undo that first")
    old, new = row["from_household_id"], row["to_household_id"]
    everybody = sorted({*_members(session, old), *_members(session, new)})
    stop_texts(session, everybody, act)
    unconfirm(session, everybody, act)
    params = {"id": split_id, "old": old, "new": new, "by": act.account.actor, "reason": reason, "now": act.now}
    session.execute(_UNDO, params)
    session.execute(_CARER_LEAVES, params)
    back = _members(session, new)
    move(session, new, old, people=sorted({*back, *session.scalars(_FORMER, params)}), act=act)
    for statement in (_HOLDS_BACK, _END_COPIES):
        session.execute(statement, params)
    split_actions.bring_back(session, old=old, new=new, by=act.account.actor, now=act.now)
    for household in (old, new):
        audit(session, "household.split_undone", household, act, why=ELSEWHERE, detail={"split": split_id})
    return int(old)


def _members(session: Session, household_id: int) -> set[int]:
    return set(session.scalars(_MEMBERS, {"household": household_id}))


def _locked_members(session: Session, leaving: Leaving) -> set[int]:
    session.execute(_LOCK_HOUSEHOLD, {"household": leaving.household_id})
    members = _members(session, leaving.household_id)
    if members != leaving.seen:
        raise ChangedMeanwhile("other people belong to this household by now; look at it again")
    return members


def _check(leaving: Leaving, members: Collection[int], *, alone_too: bool) -> None:
    """`alone_too`: whoever leaves may have been the only one there."""
    if not leaving.people or not leaving.people <= set(members) or (leaving.people == set(members) and not alone_too):
        raise NotAllowed("choose who leaves; at least one person has to stay")
    if not leaving.note.strip():
        raise NotAllowed("separating a household needs a note; write what happened and who told us")
    if leaving.reason is SplitReason.PLACED_IN_CARE and (leaving.carer is None or not leaving.carer.name.strip()):
        raise NotAllowed("write who cares for the child now: they are the one to reach from now on")


def _new_household(session: Session, household_id: int, act: Act) -> int:
    found: int = session.execute(_NEW_HOUSEHOLD, {"household": household_id, "now": act.now}).scalar_one()
    return found


def _split_row(leaving: Leaving, new: int, act: Act) -> dict[str, object]:
    return {
        "reason": leaving.reason,
        "old": leaving.household_id,
        "new": new,
        "note": leaving.note,
        "by": act.account.actor,
        "now": act.now,
    }


def _place(session: Session, leaving: Leaving, new: int, act: Act) -> None:
    """The current carer is whom to reach about a child placed in care; the child is known as looked after."""
    carer = leaving.carer
    assert carer is not None
    params: dict[str, object] = {
        "new": new, "name": carer.name, "number": carer.number, "safe": carer.safe_to_text,
        "confirmed": act.calendar.civil_date(act.now) if carer.safe_to_text is Known.YES else None,
        "people": sorted(leaving.people), "code": act.rules.placed_flag, "by": act.account.actor, "now": act.now,
    }  # fmt: skip
    session.execute(_CARER, params)
    session.execute(_PLACED_FLAG, params)


_MEMBERS = text("SELECT person_id FROM household_member WHERE household_id = :household AND valid_until IS NULL")
_LOCK_HOUSEHOLD = text("SELECT FROM household WHERE id = :household FOR NO KEY UPDATE")
_PREVIEW = text(
    """
    SELECT (SELECT count(*) FROM contact_point WHERE person_id = ANY(CAST(:all AS bigint[]))) AS numbers,
           (SELECT count(*) FROM follow_up WHERE person_id = ANY(CAST(:leaving AS bigint[]))
              AND state IN ('open', 'backlog', 'seen', 'closing')) AS follow_ups,
           (SELECT count(*) FROM appointment WHERE status IN ('planned', 'booked')
              AND ((person_id = ANY(CAST(:leaving AS bigint[])) AND contact_person_id = ANY(CAST(:staying AS bigint[])))
                OR (person_id = ANY(CAST(:staying AS bigint[]))
                    AND contact_person_id = ANY(CAST(:leaving AS bigint[]))))) AS booked
    """
)
# The household's kill switch holds for both.
_NEW_HOUSEHOLD = text(
    """
    INSERT INTO household (team_id, texts_stopped_at, texts_stopped_by, created_at)
    SELECT team_id, texts_stopped_at, texts_stopped_by, :now FROM household WHERE id = :household RETURNING id
    """
)
_SPLIT = text(
    """
    INSERT INTO household_split (reason, from_household_id, to_household_id, protected_person_id, note, done_by,
                                 done_at)
    VALUES (:reason, :old, :new, :protected, :note, :by, :now) RETURNING id
    """
)
_SPLIT_MEMBERS = text(
    """
    INSERT INTO split_member (split_id, person_id, side)
    SELECT :split, person_id, side FROM unnest(CAST(:people AS bigint[]), CAST(:sides AS text[])) AS u (person_id, side)
    ON CONFLICT DO NOTHING
    """
)
_CARER = text(
    """
    WITH carer AS (
        INSERT INTO person (name, life_status, life_status_by, details_by, team_id, first_received_at)
        SELECT :name, 'alive', :by, :by, team_id, :now FROM household WHERE id = :new RETURNING id
    ), lives AS (
        INSERT INTO household_member (household_id, person_id, role, lives_with, reach_first_since, valid_from)
        SELECT :new, id, 'carer', 'yes', :now, :now FROM carer
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why)
        SELECT :now, 'person', :by, 'person.made', 'person', id, :new, 'cares for a child placed in care' FROM carer
    )
    INSERT INTO contact_point (person_id, number, safe_to_text, safe_to_text_by, confirmed_on, confirmed_by, created_at)
    SELECT id, :number, :safe, :by, CAST(:confirmed AS date), :by, :now FROM carer
    WHERE CAST(:number AS text) IS NOT NULL
    """
)
_PLACED_FLAG = text(
    """
    WITH flagged AS (
        INSERT INTO flag (person_id, code, set_at, set_by)
        SELECT m.person_id, :code, :now, :by FROM household_member m
        WHERE m.household_id = :new AND m.valid_until IS NULL AND m.role IN ('child', 'unborn')
          AND m.person_id = ANY(CAST(:people AS bigint[]))
        ON CONFLICT (person_id, code) WHERE ended_at IS NULL DO NOTHING RETURNING id
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why)
    SELECT :now, 'person', :by, 'flag.set', 'flag', id, :new, 'placed in care' FROM flagged
    """
)
_STANDING = text(
    """
    SELECT id, done_by, done_at FROM household_split
    WHERE :household IN (from_household_id, to_household_id) AND undone_at IS NULL AND reason <> 'protected_identity'
    ORDER BY done_at DESC, id DESC
    """
)
_LOCK_SPLIT = text(
    """
    SELECT s.*, EXISTS (SELECT FROM household_split n WHERE n.undone_at IS NULL
                        AND n.from_household_id = s.to_household_id) AS split_again
    FROM household_split s WHERE s.id = :id AND s.undone_at IS NULL FOR UPDATE
    """
)
_UNDO = text("UPDATE household_split SET undone_at = :now, undone_by = :by, undone_reason = :reason WHERE id = :id")
# Whoever cared for a placed child was never of the household it comes back to.
_CARER_LEAVES = text(
    """
    UPDATE household_member SET valid_until = :now
    WHERE household_id = :new AND reach_first_since IS NOT NULL AND valid_until IS NULL
    """
)
_FORMER = text("SELECT person_id FROM split_member WHERE split_id = :id AND side = 'leaves'")
_HOLDS_BACK = text(
    """
    UPDATE hold h SET household_id = :old
    WHERE h.household_id = :new AND h.ended_at IS NULL AND NOT EXISTS (
        SELECT FROM hold o WHERE o.household_id = :old AND o.ended_at IS NULL AND o.kind = h.kind
          AND o.about_person_id IS NOT DISTINCT FROM h.about_person_id)
    """
)
_END_COPIES = text(
    """
    WITH ended AS (
        UPDATE hold SET ended_at = :now, ended_by = :by, ended_how = 'undone', ended_reason = :reason,
            next_due_at = NULL, apply_at = NULL
        WHERE household_id = :new AND ended_at IS NULL RETURNING id
    )
    INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason)
    SELECT id, :now, 'ended', 'person', :by, :reason FROM ended
    """
)
