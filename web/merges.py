"""Two records that may be one person or household: compare, join, take apart, part one that mixed two.

For team leads and the named nurse. Nothing is joined by a machine, and everything can be taken back.
"""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.db import family_page, history, merge_page, merge_proposals, merges, part_page
from models.db.family_page import Family
from models.db.follow_up_rows import ActionRefused
from models.db.merge_page import Merged, Proposal
from models.db.merge_proposals import ASKED, Pair
from models.domain.ids import HouseholdId, PersonId
from models.domain.words import AccountRole, ProposalState
from web import family, merge_words
from web.pages import page
from web.visits import Act, AnAct, AVisit, NotFound, Visit, need_role

router = APIRouter()
DECIDES = (AccountRole.TEAM_LEAD, AccountRole.NAMED_NURSE)


@router.get("/merges/{proposal_id}")
def compare(proposal_id: int, visit: AVisit) -> HTMLResponse:
    """Two records side by side; reading them is kept."""
    found = _proposal(visit, proposal_id)
    for side in found.sides:
        _read(visit, found.what, side.id)
    visit.db.commit()
    return _show(visit, found)


@router.post("/merges/{proposal_id}/join")
def join(proposal_id: int, act: AnAct) -> Response:
    """They are one: the other record's rows go to the one that is kept."""
    need_role(act.visit, *DECIDES)
    found = _proposal(act.visit, proposal_id)
    kept, reason, why_not = act.number("kept"), act.text("reason"), _why_not(act, found)
    if why_not:
        return _show(act.visit, found, problem=why_not, kept=kept, reason=reason)
    one, other = (int(side.id) for side in found.sides)
    stays, gone = (one, other) if kept == one else (other, one)

    def do() -> str:
        visit = act.visit
        if found.comparison is not None:
            rules = visit.site.rules
            merges.join_people(
                visit.db, kept=stays, gone=gone, reason=reason, agreed=found.comparison.agree, account=visit.scope,
                now=visit.now, answer_within=rules.feeds.grace, same_pregnancy=rules.planning.pregnancy.same_within,
            )  # fmt: skip
        else:
            merges.join_households(
                visit.db, kept=stays, gone=gone, reason=reason, account=visit.scope, now=visit.now
            )  # fmt: skip
        merge_proposals.decide(
            visit.db, found.id, state=ProposalState.JOINED, reason=reason, account=visit.scope, now=visit.now
        )
        return f"/merges/{proposal_id}?done=records_joined"

    return _try(act, do, lambda problem: _show(act.visit, found, problem=problem, kept=kept, reason=reason))


@router.post("/merges/{proposal_id}/not-one")
def not_one(proposal_id: int, act: AnAct) -> Response:
    """They are two: said once, with the reason."""
    need_role(act.visit, *DECIDES)
    found = _proposal(act.visit, proposal_id)
    reason = act.text("reason")
    if not reason:
        return _show(act.visit, found, problem="Write how you know that these are two.", reason=reason)

    def do() -> str:
        visit = act.visit
        merge_proposals.decide(
            visit.db, found.id, state=ProposalState.NOT_ONE, reason=reason, account=visit.scope, now=visit.now
        )
        history.audited(
            visit.db, action="records_not_one", subject="merge_proposal", subject_id=found.id, actor=visit.scope,
            now=visit.now,
        )  # fmt: skip
        return f"/merges/{proposal_id}?done=records_not_one"

    return _try(act, do, lambda problem: _show(act.visit, found, problem=problem, reason=reason))


@router.post("/families/{household_id}/same")
def propose(household_id: int, act: AnAct) -> Response:
    """Somebody says that two records may be one; the next page compares them."""
    visit = act.visit
    home = family.find(visit, household_id)
    pair = _pair(act, home)
    if isinstance(pair, str):
        return family.show(visit, home, status=422, problem=pair, number=act.text("number"))

    def do() -> str:
        within = visit.site.rules.feeds.grace
        found = merge_proposals.propose(
            visit.db, pair, why=ASKED, by=visit.scope.actor, now=visit.now, answer_within=within
        )
        return f"/merges/{found}"

    return _try(act, do, lambda problem: family.show(visit, home, status=422, problem=problem))


@router.get("/record-merges/{merge_id}")
def merged(merge_id: int, visit: AVisit) -> HTMLResponse:
    """What one act moved, and the form that takes it back."""
    found = _merged(visit, merge_id)
    history.audited(
        visit.db, action="read", subject="record_merge", subject_id=found.id, actor=visit.scope, now=visit.now
    )
    visit.db.commit()
    return page(visit, "record_merge.html", merge=found, words=merge_words, may=visit.scope.role in DECIDES)


@router.post("/record-merges/{merge_id}/undo")
def undo(merge_id: int, act: AnAct) -> Response:
    """Take it back; what can't be put back is asked of a person."""
    need_role(act.visit, *DECIDES)
    found, reason = _merged(act.visit, merge_id), act.text("reason")

    def show(problem: str) -> HTMLResponse:
        return page(
            act.visit, "record_merge.html", status=422, merge=found, words=merge_words, may=True, problem=problem,
            reason=reason,
        )  # fmt: skip

    def do() -> str:
        visit = act.visit
        left = merges.undo(
            visit.db, merge_id=merge_id, reason=reason, account=visit.scope, now=visit.now,
            answer_within=visit.site.rules.feeds.grace,
        )  # fmt: skip
        return f"/record-merges/{merge_id}?done={'records_parted_rest' if left.rows else 'records_parted'}"

    return show("Write why these are two after all.") if not reason else _try(act, do, show)


@router.get("/people/{person_id}/part")
def part_form(person_id: int, visit: AVisit) -> HTMLResponse:
    """What a record that mixed two people holds."""
    need_role(visit, *DECIDES)
    _covered(visit, person_id)
    _read(visit, "person", person_id)
    visit.db.commit()
    return _show_parts(visit, person_id)


@router.post("/people/{person_id}/part")
def part(person_id: int, act: AnAct) -> Response:
    """Give what was chosen to a record of its own."""
    visit = act.visit
    need_role(visit, *DECIDES)
    _covered(visit, person_id)
    reason = act.text("reason")
    chosen = {name: [str(key) for key in act.form.getlist(name)] for name in merges.PARTS}

    def do() -> str:
        made = merges.part(
            visit.db, mixed=person_id, parts=chosen, name=act.text("name", longest=200) or None, reason=reason,
            account=visit.scope, now=visit.now,
        )  # fmt: skip
        return f"/record-merges/{made}?done=record_parted"

    if not reason:
        return _show_parts(visit, person_id, problem="Write how you know that this record mixes two people.")
    return _try(act, do, lambda problem: _show_parts(visit, person_id, problem=problem))


def _try(act: Act, do: Callable[[], str], show: Callable[[str], Response]) -> Response:
    """Do one act and commit, or draw the page again with what was wrong."""
    visit = act.visit
    try:
        target = do()
        visit.db.commit()
    except ActionRefused as refusal:
        visit.db.rollback()
        return show(str(refusal)[:1].upper() + str(refusal)[1:] + ".")
    visit.site.ring("engine")
    return RedirectResponse(target, status_code=303)


def _why_not(act: Act, found: Proposal) -> str:
    """What keeps these two from being joined as the form stands; empty where nothing does."""
    comparison = found.comparison
    if act.number("kept") not in [int(side.id) for side in found.sides]:
        return "Choose which record is kept."
    if comparison is not None and comparison.refused:
        return "A child and an adult of one household are never one person."
    if not act.text("reason") and (comparison is None or comparison.needs_reason):
        return "Write how you know that these are one."
    if comparison is not None and act.text("checked") != "yes":
        return "Say that this is neither a twin nor an adopted child's earlier identity."
    return ""


def _pair(act: Act, home: Family) -> Pair | str:
    """The two records that a form names, or what is wrong with it."""
    visit, number = act.visit, act.text("number", longest=200)
    if act.text("what") == "household":
        other = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
        if not other or not merge_page.covers(visit.db, visit.scope, "household", other):
            return "Your teams know no family with this number."
        return Pair("household", int(home.household_id), other)
    person = family_page.holds(home, act.number("person"))
    if person is None:
        return "Choose whose record it is."
    found = merge_page.find_person(visit.db, visit.scope, number) if number else None
    if found is None:
        return "Your teams know nobody, or not one person alone, with exactly this number."
    return Pair("person", int(person), int(found))


def _show(
    visit: Visit, found: Proposal, *, problem: str = "", kept: int | None = None, reason: str = ""
) -> HTMLResponse:
    return page(
        visit,
        "merge.html",
        status=422 if problem else 200,
        proposal=found,
        words=merge_words,
        may=visit.scope.role in DECIDES and found.state is ProposalState.OPEN and not found.is_stale,
        problem=problem,
        kept=kept or min(int(side.id) for side in found.sides),
        reason=reason,
    )


def _show_parts(visit: Visit, person_id: int, *, problem: str = "") -> HTMLResponse:
    found = part_page.parts(visit.db, PersonId(person_id))
    return page(visit, "part.html", status=422 if problem else 200, parts=found, problem=problem)


def _proposal(visit: Visit, proposal_id: int) -> Proposal:
    found = merge_page.proposal(visit.db, visit.scope, proposal_id) if 0 < proposal_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _merged(visit: Visit, merge_id: int) -> Merged:
    found = merge_page.merged(visit.db, visit.scope, merge_id) if 0 < merge_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _covered(visit: Visit, person_id: int) -> None:
    if not 0 < person_id < 2**63 or not merge_page.covers(visit.db, visit.scope, "person", person_id):
        raise NotFound


def _read(visit: Visit, what: str, record_id: int) -> None:
    history.audited(
        visit.db,
        action="read",
        subject=what,
        subject_id=record_id,
        household_id=HouseholdId(record_id) if what == "household" else None,
        actor=visit.scope,
        now=visit.now,
    )
