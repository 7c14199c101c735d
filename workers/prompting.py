"""Look at what was recorded and raise the prompts it calls for; what was old when it came goes on a list.

Asking about them, again and again, is `workers.prompt_asking`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import (
    alerts,
    concern_flags,
    follow_ups,
    indicator_reviews,
    messages,
    prompt_asks,
    prompts,
    threshold_signatures,
)
from models.db.alerts import NewAlert
from models.db.indicator_reviews import NewReview
from models.db.people_resolution import Directory, Whose, directory
from models.db.prompt_asks import PromptTold
from models.db.prompts import Earlier, Look, Looked, NewPrompt, Taken
from models.domain import dedupe
from models.domain.prompt_states import PromptEvent, advance
from models.domain.prompts import Before, PromptRule, Raise, flags_for, is_old, merges_into, prompt_for
from models.domain.words import AlertKind, IndicatorVerdict, PromptState, Urgency
from workers.advance import harmless_flags

SET_SIZE = 1_000


@dataclass(slots=True)
class _Looks:
    """One set of indicators and what the rules make of them, to be stored table by table."""

    rules: Rules
    staff: Directory
    now: datetime
    today: date
    earlier: dict[int, list[Earlier]]
    raised: dict[str, tuple[Taken, Raise]] = field(default_factory=dict)
    looked: list[tuple[Taken, IndicatorVerdict, str | int | None]] = field(default_factory=list)  # key or id of prompt
    reviews: list[NewReview] = field(default_factory=list)
    flags: set[tuple[int, str]] = field(default_factory=set)
    merged: list[tuple[str | int, str, Taken]] = field(default_factory=list)  # into which prompt, its state
    _of_person: dict[int, list[tuple[str, Before]]] = field(default_factory=dict)  # raised in this set

    def look_at(self, row: Taken, found: Raise | None) -> None:
        """Decide what becomes of one indicator: a prompt, a share in another one, a line on a list, or nothing."""
        if found is None:
            self.looked.append((row, IndicatorVerdict.SILENT, None))
            return
        received_on = self.rules.calendar.civil_date(row.received_at)
        codes = flags_for(row.recorded, self.rules.prompts, recorded_on=row.recorded_on, received_on=received_on)
        self.flags |= {(row.person_id, code) for code in codes}
        if not row.wanted and is_old(found.rule, recorded_on=row.recorded_on, received_on=received_on):
            self.looked.append((row, IndicatorVerdict.REVIEW, None))
            owner = self.staff.resolve(_whose(row), found.rule.role_chain)
            self.reviews.append(NewReview(row.id, row.team_id, owner.practitioner_id, owner.owner_team_id))
            return
        joins = self._covering(row, found.rule)
        if joins is not None:
            self.looked.append((row, IndicatorVerdict.MERGED, joins))
            return
        key = dedupe.prompt(row.id, weight=found.rule.weight, pregnancy_id=row.pregnancy_id)
        self.raised[key] = (row, found)
        grave = found.rule.same_day or found.rule.urgency is Urgency.RED_FLAG
        before = Before(found.rule.weight, grave, row.instrument, row.total, self._counts_from(row))
        self._of_person.setdefault(row.person_id, []).append((key, before))
        self.looked.append((row, IndicatorVerdict.PROMPT, key))

    def _covering(self, row: Taken, rule: PromptRule) -> str | int | None:
        """The prompt that says all of this already: one of before by its id, one of this set by its key."""
        known: list[tuple[str | int, str, Before]] = [
            (one.id, one.state, Before(one.weight, one.same_day, one.instrument, one.total, one.counts_from))
            for one in self.earlier.get(row.person_id, ())
        ]
        known += [(key, PromptState.RAISED, before) for key, before in self._of_person.get(row.person_id, ())]
        days, counts_from = self.rules.prompts.merge_days, self._counts_from(row)
        for prompt, state, before in known:
            if merges_into(rule, row.recorded, recorded_on=counts_from, before=before, merge_days=days):
                self.merged.append((prompt, state, row))
                return prompt
        return None

    def _counts_from(self, row: Taken) -> date:
        """A score counts from its day, a history from the day on which it is looked at."""
        return self.today if row.instrument in self.rules.prompts.standing else row.recorded_on

    def new_prompts(self) -> list[NewPrompt]:
        """The prompts to raise, each with an owner from the first moment."""
        return [self._prompt(key, row, found) for key, (row, found) in self.raised.items()]

    def _prompt(self, key: str, row: Taken, found: Raise) -> NewPrompt:
        owner = self.staff.resolve(_whose(row), found.rule.role_chain)
        return NewPrompt(
            dedupe_key=key,
            indicator_id=row.id,
            person_id=row.person_id,
            household_id=row.household_id,
            team_id=row.team_id,
            rule_id=found.rule.id,
            rule_version=found.rule.version,
            weight=found.rule.weight,
            basis=found.basis,
            urgency=found.rule.urgency,
            same_day=found.rule.same_day,
            next_due_at=self.now,
            owner_practitioner_id=owner.practitioner_id,
            owner_team_id=owner.owner_team_id,
        )


def raise_prompts(session: Session, rules: Rules, now: datetime) -> int:
    """Look at one set of recorded indicators; raise what they call for, due at once. The caller commits."""
    return _raise_prompts(session, rules, now, first_only=False)


def raise_first(session: Session, rules: Rules, now: datetime) -> int:
    """The same for red flags, concerns and self-harm items alone: no file of totals stands before them."""
    return _raise_prompts(session, rules, now, first_only=True)


def _raise_prompts(session: Session, rules: Rules, now: datetime, *, first_only: bool) -> int:
    own = rules.prompts
    look = Look(now, rules.calendar.civil_date(now), own.standing, own.postnatal_months, first_only)
    taken = prompts.take(session, look, limit=SET_SIZE)
    if not taken:
        return 0
    signed = threshold_signatures.signed(session)
    found = [(row, prompt_for(row.recorded, own, signed=signed)) for row in taken]
    looks = _Looks(rules, _staff(session, rules, taken, now=now), now, look.today, _earlier(session, rules, found))
    # The heaviest first, so that the others of the same person join it.
    for row, one in sorted(found, key=lambda pair: -pair[1].rule.weight if pair[1] is not None else 0):
        looks.look_at(row, one)
    _store(session, looks, now=now)
    return len(taken)


def _earlier(session: Session, rules: Rules, found: Sequence[tuple[Taken, Raise | None]]) -> dict[int, list[Earlier]]:
    """The prompts that could cover one of these, by person."""
    asking = [row for row, one in found if one is not None]
    if not asking:
        return {}
    since = min(row.recorded_on for row in asking) - timedelta(days=rules.prompts.merge_days)
    known: dict[int, list[Earlier]] = {}
    for one in prompts.earlier(session, {row.person_id for row in asking}, since=since):
        known.setdefault(one.person_id, []).append(one)
    return known


def _store(session: Session, looks: _Looks, *, now: datetime) -> None:
    standing = looks.rules.prompts.standing
    ids = prompts.raise_many(session, looks.new_prompts(), now=now)
    looked = [
        Looked(row.id, verdict, ids[prompt] if isinstance(prompt, str) else prompt, row.instrument in standing)
        for row, verdict, prompt in looks.looked
    ]
    prompts.store_verdicts(session, looked, now=now)
    events = [
        PromptTold(
            ids[prompt] if isinstance(prompt, str) else prompt,
            PromptEvent.MERGED,
            advance(PromptState(state), PromptEvent.MERGED),
            {"indicator": row.id},
        )
        for prompt, state, row in looks.merged
    ]
    prompt_asks.tell(session, events, now=now)
    _list_old(session, looks, now=now)
    if concern_flags.set_many(session, looks.flags, now=now):
        concern_flags.plan_confirmations(session, days=looks.rules.prompts.red_flag_days)
        follow_ups.wake_flagged(session, harmless_flags=harmless_flags(looks.rules), now=now)
        concern_flags.mark_red(session, now=now)


def _list_old(session: Session, looks: _Looks, *, now: datetime) -> None:
    """Old indicators: lines on a list, and one task per team and owner that is opened again, not one alarm each."""
    indicator_reviews.add_many(session, looks.reviews, now=now)
    due = looks.rules.prompts.without_threshold[-1].decide_within.after(now, calendar=looks.rules.calendar)
    tasks = {indicator_reviews.task_key(row): row for row in looks.reviews}
    raised = [
        NewAlert(
            kind=AlertKind.INDICATOR_REVIEW,
            urgency=Urgency.ROUTINE,
            dedupe_key=key,
            practitioner_id=row.owner_practitioner_id,
            owner_team_id=row.owner_team_id,
            team_id=row.team_id,
            next_due_at=due,
        )
        for key, row in sorted(tasks.items())
    ]
    messages.alert_emails(session, alerts.raise_or_renew(session, raised, now=now), now=now)


def _whose(row: Taken) -> Whose:
    return Whose(None, row.caseload_holder, row.team_id)


def _staff(session: Session, rules: Rules, rows: Sequence[Taken], *, now: datetime) -> Directory:
    return directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={row.team_id for row in rows if row.team_id is not None},
        practitioner_ids={row.caseload_holder for row in rows if row.caseload_holder is not None},
    )
