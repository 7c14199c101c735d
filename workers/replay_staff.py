"""How staff behave in a replay: nobody does anything, or everybody does everything in time. By the acts of the pages.

What "in time" means is config/replay.yaml. The outcome that the file holds is the one they record; where it holds none
they saw the family. The appointments that they make come in like any other.
"""

import secrets
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.replay_rules import OnTime
from models.db import accounts, alerts, follow_up_actions, outcomes, prompt_actions, replay
from models.db.follow_up_rows import ActionRefused
from models.db.prompt_actions import Decision
from models.db.replay import Work
from models.db.scope import Scope
from models.domain.ids import AppointmentId, FollowUpId
from models.domain.words import (
    AccountRole,
    AppointmentStatus,
    ClosedReason,
    FollowUpState,
    FollowUpTrigger,
    OutcomeSubtype,
    PromptDecision,
)
from models.domain.working_time import WorkingCalendar, after_working_days
from workers.machine import Machine
from workers.replay_diary import LENGTH, SOURCE, Diary, Row

_NOTE = "replay"
Outcomes = Mapping[str, tuple[str, str]]


class Staff(Protocol):
    """What a replay asks of its staff."""

    def begin(self, session: Session, *, now: datetime) -> None:
        """Make the accounts they act by. The caller commits."""

    def looks_after(self, now: datetime, calendar: WorkingCalendar) -> list[datetime]:
        """When they next look at their lists, if ever."""

    def act(self, engine: Engine, machine: Machine, *, now: datetime, outcomes: Outcomes, acts: dict[str, int]) -> bool:
        """Do what they do at `now`, counting it in `acts`; return whether they did anything. Commits."""

    def rows(self, now: datetime) -> list[Row]:
        """The appointments they have made, or held, since they were last asked: rows of the import format."""


class Never:
    """Nobody acknowledges, records or closes anything."""

    def begin(self, session: Session, *, now: datetime) -> None:
        """No account is needed."""

    def looks_after(self, now: datetime, calendar: WorkingCalendar) -> list[datetime]:
        """Never."""
        return []

    def act(self, engine: Engine, machine: Machine, *, now: datetime, outcomes: Outcomes, acts: dict[str, int]) -> bool:
        """Nothing."""
        return False

    def rows(self, now: datetime) -> list[Row]:
        """None."""
        return []


class Prompt:
    """Everybody looks at the times of the rules on working days, and takes what is urgent on at once."""

    def __init__(self, rules: OnTime) -> None:
        self._rules = rules
        self._accounts: tuple[Scope, ...] = ()
        self._diary = Diary()

    def begin(self, session: Session, *, now: datetime) -> None:
        """Two accounts: high risk needs a second person to close."""
        self._accounts = tuple(_account(session, f"replay-{number}", now=now) for number in (1, 2))

    def looks_after(self, now: datetime, calendar: WorkingCalendar) -> list[datetime]:
        """The next look of a working day."""
        day = calendar.civil_date(now)
        while True:
            looks = [calendar.at(day, at) for at in self._rules.looks_at] if calendar.is_working_day(day) else []
            later = [look for look in looks if look > now]
            if later:
                return [*later[:1], *self._diary.next_end(now)]
            day += timedelta(days=1)

    def act(self, engine: Engine, machine: Machine, *, now: datetime, outcomes: Outcomes, acts: dict[str, int]) -> bool:
        """Take on, record, decide, close: all that waits at a look; else what is urgent."""
        calendar = machine.rules().calendar
        done = _Round(self._rules, machine, now, outcomes, self._accounts, self._diary)
        with Session(engine) as session, session.begin():
            urgent_only = not self._is_look(now, calendar)
            for row in replay.work(session, now=now, urgent_only=urgent_only, source=SOURCE):
                done.follow_up(session, row)
            for prompt, reviewer in replay.open_prompts(session, urgent_only=urgent_only):
                done.prompt(session, prompt, reviewer)
            for alert in replay.other_alerts(session, urgent_only=urgent_only):
                done.alert(session, alert)
        for act, count in done.acts.items():
            acts[act] = acts.get(act, 0) + count
        return bool(done.acts)

    def rows(self, now: datetime) -> list[Row]:
        """New appointments as booked, those that are over as attended."""
        return self._diary.rows(now)

    def _is_look(self, now: datetime, calendar: WorkingCalendar) -> bool:
        local: time = now.astimezone(calendar.zone).time().replace(tzinfo=None)
        return calendar.is_working_day(calendar.civil_date(now)) and local in self._rules.looks_at


class _Round:
    """One look through all that waits."""

    def __init__(
        self,
        rules: OnTime,
        machine: Machine,
        now: datetime,
        outcomes: Outcomes,
        accounts: tuple[Scope, ...],
        diary: Diary,
    ) -> None:
        self._rules, self._machine, self._now, self._outcomes = rules, machine, now, outcomes
        self._first, self._second = accounts
        self._diary = diary
        self._calendar = machine.rules().calendar
        self.acts: Counter[str] = Counter()

    def follow_up(self, session: Session, row: Work) -> None:
        """The next act that this follow-up asks for, if any."""
        try:
            with session.begin_nested():
                act = self._act(session, row)
        except ActionRefused:
            act = "refused"
        if act is not None:
            self.acts[act] += 1

    def prompt(self, session: Session, prompt_id: int, reviewer: int) -> None:
        """Every prompt is decided: known already, to be looked at again after a while."""
        review = after_working_days(self._now, self._rules.prompt_review_working_days, calendar=self._calendar)
        made = Decision(decision=PromptDecision.ALREADY_KNOWN, reason=_NOTE, reviewer_id=reviewer, review_due_at=review)
        try:
            with session.begin_nested():
                prompt_actions.decide_prompt(
                    session, prompt_id=prompt_id, made=made, account=self._first, now=self._now
                )
        except ActionRefused:  # answered with another of the same person
            return
        self.acts["prompt_decided"] += 1

    def alert(self, session: Session, alert_id: int) -> None:
        """Any other task is done."""
        if alerts.end(session, alert_id=alert_id, outcome="done", account=self._first, now=self._now):
            self.acts["alert_done"] += 1

    def _act(self, session: Session, row: Work) -> str | None:
        if row.state == FollowUpState.CLOSING:
            return self._close(session, row, ClosedReason.SEEN, by=self._second)
        if row.trigger == FollowUpTrigger.OUTCOME_NOT_RECORDED:
            return self._record(session, row)
        if row.state == FollowUpState.SEEN:
            return self._close(session, row, ClosedReason.SEEN)
        if row.state == FollowUpState.BACKLOG:
            return self._close(session, row, ClosedReason.BACKLOG_REVIEWED)
        return self._reach(session, row)

    def _reach(self, session: Session, row: Work) -> str | None:
        """A new appointment is agreed where none is booked as soon; what can have none is dealt with by then."""
        by = self._seen_by(row)
        if row.contact_code not in self._machine.rules().contacts.kinds or not (row.nhs_number or row.local_id):
            if self._now >= by:
                return self._close(session, row, ClosedReason.SEEN)
        elif (row.booked_for is None or row.booked_for > by) and self._diary.book(row, at=max(by, self._now + LENGTH)):
            self.acts["booked"] += 1
        return self._acknowledge(session, row) if row.step_id is not None and not row.acknowledged else None

    def _seen_by(self, row: Work) -> datetime:
        if row.high_risk:
            return row.opened_at + self._rules.seen_after_high_risk
        days = self._rules.sooner_working_days.get(row.contact_code, self._rules.seen_after_working_days)
        if row.hastened:
            days = min(days, self._rules.hastened_working_days.get(row.pathway_code, days))
        morning = self._rules.looks_at[0]
        return after_working_days(row.opened_at, days, calendar=self._calendar, at=morning)

    def _acknowledge(self, session: Session, row: Work) -> str:
        follow_up_actions.acknowledge(
            session, follow_up_id=FollowUpId(row.id), row_version=row.row_version, account=self._first,
            pathways=self._machine.pathways, calendar=self._calendar, now=self._now,
        )  # fmt: skip
        return "acknowledged"

    def _close(self, session: Session, row: Work, reason: ClosedReason, *, by: Scope | None = None) -> str:
        state = follow_up_actions.close(
            session, follow_up_id=FollowUpId(row.id), row_version=row.row_version, account=by or self._first,
            reason=reason, note=_NOTE, now=self._now,
        )  # fmt: skip
        return "closed" if state is FollowUpState.CLOSED else "closing_asked"

    def _record(self, session: Session, row: Work) -> str | None:
        if row.appointment_id is None or row.appointment_status is None:
            return None
        status, subtype = self._outcomes.get(row.source_ref or "", (AppointmentStatus.ATTENDED.value, ""))
        if row.appointment_status == status:
            return None
        if status not in outcomes.RECORDABLE:  # the file says that it was called off, not by whom
            status, subtype = AppointmentStatus.CANCELLED_BY_SERVICE.value, ""
        outcomes.record_outcome(
            session, appointment_id=AppointmentId(row.appointment_id),
            seen_status=AppointmentStatus(row.appointment_status), status=AppointmentStatus(status),
            subtype=OutcomeSubtype(subtype) if subtype else None, mode=None, reason=None, account=self._first,
            now=self._now,
        )  # fmt: skip
        return "outcome_recorded"


def _account(session: Session, name: str, *, now: datetime) -> Scope:
    account_id = accounts.add(
        session, username=name, password=secrets.token_urlsafe(24), role=AccountRole.TEAM_LEAD, all_teams=True,
        by=_NOTE, now=now,
    )  # fmt: skip
    return Scope(
        account_id=account_id, username=name, role=AccountRole.TEAM_LEAD, all_teams=True, team_ids=frozenset(),
        practitioner_id=None,
    )  # fmt: skip
