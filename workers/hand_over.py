"""Whether the step in hand can stay with whoever has it, and whom it goes to if not. Works on rows in memory; no I/O.

The rules are those of docs/decisions/0042: nobody's leave makes a family wait, and what a person gave stays given.
"""

from models.db.follow_ups import Claimed
from models.db.people_resolution import Directory, Reached, Whose
from models.domain.ladder_facts import HandOver, RaiseAlert, Why
from models.domain.pathway import FRONT_LINE, Pathway
from models.domain.words import FollowUpState, OwnerRole


def whose(row: Claimed) -> Whose:
    """Return what the people of this follow-up's steps are resolved from."""
    return Whose(row.booked_with, row.caseload_holder, row.team_id, row.assigned_to)


def hand_over(row: Claimed, pathway: Pathway, *, staff: Directory, high_risk: bool) -> HandOver | None:
    """Return why the step in hand goes to somebody else now; None where it stays, or no step has fired yet."""
    told_at = row.step_fired_at or row.opened_at
    if row.step_id is None and row.state != FollowUpState.BACKLOG:
        return None
    if row.assigned_at is not None and row.assigned_at > told_at:
        return HandOver.GIVEN
    owner = row.owner_practitioner_id
    is_gone = owner is not None and not staff.is_there(owner)
    has_moved = row.caseload_moved_at is not None and row.caseload_moved_at > told_at
    if not is_gone and not has_moved:
        return None
    chain = _chain(row, pathway, high_risk=high_risk)
    if not is_gone and chain[0] not in FRONT_LINE:
        return None  # whoever the step went up to has it, whosever caseload it is
    reached = staff.resolve(whose(row), chain)
    same = (reached.practitioner_id, reached.owner_team_id) == (owner, row.owner_team_id)
    return None if same else HandOver.GONE


def waits_with(row: Claimed, pathway: Pathway, *, staff: Directory) -> Reached | None:
    """Return with whom a follow-up waits for its first step instead; None where it stays.

    Nobody is told: nothing is due, and whoever the step reaches is found when it fires.
    """
    owner = row.owner_practitioner_id
    has_moved = row.caseload_moved_at is not None and row.caseload_moved_at > row.opened_at
    stays = not has_moved or row.acknowledged_until is not None
    if stays and (owner is None or staff.is_there(owner)):
        return None
    reached = staff.resolve(whose(row), pathway.chain(OwnerRole.PRACTITIONER))
    same = (reached.practitioner_id, reached.owner_team_id) == (owner, row.owner_team_id)
    return None if same else reached


def reached_by(row: Claimed, action: RaiseAlert, *, staff: Directory, given: bool) -> Reached:
    """Return whom an alert reaches: whom a person gave it to, whoever took it from the pool, else by its roles."""
    if action.why is Why.HANDED_OVER and given:
        reached = staff.reach(whose(row), OwnerRole.PRACTITIONER)
        if reached is not None:
            return reached
    reached = staff.resolve(whose(row), action.role_chain)
    owner = row.owner_practitioner_id
    if (
        action.why is Why.LEASE_ENDED
        and reached.practitioner_id is None
        and owner is not None
        and staff.is_there(owner)
    ):
        return Reached(reached.role, reached.place, owner, None)
    return reached


def because(row: Claimed, *, staff: Directory, given: bool) -> str:
    """Return in a word why the step was handed over, for the story."""
    owner = row.owner_practitioner_id
    if given:
        return "given"
    if owner is None or staff.is_there(owner):
        return "caseload_moved"
    return "left" if staff.has_left(owner) else "away"


def _chain(row: Claimed, pathway: Pathway, *, high_risk: bool) -> tuple[OwnerRole, ...]:
    """The roles from which the step in hand is resolved anew, as the ladder does it (Hand.tend)."""
    step = pathway.backlog_triage if row.state == FollowUpState.BACKLOG else pathway.step(row.step_id or "")
    terms = (step or pathway.until_seen).terms(high_risk=high_risk)
    chain = pathway.chain(terms.owner)
    place = min(row.step_raised_to, len(chain) - 1)
    return chain if chain[place] in FRONT_LINE else chain[place:]
