"""What each appointment that came or changed means for its family's follow-ups. Works on rows in memory; no I/O.

Sources: design.md 3.1, 3.3, 3.7, 3.8; docs/decisions/0003 (one thread through several misses).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from config.rules import Rules
from models.db.cases import Case, Happened
from models.db.detection import Candidate, LaterVisit
from models.db.people_resolution import Directory, Reached, Whose
from models.domain.appointment_states import UNSETTLED
from models.domain.contacts import ContactKind, opened_by, shows_seen
from models.domain.follow_up_states import FollowUpEvent, advance
from models.domain.freshness import is_backlog
from models.domain.ladder import carried_over, decide
from models.domain.ladder_facts import FollowUpFacts, dump_done, load_done
from models.domain.pathway import Pathway
from models.domain.words import (
    ActorKind,
    AppointmentStatus,
    ClosedReason,
    ContactMode,
    FollowUpState,
    FollowUpTrigger,
    OutcomeSubtype,
    OwnerRole,
    PersonRole,
)
from workers.backlog import Triage

MISSED_KINDS = frozenset(
    {FollowUpTrigger.MISSED, FollowUpTrigger.CANCELLED, FollowUpTrigger.NEVER_BOOKED, FollowUpTrigger.OVERDUE}
)
E = FollowUpEvent


@dataclass(frozen=True, slots=True)
class Opening:
    """A cause for a follow-up: what it is about and when it happened."""

    trigger: FollowUpTrigger
    pathway_code: str
    happened_at: datetime
    first_received_at: datetime
    go_live_on: date | None
    person_id: int
    household_id: int | None
    team_id: int | None
    contact_code: str
    whose: Whose
    appointment_id: int | None = None
    expected_contact_id: int | None = None
    referral_id: int | None = None
    miss_count: int = 1
    breach_at: datetime | None = None


@dataclass(slots=True)
class Casework:
    """One set of candidates with the follow-ups of their families, and everything decided about them so far."""

    rules: Rules
    staff: Directory
    now: datetime
    high_risk: Callable[[int, int | None], bool]  # of a person and a household
    cases: list[Case]
    later: dict[int, LaterVisit] = field(default_factory=dict)
    triage: list[Triage] = field(default_factory=list)
    met: list[tuple[int, datetime]] = field(default_factory=list)  # expected contacts and when they took place
    unexplained: list[Candidate] = field(default_factory=list)  # cancellations that say neither by whom nor why
    _of_appointment: dict[int, Case] = field(default_factory=dict)
    _of_expected: dict[int, Case] = field(default_factory=dict)
    _threads: dict[tuple[int, str], list[Case]] = field(default_factory=dict)
    _owners: dict[tuple[Whose, tuple[OwnerRole, ...]], Reached] = field(default_factory=dict)
    _current: dict[str, Pathway] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for case in self.cases:
            self._know(case)

    # -- one appointment -------------------------------------------------------------------------------------------

    def consider(self, row: Candidate) -> None:
        """Draw the consequences of one appointment. Call in the order of time for each person."""
        status = AppointmentStatus(row.status)
        kind = self.rules.contacts.get(row.contact_code)
        own = self._of_appointment.get(row.id)
        if status is AppointmentStatus.OUTCOME_DUE:
            self._not_recorded(row, own)
        elif status in UNSETTLED:
            self._unsettled(row, own)
        elif kind is not None:
            trigger = opened_by(kind, status=status, subtype=_subtype(row))
            if trigger is not None:
                self._missed(row, own, kind, trigger)
            else:
                self._settled(row, own, kind)
            if status is AppointmentStatus.CANCELLED and not row.reason:
                self.unexplained.append(row)

    def open(self, cause: Opening, *, event: str = "opened", pathway: Pathway | None = None) -> Case:
        """Open a follow-up: on its ladder from now on, or in the backlog if it was old when we first heard of it."""
        pathway = pathway or self.current(cause.pathway_code)
        high_risk = self.high_risk(cause.person_id, cause.household_id)
        old = self._is_backlog(cause, high_risk=high_risk)
        chain = pathway.chain(pathway.backlog_triage.routine.owner if old else OwnerRole.PRACTITIONER)
        owner = self.owner(cause.whose, chain)
        case = Case(
            appointment_id=cause.appointment_id,
            expected_contact_id=cause.expected_contact_id,
            referral_id=cause.referral_id,
            trigger=cause.trigger,
            state=FollowUpState.BACKLOG if old else FollowUpState.OPEN,
            person_id=cause.person_id,
            household_id=cause.household_id,
            team_id=cause.team_id,
            contact_code=cause.contact_code,
            pathway_code=pathway.code,
            pathway_version=pathway.version,
            miss_count=cause.miss_count,
            high_risk=high_risk,
            anchor_at=cause.happened_at,
            breach_at=cause.breach_at or cause.happened_at,
            opened_at=self.now,
            next_due_at=self.now,
            owner_practitioner_id=owner.practitioner_id,
            owner_team_id=owner.owner_team_id,
        )
        if old:
            self._ask_for_triage(case, pathway, owner)
        self._say(case, event, from_state=None, detail={"trigger": cause.trigger, "backlog": old})
        self.cases.append(case)
        self._know(case)
        return case

    def current(self, code: str) -> Pathway:
        """The version of a ladder that a follow-up opened now begins with."""
        if code not in self._current:
            today = self.rules.calendar.civil_date(self.now)
            self._current[code] = self.rules.current_pathway(code, on=today)
        return self._current[code]

    def owner(self, whose: Whose, chain: tuple[OwnerRole, ...]) -> Reached:
        """Whom a follow-up of these belongs to until its first step finds somebody anew."""
        if (whose, chain) not in self._owners:
            self._owners[whose, chain] = self.staff.resolve(whose, chain)
        return self._owners[whose, chain]

    def owner_of(self, row: Candidate, chain: tuple[OwnerRole, ...]) -> Reached:
        """Whom something about an appointment belongs to."""
        return self.owner(Whose(row.booked_with, row.caseload_holder, row.team_id), chain)

    # -- what a status means ---------------------------------------------------------------------------------------

    def _not_recorded(self, row: Candidate, own: Case | None) -> None:
        """Nobody has said what happened: the staff-side ladder, never the family's."""
        code = self.rules.contacts.outcome_pathway
        if own is None:
            self.open(self._cause(row, FollowUpTrigger.OUTCOME_NOT_RECORDED, code, at=row.ends_at))
        elif own.state is FollowUpState.CLOSED:
            self._switch(own, row, FollowUpTrigger.OUTCOME_NOT_RECORDED, self.current(code), at=row.ends_at)
            self._reopen(own, "reopened", row)
        elif own.is_live:
            own.next_due_at, own.changed = self.now, True
            self._say(own, "outcome_not_recorded", from_state=own.state)

    def _unsettled(self, row: Candidate, own: Case | None) -> None:
        """Booked, moved or withdrawn: a booking never ends a miss; an outcome of a moved visit is no longer wanted."""
        if own is None or not own.is_live:
            return
        if own.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
            self._close_by_outcome(own, row)
        else:
            self._wake(own, E.BOOKED_AGAIN, row)

    def _missed(self, row: Candidate, own: Case | None, kind: ContactKind, trigger: FollowUpTrigger) -> None:
        """A miss or a cancellation that needs following up: one ladder for the thread it belongs to."""
        at = self._happened_at(row, trigger)
        pathway = self.current(kind.pathway)
        if own is not None:
            case = self._missed_again(own, row, trigger, pathway, at)
        else:
            case = self._take_over(row, trigger, pathway, at) or self._continue_thread(row, trigger, pathway, at)
        later = self.later.get(row.id)
        if case is not None and later is not None and self._later_shows_seen(kind, later):
            self._mark_seen(case, at=later.ends_at, evidence=f"appointment {later.id}")

    def _settled(self, row: Candidate, own: Case | None, kind: ContactKind) -> None:
        """An outcome that opens nothing: it ends an unrecorded one, and may show that somebody was seen."""
        seen = row.authoritative and shows_seen(
            kind,
            status=AppointmentStatus(row.status),
            mode=None if row.mode is None else ContactMode(row.mode),
            subtype=_subtype(row),
            subject_role=None if row.subject_role is None else PersonRole(row.subject_role),
        )
        if own is not None and own.is_live:
            if own.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
                self._close_by_outcome(own, row)
            elif seen:
                self._mark_seen(own, at=row.ends_at, evidence=f"appointment {row.id}")
            else:
                self._corrected(own, row)
        if seen:
            for case in self._thread(row.person_id, row.contact_code):
                if case is not own and case.anchor_at <= row.ends_at:
                    self._mark_seen(case, at=row.ends_at, evidence=f"appointment {row.id}")
            if row.expected_contact_id is not None:
                self.met.append((row.expected_contact_id, row.ends_at))

    # -- what happens to a follow-up -------------------------------------------------------------------------------

    def _missed_again(
        self, own: Case, row: Candidate, trigger: FollowUpTrigger, pathway: Pathway, at: datetime
    ) -> Case | None:
        """The appointment has a follow-up already: another ladder, a corrected outcome, or a second miss."""
        if own.state is FollowUpState.CONTINUED:
            return None
        if own.state is FollowUpState.CLOSED:
            # Closed knowing of this miss, unless the outcome became a miss only afterwards.
            known = own.trigger in MISSED_KINDS and not (
                own.closed_at is not None and row.changed_at is not None and row.changed_at > own.closed_at
            )
            if known:
                return None
            self._switch(own, row, trigger, pathway, at=at)
            self._reopen(own, "reopened", row)
            return own
        if own.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
            self._switch(own, row, trigger, pathway, at=at)
            self._say(own, E.LADDER_CHANGED, from_state=own.state, row=row, detail={"trigger": trigger})
            self._join_thread(own)
            return own
        if own.state in (FollowUpState.SEEN, FollowUpState.CLOSING) and own.seen_at is not None:
            self._withdraw_seen(own, row)
        if own.trigger is not trigger or own.anchor_at != at:
            moved = own.anchor_at < at
            self._switch(own, row, trigger, pathway, at=at, misses=own.miss_count + moved)
            self._say(own, "missed_again" if moved else E.LADDER_CHANGED, from_state=own.state, row=row)
        return own

    def _take_over(self, row: Candidate, trigger: FollowUpTrigger, pathway: Pathway, at: datetime) -> Case | None:
        """A contact never booked in time was booked and then missed: its follow-up goes on with the appointment."""
        if row.expected_contact_id is None:
            return None
        case = self._of_expected.get(row.expected_contact_id)
        if case is None or not case.is_live:
            return None
        del self._of_expected[row.expected_contact_id]
        case.appointment_id, case.expected_contact_id = row.id, None
        self._of_appointment[row.id] = case
        self._switch(case, row, trigger, pathway, at=at)
        self._say(case, "taken_over", from_state=case.state, row=row, detail={"appointment_id": row.id})
        return case

    def _continue_thread(self, row: Candidate, trigger: FollowUpTrigger, pathway: Pathway, at: datetime) -> Case:
        """Open the appointment's own follow-up; a live one of the same contact goes on in it."""
        earlier = [case for case in self._thread(row.person_id, row.contact_code) if case.anchor_at <= at]
        before = earlier[-1] if earlier else None
        opened = self.open(self._cause(row, trigger, pathway.code, at=at), pathway=pathway)
        if before is not None and opened.state is not FollowUpState.BACKLOG:
            self._continue(before, opened)
        return opened

    def _join_thread(self, case: Case) -> None:
        """A follow-up that has become a miss takes up the live one of the same contact, if there is one."""
        earlier = [
            other
            for other in self._thread(case.person_id, case.contact_code)
            if other is not case and other.anchor_at <= case.anchor_at
        ]
        if earlier and case.state is not FollowUpState.BACKLOG:
            self._continue(earlier[-1], case)

    def _continue(self, before: Case, later: Case) -> None:
        pathway = self.rules.pathways.get((later.pathway_code, later.pathway_version))
        later.miss_count = before.miss_count + 1
        later.breach_at = min(before.breach_at, later.breach_at)
        later.high_risk = later.high_risk or before.high_risk
        if pathway is not None and before.pathway_code == later.pathway_code:
            later.steps_done = dump_done(carried_over(load_done(before.steps_done), pathway))  # type: ignore[arg-type]
        self._say(before, E.CONTINUED_IN_LATER_MISS, to=FollowUpState.CONTINUED)
        before.continues_in, before.next_due_at, before.next_step_id = later, None, None
        before.acknowledged_until = None
        before.changed = before.overtakes = before.stops_texts = True
        before.state = FollowUpState.CONTINUED

    def _mark_seen(self, case: Case, *, at: datetime, evidence: str) -> None:
        """Evidence of being seen: family texts stop, the owner confirms and closes. Backlog waits for its triage."""
        if not case.is_live or case.trigger not in MISSED_KINDS or case.seen_at == at:
            return
        case.seen_at, case.seen_evidence, case.changed, case.stops_texts = at, evidence, True, True
        before = case.state
        if before is FollowUpState.BACKLOG:
            # Years of history would raise a task each: the triage list shows the evidence, and bulk closing takes it.
            self._say(case, E.SEEN_EVIDENCE, from_state=before, detail={"evidence": evidence})
            return
        case.state = advance(before, E.SEEN_EVIDENCE)
        case.next_due_at, case.acknowledged_until, case.overtakes = self.now, None, before is FollowUpState.OPEN
        self._say(case, E.SEEN_EVIDENCE, from_state=before, detail={"evidence": evidence})

    def _withdraw_seen(self, case: Case, row: Candidate) -> None:
        before = case.state
        case.state = advance(before, E.SEEN_WITHDRAWN)
        case.seen_at = case.seen_evidence = case.closing_by = case.closing_reason = None
        case.step_id = case.step_fired_at = case.acknowledged_until = None
        case.next_due_at, case.changed, case.overtakes = self.now, True, True
        self._say(case, E.SEEN_WITHDRAWN, from_state=before, row=row)

    def _close_by_outcome(self, case: Case, row: Candidate) -> None:
        """An unrecorded outcome ends by the outcome itself, by whoever recorded it (design 3.3)."""
        before = case.state
        case.state = advance(before, E.OUTCOME_ARRIVED)
        case.closed_by, case.closed_at = row.status_by, self.now
        case.closed_reason = ClosedReason.OUTCOME_RECORDED
        case.next_due_at = case.next_step_id = case.acknowledged_until = None
        case.changed = case.overtakes = True
        self._say(case, E.OUTCOME_ARRIVED, from_state=before, row=row, detail={"status": row.status})

    def _corrected(self, case: Case, row: Candidate) -> None:
        """The record no longer calls it missed; a person settles what that means. Nothing closes by itself."""
        case.next_due_at = self.now if case.state is not FollowUpState.BACKLOG else case.next_due_at
        case.changed = case.stops_texts = True
        self._say(case, "outcome_corrected", from_state=case.state, row=row, detail={"status": row.status})

    def _wake(self, case: Case, event: FollowUpEvent, row: Candidate) -> None:
        before = case.state
        case.state = advance(before, event)
        if case.state is not FollowUpState.BACKLOG:
            case.next_due_at = self.now
        case.changed = True
        self._say(case, event, from_state=before, row=row)

    def _switch(
        self,
        case: Case,
        row: Candidate,
        trigger: FollowUpTrigger,
        pathway: Pathway,
        *,
        at: datetime,
        misses: int | None = None,
    ) -> None:
        """Put a follow-up on another ladder, or on the same one anew: a new cycle."""
        carried = {}
        if pathway.code == case.pathway_code:
            pathway = self.rules.pathways.get((case.pathway_code, case.pathway_version), pathway)
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
            case.next_due_at = self.now

    def _reopen(self, case: Case, event: str, row: Candidate) -> None:
        before = case.state
        case.state = advance(before, E.REOPENED)
        case.next_due_at, case.changed = self.now, True
        case.seen_at = case.seen_evidence = case.closing_by = case.closing_reason = None
        case.closed_by = case.closed_at = case.closed_reason = None
        case.text_released_at = case.text_released_by = None
        self._say(case, event, from_state=before, row=row)
        self._know(case)

    # -- what is known ---------------------------------------------------------------------------------------------

    def _know(self, case: Case) -> None:
        if case.appointment_id is not None:
            self._of_appointment[case.appointment_id] = case
        if case.expected_contact_id is not None:
            self._of_expected[case.expected_contact_id] = case
        thread = self._threads.setdefault((case.person_id, case.contact_code), [])
        if case not in thread:
            thread.append(case)

    def _thread(self, person_id: int, contact_code: str) -> list[Case]:
        """The live follow-ups of a person's contact that was missed, earliest first."""
        cases = self._threads.get((person_id, contact_code), [])
        live = [case for case in cases if case.is_live and case.trigger in MISSED_KINDS]
        return sorted(live, key=lambda case: case.anchor_at)

    def _cause(self, row: Candidate, trigger: FollowUpTrigger, code: str, *, at: datetime) -> Opening:
        return Opening(
            trigger=trigger,
            pathway_code=code,
            happened_at=at,
            first_received_at=row.first_received_at,
            go_live_on=row.go_live_on,
            person_id=row.person_id,
            household_id=row.household_id,
            team_id=row.team_id,
            contact_code=row.contact_code,
            whose=Whose(row.booked_with, row.caseload_holder, row.team_id),
            appointment_id=row.id,
        )

    def _happened_at(self, row: Candidate, trigger: FollowUpTrigger) -> datetime:
        """T0: the end of a missed appointment; of a cancelled one when it was cancelled, never later than now."""
        if trigger is FollowUpTrigger.CANCELLED:
            return min(row.cancelled_at or row.recorded_at or row.ends_at, self.now)
        return min(row.ends_at, self.now)

    def _is_backlog(self, cause: Opening, *, high_risk: bool) -> bool:
        return is_backlog(
            happened_at=cause.happened_at,
            first_received_at=cause.first_received_at,
            go_live_on=cause.go_live_on,
            happened_on=self.rules.calendar.civil_date(cause.happened_at),
            high_risk=high_risk,
            rules=self.rules.feeds,
        )

    def _ask_for_triage(self, case: Case, pathway: Pathway, owner: Reached) -> None:
        facts = FollowUpFacts(
            state=case.state,
            trigger=case.trigger,
            contact_code=case.contact_code,
            high_risk=False,
            miss_count=case.miss_count,
            opened_at=case.opened_at,
            started_at=case.anchor_at,
        )
        decision = decide(facts, pathway, now=self.now, calendar=self.rules.calendar)
        case.steps_done, case.next_step_id = dump_done(decision.done), decision.next_step_id
        if decision.next_due_at is not None:
            case.next_due_at = decision.next_due_at
            self.triage.append(Triage(case.team_id, owner, decision.next_due_at))

    def _later_shows_seen(self, kind: ContactKind, later: LaterVisit) -> bool:
        return shows_seen(
            kind,
            status=AppointmentStatus(later.status),
            mode=None if later.mode is None else ContactMode(later.mode),
            subtype=None if later.subtype is None else OutcomeSubtype(later.subtype),
            subject_role=None if later.subject_role is None else PersonRole(later.subject_role),
        )

    def _say(
        self,
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


def opening_statuses(rows: Iterable[Candidate], rules: Rules) -> list[int]:
    """Return the ids of those whose status opens a follow-up: a later attendance matters to them alone."""
    found = []
    for row in rows:
        kind = rules.contacts.get(row.contact_code)
        status = AppointmentStatus(row.status)
        if kind is not None and opened_by(kind, status=status, subtype=_subtype(row)) is not None:
            found.append(row.id)
    return found


def people_and_teams(rows: Sequence[Candidate]) -> tuple[set[int], set[int]]:
    """Return the practitioners and the teams that the owners of these are resolved from."""
    people = {who for row in rows for who in (row.booked_with, row.caseload_holder) if who is not None}
    return people, {row.team_id for row in rows if row.team_id is not None}


def _subtype(row: Candidate) -> OutcomeSubtype | None:
    return None if row.subtype is None else OutcomeSubtype(row.subtype)
