"""Decide what a follow-up needs next: facts + pathway + now -> actions and the next due time. Pure.

Reads no database, no clock, no settings. Nothing here closes a follow-up, and a live one always gets a next due time.
Sources: design.md 3.2, 3.3, 3.7, 3.9; domain.md 3.2.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from models.domain.ladder_clock import due_at, moved_to, next_level, until_seen_at
from models.domain.ladder_facts import (
    Decision,
    FollowUpFacts,
    RecordPassed,
    RequestTriage,
    StepDone,
    Why,
)
from models.domain.ladder_hand import Hand
from models.domain.pathway import PLAIN_WAY, STAND_INS, Anchor, Pathway, PlannedStep, Step, Terms
from models.domain.words import AlertKind, FollowUpState
from models.domain.working_time import WorkingCalendar

_ENDED = frozenset({FollowUpState.CLOSED, FollowUpState.CONTINUED})


def decide(facts: FollowUpFacts, pathway: Pathway, *, now: datetime, calendar: WorkingCalendar) -> Decision:
    """Return the actions due at `now` and when to look next. Asked again at the same `now`, it has no more to say.

    Late steps collapse: the highest due one fires, the others are recorded as passed; only one that is not late and is
    for somebody else is said as well. An ended follow-up gets nothing.
    """
    if facts.state in _ENDED:
        return Decision((), facts.state, None, None, facts.step_id, facts.step_fired_at, 0, None, facts.done)
    hand = Hand(facts, pathway, now.astimezone(UTC), calendar)
    match facts.state:
        case FollowUpState.BACKLOG:
            _ask_for_triage(hand)
        case FollowUpState.SEEN:
            _stand(hand, pathway.confirm_seen, kind=AlertKind.CONFIRM_SEEN)
        case FollowUpState.CLOSING:
            _stand(hand, pathway.second_person, kind=AlertKind.SECOND_SIGNATURE)
        case _:
            _climb(hand)
    return hand.decision()


def lease_end(
    facts: FollowUpFacts, pathway: Pathway, *, acknowledged_at: datetime, calendar: WorkingCalendar
) -> datetime:
    """Return until when acknowledging the current step at `acknowledged_at` holds; then the step comes back."""
    high_risk = pathway.runs_as_high_risk(high_risk=facts.high_risk, contact_code=facts.contact_code)
    step = (facts.step_id and pathway.step(facts.step_id)) or pathway.until_seen
    return step.terms(high_risk=high_risk).lease.after(acknowledged_at, calendar=calendar)


def coming_steps(
    facts: FollowUpFacts, pathway: Pathway, *, now: datetime, calendar: WorkingCalendar
) -> tuple[tuple[datetime, Step], ...]:
    """Return the steps still to fire with their due times, soonest first, for the page and for `explain`.

    None while the ladder rests: backlog, seen, waiting for a second person, ended.
    """
    if facts.state is not FollowUpState.OPEN:
        return ()
    steps, _ = _planned(Hand(facts, pathway, now.astimezone(UTC), calendar))
    return tuple(sorted(((at, step) for at, (_, step, _) in steps), key=lambda pair: pair[0]))


def carried_over(done: Mapping[str, StepDone], pathway: Pathway) -> dict[str, StepDone]:
    """Return what stays done when the thread goes on in a later miss: the steps not reckoned from the miss itself."""
    fresh = {Anchor.START, Anchor.OPENED}
    again = {step.id for step in pathway.steps if any(due.anchor in fresh for due in step.routine.due)}
    return {step_id: entry for step_id, entry in done.items() if step_id not in again}


def _climb(hand: Hand) -> None:
    """Climb the ladder: fire what is due, tend the step in hand, find what comes next."""
    steps, until_seen = _planned(hand)
    due_now = []
    for at, planned in steps:
        if at <= hand.now:
            due_now.append((at, planned))
        else:
            hand.look_again(at, planned[1].id)
    _collapse(hand, due_now)
    current = _current(hand, until_seen)
    taken_over = bool(due_now) and _take_over(hand, *due_now[-1], current)
    if current is not None and not taken_over:
        hand.tend(current[1], current[2], kind=AlertKind.STEP)
    if len(due_now) == len(steps):  # the last ones: what follows is the until-seen step, unless one of them repeats
        hand.come_again(until_seen[1], until_seen[2])


def _stand(hand: Hand, step: Step, *, kind: AlertKind) -> None:
    """Ask for the one thing this state waits for, again and again, up and up; never do it."""
    terms = hand.terms(step)
    if hand.step_id == step.id:
        hand.tend(step, terms, kind=kind)
        return
    hand.hold(step, raised_to=0)
    needs_ack_by = hand.raise_alert(step, terms, kind=kind, why=Why.DUE, raised_to=0, was_due_at=hand.now)
    hand.look_again(needs_ack_by, step.id)


def _ask_for_triage(hand: Hand) -> None:
    """Backlog: no steps, only its share in one triage task per team and owner, asked for again and again."""
    step = hand.pathway.backlog_triage
    terms = hand.terms(step)
    entry = hand.facts.done.get(step.id)
    again = terms.repeat or terms.acknowledge_within
    due = hand.facts.opened_at if entry is None else again.after(entry.at, calendar=hand.calendar)
    if due <= hand.now or hand.facts.hand_over is not None:
        occurrence = hand.mark_done(step.id, alerts=1)
        hand.actions.append(RequestTriage(step.id, hand.pathway.chain(terms.owner), occurrence))
        due = again.after(hand.now, calendar=hand.calendar)
    hand.look_again(due, step.id)


def _planned(hand: Hand) -> tuple[list[tuple[datetime, PlannedStep]], PlannedStep]:
    """Return the steps that can still fire, lowest first; the until-seen step only when no other is left."""
    facts, pathway, done, misses = hand.facts, hand.pathway, hand.facts.done, hand.facts.miss_count
    moved = facts.moved
    until_seen = (len(pathway.steps), pathway.until_seen, hand.terms(pathway.until_seen))
    how = facts.how or PLAIN_WAY.get(facts.trigger)
    calendar, rests = hand.calendar, hand.rests  # read once: this loop is most of a burst's time
    found = []
    for planned in hand.plan():
        _, step, terms = planned
        entry = done.get(step.id)
        if entry is not None and step.of_pattern and facts.pattern_at is not None and entry.at < facts.pattern_at:
            entry = None  # another pattern was found since
        if misses < step.misses_at_least or (entry is not None and terms.repeat is None):
            continue
        if step.misses_at_most is not None and misses > step.misses_at_most:
            continue
        if not step.fits(how):
            continue
        at = due_at(terms, facts, entry, calendar=calendar)
        if at is not None:
            wanted = moved_to(moved.get(step.id), entry, high_risk=hand.high_risk) if moved else None
            found.append((wanted or (hand.paused(at, step, terms) if rests else at), planned))
    if not found:
        at = until_seen_at(until_seen[2], facts, calendar=hand.calendar)
        step_id = pathway.until_seen.id
        wanted = moved_to(moved.get(step_id), done.get(step_id), high_risk=hand.high_risk)
        found.append((wanted or hand.paused(at, *until_seen[1:]), until_seen))
    return found, until_seen


def _collapse(hand: Hand, due_now: list[tuple[datetime, PlannedStep]]) -> None:
    """Of several due steps the highest fires and the late ones are passed.

    One that isn't late yet, and is for somebody whom no higher one reaches, is said as well: that the team lead
    hears of day 12 must not keep the visit at the doorstep from the health visitor.
    """
    told = {due_now[-1][1][2].owner} if due_now else set()
    for at, (_, step, terms) in reversed(due_now[:-1]):
        if terms.owner not in told and hand.now < terms.acknowledge_within.after(at, calendar=hand.calendar):
            told.add(terms.owner)
            hand.raise_alert(step, terms, kind=AlertKind.STEP, why=Why.DUE, raised_to=0, was_due_at=at)
            hand.offer_text(step)
            continue
        hand.mark_done(step.id, alerts=0)
        hand.actions.append(RecordPassed(step.id, was_due_at=at))
        hand.come_again(step, terms)


def _current(hand: Hand, until_seen: PlannedStep) -> PlannedStep | None:
    """The step in hand, if this pathway version still has it for this trigger and risk."""
    if hand.step_id is None or hand.fired_at is None:
        return None
    if hand.step_id == until_seen[1].id:
        return until_seen
    return next((planned for planned in hand.plan() if planned[1].id == hand.step_id), None)


def _take_over(hand: Hand, was_due_at: datetime, planned: PlannedStep, current: PlannedStep | None) -> bool:
    """Fire a due step. It becomes the step in hand unless one is that is higher and no less senior's; whether it did.

    What the team lead has to answer must not be nobody's to chase because the practitioner's step stands higher.
    """
    height, step, terms = planned
    rank = hand.pathway.rank
    beside = current is not None and current[0] > height and rank(current[2].owner) >= rank(terms.owner)
    raised_to = 0 if beside else _carried_up(hand, terms, current)
    if not beside:
        hand.hold(step, raised_to=raised_to)
    needs_ack_by = hand.raise_alert(
        step, terms, kind=AlertKind.STEP, why=Why.DUE, raised_to=raised_to, was_due_at=was_due_at
    )
    if not beside:
        hand.look_again(hand.paused(needs_ack_by, step, terms), step.id)
    hand.offer_text(step)
    return not beside


def _carried_up(hand: Hand, terms: Terms, current: PlannedStep | None) -> int:
    """A step that nobody has answered takes the next one with it: it never goes down unacknowledged.

    Return the place in the new step's chain of whoever is told of the old one now, or has to be by now. A stand-in of
    the old one stood in for the one who was away then: the new one finds its own people.
    """
    if current is None or hand.acknowledged_until is not None:
        return 0
    unanswered = hand.pathway.chain(current[2].owner)
    place = min(hand.raised_to, len(unanswered) - 1)
    if hand.answer_by(current[2]) <= hand.now:
        place = next_level(unanswered, place)
    elif unanswered[place] in STAND_INS:
        return 0
    chain = hand.pathway.chain(terms.owner)
    return chain.index(unanswered[place]) if place > 0 and unanswered[place] in chain else 0
