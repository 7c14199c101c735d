"""Separating a household, putting it together again, closing a record for protection: looked at first, then done."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from intake.bad_value import BadValue
from intake.parsing import HOME_REGION, nhs_number, phone_parser
from models.db import history, protection, splits
from models.db.family_page import Family
from models.db.follow_up_rows import NotAllowed
from models.db.hold_acts import Acting
from models.db.protection import Closing
from models.db.separating import Act as Separating
from models.db.splits import Carer, Leaving
from models.domain.words import Known, SplitReason
from web import words
from web.family import find
from web.holds import refused, run
from web.pages import page
from web.visits import Act, AnAct, NotFound

router = APIRouter()


@router.post("/families/{household_id}/split")
def split(household_id: int, act: AnAct) -> Response:
    """Show what a split would do; do it once that was seen and confirmed."""
    found = find(act.visit, household_id)
    if act.text("confirmed") != "yes":
        return _preview(act, found, lambda: _leaving(act, found))

    def do(found: Family, acting: Acting) -> str:
        splits.split(act.visit.db, _leaving(act, found), _separating(act, acting))
        return "split"

    return run(act, household_id, do)


@router.post("/families/{household_id}/splits/{split_id}/undo")
def undo(household_id: int, split_id: int, act: AnAct) -> Response:
    """Put a household together again."""

    def do(found: Family, acting: Acting) -> str:
        if not any(one.id == split_id for one in splits.standing(act.visit.db, found.household_id)):
            raise NotFound
        splits.undo(act.visit.db, split_id, reason=act.text("note"), act=_separating(act, acting))
        return "split_undone"

    return _elsewhere(run(act, household_id, do), "split_undone")


@router.post("/families/{household_id}/close-record")
def close_record(household_id: int, act: AnAct) -> Response:
    """Close one person's record to all but the named nurse: looked at first."""
    found = find(act.visit, household_id)
    if act.text("confirmed") != "yes":
        return _preview(act, found, lambda: _protecting(act, found), protected=_number(act, "person"))

    def do(found: Family, acting: Acting) -> str:
        closing = Closing(
            household_id=found.household_id,
            person_id=_one(act, found),
            seen=act.numbers("seen"),
            new_nhs_number=_new_number(act),
            note=act.text("note"),
        )
        protection.close_record(act.visit.db, closing, _separating(act, acting))
        return "record_closed"

    return _elsewhere(run(act, household_id, do), "record_closed")


@router.post("/families/{household_id}/open-record")
def open_record(household_id: int, act: AnAct) -> Response:
    """Open a closed record again: the named nurse's act."""

    def do(found: Family, acting: Acting) -> str:
        split_id = protection.find(act.visit.db, found.household_id)
        if split_id is None:
            raise NotFound
        protection.open_again(act.visit.db, split_id, reason=act.text("note"), act=_separating(act, acting))
        return "record_opened"

    return _elsewhere(run(act, household_id, do), "record_opened")


def _preview(act: Act, found: Family, leaving: Callable[[], Leaving], *, protected: int | None = None) -> Response:
    """What would be done, in numbers; the form carries all that was written, to be confirmed. Looking is kept."""
    visit = act.visit
    try:
        wanted = leaving()
        seen = splits.preview(visit.db, wanted, protected=protected)
    except NotAllowed as refusal:
        return refused(act, found, refusal)
    history.audited(
        visit.db, action="read", subject="household", subject_id=found.household_id, household_id=found.household_id,
        actor=visit.scope, now=visit.now, why="before separating it",
    )  # fmt: skip
    visit.db.commit()
    gone = [member for member in found.members if member.person_id in wanted.people]
    return page(
        visit,
        "split.html",
        family=found,
        protects=protected is not None,
        leaving=gone,
        staying=[member for member in found.members if member not in gone],
        preview=seen,
        reason=words.SEPARATED.get(wanted.reason, ""),
        given={key: act.text(key) for key in act.form if key not in ("csrf_token", "person", "seen")},
    )


def _leaving(act: Act, found: Family) -> Leaving:
    if act.text("reason") not in list(words.SEPARATED):
        raise NotAllowed("Choose why the household is separated.")
    reason = SplitReason(act.text("reason"))
    return Leaving(
        household_id=found.household_id,
        people=act.numbers("person"),
        seen=act.numbers("seen"),
        reason=reason,
        note=act.text("note"),
        carer=_carer(act) if reason is SplitReason.PLACED_IN_CARE else None,
    )


def _protecting(act: Act, found: Family) -> Leaving:
    _new_number(act)
    return Leaving(
        household_id=found.household_id,
        people=frozenset({_one(act, found)}),
        seen=act.numbers("seen"),
        reason=SplitReason.PROTECTED_IDENTITY,
        note=act.text("note"),
    )


def _carer(act: Act) -> Carer | None:
    name, number, safe = (
        act.text("carer_name", longest=200),
        act.text("carer_number", longest=40),
        act.text("carer_safe"),
    )
    if not name:
        return None
    try:
        e164 = phone_parser(HOME_REGION)(number) if number else None
    except BadValue as error:
        raise NotAllowed(f"the carer's number: {error}") from error
    return Carer(name=name, number=e164, safe_to_text=Known(safe) if safe in list(Known) else Known.NOT_ASKED)


def _new_number(act: Act) -> str | None:
    raw = act.text("new_nhs_number", longest=20)
    try:
        return nhs_number(raw) if raw else None
    except BadValue as error:
        raise NotAllowed(f"the new NHS number: {error}") from error


def _one(act: Act, found: Family) -> int:
    person = _number(act, "person")
    if person not in [int(member.person_id) for member in found.members]:
        raise NotAllowed("Choose whose record is to be closed.")
    return person


def _number(act: Act, name: str) -> int:
    return act.number(name) or 0


def _separating(act: Act, acting: Acting) -> Separating:
    flags = act.visit.site.rules.flags
    harmless = frozenset(code for code, kind in flags.kinds.items() if not kind.high_risk)
    return Separating(
        account=acting.account, rules=acting.rules, harmless_flags=harmless, calendar=acting.calendar, now=acting.now
    )


def _elsewhere(answer: Response, done: str) -> Response:
    """After acts by which this household, or this login's sight of it, is gone: back to the list."""
    return RedirectResponse(f"/?done={done}", status_code=303) if answer.status_code == 303 else answer
