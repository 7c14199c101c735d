"""Put a follow-up on a newer version of its ladder: which steps it keeps, and what would happen next. Pure.

A running follow-up keeps the version it began with; moving it is a recorded act (design 3.10). Step ids keep their
meaning across versions; one that is gone needs a word on what takes its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from models.domain.ladder import decide
from models.domain.ladder_facts import FollowUpFacts, RaiseAlert, StepDone
from models.domain.pathway import Pathway, Terms
from models.domain.words import OwnerRole
from models.domain.working_time import WorkingCalendar

Mapped = Mapping[str, str | None]  # step id gone: the one that takes its place, or None for nothing


class MoveRefused(ValueError):
    """The move can't be made as asked; the message names the steps and what was expected."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What comes next: the step, when, and whose it is. `at` None: at once, when the engine looks."""

    step_id: str | None
    at: datetime | None
    owner: OwnerRole | None


def check_mapping(mapping: Mapped, new: Pathway) -> None:
    """Raise MoveRefused where a step that takes another's place is not one of the new version."""
    wrong = sorted(step for step in mapping.values() if step is not None and new.step(step) is None)
    if wrong:
        raise MoveRefused(
            f"{', '.join(wrong)}: no step of {new.code} version {new.version}; expected one of"
            f" {', '.join(step.id for step in new.steps)}"
        )


def gone_steps(facts: FollowUpFacts, new: Pathway, mapping: Mapped) -> set[str]:
    """Return the steps that the follow-up has in hand or behind it, that `new` lacks and `mapping` says nothing of."""
    used = {*facts.done, *((facts.step_id,) if facts.step_id is not None else ())}
    return {step for step in used if new.step(step) is None and step not in mapping}


def moved(facts: FollowUpFacts, old: Pathway, new: Pathway, mapping: Mapped) -> FollowUpFacts:
    """Return the facts on the new version. A step in hand that nothing takes the place of is in hand no more.

    Whoever has it now is found by role: a step that had gone up to the team lead stays with the team lead.
    """
    step_id = None if facts.step_id is None else mapping.get(facts.step_id, facts.step_id)
    done: dict[str, StepDone] = {}
    for each, entry in facts.done.items():
        kept = mapping.get(each, each)
        if kept is not None and (kept not in done or done[kept].at < entry.at):
            done[kept] = entry
    if step_id is None:
        return replace(facts, step_id=None, step_fired_at=None, step_raised_to=0, acknowledged_until=None, done=done)
    return replace(facts, step_id=step_id, step_raised_to=_place(facts, old, new, step_id), done=done)


def ahead(facts: FollowUpFacts, pathway: Pathway, *, now: datetime, calendar: WorkingCalendar) -> Ahead:
    """Return what the ladder would do next with these facts."""
    decision = decide(facts, pathway, now=now, calendar=calendar)
    alerts = [action for action in decision.actions if isinstance(action, RaiseAlert)]
    if alerts:
        return Ahead(alerts[-1].step_id, None, alerts[-1].role_chain[0])
    in_hand = None if facts.step_id is None else _role(facts, pathway, facts.step_id, facts.step_raised_to)
    if in_hand is None and decision.next_step_id is not None:
        in_hand = _role(facts, pathway, decision.next_step_id, 0)
    return Ahead(decision.next_step_id, decision.next_due_at, in_hand)


def _place(facts: FollowUpFacts, old: Pathway, new: Pathway, step_id: str) -> int:
    """Where in the new step's chain the role stands that the old one had reached; its beginning where it is gone."""
    role = None if facts.step_id is None else _role(facts, old, facts.step_id, facts.step_raised_to)
    terms = _terms(facts, new, step_id)
    chain = () if terms is None else new.chain(terms.owner)
    return chain.index(role) if role in chain and facts.step_raised_to > 0 else 0


def _role(facts: FollowUpFacts, pathway: Pathway, step_id: str, place: int) -> OwnerRole | None:
    terms = _terms(facts, pathway, step_id)
    if terms is None:
        return None
    chain = pathway.chain(terms.owner)
    return chain[min(place, len(chain) - 1)]


def _terms(facts: FollowUpFacts, pathway: Pathway, step_id: str) -> Terms | None:
    step = pathway.step(step_id)
    high_risk = pathway.runs_as_high_risk(high_risk=facts.high_risk, contact_code=facts.contact_code)
    return None if step is None else step.terms(high_risk=high_risk)
