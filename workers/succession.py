"""What one contact means for another: a later one took place or fell due, a birth turned an antenatal one to a visit.

A person is asked once, about what matters now: the earlier follow-up goes on in the later one's, or is confirmed and
closed. Nothing is closed here. Source: domain.md 1.2, "stop-chasing point".
"""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from models.db import cases, expected
from models.db.cases import Case
from models.db.expected import DueExpected, Successor
from models.db.people_resolution import Whose
from models.domain.follow_up_states import FollowUpEvent
from models.domain.words import ExpectedState, FollowUpState, FollowUpTrigger
from workers.case_changes import go_on, mark_seen
from workers.opening import Opener, Opening

_CLIMBING = (FollowUpState.OPEN, FollowUpState.BACKLOG)


class Succession:
    """One set of contacts that were looked at, with the follow-ups just opened for some; draws what follows."""

    def __init__(
        self,
        session: Session,
        work: Opener,
        rows: Sequence[DueExpected],
        *,
        opened: Mapping[int, Case],
        successors: Mapping[int, Successor],
    ) -> None:
        self._session, self._work, self._opened, self._successors = session, work, opened, successors
        self._met = {row.id: row for row in rows if row.met_at is not None}
        self._born = {row.id: row.born_child for row in rows if row.born_child in successors}
        self._ended = [row.id for row in rows if row.state == ExpectedState.SUPERSEDED]
        self._live: dict[int, Case] = {}  # by the contact it is about
        self._turned: list[int] = []  # children's visits that are followed up from now on

    def draw(self) -> list[Case]:
        """Change the follow-ups that are concerned, and return them to be stored. The caller commits."""
        later = [*self._met, *self._opened]
        earlier = expected.superseded_by(self._session, later) if later else {}
        before = {one for ones in earlier.values() for one in ones}
        self._load({*self._met, *self._born, *self._successors, *before})
        known = list(self._live.values())
        for contact, row in self._met.items():
            self._seen([contact, *earlier.get(contact, ())], row)
        for contact, case in self._opened.items():
            for one in earlier.get(contact, ()):
                self._go_on(one, case)
        for contact, child in self._born.items():
            if child is not None:
                self._turn_to_child(contact, self._successors[child])
        expected.mark_superseded(self._session, before)
        ended = [(one, ExpectedState.SUPERSEDED, None) for one in self._ended]
        expected.settle(self._session, [*ended, *((one, ExpectedState.OVERDUE, None) for one in self._turned)])
        return known

    def _load(self, contacts: set[int]) -> None:
        live = expected.live_follow_ups(self._session, contacts) if contacts else {}
        known = cases.load_by_id(self._session, set(live.values()))
        self._live = {contact: known[follow_up] for contact, follow_up in live.items() if follow_up in known}

    def _seen(self, contacts: Sequence[int], row: DueExpected) -> None:
        """It took place: what was asked about it, and about those whose place it takes, is confirmed and closed."""
        for contact in contacts:
            if contact in self._live and row.met_at is not None:
                evidence = f"expected contact {row.id}"
                mark_seen(self._live[contact], at=row.met_at, evidence=evidence, now=self._work.now)

    def _go_on(self, contact: int, later: Case) -> None:
        before = self._live.get(contact)
        if before is not None and before.state in _CLIMBING and later.state is not FollowUpState.BACKLOG:
            misses = max(before.miss_count, later.miss_count)
            event = FollowUpEvent.CONTINUED_IN_LATER_MISS
            go_on(before, later, event=event, pathways=self._work.rules.pathways)
            later.miss_count = misses  # what nobody booked is no miss of the family's

    def _turn_to_child(self, contact: int, child: Successor) -> None:
        """Nobody saw the mother before the birth: the child's visit is followed up at once, and this goes on in it."""
        if contact not in self._live or (child.followed and child.id not in self._live):
            return  # nobody follows it up any more, or a person has settled the child's visit already
        if child.id not in self._live:
            self._live[child.id] = self._open(child)
            self._turned.append(child.id)
        self._go_on(contact, self._live[child.id])

    def _open(self, child: Successor) -> Case:
        work, booked = self._work, child.state != ExpectedState.PLANNED
        kind = work.rules.contacts.get(child.contact_code)
        return work.open(
            Opening(
                trigger=FollowUpTrigger.OVERDUE if booked else FollowUpTrigger.NEVER_BOOKED,
                pathway_code=work.rules.contacts.outcome_pathway if kind is None else kind.pathway,
                happened_at=work.now,
                first_received_at=child.first_received_at,
                go_live_on=None,
                person_id=child.person_id,
                household_id=child.household_id,
                team_id=child.team_id,
                contact_code=child.contact_code,
                whose=Whose(None, child.caseload_holder, child.team_id),
                expected_contact_id=child.id,
            )
        )
