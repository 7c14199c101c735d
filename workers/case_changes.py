"""What happens to one follow-up when more is known: seen, settled, missed again, put on another ladder. No I/O.

Each changes the case in memory and adds to its story; states follow the one table (models/domain/follow_up_states.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from models.db.cases import Case, Happened
from models.db.detection import Candidate
from models.domain.follow_up_states import FollowUpEvent, advance
from models.domain.ladder import carried_over
from models.domain.ladder_facts import dump_done, load_done
from models.domain.pathway import Pathway
from models.domain.threads import THREAD_TRIGGERS
from models.domain.words import ActorKind, ClosedReason, FollowUpState, FollowUpTrigger, How

# What evidence of being seen brings to a person for closing.
SEEABLE = THREAD_TRIGGERS | {FollowUpTrigger.CORRECTED}
E = FollowUpEvent
Pathways = Mapping[tuple[str, int], Pathway]


@dataclass(frozen=True, slots=True)
class Turn:
    """Another ladder for a follow-up, or the same one anew: why, from when, and with which words."""

    trigger: FollowUpTrigger
    pathway: Pathway
    at: datetime
    how: How | None = None


def go_on(before: Case, later: Case, *, event: FollowUpEvent, pathways: Pathways) -> None:
    """The thread goes on in another follow-up: its breach, its risk and pace, and the steps not to be done twice."""
    later.breach_at = min(before.breach_at, later.breach_at)
    later.high_risk = later.high_risk or before.high_risk
    later.red_flag = later.red_flag or before.red_flag
    _keep_pace(before, later)
    later.steps_done = {**_carried(before, later, pathways), **later.steps_done}
    later.changed = True
    say(before, event, to=FollowUpState.CONTINUED)
    before.state = advance(before.state, event)
    before.continues_in, before.continued_in = later, None
    before.next_due_at = before.next_step_id = before.acknowledged_until = None
    before.closing_by = before.closing_reason = None
    before.changed = before.overtakes = before.stops_texts = True


def come_back(case: Case, leader: Case, *, pathways: Pathways, now: datetime) -> None:
    """What this one went on in is no miss any more, or another person's: the thread is here again, on its ladder."""
    before = case.state
    case.state = advance(before, E.CAME_BACK)
    case.continues_in = case.continued_in = None
    begin_anew(case, now=now)
    if case.person_id == leader.person_id:
        case.steps_done = _carried(leader, case, pathways)
        _keep_pace(leader, case)
        case.high_risk, case.red_flag = case.high_risk or leader.high_risk, case.red_flag or leader.red_flag
        case.owner_practitioner_id, case.owner_team_id = leader.owner_practitioner_id, leader.owner_team_id
    case.seen_at = case.seen_evidence = None
    case.text_released_at = case.text_released_by = None
    say(case, E.CAME_BACK, from_state=before)


def begin_anew(case: Case, *, now: datetime) -> None:
    """Climb the ladder again from where it now stands: a new cycle; what was told before is overtaken."""
    case.cycle += 1
    case.step_id = case.step_fired_at = case.acknowledged_until = None
    case.step_raised_to, case.steps_done = 0, {}
    case.changed = case.overtakes = case.stops_texts = True
    if case.state is not FollowUpState.BACKLOG:
        case.next_due_at = now


def mark_seen(case: Case, *, at: datetime, evidence: str, now: datetime) -> None:
    """Evidence of being seen: family texts stop, the owner confirms and closes. Backlog waits for its triage."""
    if case.trigger in SEEABLE:
        evidence_came(case, at=at, evidence=evidence, now=now)


def evidence_came(case: Case, *, at: datetime, evidence: str, now: datetime) -> None:
    """What the follow-up waited for has happened, whatever it is about: its owner confirms and closes."""
    if not case.is_live or case.seen_at == at:
        return
    if case.seen_at is not None and case.seen_at > at and case.seen_evidence != evidence:
        return
    case.seen_at, case.seen_evidence, case.changed, case.stops_texts = at, evidence, True, True
    before = case.state
    if before is FollowUpState.BACKLOG:
        # Years of history would raise a task each: the triage list shows the evidence, and bulk closing takes it.
        say(case, E.SEEN_EVIDENCE, from_state=before, detail={"evidence": evidence})
        return
    case.state = advance(before, E.SEEN_EVIDENCE)
    case.next_due_at, case.acknowledged_until, case.overtakes = now, None, before is FollowUpState.OPEN
    say(case, E.SEEN_EVIDENCE, from_state=before, detail={"evidence": evidence})


def withdraw_seen(case: Case, row: Candidate, *, now: datetime) -> None:
    """The evidence was wrong, and with it the ground for closing, or for having closed: the ladder goes on."""
    before = case.state
    if before is not FollowUpState.BACKLOG:
        case.state = advance(before, E.SEEN_WITHDRAWN)
        case.next_due_at = now
    if before is FollowUpState.CLOSED:
        begin_anew(case, now=now)
        case.closed_by = case.closed_at = case.closed_reason = None
        case.text_released_at = case.text_released_by = None
    case.seen_at = case.seen_evidence = case.closing_by = case.closing_reason = None
    case.step_id = case.step_fired_at = case.acknowledged_until = None
    case.changed, case.overtakes = True, True
    say(case, E.SEEN_WITHDRAWN, from_state=before, row=row)
    if before is FollowUpState.CLOSED:
        say(case, "reopened", from_state=before, row=row)


def close_by_outcome(case: Case, row: Candidate, *, now: datetime) -> None:
    """An unrecorded outcome ends by the outcome itself, by whoever recorded it (design 3.3)."""
    before = case.state
    case.state = advance(before, E.OUTCOME_ARRIVED)
    case.closed_by, case.closed_at = row.status_by, now
    case.closed_reason = ClosedReason.OUTCOME_RECORDED
    case.next_due_at = case.next_step_id = case.acknowledged_until = None
    case.changed = case.overtakes = True
    say(case, E.OUTCOME_ARRIVED, from_state=before, row=row, detail={"status": row.status})


def corrected(case: Case, row: Candidate) -> None:
    """Tell the story that the record was put right; what follows from it is the caller's."""
    say(case, "outcome_corrected", from_state=case.state, row=row, detail={"status": row.status})
    case.changed = case.stops_texts = True


def wake(case: Case, event: FollowUpEvent, row: Candidate, *, now: datetime) -> None:
    """Something was heard that may change when to look next: look now."""
    before = case.state
    case.state = advance(before, event)
    if case.state is not FollowUpState.BACKLOG:
        case.next_due_at = now
    case.changed = True
    say(case, event, from_state=before, row=row)


def switch(case: Case, turn: Turn, *, pathways: Pathways, now: datetime) -> None:
    """Put a follow-up on another ladder, or on the same one anew: a new cycle. A running one keeps its version."""
    carried: dict[str, object] = {}
    pathway = turn.pathway
    if pathway.code == case.pathway_code:
        pathway = pathways.get((case.pathway_code, case.pathway_version), pathway)
        carried = _carried(case, case, pathways)
    case.trigger, case.how = turn.trigger, turn.how
    case.pathway_code, case.pathway_version = pathway.code, pathway.version
    case.anchor_at, case.breach_at = turn.at, min(case.breach_at, turn.at)
    begin_anew(case, now=now)
    case.steps_done = carried


def reopen(case: Case, row: Candidate, *, now: datetime) -> None:
    """Open an ended one again, on its row; its story keeps the end."""
    before = case.state
    case.state = advance(before, E.REOPENED)
    case.next_due_at, case.changed = now, True
    case.seen_at = case.seen_evidence = case.closing_by = case.closing_reason = None
    case.closed_by = case.closed_at = case.closed_reason = None
    case.text_released_at = case.text_released_by = None
    say(case, "reopened", from_state=before, row=row)


def say(
    case: Case,
    event: str,
    *,
    from_state: FollowUpState | None = None,
    to: FollowUpState | None = None,
    row: Candidate | None = None,
    detail: dict[str, object] | None = None,
) -> None:
    """Append to the story: by whoever recorded the outcome where there is a `row`, else by the engine."""
    by = "engine" if row is None else row.status_by
    kind = {"person": ActorKind.PERSON, "import": ActorKind.IMPORT}.get(by.partition(":")[0], ActorKind.ENGINE)
    before = case.state if from_state is None and to is not None else from_state
    case.story.append(Happened(str(event), before, to or case.state, by, kind, detail=detail))


def _keep_pace(before: Case, later: Case) -> None:
    """What a pattern has hastened stays hastened; the latest pattern told is the one that counts."""
    later.faster = later.faster or before.faster
    told = [at for at in (before.pattern_at, later.pattern_at) if at is not None]
    later.pattern_at = max(told, default=None)


def _carried(before: Case, later: Case, pathways: Pathways) -> dict[str, object]:
    """The steps of one that need not be done again in the other: only where both climb the same ladder."""
    pathway = pathways.get((later.pathway_code, later.pathway_version))
    if pathway is None or before.pathway_code != later.pathway_code:
        return {}
    return dump_done(carried_over(load_done(before.steps_done), pathway))  # type: ignore[arg-type]
