"""Join two records of one person, in one transaction, so that it can be taken apart again. Never commits.

A person has decided; nothing here compares (models/domain/merging.py does, for the page). The record that is gone stays
as a row that names the one that is kept: imports that speak of it are led there.
"""

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import RowMapping, text

from models.db import merge_adults, merge_holds
from models.db.base import words_in
from models.db.merge_memberships import unite
from models.db.merge_rows import Mover, Place, places_of
from models.domain.merging import ContactState, by_a_person, safest
from models.domain.message_states import WAITING
from models.domain.words import CaseloadMoveState, ContentLevel, ExpectedState, Known, LifeStatus

# How far a contact has got: of two that are one, the one further on tells.
_FURTHER = (
    ExpectedState.NOT_APPLICABLE,
    ExpectedState.SUPERSEDED,
    ExpectedState.PLANNED,
    ExpectedState.BOOKED,
    ExpectedState.OVERDUE,
    ExpectedState.MET,
)
_DETAILS = (
    "name", "date_of_birth", "gp_practice", "postcode", "caseload_holder_id", "team_id", "left_birth_place_on",
)  # fmt: skip


def join(mover: Mover, *, kept: int, gone: int, same_pregnancy: timedelta) -> None:
    """Move everything of `gone` to `kept`; the caller holds the locks and has opened the merge.

    What may exist once for a person is settled first, and what is not moved then stays with the record that is gone.
    Who may not be joined has been refused before (models/db/merge_refusals.py).
    """
    session = mover.session
    stay: dict[str, list[int]] = {
        "contact_point": _contact_points(mover, kept, gone),
        "flag": _flags(mover, kept, gone),
        "expected_contact": _expected_contacts(mover, kept, gone),
        "household_member": unite(mover, of="person_id", kept=kept, gone=gone),
        "pregnancy": _pregnancies(mover, kept, gone, within=same_pregnancy),
        "school_handover": list(session.scalars(_SAME_HANDOVER, _pair(kept, gone))),
    }
    _caseload_moves(mover, kept, gone)
    merge_holds.unite(mover, ("person_id", "about_person_id"), kept=kept, gone=gone)
    merge_adults.carry(mover, "person", kept=kept, gone=gone)
    for place in places_of("person"):
        mover.move(place, away_from=gone, to=kept, keeping=stay.get(place.table, ()))
    mover.move(Place("person", "merged_into"), away_from=gone, to=kept)
    _details(mover, kept, gone)
    mover.set("person", gone, merged_into=kept)


def _details(mover: Mover, kept: int, gone: int) -> None:
    """Gaps are filled; a person's entry wins over an import's; a death, once told, is told of both."""
    rows = {row["id"]: row for row in mover.session.execute(_PEOPLE, {"ids": [kept, gone]}).mappings()}
    mine, other = rows[kept], rows[gone]
    theirs_first = by_a_person(other["details_by"]) and not by_a_person(mine["details_by"])
    first, second = (other, mine) if theirs_first else (mine, other)
    details = {name: first[name] if first[name] is not None else second[name] for name in _DETAILS}
    details["details_by"] = first["details_by"] or second["details_by"]
    if mine["content_hash"] is None:  # the register knows whoever it knew by either record: planning asks for that
        details |= {name: other[name] for name in ("content_hash", "source_version")}
    mover.set("person", kept, **details, **_life(mine, other))
    if mine["nhs_number"] is None and other["nhs_number"] is not None:
        mover.set("person", gone, nhs_number=None)  # before it is given to the other: no two may have it
        mover.set("person", kept, nhs_number=other["nhs_number"])


def _life(mine: RowMapping, other: RowMapping) -> dict[str, object]:
    """A death told of either; else a person's word; else what is less certain, which holds texts."""
    dead = [row for row in (mine, other) if row["life_status"] == LifeStatus.DECEASED]
    entered = [row for row in (mine, other) if by_a_person(row["life_status_by"])]
    unknown = [row for row in (mine, other) if row["life_status"] == LifeStatus.UNKNOWN]
    found = (dead or entered or unknown or [mine])[0]
    return {
        "life_status": found["life_status"],
        "life_status_by": found["life_status_by"],
        "deceased_on": (mine["deceased_on"] or other["deceased_on"]) if dead else None,
    }


def _contact_points(mover: Mover, kept: int, gone: int) -> list[int]:
    """A number on both: the safer of what is known stays; messages that wait for the other row wait for this one."""
    stay = []
    for row in mover.session.execute(_SAME_NUMBERS, {"kept": kept, "gone": gone}).mappings():
        mine, other = _contact(row, "k_"), _contact(row, "g_")
        found = safest(mine, other)
        mover.set("contact_point", row["k_id"], **asdict(found))
        waiting = Place("message", "contact_point_id", f"state IN {words_in(WAITING)} AND audience = 'family'")
        mover.move(waiting, away_from=row["g_id"], to=row["k_id"])
        stay.append(row["g_id"])
    return stay


def _contact(row: RowMapping, prefix: str) -> ContactState:
    values = {name: row[prefix + name] for name in ContactState.__dataclass_fields__}
    words = {
        "interpreter": Known(values["interpreter"]),
        "safe_to_text": Known(values["safe_to_text"]),
        "content_level": ContentLevel(values["content_level"]),
    }
    return ContactState(**{**values, **words})


def _flags(mover: Mover, kept: int, gone: int) -> list[int]:
    """A flag on both: one stays, a person's if either is, since the earlier day, asked about by the sooner one."""
    stay = []
    for row in mover.session.execute(_SAME_FLAGS, _pair(kept, gone)).mappings().all():
        persons = by_a_person(row["g_set_by"]) and not by_a_person(row["k_set_by"])
        mover.set(
            "flag", row["k_id"], set_by=row["g_set_by" if persons else "k_set_by"],
            set_at=min(row["k_set_at"], row["g_set_at"]),
            review_at=min(filter(None, (row["k_review_at"], row["g_review_at"])), default=None),
        )  # fmt: skip
        mover.set("flag", row["g_id"], ended_at=mover.now, ended_by=mover.by)
        stay.append(row["g_id"])
    return stay


def _caseload_moves(mover: Mover, kept: int, gone: int) -> None:
    """A move planned on both: what was recorded last is what was decided."""
    for earlier in mover.session.scalars(_EARLIER_MOVE, _pair(kept, gone)).all():
        mover.set("caseload_move", earlier, state=CaseloadMoveState.WITHDRAWN, due_at=None)


def _expected_contacts(mover: Mover, kept: int, gone: int) -> list[int]:
    """One contact planned on both records is one: how far it has got, its appointments and its follow-up are kept."""
    stay = []
    for row in mover.session.execute(_SAME_CONTACTS, {"kept": kept, "gone": gone}).mappings():
        if _FURTHER.index(ExpectedState(row["g_state"])) > _FURTHER.index(ExpectedState(row["k_state"])):
            further = {name: row["g_" + name] for name in ("state", "next_due_at", "met_at")}
            mover.set("expected_contact", row["k_id"], **further)
        mover.set("expected_contact", row["g_id"], state=ExpectedState.NOT_APPLICABLE, next_due_at=None)
        mover.move(Place("appointment", "expected_contact_id"), away_from=row["g_id"], to=row["k_id"])
        if row["k_follow_up"] is None:
            mover.move(Place("follow_up", "expected_contact_id"), away_from=row["g_id"], to=row["k_id"])
        stay.append(row["g_id"])
    return stay


def _pregnancies(mover: Mover, kept: int, gone: int, *, within: timedelta) -> list[int]:
    """One pregnancy told of twice: an end that either record knows is its end; two that go on become one."""
    for row in mover.session.execute(_ENDED_ELSEWHERE, {**_pair(kept, gone), "within": within.days}).mappings():
        mover.set(
            "pregnancy", row["id"], outcome=row["outcome"], outcome_by=row["outcome_by"], ended_on=row["ended_on"]
        )
    both = mover.session.execute(_BOTH_CURRENT, _pair(kept, gone)).mappings().one_or_none()
    if both is None:
        return []
    first = "k" if both["k_nulliparous"] != Known.UNKNOWN else "g"
    parity = {name: both[f"{first}_{name}"] for name in ("nulliparous", "nulliparous_by")}
    due = min(filter(None, (both["k_next_due_at"], both["g_next_due_at"])), default=None)
    mover.set("pregnancy", both["k_id"], next_due_at=due, **parity)
    if by_a_person(both["g_edd_by"]) and not by_a_person(both["k_edd_by"]):
        mover.set("pregnancy", both["k_id"], edd=both["g_edd"], edd_by=both["g_edd_by"])
    if by_a_person(both["g_outcome_by"]) and not by_a_person(both["k_outcome_by"]):
        mover.set("pregnancy", both["k_id"], outcome=both["g_outcome"], outcome_by=both["g_outcome_by"])
    mover.move(Place("expected_contact", "pregnancy_id"), away_from=both["g_id"], to=both["k_id"])
    merge_holds.unite(mover, ("pregnancy_id",), kept=both["k_id"], gone=both["g_id"])
    mover.move(Place("hold", "pregnancy_id"), away_from=both["g_id"], to=both["k_id"])
    mover.set("pregnancy", both["g_id"], household_id=None, next_due_at=None)  # so that nobody waits for its end
    return [both["g_id"]]


def _pair(kept: int, gone: int) -> dict[str, object]:
    return {"kept": kept, "gone": gone}


_PEOPLE = text(
    f"""
    SELECT id, nhs_number, details_by, content_hash, source_version, life_status, life_status_by, deceased_on,
           {", ".join(_DETAILS)}
    FROM person WHERE id = ANY(CAST(:ids AS bigint[]))
    """
)


def _both(*names: str) -> str:
    return ", ".join(f"{record}.{name} AS {record}_{name}" for record in ("k", "g") for name in ("id", *names))


_SAME_NUMBERS = text(
    f"""
    SELECT {_both(*ContactState.__dataclass_fields__)}
    FROM contact_point k JOIN contact_point g USING (number)
    WHERE k.person_id = :kept AND g.person_id = :gone ORDER BY k.id
    """
)
_SAME_FLAGS = text(
    f"""
    SELECT {_both("set_by", "set_at", "review_at")} FROM flag g JOIN flag k USING (code)
    WHERE g.person_id = :gone AND k.person_id = :kept AND g.ended_at IS NULL AND k.ended_at IS NULL
    """
)
_SAME_HANDOVER = text(
    """
    SELECT g.id FROM school_handover g JOIN school_handover k ON k.person_id = :kept AND k.withdrawn_at IS NULL
    WHERE g.person_id = :gone AND g.withdrawn_at IS NULL
    """
)
_EARLIER_MOVE = text(
    """
    SELECT id FROM caseload_move WHERE person_id IN (:kept, :gone) AND state = 'planned'
    ORDER BY recorded_at DESC, id DESC OFFSET 1
    """
)
_SAME_CONTACTS = text(
    f"""
    SELECT {_both("state", "next_due_at", "met_at")},
           (SELECT f.id FROM follow_up f WHERE f.expected_contact_id = k.id) AS k_follow_up
    FROM expected_contact k JOIN expected_contact g USING (contact_code, anchor_on)
    WHERE k.person_id = :kept AND g.person_id = :gone ORDER BY k.id
    """
)
_ENDED_ELSEWHERE = text(
    """
    SELECT c.id, e.outcome, e.outcome_by, e.ended_on FROM pregnancy c JOIN pregnancy e ON e.mother_id <> c.mother_id
    WHERE c.mother_id IN (:kept, :gone) AND e.mother_id IN (:kept, :gone)
      AND c.outcome IN ('unknown', 'continuing') AND e.outcome NOT IN ('unknown', 'continuing')
      AND abs(c.edd - e.edd) < :within
    """
)
_BOTH_CURRENT = text(
    f"""
    SELECT {_both("edd", "edd_by", "outcome", "outcome_by", "nulliparous", "nulliparous_by", "next_due_at")}
    FROM pregnancy k, pregnancy g
    WHERE k.mother_id = :kept AND g.mother_id = :gone AND k.outcome IN ('unknown', 'continuing')
      AND g.outcome IN ('unknown', 'continuing')
    """
)
