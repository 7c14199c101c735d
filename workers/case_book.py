"""The follow-ups that one set of appointments can touch, found by what they are about. In memory; decides nothing."""

from dataclasses import dataclass, field

from models.db.cases import Case
from models.domain.threads import THREAD_TRIGGERS
from models.domain.words import FollowUpState
from workers.case_changes import SEEABLE

Pair = tuple[int, str]  # a person and a contact code: what a thread is about


@dataclass(slots=True)
class CaseBook:
    """Known and newly opened follow-ups: by appointment, by expected contact, by evidence, by thread."""

    known: list[Case]
    of_appointment: dict[int, Case] = field(default_factory=dict)
    of_expected: dict[int, Case] = field(default_factory=dict)
    by_id: dict[int, Case] = field(default_factory=dict)
    _by_evidence: dict[str, list[Case]] = field(default_factory=dict)
    _threads: dict[Pair, list[Case]] = field(default_factory=dict)
    _elsewhere: dict[int, list[Case]] | None = None

    def __post_init__(self) -> None:
        for case in self.known:
            self.enter(case)

    def enter(self, case: Case) -> None:
        """Enter a follow-up, or enter it anew once it is about something else."""
        if case.id is not None:
            self.by_id[case.id] = case
        if case.appointment_id is not None:
            self.of_appointment[case.appointment_id] = case
        if case.expected_contact_id is not None:
            self.of_expected[case.expected_contact_id] = case
        if case.seen_evidence is not None:
            _append(self._by_evidence.setdefault(case.seen_evidence, []), case)
        _append(self._threads.setdefault(pair_of(case), []), case)

    def leave_thread(self, case: Case) -> None:
        """Take it out of the thread it stood in, before it becomes another person's or contact's."""
        self._threads[pair_of(case)].remove(case)

    def thread(self, pair: Pair) -> list[Case]:
        """All follow-ups of a person's contact, whatever their state."""
        return self._threads.get(pair, [])

    def live_thread(self, pair: Pair) -> list[Case]:
        """The live follow-ups of a person's contact that was missed, earliest first."""
        live = [case for case in self.thread(pair) if case.is_live and case.trigger in THREAD_TRIGGERS]
        return sorted(live, key=lambda case: case.anchor_at)

    def shown_by(self, evidence: str) -> list[Case]:
        """Those taken as seen by this evidence."""
        return [case for case in self._by_evidence.get(evidence, ()) if case.seen_evidence == evidence]

    def end_of(self, case: Case) -> Case:
        """Where a continued follow-up's thread has got to."""
        for _ in range(len(self.by_id) + 1):
            following = case.continues_in or self.by_id.get(case.continued_in or 0)
            if case.state is not FollowUpState.CONTINUED or following is None:
                break
            case = following
        return case

    def from_elsewhere(self, head: Case) -> list[Case]:
        """Those of another contact that had gone on in this one when they were read (workers/succession.py)."""
        if self._elsewhere is None:
            self._elsewhere = {}
            for case in self.known:
                end = self.end_of(case)
                if case.state is FollowUpState.CONTINUED and pair_of(end) != pair_of(case):
                    self._elsewhere.setdefault(end.id or 0, []).append(case)
        return [] if head.id is None else self._elsewhere.get(head.id, [])

    def pairs(self) -> set[Pair]:
        """The contacts that already have a thread here: when somebody was seen at them matters."""
        return {pair for pair, cases in self._threads.items() if any(case.trigger in SEEABLE for case in cases)}


def pair_of(case: Case) -> Pair:
    """Whose thread, of which contact, it belongs to."""
    return case.person_id, case.contact_code


def _append(cases: list[Case], case: Case) -> None:
    if not any(held is case for held in cases):
        cases.append(case)
