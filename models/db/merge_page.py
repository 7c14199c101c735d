"""Two records side by side, and what a merge did, for one Scope; nothing is read that it does not cover. No commits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.case import Member, members
from models.db.scope import Scope
from models.domain.ids import HouseholdId, PersonId
from models.domain.merging import Comparison, Identity, compare
from models.domain.words import JoinKind, PersonRole, ProposalState


@dataclass(frozen=True, slots=True)
class PersonSide:
    """One record of a person, with what tells them from another."""

    id: PersonId
    member: Member
    roles: frozenset[PersonRole]  # in the households of today
    postcode: str | None
    identifiers: tuple[tuple[str, str], ...]  # source and its own id
    households: tuple[tuple[HouseholdId, str], ...]  # with the names of who else is there
    appointments: int
    latest: date | None
    live: int  # follow-ups
    first_received_at: datetime
    merged_into: PersonId | None


@dataclass(frozen=True, slots=True)
class HouseholdSide:
    """One record of a household, with its people."""

    id: HouseholdId
    members: tuple[Member, ...]
    identifiers: tuple[tuple[str, str], ...]
    live: int
    merged_into: HouseholdId | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two records to compare. `comparison` is None for households: what they share is their people."""

    id: int
    what: str  # 'person' or 'household'
    why: str
    state: ProposalState
    reason: str | None
    decided_by: str | None
    sides: tuple[Any, Any]
    comparison: Comparison | None

    @property
    def is_stale(self) -> bool:
        """Whether one of the two has gone into another record since it was proposed."""
        return any(side.merged_into is not None for side in self.sides)


@dataclass(frozen=True, slots=True)
class Merged:
    """What one act moved. `counts`: rows by table, most first."""

    id: int
    kind: JoinKind
    made_at: datetime
    made_by: str
    reason: str
    agreed: tuple[str, ...]
    undone_at: datetime | None
    undone_by: str | None
    undone_reason: str | None
    names: tuple[str | None, str | None]  # of the kept and the other record
    counts: tuple[tuple[str, int], ...]
    came_later: tuple[tuple[str, datetime, str], ...]  # appointments of the kept record: code, start, status


def proposal(session: Session, scope: Scope, proposal_id: int) -> Proposal | None:
    """The proposal with both its records, or None unless `scope` covers both."""
    row = session.execute(_PROPOSAL, {"id": proposal_id}).mappings().one_or_none()
    if row is None:
        return None
    what = "person" if row["person_id"] is not None else "household"
    ids = (row[f"{what}_id"], row[f"other_{what}_id"])
    if not all(covers(session, scope, what, one) for one in ids):
        return None
    comparison = None
    if what == "person":
        sides: tuple[Any, Any] = (_person(session, ids[0]), _person(session, ids[1]))
        comparison = compare(*(_identity(side, told=row["why"] == "same_number", pair=sides) for side in sides))
    else:
        sides = (_household(session, ids[0]), _household(session, ids[1]))
    state = ProposalState(row["state"])
    return Proposal(row["id"], what, row["why"], state, row["reason"], row["decided_by"], sides, comparison)


def covers(session: Session, scope: Scope, what: str, record_id: int) -> bool:
    """Whether `scope` covers a person or household: by its own team, or that of anybody it lives with."""
    teams = session.scalars(text(_TEAMS[what]), {"id": record_id}).all()
    return any(scope.covers(team) for team in teams) or (not any(teams) and scope.covers(None))


def find_person(session: Session, scope: Scope, number: str) -> PersonId | None:
    """The one person with this NHS number or this id of some record system, if `scope` covers them. Never by a name."""
    found = session.scalars(_BY_NUMBER, {"number": number.replace(" ", ""), "local": number}).all()
    if len(found) != 1 or not covers(session, scope, "person", found[0]):
        return None
    return PersonId(found[0])


def merged(session: Session, scope: Scope, merge_id: int) -> Merged | None:
    """One merge, or None unless `scope` covers the record that is kept."""
    row = session.execute(_MERGED, {"id": merge_id}).mappings().one_or_none()
    if row is None:
        return None
    what = "household" if row["kind"] == JoinKind.HOUSEHOLDS else "person"
    if not covers(session, scope, what, row["kept"]):
        return None
    later = session.execute(_LATER, {"kept": row["kept"], "before": row["ids_before"].get("appointment", 0)})
    return Merged(
        id=row["id"],
        kind=JoinKind(row["kind"]),
        made_at=row["made_at"],
        made_by=row["made_by"],
        reason=row["reason"],
        agreed=tuple(row["agreed"]),
        undone_at=row["undone_at"],
        undone_by=row["undone_by"],
        undone_reason=row["undone_reason"],
        names=(row["kept_name"], row["gone_name"]),
        counts=tuple((one.table_name, one.rows) for one in session.execute(_COUNTS, {"id": merge_id})),
        came_later=tuple((one.contact_code, one.starts_at, one.status) for one in later) if what == "person" else (),
    )


def of_family(session: Session, people: Sequence[int], household_id: int) -> tuple[list[Any], list[Any]]:
    """The open proposals and the merges that concern these people or this household, newest first."""
    params = {"people": list(people), "household": household_id}
    return list(session.execute(_OPEN, params)), list(session.execute(_MERGES, params))


def _person(session: Session, person_id: int) -> PersonSide:
    row = session.execute(_PERSON, {"id": person_id}).mappings().one()
    (member,) = members(session, household_id=None, person_id=PersonId(person_id))
    roles = session.scalars(_ROLES, {"id": person_id}).all()
    return PersonSide(
        id=PersonId(person_id),
        member=replace(member, role=PersonRole(roles[0])) if len(roles) == 1 else member,
        roles=frozenset(PersonRole(role) for role in roles),
        postcode=row["postcode"],
        identifiers=tuple((one.name, one.local_id) for one in session.execute(_IDENTIFIERS, {"id": person_id})),
        households=tuple((one.id, one.others or "") for one in session.execute(_HOUSEHOLDS, {"id": person_id})),
        appointments=row["appointments"],
        latest=row["latest"],
        live=row["live"],
        first_received_at=row["first_received_at"],
        merged_into=row["merged_into"],
    )


def _household(session: Session, household_id: int) -> HouseholdSide:
    row = session.execute(_HOUSEHOLD, {"id": household_id}).mappings().one()
    told = ((row["source"], row["source_household_id"]),) if row["source"] else ()
    return HouseholdSide(
        id=HouseholdId(household_id),
        members=members(session, household_id=HouseholdId(household_id), person_id=None),
        identifiers=told,
        live=row["live"],
        merged_into=row["merged_into"],
    )


def _identity(side: PersonSide, *, told: bool, pair: tuple[PersonSide, PersonSide]) -> Identity:
    numbers = {one.member.nhs_number for one in pair if one.member.nhs_number} if told else set()
    return Identity(
        nhs_number=side.member.nhs_number,
        name=side.member.name,
        date_of_birth=side.member.date_of_birth,
        postcode=side.postcode,
        roles=side.roles,
        households=frozenset(int(household) for household, _ in side.households),
        told_numbers=frozenset(numbers),
    )


_PROPOSAL = text("SELECT * FROM merge_proposal WHERE id = :id")
_AROUND = """
    SELECT h.team_id FROM household_member m JOIN household h ON h.id = m.household_id
    WHERE {where} AND m.valid_until IS NULL
    UNION SELECT p.team_id FROM household_member m JOIN household_member o ON o.household_id = m.household_id
    JOIN person p ON p.id = o.person_id WHERE {where} AND m.valid_until IS NULL AND o.valid_until IS NULL
"""
_TEAMS = {
    "person": f"SELECT team_id FROM person WHERE id = :id UNION {_AROUND.format(where='m.person_id = :id')}",
    "household": f"SELECT team_id FROM household WHERE id = :id UNION {_AROUND.format(where='m.household_id = :id')}",
}
_BY_NUMBER = text(
    """
    SELECT coalesce(merged_into, id) FROM person WHERE nhs_number = :number
    UNION SELECT person_id FROM person_identifier WHERE local_id = :local
    """
)
_PERSON = text(
    """
    SELECT p.postcode, p.first_received_at, p.merged_into, count(a.id) AS appointments,
           CAST(max(a.starts_at) AS date) AS latest,
           (SELECT count(*) FROM follow_up f
            WHERE f.person_id = p.id AND f.state IN ('open', 'backlog', 'seen', 'closing')) AS live
    FROM person p LEFT JOIN appointment a ON a.person_id = p.id WHERE p.id = :id GROUP BY p.id
    """
)
_IDENTIFIERS = text(
    "SELECT s.name, i.local_id FROM person_identifier i JOIN source s ON s.id = i.source_id"
    " WHERE i.person_id = :id AND i.local_id NOT LIKE 'contact of %' ORDER BY 1, 2"
)
_HOUSEHOLDS = text(
    """
    SELECT m.household_id AS id, string_agg(p.name, ', ' ORDER BY p.date_of_birth, p.id) AS others
    FROM household_member m
    LEFT JOIN household_member o ON o.household_id = m.household_id AND o.person_id <> m.person_id
         AND o.valid_until IS NULL
    LEFT JOIN person p ON p.id = o.person_id
    WHERE m.person_id = :id AND m.valid_until IS NULL GROUP BY 1 ORDER BY 1
    """
)
_ROLES = text("SELECT DISTINCT role FROM household_member WHERE person_id = :id AND valid_until IS NULL")
_HOUSEHOLD = text(
    """
    SELECT s.name AS source, h.source_household_id, h.merged_into,
           (SELECT count(*) FROM follow_up f
            WHERE f.household_id = h.id AND f.state IN ('open', 'backlog', 'seen', 'closing')) AS live
    FROM household h LEFT JOIN source s ON s.id = h.source_id WHERE h.id = :id
    """
)
_MERGED = text(
    """
    SELECT r.*, coalesce(r.kept_person_id, r.kept_household_id) AS kept, k.name AS kept_name, g.name AS gone_name
    FROM record_merge r
    LEFT JOIN person k ON k.id = r.kept_person_id LEFT JOIN person g ON g.id = r.gone_person_id WHERE r.id = :id
    """
)
_COUNTS = text(
    """
    SELECT table_name, count(DISTINCT row_key) AS rows FROM merge_item
    WHERE merge_id = :id AND undoes IS NULL
      -- That there are any says what this page's readers may not learn: which service sees an adult, who lives apart.
      AND table_name NOT IN ('disclosure', 'discharge', 'split_member', 'household_split')
    GROUP BY 1 ORDER BY 2 DESC, 1
    """
)
_LATER = text(
    """
    SELECT contact_code, starts_at, status FROM appointment WHERE person_id = :kept AND id > :before
    ORDER BY starts_at DESC LIMIT 50
    """
)
_OPEN = text(
    """
    SELECT id, household_id IS NOT NULL AS of_households FROM merge_proposal
    WHERE state = 'open' AND (person_id = ANY(CAST(:people AS bigint[]))
        OR other_person_id = ANY(CAST(:people AS bigint[])) OR :household IN (household_id, other_household_id))
    ORDER BY id DESC
    """
)
_MERGES = text(
    """
    SELECT id, kind, made_at, made_by, undone_at FROM record_merge
    WHERE kept_person_id = ANY(CAST(:people AS bigint[])) OR gone_person_id = ANY(CAST(:people AS bigint[]))
       OR kept_household_id = :household OR gone_household_id = :household
    ORDER BY id DESC LIMIT 50
    """
)
