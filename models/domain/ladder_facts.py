"""What the ladder's decision is told (facts) and what it answers (actions, a decision). No names, numbers or text."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from models.domain.words import AlertKind, FollowUpState, FollowUpTrigger, How, OwnerRole, Urgency


class StepDone(NamedTuple):
    """When a step last fired or was passed, and how many alerts it has raised."""

    at: datetime
    times: int


class Pause(NamedTuple):
    """Steps that wait until a moment: a hold lets them (config/holds.yaml)."""

    until: datetime
    steps: frozenset[str]


class MovedTime(NamedTuple):
    """When a person wants a step, said at `moved_at`. `high_risk`: the terms it ran on when that was agreed."""

    due_at: datetime
    moved_at: datetime
    later: bool
    high_risk: bool


class HandOver(StrEnum):
    """Why the step in hand goes to somebody else now."""

    GONE = "gone"  # whoever has it is away, has left, or no longer holds the caseload
    GIVEN = "given"  # a person gave it to somebody


NOTHING_DONE: Mapping[str, StepDone] = MappingProxyType({})
NOTHING_MOVED: Mapping[str, MovedTime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FollowUpFacts:
    """One follow-up as its row and its family's rows have it.

    `started_at` is T0: the end of the missed or unrecorded appointment, else when the contact was cancelled, or was
    found overdue or unbooked. `unseen_since` is T0 of the first miss in a row (models/domain/threads.py, `clocks`).
    `booked_until` is the end of the next appointment of this contact that is still to come or has no outcome yet.
    `window_end` is the last day of the late band, or of the window where there is none. `faster`: a pattern moved it
    one rung faster. `pattern_at`: when one was last told to the team lead. The `step_*` fields are what the last
    decision answered. `moved` are the steps whose time a person changed; `hand_over` says that the step in hand can't
    stay with whoever has it; `pauses` are the steps that holds keep waiting: each has an end, so that no due time is
    ever lost.
    """

    state: FollowUpState
    trigger: FollowUpTrigger
    contact_code: str
    high_risk: bool
    miss_count: int
    opened_at: datetime
    started_at: datetime
    unseen_since: datetime | None = None
    date_of_birth: date | None = None
    edd: date | None = None
    window_end: date | None = None
    booked_until: datetime | None = None
    step_id: str | None = None
    step_fired_at: datetime | None = None
    step_raised_to: int = 0
    acknowledged_until: datetime | None = None
    done: Mapping[str, StepDone] = field(default_factory=lambda: NOTHING_DONE)
    faster: bool = False
    pattern_at: datetime | None = None
    moved: Mapping[str, MovedTime] = field(default_factory=lambda: NOTHING_MOVED)
    hand_over: HandOver | None = None
    pauses: tuple[Pause, ...] = ()
    how: How | None = None


class Why(StrEnum):
    """Why an alert is raised; kept in the follow-up's story."""

    DUE = "due"
    NOT_ACKNOWLEDGED = "not_acknowledged"  # the same step, to the next role up
    LEASE_ENDED = "lease_ended"  # acknowledged, and the time for doing it is over
    HANDED_OVER = "handed_over"  # the same step, to somebody else: whoever had it is gone, or a person gave it on


@dataclass(frozen=True, slots=True)
class RaiseAlert:
    """Tell somebody. Try `role_chain` in order until one resolves to a person or a pool.

    Store as the follow-up's `step_raised_to` `raised_to` plus the place in the chain that was reached, so that the
    next climb starts from there. `occurrence` numbers the alerts of one step: part of the key.
    """

    kind: AlertKind
    step_id: str
    why: Why
    role_chain: tuple[OwnerRole, ...]
    raised_to: int
    also_tell: tuple[OwnerRole, ...]
    urgency: Urgency
    was_due_at: datetime
    needs_ack_by: datetime
    occurrence: int


@dataclass(frozen=True, slots=True)
class OfferText:
    """A neutral text for the family becomes available for a person's release; the gate still decides."""

    step_id: str


@dataclass(frozen=True, slots=True)
class RecordPassed:
    """A lower step was due as well when this higher one fired: written into the story, nobody is told twice."""

    step_id: str
    was_due_at: datetime


@dataclass(frozen=True, slots=True)
class RequestTriage:
    """Count this backlog follow-up in its team's and owner's one triage task; raise the task if there is none."""

    step_id: str
    role_chain: tuple[OwnerRole, ...]
    occurrence: int


Action = RaiseAlert | OfferText | RecordPassed | RequestTriage


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, and what to store. A live follow-up's `next_due_at` is always later than now."""

    actions: tuple[Action, ...]
    state: FollowUpState
    next_due_at: datetime | None
    next_step_id: str | None
    step_id: str | None
    step_fired_at: datetime | None
    step_raised_to: int
    acknowledged_until: datetime | None
    done: Mapping[str, StepDone]


def after(facts: FollowUpFacts, decision: Decision) -> FollowUpFacts:
    """Return the facts as they are once `decision` is stored and every role resolved at the first try."""
    return replace(
        facts,
        state=decision.state,
        step_id=decision.step_id,
        step_fired_at=decision.step_fired_at,
        step_raised_to=decision.step_raised_to,
        acknowledged_until=decision.acknowledged_until,
        done=decision.done,
        hand_over=None,
    )


def dump_done(done: Mapping[str, StepDone]) -> dict[str, object]:
    """Return `done` as JSON for the row's `steps_done`."""
    return {step_id: [entry.at.isoformat(), entry.times] for step_id, entry in done.items()}


def load_done(stored: Mapping[str, list[object]]) -> dict[str, StepDone]:
    """Return what `dump_done` stored."""
    return {step_id: StepDone(datetime.fromisoformat(str(at)), int(str(n))) for step_id, (at, n) in stored.items()}
