"""Put the thread of one contact of one person in order: one live follow-up leads it, and its count is right. No I/O.

Derived each time from what the rows of the thread say now, so that a correction of any of them, at any time, puts the
others right too. Source: design 3.1; docs/decisions/0003, 0051.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.db.cases import Case, evidence_of
from models.domain.follow_up_states import FollowUpEvent
from models.domain.threads import THREAD_TRIGGERS, Member, count
from models.domain.words import FollowUpState, FollowUpTrigger
from workers.case_book import CaseBook, Pair, pair_of
from workers.case_changes import Pathways, begin_anew, come_back, go_on, mark_seen, say

E = FollowUpEvent


@dataclass(frozen=True, slots=True)
class Seen:
    """When somebody was seen at a contact, and by which appointment."""

    at: datetime
    starts_at: datetime
    appointment_id: int


@dataclass(frozen=True, slots=True)
class Thread:
    """All follow-ups of one contact of one person that are known here, whatever their state."""

    pair: Pair
    cases: Sequence[Case]
    book: CaseBook
    seen: Sequence[Seen]  # in order of time
    refused: Collection[int]  # those of which a person said that nobody was seen after all
    pathways: Pathways
    now: datetime

    def settle(self) -> None:
        """Take the thread back from what leads it no more, let the latest live miss lead, and count."""
        for leader, group in self._led():
            if not self._leads(leader):
                self._take_back(leader, group)
        leaders = self._unite()
        for leader in leaders:
            self._count(leader)
        for leader, _ in self._led():
            if leader.state is FollowUpState.CLOSED and self._is_of(leader):
                self._count(leader)

    def _led(self) -> list[tuple[Case, list[Case]]]:
        """The ends at which this contact's continued follow-ups arrive, each with those that do."""
        groups: dict[int, tuple[Case, list[Case]]] = {}
        for case in self.cases:
            if case.state is FollowUpState.CONTINUED:
                end = self.book.end_of(case)
                groups.setdefault(id(end), (end, []))[1].append(case)
        return list(groups.values())

    def _is_of(self, case: Case) -> bool:
        return pair_of(case) == self.pair

    def _leads(self, leader: Case) -> bool:
        """Whether a thread may go on in this one: of the same contact, and closed by a person or still a miss.

        Or of a planned contact that took this one's place (workers/succession.py).
        """
        if not self._is_of(leader) and leader.expected_contact_id is None:
            return False
        return leader.state is FollowUpState.CLOSED or leader.trigger in THREAD_TRIGGERS

    def _take_back(self, leader: Case, group: Iterable[Case]) -> None:
        """The latest real miss that had gone on there leads again; what is no miss any more goes on in it."""
        real = sorted((case for case in group if case.trigger in THREAD_TRIGGERS), key=_when)
        if not real:
            return
        heir = real[-1]
        come_back(heir, leader, pathways=self.pathways, now=self.now)
        self._see(heir)
        for case in group:
            if case is not heir:
                case.continues_in, case.continued_in, case.changed = heir, None, True
        if self._is_of(leader) and leader.trigger is FollowUpTrigger.CORRECTED and leader.is_live:
            go_on(leader, heir, event=E.GAVE_BACK, pathways=self.pathways)

    def _unite(self) -> list[Case]:
        """Let the latest live miss lead all earlier ones; return what leads now. Later backlog stands by itself."""
        live = [case for case in self.cases if case.is_live and case.trigger in THREAD_TRIGGERS]
        climbing = sorted((case for case in live if case.state is not FollowUpState.BACKLOG), key=_when)
        if not climbing:
            return live
        head = climbing[-1]
        alone = []
        for case in sorted(live, key=_when):
            if case is head:
                continue
            if case.state is FollowUpState.BACKLOG and _when(case) >= _when(head):
                alone.append(case)
            else:  # also two that ended at one moment, such as two whole days on one date
                go_on(case, head, event=E.CONTINUED_IN_LATER_MISS, pathways=self.pathways)
        return [*alone, head]

    def _count(self, head: Case) -> None:
        """Make the leader's count and breach those of its thread as it is now; fewer misses begin its ladder anew."""
        others = [
            case for case in self.cases if case.state is FollowUpState.CONTINUED and self.book.end_of(case) is head
        ]
        others += self.book.from_elsewhere(head)
        counted = count(
            _member(head),
            (_member(case) for case in others if case.trigger in THREAD_TRIGGERS),
            seen=(one.at for one in self.seen),
        )
        fell = counted.misses < head.miss_count
        if fell or (counted.seen_before is not None and head.breach_at <= counted.seen_before):
            breach = counted.unseen_since
        else:
            breach = min(head.breach_at, counted.unseen_since)
        if (counted.misses, breach) == (head.miss_count, head.breach_at):
            return
        was, head.miss_count, head.breach_at, head.changed = head.miss_count, counted.misses, breach, True
        if head.id is None or was == head.miss_count:
            return
        say(head, "count_corrected", from_state=head.state, detail={"was": was, "is": head.miss_count})
        if head.state is FollowUpState.OPEN:
            if fell:
                begin_anew(head, now=self.now)
            head.next_due_at = self.now

    def _see(self, case: Case) -> None:
        """Mark as seen what a later visit shows to be."""
        later = [one for one in self.seen if one.starts_at >= case.anchor_at]
        if later and case.id not in self.refused:
            evidence = evidence_of(later[-1].appointment_id)
            mark_seen(case, at=later[-1].at, evidence=evidence, now=self.now)


def _when(case: Case) -> tuple[datetime, int]:
    return case.anchor_at, case.id or _NOT_STORED


_NOT_STORED = 2**63


def _member(case: Case) -> Member:
    return Member(case.trigger, case.how, case.anchor_at, case.earlier_misses)
