"""What the weekly check of staffing finds, as values; and which roles the ladders need. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from models.domain.pathway import Pathway, Step
from models.domain.words import OwnerRole, StaffingGap

# Roles that a team has people for; and those that one person of the trust may have for all teams.
TEAM_ROLES = (OwnerRole.ADMIN, OwnerRole.DUTY, OwnerRole.TEAM_LEAD)
TRUST_ROLES = (OwnerRole.NAMED_NURSE, OwnerRole.HEAD_OF_SERVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One gap. `team_id` None: the trust's own. `who`: a name for the page, never kept with an alert."""

    kind: StaffingGap
    team_id: int | None
    practitioner_id: int | None = None
    who: str = ""
    role: OwnerRole | None = None
    ladders: tuple[str, ...] = ()  # codes of the ladders with steps for an empty role
    count: int = 0  # follow-ups held, or alerts that nobody acknowledged
    children: int = 0  # people on their caseload
    since: datetime | None = None
    until: datetime | None = None


def ladders_by_role(pathways: Iterable[Pathway]) -> Mapping[OwnerRole, tuple[str, ...]]:
    """Return, for each role, the codes of the ladders that have a step for it or go up to it."""
    needed: dict[OwnerRole, set[str]] = {}
    for pathway in pathways:
        roles = {role for step in (*pathway.steps, *pathway.standing) for role in _roles(step)} | {*pathway.goes_up}
        for role in roles:
            needed.setdefault(role, set()).add(pathway.code)
    return {role: tuple(sorted(codes)) for role, codes in needed.items()}


def counted(gaps: Iterable[Gap]) -> dict[str, int]:
    """Return how many gaps of each kind: what an alert keeps of them."""
    counts: dict[str, int] = {}
    for gap in gaps:
        counts[gap.kind.value] = counts.get(gap.kind.value, 0) + 1
    return counts


def _roles(step: Step) -> set[OwnerRole]:
    terms = (step.routine, step.high_risk)
    return {role for one in terms for role in (one.owner, *one.also_tell)}
