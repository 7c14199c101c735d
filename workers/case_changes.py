"""What happens to one follow-up when more is known: seen, settled, missed again, put on another ladder. No I/O.

Each changes the case in memory and adds to its story; states follow the one table (models/domain/follow_up_states.py).
"""

from collections.abc import Mapping
from datetime import datetime

from models.db.cases import Case, Happened
from models.db.detection import Candidate
from models.domain.follow_up_states import FollowUpEvent, advance
from models.domain.ladder import carried_over
from models.domain.ladder_facts import dump_done, load_done
from models.domain.pathway import Pathway
from models.domain.words import ActorKind, ClosedReason, FollowUpState, FollowUpTrigger

MISSED_KINDS = frozenset(
    {FollowUpTrigger.MISSED, FollowUpTrigger.CANCELLED, FollowUpTrigger.NEVER_BOOKED, FollowUpTrigger.OVERDUE}
)
E = FollowUpEvent
Pathways = Mapping[tuple[str, int], Pathway]


def continue_in(before: Case, later: Case, *, pathways: Pathways) -> None:
    """The thread goes on in a later miss: its count, its breach, its risk and the steps not to be done twice."""
    pathway = pathways.get((later.pathway_code, later.pathway_version))
    later.miss_count = before.miss_count + 1
    later.breach_at = min(before.breach_at, later.breach_at)
    later.high_risk = later.high_risk or before.high_risk
    if pathway is not None and before.pathway_code == later.pathway_code:
        later.steps_done = dump_done(carried_over(load_done(before.steps_done), pathway))  # type: ignore[arg-type]
    say(before, E.CONTINUED_IN_LATER_MISS, to=FollowUpState.CONTINUED)
    before.continues_in, before.next_due_at, before.next_step_id = later, None, None
    before.acknowledged_until = None
    before.changed = before.overtakes = before.stops_texts = True
    before.state = FollowUpState.CONTINUED


def mark_seen(case: Case, *, at: datetime, evidence: str, now: datetime) -> None:
    """Evidence of being seen: family texts stop, the owner confirms and closes. Backlog waits for its triage."""
    if case.is_live and case.trigger in MISSED_KINDS and case.seen_at != at:
        show_seen(case, at=at, evidence=evidence, now=now)


def show_seen(case: Case, *, at: datetime, evidence: str, now: datetime) -> None:
    """The same for a live follow-up of any kind that evidence speaks to."""
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
    """The evidence was wrong, and with it the ground for closing: the ladder goes on."""
    before = case.state
    case.state = advance(before, E.SEEN_WITHDRAWN)
    case.seen_at = case.seen_evidence = case.closing_by = case.closing_reason = None
    case.step_id = case.step_fired_at = case.acknowledged_until = None
    case.next_due_at, case.changed, case.overtakes = now, True, True
    say(case, E.SEEN_WITHDRAWN, from_state=before, row=row)


def close_by_outcome(case: Case, row: Candidate, *, now: datetime) -> None:
    """An unrecorded outcome ends by the outcome itself, by whoever recorded it (design 3.3)."""
    before = case.state
    case.state = advance(before, E.OUTCOME_ARRIVED)
    case.closed_by, case.closed_at = row.status_by, now
    case.closed_reason = ClosedReason.OUTCOME_RECORDED
    case.next_due_at = case.next_step_id = case.acknowledged_until = None
    case.changed = case.overtakes = True
    say(case, E.OUTCOME_ARRIVED, from_state=before, row=row, detail={"status": row.status})


def corrected(case: Case, row: Candidate, *, now: datetime) -> None:
    """The record no longer calls it missed; a person settles what that means. Nothing closes by itself."""
    case.next_due_at = now if case.state is not FollowUpState.BACKLOG else case.next_due_at
    case.changed = case.stops_texts = True
    say(case, "outcome_corrected", from_state=case.state, row=row, detail={"status": row.status})


def wake(case: Case, event: FollowUpEvent, row: Candidate, *, now: datetime) -> None:
    """Something was heard that may change when to look next: look now."""
    before = case.state
    case.state = advance(before, event)
    if case.state is not FollowUpState.BACKLOG:
        case.next_due_at = now
    case.changed = True
    say(case, event, from_state=before, row=row)


def switch(
    case: Case,
    row: Candidate,
    trigger: FollowUpTrigger,
    pathway: Pathway,
    *,
    at: datetime,
    pathways: Pathways,
    now: datetime,
    misses: int | None = None,
) -> None:
    """Put a follow-up on another ladder, or on the same one anew: a new cycle."""
    carried = {}
    if pathway.code == case.pathway_code:
        pathway = pathways.get((case.pathway_code, case.pathway_version), pathway)
        carried = dump_done(carried_over(load_done(case.steps_done), pathway))  # type: ignore[arg-type]
    case.trigger, case.pathway_code, case.pathway_version = trigger, pathway.code, pathway.version
    case.cycle += 1
    case.miss_count = case.miss_count if misses is None else misses
    case.anchor_at, case.breach_at = at, min(case.breach_at, at)
    case.contact_code = row.contact_code
    case.step_id = case.step_fired_at = case.acknowledged_until = None
    case.step_raised_to, case.steps_done = 0, carried
    case.changed = case.overtakes = case.stops_texts = True
    if case.state is not FollowUpState.BACKLOG:
        case.next_due_at = now


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
