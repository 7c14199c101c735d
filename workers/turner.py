"""How follow-ups turn when the record is put right: other ladders, other people, evidence taken back. No I/O.

Used by casework alone, which says what each appointment means. Source: docs/decisions/0051.
"""

from dataclasses import dataclass, field
from datetime import datetime

from models.db.cases import Case, evidence_of
from models.db.declines import Declines
from models.db.detection import Candidate
from models.db.people_resolution import Whose
from models.domain.contacts import ContactKind
from models.domain.follow_up_states import FollowUpEvent
from models.domain.threads import THREAD_TRIGGERS
from models.domain.words import ClosedReason, FollowUpState, FollowUpTrigger, How, OwnerRole
from workers.case_book import CaseBook, Pair, pair_of
from workers.case_changes import (
    Pathways,
    Turn,
    come_back,
    corrected,
    mark_seen,
    reopen,
    say,
    switch,
    withdraw_seen,
)
from workers.opening import Opener
from workers.threads import Seen

E = FollowUpEvent


@dataclass(slots=True)
class Turner:
    """The follow-ups of one set, as they are turned; which threads that touches."""

    opener: Opener
    book: CaseBook
    seen: dict[Pair, list[Seen]] = field(default_factory=dict)  # by an authoritative word, in order of time
    refused: set[int] = field(default_factory=set)  # follow-ups of which a person said that nobody was seen after all
    declines: Declines = field(default_factory=Declines)
    touched: set[Pair] = field(default_factory=set)

    def recognise(self, row: Candidate, own: Case) -> None:
        """The appointment was another person's or another contact's all along: its follow-up goes where it belongs."""
        if (own.person_id, own.contact_code) == (row.person_id, row.contact_code) or self._is_the_familys(own, row):
            return
        self.touched.add(pair_of(own))
        self.book.leave_thread(own)
        other_person = own.person_id != row.person_id
        say(own, "person_corrected" if other_person else "contact_corrected", from_state=own.state, row=row)
        own.person_id, own.contact_code, own.team_id = row.person_id, row.contact_code, row.team_id
        own.household_id = row.household_id
        own.changed = own.overtakes = own.stops_texts = True
        if other_person and own.state is not FollowUpState.CLOSED:
            owner = self.opener.owner(self.whose(row), self._chain(own))
            own.owner_practitioner_id, own.owner_team_id = owner.practitioner_id, owner.owner_team_id
            own.high_risk, own.red_flag = self.opener.high_risk(row.person_id, row.household_id), False
            own.step_id = own.step_fired_at = own.acknowledged_until = None
            if own.is_live and own.state is not FollowUpState.BACKLOG:
                own.next_due_at = self.opener.now
        self.book.enter(own)

    def withdraw_evidence(self, row: Candidate) -> None:
        """This appointment shows nobody seen: what it was taken to show elsewhere is taken back, also after closing."""
        for case in self.book.shown_by(evidence_of(row.id)):
            self.withdraw(case, row)

    def withdraw(self, case: Case, row: Candidate) -> None:
        closed_on_it = case.closed_reason == ClosedReason.SEEN and case.trigger in THREAD_TRIGGERS
        if not case.is_live and not (case.state is FollowUpState.CLOSED and closed_on_it):
            return
        self.touched.add(pair_of(case))
        withdraw_seen(case, row, now=self.opener.now)
        self.look_for_later_visit(case)

    def missed_again(self, own: Case, row: Candidate, turn: Turn) -> None:
        """The appointment has a follow-up already: another ladder, a corrected outcome, or a second miss."""
        if own.state is FollowUpState.CLOSED and own.trigger in THREAD_TRIGGERS and self.closed_knowing(own, row):
            return
        if not own.is_live and not self._is_news_to_thread(own, row):
            self._renew(own, turn)
            return
        was_live, was = own.is_live, (own.trigger, own.how)
        self.make_live(own, row)
        moved = own.anchor_at != turn.at and has_moved(own, row)
        if own.seen_at is not None and own.state is not FollowUpState.BACKLOG and own.seen_at < turn.at:
            self.withdraw(own, row)
        if not was_live or moved or was != (turn.trigger, turn.how):
            again = was_live and row.earlier_misses > own.earlier_misses
            own.explained = was[1] is How.BY_UNKNOWN and turn.how is not How.BY_UNKNOWN
            self.declines.turned(own, turn.trigger, row)
            self.turn(own, turn)
            say(own, "missed_again" if again else E.LADDER_CHANGED, from_state=own.state, row=row)

    def _is_news_to_thread(self, own: Case, row: Candidate) -> bool:
        """Whether an ended one must be followed up after all: closed, or its thread closed, before this was a miss."""
        if own.state is FollowUpState.CLOSED:
            return True
        ended = self.book.end_of(own)
        return (
            ended.state is FollowUpState.CLOSED
            and own.trigger not in THREAD_TRIGGERS
            and not self.closed_knowing(ended, row)
        )

    def _renew(self, own: Case, turn: Turn) -> None:
        """One whose thread goes on elsewhere: only what it stands for is put right; the thread's count follows."""
        if own.state is FollowUpState.CONTINUED:
            own.trigger, own.how, own.anchor_at, own.changed = turn.trigger, turn.how, turn.at, True

    def is_unproven(self, own: Case, row: Candidate, kind: ContactKind) -> None:
        """Attended, but that shows nobody seen: the child still is unseen, and nobody says that it was not brought."""
        if (own.trigger, own.how) == (FollowUpTrigger.MISSED, How.UNPROVEN):
            return
        corrected(own, row)
        self.declines.turned(own, FollowUpTrigger.MISSED, row)
        at = self.happened_at(row, FollowUpTrigger.MISSED)
        turn = Turn(FollowUpTrigger.MISSED, self.opener.current(kind.pathway), at, How.UNPROVEN)
        if own.state is FollowUpState.CONTINUED:
            self._renew(own, turn)
        else:
            own.explained = own.how is How.BY_UNKNOWN
            self.turn(own, turn)

    def is_no_miss(self, own: Case, row: Candidate) -> None:
        """The record takes the miss back. Nothing closes by itself: a person confirms, or an earlier miss goes on."""
        if own.trigger is FollowUpTrigger.CORRECTED:
            return
        corrected(own, row)
        self.declines.turned(own, FollowUpTrigger.CORRECTED, row)
        trigger, now = FollowUpTrigger.CORRECTED, self.opener.now
        if own.state is FollowUpState.CONTINUED:
            own.trigger, own.how, own.earlier_misses = trigger, None, 0
            return
        own.explained, own.earlier_misses = own.how is How.BY_UNKNOWN, 0
        self.switch(own, trigger, self.opener.rules.contacts.corrected_pathway, at=now)
        own.breach_at = now  # nothing is overdue but the confirmation

    def make_live(self, own: Case, row: Candidate) -> None:
        if own.state is FollowUpState.CLOSED:
            reopen(own, row, now=self.opener.now)
        elif own.state is FollowUpState.CONTINUED:
            come_back(own, self.book.end_of(own), pathways=self._pathways, now=self.opener.now)

    def take_over(self, row: Candidate, turn: Turn) -> Case | None:
        """A contact never booked in time was booked and then missed: its follow-up goes on with the appointment."""
        if row.expected_contact_id is None:
            return None
        case = self.book.of_expected.get(row.expected_contact_id)
        if case is None or not case.is_live:
            return None
        if case.person_id != row.person_id and not self._is_the_familys(case, row):
            return None
        self.touched.add(pair_of(case))
        del self.book.of_expected[row.expected_contact_id]
        case.appointment_id, case.expected_contact_id = row.id, None
        self.book.enter(case)
        if case.state in (FollowUpState.SEEN, FollowUpState.CLOSING) and case.seen_at and case.seen_at < turn.at:
            withdraw_seen(case, row, now=self.opener.now)
        self.turn(case, turn)
        say(case, "taken_over", from_state=case.state, row=row, detail={"appointment_id": row.id})
        return case

    def _is_the_familys(self, case: Case, row: Candidate) -> bool:
        """One contact for the household, whichever child it was booked for (config/family-review.yaml)."""
        kind = self.opener.rules.contacts.get(row.contact_code)
        same = (case.contact_code, case.household_id) == (row.contact_code, row.household_id)
        return same and row.household_id is not None and kind is not None and kind.whole_family

    def look_for_later_visit(self, case: Case) -> None:
        """Files come in any order: somebody may have been seen since. What a person has refused stays refused."""
        if case.id in self.refused:
            return
        visits = self.seen.get(pair_of(case), ())
        later = [one for one in visits if one.starts_at >= case.anchor_at and one.appointment_id != case.appointment_id]
        if later:
            self.mark_seen(case, at=later[-1].at, evidence=evidence_of(later[-1].appointment_id))

    def mark_seen(self, case: Case, *, at: datetime, evidence: str) -> None:
        mark_seen(case, at=at, evidence=evidence, now=self.opener.now)
        self.book.enter(case)

    def turn(self, case: Case, turn: Turn) -> None:
        switch(case, turn, pathways=self._pathways, now=self.opener.now)

    def switch(self, case: Case, trigger: FollowUpTrigger, code: str, *, at: datetime) -> None:
        self.turn(case, Turn(trigger, self.opener.current(code), at))

    def closed_knowing(self, case: Case, row: Candidate) -> bool:
        """Whether whoever closed it knew what the appointment's status is now."""
        return not (case.closed_at is not None and row.changed_at is not None and row.changed_at > case.closed_at)

    def whose(self, row: Candidate) -> Whose:
        return Whose(row.booked_with, row.caseload_holder, row.team_id)

    def happened_at(self, row: Candidate, trigger: FollowUpTrigger) -> datetime:
        """T0: the end of a missed appointment; else when it was cancelled or declined. Never later than now."""
        match trigger:
            case FollowUpTrigger.CANCELLED:
                return min(row.cancelled_at or row.recorded_at or row.ends_at, self.opener.now)
            case FollowUpTrigger.DECLINED:
                return min(row.recorded_at or row.ends_at, self.opener.now)
        return min(row.ends_at, self.opener.now)

    def _chain(self, case: Case) -> tuple[OwnerRole, ...]:
        pathway = self.opener.rules.pathways.get((case.pathway_code, case.pathway_version))
        return (pathway or self.opener.current(case.pathway_code)).chain(OwnerRole.PRACTITIONER)

    @property
    def _pathways(self) -> Pathways:
        return self.opener.rules.pathways


def has_moved(case: Case, row: Candidate) -> bool:
    """Whether the appointment got another time since the follow-up was reckoned from it."""
    return row.moved_at is not None and row.moved_at > case.anchor_at
