"""What each appointment that came or changed means for its family's follow-ups. Works on rows in memory; no I/O.

Sources: design.md 3.1, 3.3, 3.7, 3.8; docs/decisions/0003 (one thread through several misses).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from config.rules import Rules
from models.db.cases import Case
from models.db.detection import Candidate, LaterVisit
from models.db.people_resolution import Whose
from models.domain.appointment_states import UNSETTLED
from models.domain.contacts import ContactKind, opened_by, shows_seen
from models.domain.follow_up_states import FollowUpEvent
from models.domain.pathway import Pathway
from models.domain.words import (
    AppointmentStatus,
    ContactMode,
    FollowUpState,
    FollowUpTrigger,
    OutcomeSubtype,
    PersonRole,
)
from workers.case_changes import (
    MISSED_KINDS,
    close_by_outcome,
    continue_in,
    corrected,
    mark_seen,
    reopen,
    say,
    switch,
    wake,
    withdraw_seen,
)
from workers.opening import Opener, Opening

E = FollowUpEvent


@dataclass(slots=True)
class Casework:
    """One set of candidates with the follow-ups of their families, and everything decided about them so far."""

    opener: Opener
    known: list[Case]
    later: dict[int, LaterVisit] = field(default_factory=dict)
    met: list[tuple[int, datetime]] = field(default_factory=list)  # expected contacts and when they took place
    unexplained: list[Candidate] = field(default_factory=list)  # cancellations that say neither by whom nor why
    _of_appointment: dict[int, Case] = field(default_factory=dict)
    _of_expected: dict[int, Case] = field(default_factory=dict)
    _threads: dict[tuple[int, str], list[Case]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for case in self.known:
            self._know(case)

    # -- one appointment -------------------------------------------------------------------------------------------

    def consider(self, row: Candidate) -> None:
        """Draw the consequences of one appointment. Call in the order of time for each person."""
        status = AppointmentStatus(row.status)
        kind = self.opener.rules.contacts.get(row.contact_code)
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

    @property
    def cases(self) -> list[Case]:
        """All of them, to be stored: those known before and those opened."""
        return [*self.known, *self.opener.opened]

    # -- what a status means ---------------------------------------------------------------------------------------

    def _not_recorded(self, row: Candidate, own: Case | None) -> None:
        """Nobody has said what happened: the staff-side ladder, never the family's."""
        code = self.opener.rules.contacts.outcome_pathway
        if own is None:
            self._open(self._cause(row, FollowUpTrigger.OUTCOME_NOT_RECORDED, code, at=row.ends_at))
        elif own.state is FollowUpState.CLOSED:
            self._switch(own, row, FollowUpTrigger.OUTCOME_NOT_RECORDED, self.opener.current(code), at=row.ends_at)
            reopen(own, row, now=self.opener.now)
            self._know(own)
        elif own.is_live:
            own.next_due_at, own.changed = self.opener.now, True
            say(own, "outcome_not_recorded", from_state=own.state)

    def _unsettled(self, row: Candidate, own: Case | None) -> None:
        """Booked, moved or withdrawn: a booking never ends a miss; an outcome of a moved visit is no longer wanted."""
        if own is None or not own.is_live:
            return
        if own.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
            close_by_outcome(own, row, now=self.opener.now)
        else:
            wake(own, E.BOOKED_AGAIN, row, now=self.opener.now)

    def _missed(self, row: Candidate, own: Case | None, kind: ContactKind, trigger: FollowUpTrigger) -> None:
        """A miss or a cancellation that needs following up: one ladder for the thread it belongs to."""
        at = self._happened_at(row, trigger)
        pathway = self.opener.current(kind.pathway)
        if own is not None:
            case = self._missed_again(own, row, trigger, pathway, at)
        else:
            case = self._take_over(row, trigger, pathway, at) or self._continue_thread(row, trigger, pathway, at)
        later = self.later.get(row.id)
        if case is not None and later is not None and self._later_shows_seen(kind, later):
            mark_seen(case, at=later.ends_at, evidence=f"appointment {later.id}", now=self.opener.now)

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
                close_by_outcome(own, row, now=self.opener.now)
            elif seen:
                mark_seen(own, at=row.ends_at, evidence=f"appointment {row.id}", now=self.opener.now)
            else:
                corrected(own, row, now=self.opener.now)
        if seen:
            for case in self._thread(row.person_id, row.contact_code):
                if case is not own and case.anchor_at <= row.ends_at:
                    mark_seen(case, at=row.ends_at, evidence=f"appointment {row.id}", now=self.opener.now)
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
            reopen(own, row, now=self.opener.now)
            self._know(own)
            return own
        if own.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
            self._switch(own, row, trigger, pathway, at=at)
            say(own, E.LADDER_CHANGED, from_state=own.state, row=row, detail={"trigger": trigger})
            self._join_thread(own)
            return own
        if own.state in (FollowUpState.SEEN, FollowUpState.CLOSING) and own.seen_at is not None:
            withdraw_seen(own, row, now=self.opener.now)
        if own.trigger is not trigger or own.anchor_at != at:
            moved = own.anchor_at < at
            self._switch(own, row, trigger, pathway, at=at, misses=own.miss_count + moved)
            say(own, "missed_again" if moved else E.LADDER_CHANGED, from_state=own.state, row=row)
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
        say(case, "taken_over", from_state=case.state, row=row, detail={"appointment_id": row.id})
        return case

    def _continue_thread(self, row: Candidate, trigger: FollowUpTrigger, pathway: Pathway, at: datetime) -> Case:
        """Open the appointment's own follow-up; a live one of the same contact goes on in it."""
        earlier = [case for case in self._thread(row.person_id, row.contact_code) if case.anchor_at <= at]
        before = earlier[-1] if earlier else None
        opened = self._open(self._cause(row, trigger, pathway.code, at=at), pathway=pathway)
        if before is not None and opened.state is not FollowUpState.BACKLOG:
            self._go_on(before, opened)
        return opened

    def _join_thread(self, case: Case) -> None:
        """A follow-up that has become a miss takes up the live one of the same contact, if there is one."""
        earlier = [
            other
            for other in self._thread(case.person_id, case.contact_code)
            if other is not case and other.anchor_at <= case.anchor_at
        ]
        if earlier and case.state is not FollowUpState.BACKLOG:
            self._go_on(earlier[-1], case)

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
        rules = self.opener.rules
        switch(case, row, trigger, pathway, at=at, pathways=rules.pathways, now=self.opener.now, misses=misses)

    def _go_on(self, before: Case, later: Case) -> None:
        continue_in(before, later, pathways=self.opener.rules.pathways)

    # -- what is known ---------------------------------------------------------------------------------------------

    def _open(self, cause: Opening, *, pathway: Pathway | None = None) -> Case:
        case = self.opener.open(cause, pathway=pathway)
        self._know(case)
        return case

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
            return min(row.cancelled_at or row.recorded_at or row.ends_at, self.opener.now)
        return min(row.ends_at, self.opener.now)

    def _later_shows_seen(self, kind: ContactKind, later: LaterVisit) -> bool:
        return shows_seen(
            kind,
            status=AppointmentStatus(later.status),
            mode=None if later.mode is None else ContactMode(later.mode),
            subtype=None if later.subtype is None else OutcomeSubtype(later.subtype),
            subject_role=None if later.subject_role is None else PersonRole(later.subject_role),
        )


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
