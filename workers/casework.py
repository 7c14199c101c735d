"""What each appointment that came or changed means for its family's follow-ups. Works on rows in memory; no I/O.

Sources: design.md 3.1, 3.3, 3.7, 3.8; docs/decisions/0003 (one thread through several misses), 0051 (corrections).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from models.db.cases import Case, evidence_of
from models.db.detection import Candidate
from models.domain.appointment_states import UNSETTLED
from models.domain.contacts import SEEN_STATUSES, ContactKind, how_of, opened_by
from models.domain.follow_up_states import FollowUpEvent
from models.domain.threads import THREAD_TRIGGERS
from models.domain.words import (
    AppointmentStatus,
    FollowUpState,
    FollowUpTrigger,
    How,
)
from workers.attendance import is_seen, subtype_of
from workers.case_changes import Turn, close_by_outcome, corrected, say, wake, withdraw_seen
from workers.opening import Opener, Opening
from workers.threads import Thread
from workers.turner import Turner, has_moved

E = FollowUpEvent


@dataclass(slots=True)
class Casework:
    """One set of candidates with the follow-ups of their families, and everything decided about them so far."""

    turner: Turner
    met: list[tuple[int, datetime]] = field(default_factory=list)  # expected contacts and when they took place
    not_met: list[int] = field(default_factory=list)  # expected contacts of appointments that show nobody seen
    look_again: list[int] = field(default_factory=list)  # expected contacts whose appointment is no miss any more
    unexplained: list[tuple[Candidate, Case]] = field(default_factory=list)  # cancellations that say not by whom

    # -- one appointment -------------------------------------------------------------------------------------------

    def consider(self, row: Candidate) -> None:
        """Draw the consequences of one appointment. Call in the order of time for each person; then `settle`."""
        status = AppointmentStatus(row.status)
        kind = self.opener.rules.contacts.get(row.contact_code)
        own = self.turner.book.of_appointment.get(row.id)
        if own is not None:
            self.turner.recognise(row, own)
        self.turner.touched.add((row.person_id, row.contact_code))
        seen = kind is not None and row.authoritative and is_seen(kind, row)
        if not seen:
            self.turner.withdraw_evidence(row)
        if status is AppointmentStatus.OUTCOME_DUE:
            self._not_recorded(row, own)
        elif status in UNSETTLED:
            self._unsettled(row, own)
        elif kind is not None and (trigger := opened_by(kind, status=status, subtype=subtype_of(row))) is not None:
            self._missed(row, own, kind, trigger)
        elif seen:
            self._seen(row, own)
        else:
            self._ended_otherwise(row, own, kind)

    def look_at_declines(self) -> None:
        """A person has recorded a decline: its ladder, or its next step. An appointment's own status goes first."""
        pathway = self.opener.current(self.opener.rules.contacts.declined_pathway)
        for case in self.turner.book.known:
            how = self.turner.declines.how_now(case)
            if how is None or not case.is_live or case.trigger not in THREAD_TRIGGERS:
                continue
            if case.trigger is not FollowUpTrigger.DECLINED and case.appointment_id is None:
                self.turner.turn(case, Turn(FollowUpTrigger.DECLINED, pathway, self.opener.now, how))
                say(case, E.LADDER_CHANGED, from_state=case.state)
            elif case.trigger is FollowUpTrigger.DECLINED and case.how is not how:
                case.how, case.changed = how, True
                if case.state is not FollowUpState.BACKLOG:
                    case.next_due_at = self.opener.now

    def look_for_visits(self) -> None:
        """Records were joined or parted: a visit may be on the same record now."""
        for pair in self.turner.book.pairs():
            for case in self.turner.book.live_thread(pair):
                self.turner.look_for_later_visit(case)

    def settle(self) -> None:
        """Put every thread that was touched in order. Once, when all rows have been considered."""
        turner, pathways = self.turner, self.opener.rules.pathways
        for pair in sorted(turner.touched):
            cases, seen = turner.book.thread(pair), turner.seen.get(pair, [])
            # A first miss stands alone, and a burst is made of them.
            if len(cases) > 1 or any(case.id is not None or case.earlier_misses for case in cases):
                Thread(pair, cases, turner.book, seen, turner.refused, pathways, self.opener.now).settle()

    @property
    def opener(self) -> Opener:
        """What opens follow-ups here."""
        return self.turner.opener

    @property
    def cases(self) -> list[Case]:
        """All of them, to be stored: those known before and those opened."""
        return [*self.turner.book.known, *self.opener.opened]

    # -- what a status means ---------------------------------------------------------------------------------------

    def _not_recorded(self, row: Candidate, own: Case | None) -> None:
        """Nobody has said what happened, or it was taken back: the staff-side ladder, never the family's."""
        code = self.opener.rules.contacts.outcome_pathway
        trigger = FollowUpTrigger.OUTCOME_NOT_RECORDED
        self._expected_is_open(row)
        if own is None:
            self._open(self._cause(row, trigger, code, at=row.ends_at))
            return
        if own.trigger is trigger and own.is_live:
            own.next_due_at, own.changed = self.opener.now, True
            say(own, "outcome_not_recorded", from_state=own.state)
            return
        if own.state is FollowUpState.CLOSED and self.turner.closed_knowing(own, row):
            return
        self.turner.make_live(own, row)
        if own.state in (FollowUpState.SEEN, FollowUpState.CLOSING):
            withdraw_seen(own, row, now=self.opener.now)
        self.turner.switch(own, trigger, code, at=row.ends_at)
        say(own, "outcome_not_recorded", from_state=own.state)

    def _unsettled(self, row: Candidate, own: Case | None) -> None:
        """Booked, moved or withdrawn: a booking never ends a miss; an outcome of a moved visit is no longer wanted."""
        self._expected_is_open(row)
        if own is None or not own.is_live:
            return
        if own.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
            close_by_outcome(own, row, now=self.opener.now)
        elif has_moved(own, row) and row.ends_at > own.anchor_at:
            wake(own, E.BOOKED_AGAIN, row, now=self.opener.now)
        else:
            corrected(own, row)  # detection asks for the outcome anew when its time has come

    def _missed(self, row: Candidate, own: Case | None, kind: ContactKind, trigger: FollowUpTrigger) -> None:
        """A miss, a cancellation or a decline: one ladder for the thread it belongs to."""
        contacts, status = self.opener.rules.contacts, AppointmentStatus(row.status)
        pathway = self.opener.current(contacts.pathway_of(kind, trigger))
        if trigger is FollowUpTrigger.DECLINED:
            how: How | None = self.turner.declines.how(row.person_id, None if own is None else own.id, row)
        else:
            how = how_of(trigger, status=status, subtype=subtype_of(row))
        turn = Turn(trigger, pathway, self.turner.happened_at(row, trigger), how)
        self._expected_is_open(row)
        if own is not None:
            self.turner.missed_again(own, row, turn)
        case = own or self.turner.take_over(row, turn) or self._open_miss(row, turn)
        case.earlier_misses = row.earlier_misses
        if trigger is FollowUpTrigger.DECLINED and case.state is not FollowUpState.CLOSED:
            self.turner.declines.note(case, row)
        if case.is_live:
            self.turner.look_for_later_visit(case)
        if how is How.BY_UNKNOWN and case.is_live and case.state is not FollowUpState.BACKLOG:
            self.unexplained.append((row, case))

    def _seen(self, row: Candidate, own: Case | None) -> None:
        """The required person was seen: it ends an unrecorded outcome, and a person confirms and closes a miss."""
        evidence, now = evidence_of(row.id), self.opener.now
        if own is not None and own.is_live:
            if own.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
                close_by_outcome(own, row, now=now)
            else:
                self.turner.mark_seen(own, at=row.ends_at, evidence=evidence)
        elif own is not None and own.state is FollowUpState.CONTINUED:
            self.turner.is_no_miss(own, row)
        pair = (row.person_id, row.contact_code)
        for case in self.turner.book.shown_by(evidence):
            if case.anchor_at > row.ends_at or (case.person_id, case.contact_code) != pair:
                self.turner.withdraw(case, row)  # it was on another day, or somebody else's
        for case in self.turner.book.live_thread(pair):
            if case is not own and case.anchor_at <= row.ends_at:
                self.turner.mark_seen(case, at=row.ends_at, evidence=evidence)
        if row.expected_contact_id is not None:
            self.met.append((row.expected_contact_id, row.ends_at))

    def _ended_otherwise(self, row: Candidate, own: Case | None, kind: ContactKind | None) -> None:
        """What opens nothing and shows nobody seen: void, a death, attended by video or by mere assertion."""
        self._expected_is_open(row)
        if own is None:
            return
        if row.expected_contact_id is not None and AppointmentStatus(row.status) not in SEEN_STATUSES:
            self.look_again.append(row.expected_contact_id)
        if own.is_live and own.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
            close_by_outcome(own, row, now=self.opener.now)
            return
        if own.state is FollowUpState.CLOSED:
            if not self.turner.closed_knowing(own, row):
                corrected(own, row)
            return
        if AppointmentStatus(row.status) in SEEN_STATUSES and kind is not None:
            self.turner.is_unproven(own, row, kind)
        else:
            self.turner.is_no_miss(own, row)

    # -- opening ---------------------------------------------------------------------------------------------

    def _open_miss(self, row: Candidate, turn: Turn) -> Case:
        cause = self._cause(row, turn.trigger, turn.pathway.code, at=turn.at, how=turn.how)
        return self._open(cause)

    def _open(self, cause: Opening) -> Case:
        case = self.opener.open(cause)
        self.turner.book.enter(case)
        return case

    def _expected_is_open(self, row: Candidate) -> None:
        if row.expected_contact_id is not None:
            self.not_met.append(row.expected_contact_id)

    def _cause(
        self, row: Candidate, trigger: FollowUpTrigger, code: str, *, at: datetime, how: How | None = None
    ) -> Opening:
        return Opening(
            trigger=trigger,
            how=how,
            pathway_code=code,
            happened_at=at,
            first_received_at=row.first_received_at,
            go_live_on=row.go_live_on,
            person_id=row.person_id,
            household_id=row.household_id,
            team_id=row.team_id,
            contact_code=row.contact_code,
            whose=self.turner.whose(row),
            appointment_id=row.id,
        )


def people_and_teams(rows: Sequence[Candidate]) -> tuple[set[int], set[int]]:
    """Return the practitioners and the teams that the owners of these are resolved from."""
    people = {who for row in rows for who in (row.booked_with, row.caseload_holder) if who is not None}
    return people, {row.team_id for row in rows if row.team_id is not None}
