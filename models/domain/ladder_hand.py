"""The step in hand of one follow-up while its decision is made: alerts raised, leases, climbing, when to look again.

Mutable, made and dropped within one call of `ladder.decide`; knows nothing of which step is due.
"""

from datetime import datetime

from models.domain.ladder_clock import answer_by as limit
from models.domain.ladder_clock import next_level, pause_end
from models.domain.ladder_facts import Action, Decision, FollowUpFacts, HandOver, OfferText, RaiseAlert, StepDone, Why
from models.domain.pathway import FRONT_LINE, Pathway, PlannedStep, Step, Terms
from models.domain.words import AlertKind, FollowUpTrigger
from models.domain.working_time import WorkingCalendar


class Hand:
    """The row's step fields as they will be, and the actions so far."""

    def __init__(self, facts: FollowUpFacts, pathway: Pathway, now: datetime, calendar: WorkingCalendar) -> None:
        self.facts = facts
        self.pathway = pathway
        self.now = now
        self.calendar = calendar
        self.high_risk = pathway.runs_as_high_risk(high_risk=facts.high_risk, contact_code=facts.contact_code)
        self.faster = pathway.runs_faster(
            faster=facts.faster, born=facts.date_of_birth, started_on=calendar.civil_date(facts.started_at)
        )
        self.paused_until = (
            None if facts.booked_until is None else pause_end(pathway, facts, now=now, calendar=calendar)
        )
        self.rests = self.paused_until is not None or bool(facts.pauses)
        self.actions: list[Action] = []
        self.done: dict[str, StepDone] | None = None  # copied when first changed
        self.step_id = facts.step_id
        self.fired_at = facts.step_fired_at
        self.raised_to = facts.step_raised_to
        self.acknowledged_until = facts.acknowledged_until
        self.next: tuple[datetime, str] | None = None

    def terms(self, step: Step) -> Terms:
        """Return a step's terms at this follow-up's pace."""
        return step.terms(high_risk=self.high_risk, faster=self.faster)

    def plan(self) -> tuple[PlannedStep, ...]:
        """Return the steps that can apply, lowest first."""
        return self.pathway.plan(self.facts.trigger, high_risk=self.high_risk, faster=self.faster)

    def decision(self) -> Decision:
        """Return what is to be done and stored."""
        due, step_id = self.next or (None, None)
        done = self.facts.done if self.done is None else self.done
        return Decision(
            tuple(self.actions),
            self.facts.state,
            due,
            step_id,
            self.step_id,
            self.fired_at,
            self.raised_to,
            self.acknowledged_until,
            done,
        )

    def tend(self, step: Step, terms: Terms, *, kind: AlertKind) -> None:
        """Bring the step in hand back when its lease ends, up when nobody answers, or to whom it is handed over."""
        chain = self.pathway.chain(terms.owner)
        self.raised_to = min(self.raised_to, len(chain) - 1)  # a moved pathway or risk may have a shorter chain
        # Whoever stood in for somebody away is found anew: the one who was away may be back.
        anew = 0 if chain[self.raised_to] in FRONT_LINE else self.raised_to
        if self.facts.hand_over is not None:
            until = self.now
            why, raised_to = Why.HANDED_OVER, 0 if self.facts.hand_over is HandOver.GIVEN else anew
        elif self.acknowledged_until is not None:
            until = self.paused(self.acknowledged_until, step, terms)
            why, raised_to = Why.LEASE_ENDED, anew
        else:
            until = self.paused(self.answer_by(terms), step, terms)
            why, raised_to = Why.NOT_ACKNOWLEDGED, next_level(chain, self.raised_to)
        if until > self.now:
            self.look_again(until, step.id)
            return
        self.hold(step, raised_to=raised_to)
        needs_ack_by = self.raise_alert(step, terms, kind=kind, why=why, raised_to=raised_to, was_due_at=until)
        self.look_again(self.paused(needs_ack_by, step, terms), step.id)

    def raise_alert(
        self, step: Step, terms: Terms, *, kind: AlertKind, why: Why, raised_to: int, was_due_at: datetime
    ) -> datetime:
        """Add the alert; return by when somebody has to acknowledge it."""
        needs_ack_by = limit(
            self.pathway,
            terms,
            fired_at=self.now,
            raised_to=raised_to,
            high_risk=self.high_risk,
            calendar=self.calendar,
        )
        occurrence = self.mark_done(step.id, alerts=1, again=why is Why.DUE)
        chain = self.pathway.chain(terms.owner)
        also_tell = terms.also_tell if why is Why.DUE else ()
        if why is Why.DUE and raised_to > 0 and terms.owner not in also_tell:
            also_tell = (*also_tell, terms.owner)  # carried up: its own owner is told all the same
        self.actions.append(
            RaiseAlert(
                kind,
                step.id,
                why,
                chain[raised_to:],
                raised_to,
                also_tell,
                terms.urgency,
                was_due_at,
                needs_ack_by,
                occurrence,
            )
        )
        if why is Why.DUE and kind is AlertKind.STEP:
            self.come_again(step, terms)
        return needs_ack_by

    def offer_text(self, step: Step) -> None:
        """Offer the family's one text where the step has it; never from an unrecorded outcome.

        A later step has it too, for where the first was passed over because the news came late.
        """
        if not step.offers_text or self.facts.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
            return
        done = self.facts.done if self.done is None else self.done
        fired = (done.get(other.id) for other in self.pathway.steps if other.offers_text and other is not step)
        if not any(entry is not None and entry.times > 0 for entry in fired):
            self.actions.append(OfferText(step.id))

    def come_again(self, step: Step, terms: Terms) -> None:
        """Note when a repeating step is due after firing or passing now."""
        if terms.repeat is not None:
            again = terms.repeat.after(self.now, calendar=self.calendar)
            self.look_again(self.paused(again, step, terms), step.id)

    def hold(self, step: Step, *, raised_to: int) -> None:
        """Take a step in hand, told to whoever is `raised_to` places up its chain, unacknowledged."""
        self.step_id, self.fired_at, self.raised_to, self.acknowledged_until = step.id, self.now, raised_to, None

    def mark_done(self, step_id: str, *, alerts: int, again: bool = True) -> int:
        """Note that a step fired or was passed; return the number of its alerts. A reminder keeps the firing time."""
        if self.done is None:
            self.done = dict(self.facts.done)
        entry = self.done.get(step_id)
        times = alerts if entry is None else entry.times + alerts
        self.done[step_id] = StepDone(self.now if again or entry is None else entry.at, times)
        return times

    def answer_by(self, terms: Terms) -> datetime:
        """Return by when the step in hand has to be acknowledged."""
        assert self.fired_at is not None
        return limit(
            self.pathway,
            terms,
            fired_at=self.fired_at,
            raised_to=self.raised_to,
            high_risk=self.high_risk,
            calendar=self.calendar,
        )

    def paused(self, at: datetime, step: Step, terms: Terms) -> datetime:
        """Return `at`, or the end of the pause that a booking, or a hold, gives this step."""
        if self.paused_until is not None and terms.pauses_while_booked:
            at = max(at, self.paused_until)
        for pause in self.facts.pauses:
            if step.id in pause.steps:
                at = max(at, pause.until)
        return at

    def look_again(self, at: datetime, step_id: str) -> None:
        """Note a time to look again; the soonest counts."""
        if self.next is None or at < self.next[0]:
            self.next = (at, step_id)
