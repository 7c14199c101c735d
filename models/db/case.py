"""One follow-up with everything a person needs beside it, for one Scope; nothing is read that it does not cover."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.apart import apart
from models.db.scope import Scope
from models.db.worklist_rows import ListRow, rows
from models.domain.ids import FollowUpId, HouseholdId, PersonId
from models.domain.words import ContentLevel, Known, LifeStatus, PersonRole, PregnancyOutcome


@dataclass(frozen=True, slots=True)
class Ending:
    """How a follow-up is being, or was, closed, and what else its row says beside the list's words."""

    cycle: int
    seen_evidence: str | None
    text_released_by: str | None
    text_released_at: datetime | None
    closing_by: str | None
    closing_reason: str | None
    closing_note: str | None
    closed_by: str | None
    closed_at: datetime | None
    closed_reason: str | None
    closed_note: str | None
    continued_in: int | None
    texts_stopped_at: datetime | None  # the household's kill switch
    last_event_id: int  # of its story: what came after it is what changed meanwhile


@dataclass(frozen=True, slots=True)
class Number:
    """A number to reach somebody at, and how safe that is known to be."""

    id: int
    number: str
    safe_to_text: Known
    content_level: ContentLevel
    language: str | None
    interpreter: Known
    confirmed_on: date | None
    opted_out_at: datetime | None
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the household as the page shows them; an unknown is said, never left out."""

    person_id: PersonId
    name: str | None
    nhs_number: str | None
    role: PersonRole | None
    date_of_birth: date | None
    life_status: LifeStatus
    lives_with: Known
    parental_responsibility: Known
    gp_practice: str | None
    holder_name: str | None
    flags: tuple[str, ...]
    numbers: tuple[Number, ...]
    edd: date | None
    pregnancy: PregnancyOutcome | None

    @property
    def is_child(self) -> bool:
        """Whether they stand on the children's side of the page."""
        return self.role in (PersonRole.CHILD, PersonRole.UNBORN)


@dataclass(frozen=True, slots=True)
class Booked:
    """One appointment of the person whom the follow-up is about."""

    id: int
    contact_code: str
    starts_at: datetime
    status: str
    subtype: str | None
    practitioner: str | None
    location: str | None
    vanished: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A follow-up's page in values."""

    row: ListRow
    ending: Ending
    members: tuple[Member, ...]
    booked: tuple[Booked, ...]
    others: tuple[ListRow, ...]  # the household's other live follow-ups, as far as the scope covers them
    prompts: tuple[tuple[int, PersonId, str], ...]  # undecided ones: id, whom about, rule
    replies: tuple[tuple[datetime, str, bool], ...]  # newest first: when, what they wrote, whether it waits


def find(session: Session, scope: Scope, follow_up_id: FollowUpId, *, guarded: Collection[str]) -> Case | None:
    """The case, or None if there is none that `scope` covers.

    `guarded`: contact codes whose appointments only their own service sees, here as everywhere.
    """
    found = rows(session, scope, [follow_up_id])
    if not found:
        return None
    row = found[0]
    params = {"id": follow_up_id, "person": row.person_id, "household": row.household_id}
    other_ids = session.scalars(_OTHERS, params).all()
    return Case(
        row=row,
        ending=Ending(**session.execute(_ENDING, params).mappings().one()),
        members=members(session, household_id=row.household_id, person_id=row.person_id),
        booked=_booked(session, scope, row.person_id, guarded=guarded),
        others=tuple(rows(session, scope, [FollowUpId(other) for other in other_ids])),
        prompts=tuple(
            (prompt_id, PersonId(person_id), rule)
            for prompt_id, person_id, rule, team_id in session.execute(_PROMPTS, params)
            if scope.covers(team_id)
        ),
        replies=tuple((at, body, waits) for at, body, waits in session.execute(_REPLIES, params)),
    )


def _booked(session: Session, scope: Scope, person_id: PersonId, *, guarded: Collection[str]) -> tuple[Booked, ...]:
    params = {
        "person": person_id,
        "guarded": list(guarded),
        "everywhere": scope.sees_families and scope.all_teams,
        "teams": sorted(scope.team_ids),
    }
    return tuple(Booked(**row) for row in session.execute(_BOOKED, params).mappings())


def members(session: Session, *, household_id: HouseholdId | None, person_id: PersonId | None) -> tuple[Member, ...]:
    """The people of the household now, children first, then adults; the person alone where no household is known."""
    params = {"household": household_id, "person": person_id}
    people = session.execute(_MEMBERS, params).mappings().all()
    ids = [person["person_id"] for person in people]
    numbers: dict[int, list[Number]] = {}
    for found in session.execute(_NUMBERS, {"ids": ids}).mappings():
        numbers.setdefault(found["person_id"], []).append(_number(found))
    return tuple(_member(person, numbers.get(person["person_id"], ())) for person in people)


def _number(found: Any) -> Number:
    return Number(
        id=found["id"],
        number=found["number"],
        safe_to_text=Known(found["safe_to_text"]),
        content_level=ContentLevel(found["content_level"]),
        language=found["language"],
        interpreter=Known(found["interpreter"]),
        confirmed_on=found["confirmed_on"],
        opted_out_at=found["opted_out_at"],
        failed_at=found["failed_at"],
    )


def _member(found: Any, numbers: Sequence[Number]) -> Member:
    return Member(
        person_id=PersonId(found["person_id"]),
        name=found["name"],
        nhs_number=found["nhs_number"],
        role=None if found["role"] is None else PersonRole(found["role"]),
        date_of_birth=found["date_of_birth"],
        life_status=LifeStatus(found["life_status"]),
        lives_with=Known(found["lives_with"]),
        parental_responsibility=Known(found["parental_responsibility"]),
        gp_practice=found["gp_practice"],
        holder_name=found["holder_name"],
        flags=tuple(found["flags"] or ()),
        numbers=tuple(numbers),
        edd=found["edd"],
        pregnancy=None if found["pregnancy"] is None else PregnancyOutcome(found["pregnancy"]),
    )


_ENDING = text(
    """
    SELECT cycle, seen_evidence, text_released_by, text_released_at, closing_by, closing_reason, closing_note,
           closed_by, closed_at, closed_reason, closed_note, continued_in,
           (SELECT texts_stopped_at FROM household WHERE household.id = follow_up.household_id) AS texts_stopped_at,
           coalesce((SELECT max(id) FROM follow_up_event WHERE follow_up_id = :id), 0) AS last_event_id
    FROM follow_up WHERE id = :id
    """
)
_MEMBERS = text(
    """
    WITH wanted AS (
        SELECT person_id, role, lives_with, parental_responsibility FROM household_member
        WHERE household_id = :household AND valid_until IS NULL
        UNION ALL
        SELECT :person, (SELECT subject_role FROM appointment WHERE person_id = :person AND subject_role IS NOT NULL
                         ORDER BY starts_at DESC LIMIT 1), 'unknown', 'unknown'
        WHERE CAST(:person AS bigint) IS NOT NULL
          AND NOT EXISTS (SELECT FROM household_member WHERE household_id = :household AND person_id = :person
                          AND valid_until IS NULL)
    )
    SELECT w.person_id, p.name, p.nhs_number, w.role, p.date_of_birth, p.life_status, w.lives_with,
           w.parental_responsibility, p.gp_practice, holder.name AS holder_name,
           (SELECT array_agg(code ORDER BY code) FROM flag WHERE flag.person_id = p.id AND ended_at IS NULL) AS flags,
           preg.edd, preg.outcome AS pregnancy
    FROM wanted w
    JOIN person p ON p.id = w.person_id
    LEFT JOIN practitioner holder ON holder.id = p.caseload_holder_id
    LEFT JOIN LATERAL (SELECT edd, outcome FROM pregnancy WHERE mother_id = p.id ORDER BY edd DESC LIMIT 1) preg ON true
    ORDER BY (w.role IN ('child', 'unborn')) DESC, p.id = :person DESC, p.date_of_birth DESC NULLS LAST, p.id
    """
)
_NUMBERS = text(
    """
    SELECT id, person_id, number, safe_to_text, content_level, language, interpreter, confirmed_on, opted_out_at,
           failed_at
    FROM contact_point WHERE person_id = ANY(CAST(:ids AS bigint[])) ORDER BY person_id, id
    """
)
_BOOKED = text(
    """
    SELECT a.id, a.contact_code, a.starts_at, a.status, a.subtype, practitioner.name AS practitioner, a.location,
           a.vanished_at IS NOT NULL AS vanished
    FROM appointment a LEFT JOIN practitioner ON practitioner.id = a.practitioner_id
    WHERE a.person_id = :person
      AND (:everywhere OR a.contact_code <> ALL(CAST(:guarded AS text[]))
           OR coalesce(a.team_id, practitioner.team_id) = ANY(CAST(:teams AS bigint[])))
    ORDER BY a.starts_at DESC, a.id DESC LIMIT 12
    """
)
_OTHERS = text(
    """
    SELECT id FROM follow_up
    WHERE household_id = :household AND id <> :id AND state IN ('open', 'backlog', 'seen', 'closing')
    ORDER BY red_flag DESC, high_risk DESC, breach_at, id LIMIT 20
    """
)
_PROMPTS = text(
    """
    SELECT id, person_id, rule_id, team_id FROM referral_prompt
    WHERE state <> 'decided' AND (household_id = :household OR person_id = :person) ORDER BY raised_at, id
    """
)
_REPLIES = text(
    f"""
    SELECT i.received_at, i.body, a.state = 'open' FROM alert a JOIN inbound_message i ON i.alert_id = a.id
    LEFT JOIN contact_point c ON c.id = i.contact_point_id
    WHERE a.follow_up_id = :id AND NOT {apart("c.person_id", "CAST(:person AS bigint)")}
    ORDER BY i.id DESC LIMIT 10
    """
)
