"""What people do in a run of years, each by the product's own act. A refusal is an answer; anything else is a fault."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.db import (
    alerts,
    assignments,
    concern_flags,
    decline_actions,
    follow_up_actions,
    handovers,
    hold_acts,
    outcomes,
    splits,
    step_times,
)
from models.db.follow_up_rows import ActionRefused
from models.db.handovers import Acceptance
from models.db.hold_acts import Acting
from models.db.scope import Scope
from models.db.separating import Act
from models.db.splits import Leaving
from models.db.step_times import Means, Wanted
from models.domain.ids import FollowUpId, HouseholdId, PractitionerId
from models.domain.words import (
    AccountRole,
    AppointmentStatus,
    ClosedReason,
    HandoverWay,
    HoldEnd,
    HoldKind,
    OutcomeSubtype,
    SplitReason,
)
from tests.engine.years_world import Years
from workers.advance import harmless_flags

LIVE = "('open', 'backlog', 'seen', 'closing')"


class Acts:
    """The people of the trust: ann and bob lead, may see all, and are two different people; nan is the named nurse."""

    def __init__(self, world: Years) -> None:
        self.world = world
        self.done: Counter[str] = Counter()

    def who(self, name: str) -> Scope:
        """One of the three."""
        role = AccountRole.NAMED_NURSE if name == "nan" else AccountRole.TEAM_LEAD
        return replace(self.world.person_at_page(name), role=role)

    # -- follow-ups

    def pick(self, number: int, where: str = f"state IN {LIVE}") -> Any:
        """A follow-up out of those of a kind; None where there is none."""
        return self._one_of("follow_up", number, where)

    def acknowledge(self, number: int, by: str) -> None:
        """Take a step on."""
        self._on_follow_up(
            number, by, follow_up_actions.acknowledge, pathways=self.world.pathways, calendar=self.world.rules.calendar
        )

    def release(self, number: int, by: str) -> None:
        """Let a text go."""
        self._on_follow_up(number, by, follow_up_actions.release_text)

    def close(self, number: int, by: str, reason: ClosedReason) -> None:
        """Close, or ask a second person to, or be the second person."""
        self._on_follow_up(number, by, follow_up_actions.close, reason=reason, note="Seen at the clinic by the GP")

    def refuse_closing(self, number: int, by: str) -> None:
        """The second person says no."""
        where = "state = 'closing'"
        self._on_follow_up(number, by, follow_up_actions.refuse_closing, where=where, note="Who saw her?")

    def take_up(self, number: int, by: str) -> None:
        """Out of the backlog."""
        self._on_follow_up(number, by, follow_up_actions.take_up, where="state = 'backlog'")

    def not_seen(self, number: int, by: str) -> None:
        """The evidence was wrong."""
        where = "state = 'seen'"
        self._on_follow_up(number, by, follow_up_actions.not_seen_after_all, where=where, note="Another child")

    def reopen(self, number: int, by: str) -> None:
        """Open a closed one again."""
        self._on_follow_up(number, by, follow_up_actions.reopen, where="state = 'closed'", note="Not seen after all")

    def give(self, number: int, by: str, to: int) -> None:
        """Give one to a colleague."""
        self._on_follow_up(
            number, by, assignments.assign, to=PractitionerId(to), reason="Knows her",
            calendar=self.world.rules.calendar,
        )  # fmt: skip

    def move_step(self, number: int, by: str, hours: int) -> None:
        """Make the next step earlier or later."""
        row = self.pick(number, "state = 'open' AND next_step_id IS NOT NULL")
        if row is not None:
            wanted = Wanted(
                step_id=row.next_step_id, at=row.next_due_at + timedelta(hours=hours), of_lease=False, reason="Away"
            )
            means = Means(self.world.pathways, self.world.rules.staffing.step_ceilings, self.world.rules.calendar)
            self._on_row(row, by, step_times.move, wanted=wanted, means=means)

    def decide_step(self, number: int, by: str, *, agrees: bool) -> None:
        """A team lead answers who asked for more time."""
        asked = self._one_of("step_time", number, "state = 'asked'")
        if asked is not None:
            row = self._one_of("follow_up", 0, f"id = {asked.follow_up_id}")
            self._on_row(row, by, step_times.decide, step_time_id=asked.id, agrees=agrees, note="The plan stands")

    def decline(self, number: int, by: str, *, whole: bool) -> None:
        """Write down that a contact was declined."""
        answers = decline_actions.answers(
            declined_by="mother" if whole else None, informed="phone", why="Seen privately", capacity="yes",
            seen_by_anybody="yes" if whole else None, last_seen_on=self.world.now.date() - timedelta(days=9),
            last_seen_by="GP",
        )  # fmt: skip
        self._on_follow_up(
            number, by, decline_actions.record, seen_status=None, answers=answers, today=self.world.now.date()
        )

    def end_alert(self, number: int, by: str) -> None:
        """A task that no follow-up drives is dealt with."""
        row = self._one_of("alert", number, "state = 'open' AND follow_up_id IS NULL")
        if row is not None:
            self._do(lambda s: alerts.end(s, alert_id=row.id, outcome="done", account=self.who(by), now=self.world.now))

    # -- appointments

    def record(self, number: int, by: str, status: AppointmentStatus, subtype: OutcomeSubtype | None) -> None:
        """Record or correct an outcome."""
        row = self._one_of("appointment", number, "true")
        if row is not None:
            self._do(
                lambda s: outcomes.record_outcome(
                    s, appointment_id=row.id, seen_status=AppointmentStatus(row.status), status=status,
                    subtype=subtype, mode=None, reason="As the visitor says", account=self.who(by), now=self.world.now,
                ),
                "record_outcome",
            )  # fmt: skip

    # -- families

    def hold(self, household: int, person: int | None, by: str, kind: HoldKind, days: int) -> None:
        """Set a hold on somebody, or on all of a household."""
        until = self.world.now.date() + timedelta(days=days)
        acting = self._acting(household, by)
        self._do(lambda s: hold_acts.hold_person(s, kind, person, until=until, note="The ward rang", acting=acting))

    def end_hold(self, number: int, by: str, how: HoldEnd) -> None:
        """End a hold, or say it was an error."""
        row = self._one_of("hold", number, "ended_at IS NULL")
        if row is not None:
            acting = self._acting(self._household_of(row), by)
            self._do(lambda s: hold_acts.end_hold(s, row.id, how=how, note="She told us", acting=acting), "end_hold")

    def keep_hold(self, number: int, by: str, days: int) -> None:
        """Decide that it goes on."""
        row = self._one_of("hold", number, "ended_at IS NULL")
        if row is not None:
            acting, until = self._acting(self._household_of(row), by), self.world.now.date() + timedelta(days=days)
            self._do(lambda s: hold_acts.keep_on(s, row.id, until=until, note="Still there", acting=acting))

    def death(self, household: int, person: int, by: str) -> None:
        """Somebody has died."""
        acting, died = self._acting(household, by), self.world.now.date() - timedelta(days=1)
        self._do(lambda s: hold_acts.tell_death(s, person, died_on=died, note="The ward rang", acting=acting), "death")

    def accept(self, number: int, by: str) -> None:
        """The receiver accepts a family that moved out."""
        row = self._one_of("hold", number, "ended_at IS NULL AND kind = 'moved_out' AND handover_id IS NULL")
        if row is not None:
            acceptance = Acceptance(
                holds=frozenset({row.id}), household_id=self._household_of(row), receiver="Leeds", accepted_by="Sam",
                accepted_at=self.world.now, way=HandoverWay.PHONE, note="All notes sent",
            )  # fmt: skip
            self._do(lambda s: handovers.accept(s, acceptance, account=self.who(by), now=self.world.now), "accept")

    def withdraw(self, number: int, by: str) -> None:
        """They do not have it after all."""
        row = self._one_of("handover", number, "withdrawn_at IS NULL")
        if row is not None:
            review = self.world.now + timedelta(days=3)
            who, now = self.who(by), self.world.now
            self._do(lambda s: handovers.withdraw(s, row.id, reason="No", review=review, account=who, now=now))

    def split(self, household: int, people: set[int], by: str, reason: SplitReason) -> None:
        """One household becomes two."""
        found = self.world.rows(
            "SELECT person_id FROM household_member WHERE household_id = :h AND valid_until IS NULL", h=household
        )
        members = frozenset(row.person_id for row in found)
        leaving = Leaving(
            household_id=household, people=frozenset(people) & members, seen=members, reason=reason, note="She rang"
        )
        self._do(lambda s: splits.split(s, leaving, self._act(by)), "split")

    def undo_split(self, number: int, by: str) -> None:
        """And one again."""
        row = self._one_of("household_split", number, "undone_at IS NULL")
        if row is not None:
            self._do(lambda s: splits.undo(s, row.id, reason="Back together", act=self._act(by)), "undo_split")

    def end_flag(self, person: int, household: int, by: str, code: str) -> None:
        """A red flag or a worry ends."""
        self._do(
            lambda s: concern_flags.end(
                s, person_id=person, household_id=HouseholdId(household), code=code, reason="Seen, and well",
                account=self.who(by), now=self.world.now,
            ),
            "end_flag",
        )  # fmt: skip

    # -- how

    def _on_follow_up(
        self, number: int, by: str, act: Callable[..., object], *, where: str = f"state IN {LIVE}", **given: Any
    ) -> None:
        row = self.pick(number, where)
        if row is not None:
            self._on_row(row, by, act, **given)

    def _on_row(self, row: Any, by: str, act: Callable[..., object], **given: Any) -> None:
        common = {"follow_up_id": FollowUpId(row.id), "row_version": row.row_version}
        who, now = self.who(by), self.world.now
        self._do(lambda s: act(s, **common, account=who, now=now, **given), act.__name__)

    def _one_of(self, table: str, number: int, where: str) -> Any:
        found = self.world.rows(f"SELECT * FROM {table} WHERE {where} ORDER BY id")
        return found[number % len(found)] if found else None

    def _household_of(self, hold: Any) -> int:
        if hold.household_id is not None:
            return int(hold.household_id)
        who = hold.person_id
        if who is None:
            who = self.world.one("SELECT mother_id FROM pregnancy WHERE id = :id", id=hold.pregnancy_id)
        query = (
            "SELECT coalesce(min(household_id), 0) FROM household_member WHERE person_id = :p AND valid_until IS NULL"
        )
        return int(self.world.one(query, p=who))

    def _acting(self, household: int, by: str) -> Acting:
        rules = self.world.rules
        return Acting(self.who(by), HouseholdId(household), rules.holds, rules.calendar, self.world.now)

    def _act(self, by: str) -> Act:
        rules = self.world.rules
        return Act(
            account=self.who(by), rules=rules.holds, harmless_flags=harmless_flags(rules), calendar=rules.calendar,
            now=self.world.now,
        )  # fmt: skip

    def _do(self, act: Callable[[Session], object], name: str = "act") -> None:
        try:
            with Session(self.world.engine) as session, session.begin():
                act(session)
        except ActionRefused:
            self.done["refused"] += 1
        else:
            self.done[name] += 1
