"""A family's page: everybody in the household, what is followed up, and what is planned. Reading it is kept."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from models.db import family_page, history, merge_page
from models.db.family_page import Family
from web import family_joint, hold_view, merge_words, sentences
from web.family_parts import parts
from web.family_plan import view
from web.pages import page
from web.visits import AVisit, NotFound, Visit

router = APIRouter()


@router.get("/families/{household_id}")
def family(household_id: int, visit: AVisit) -> HTMLResponse:
    """The page of one household."""
    found = find(visit, household_id)
    history.audited(
        visit.db,
        action="read",
        subject="household",
        subject_id=found.household_id,
        household_id=found.household_id,
        actor=visit.scope,
        now=visit.now,
    )
    visit.db.commit()
    return show(visit, found)


def find(visit: Visit, household_id: int) -> Family:
    """The household within this visit's scope. Raises NotFound, also where it exists for others."""
    found = None
    if 0 < household_id < 2**63:
        since = visit.now - visit.site.rules.sharing.relation_ends
        found = family_page.find(visit.db, visit.scope, household_id, since=since)
    if found is None:
        raise NotFound
    return found


def show(visit: Visit, found: Family, *, status: int = 200, problem: str = "", **draft: str) -> HTMLResponse:
    """Draw the page; after a refused act with what was wrong and what they had written."""
    people = [int(member.person_id) for member in found.members]
    proposals, merges = merge_page.of_family(visit.db, people, found.household_id)
    return page(
        visit,
        "family.html",
        status=status,
        family=found,
        children=[member for member in found.members if member.is_child],
        adults=[member for member in found.members if not member.is_child],
        live=[(row, _why(visit, row)) for row in found.follow_ups],
        plan=view(visit, found),
        proposals=proposals,
        merges=merges,
        merge_done=merge_words.DONE,
        problem=problem,
        draft=draft,
        **hold_view.view(visit, found),
        **family_joint.for_family(visit, found),
        today=visit.now.astimezone(visit.site.rules.calendar.zone).date(),
        **parts(visit, found),
    )


def _why(visit: Visit, row: Any) -> str:
    rules = visit.site.rules
    kind, name = rules.contacts.get(row.contact_code), rules.name_of(row.contact_code)
    return sentences.why_here(row, kind=kind, name=name, zone=rules.calendar.zone)
