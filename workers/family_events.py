"""Open the follow-up of each family event that was recorded: one ladder by its kind (config/events.yaml).

Some kinds are one thread per household and team, like the misses of a contact (docs/decisions/0003): an earlier
follow-up that still lives goes on in the new one, so that a family is one card.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import cases, family_events, follow_ups
from models.db.cases import Case
from models.db.family_events import ToOpen
from models.db.people_resolution import Whose, directory
from models.domain.follow_up_states import FollowUpEvent
from models.domain.words import FamilyEventKind, FollowUpState, FollowUpTrigger
from workers.advance import harmless_flags
from workers.backlog import triage_alerts
from workers.case_changes import go_on
from workers.holds import settle_plans
from workers.opening import Opener, Opening

_ONE_THREAD = frozenset(
    {FamilyEventKind.ADULT_MISSED_CONTACT, FamilyEventKind.DISCHARGED, FamilyEventKind.PRE_BIRTH_MISSED}
)
SET_SIZE = 2_000


def open_events(session: Session, rules: Rules, now: datetime) -> int:
    """Open the follow-ups of one set of events; return how many. The caller commits."""
    rows = family_events.take_to_open(session, now=now, limit=SET_SIZE)
    if not rows:
        return 0
    work = _opener(session, rules, rows, now=now)
    threads = _threads(session, rows)
    for row in rows:
        opened = work.open(_cause(rules, row))
        if row.kind in _ONE_THREAD and opened.state is not FollowUpState.BACKLOG:
            threads.go_on(opened, rules)
    cases.save(session, [*threads.earlier, *work.opened], now=now)
    settle_plans(session, rules, [case.id for case in work.opened], now)
    triage_alerts(session, work.triage, now=now)
    return len(rows)


@dataclass(slots=True)
class _Threads:
    """Follow-ups of family events that still live, by household, team, kind and who holds the caseload."""

    holders: dict[int, int | None]
    earlier: list[Case]
    live: list[Case] = field(init=False)

    def __post_init__(self) -> None:
        self.live = list(self.earlier)

    def go_on(self, opened: Case, rules: Rules) -> None:
        """Let what lives of the same thread go on in the one that was opened."""
        counted, thread = opened.miss_count, self._thread(opened)
        for before in [case for case in self.live if case.is_live and self._thread(case) == thread]:
            go_on(before, opened, event=FollowUpEvent.CONTINUED_IN_LATER_MISS, pathways=rules.pathways)
            opened.miss_count = max(counted, before.miss_count + 1)
        self.live.append(opened)

    def _thread(self, case: Case) -> tuple[int | None, int | None, str, int | None]:
        home = None if case.household_id is not None else -case.person_id  # nobody's household is nobody else's
        return case.household_id or home, case.team_id, case.contact_code, self.holders.get(case.person_id)


def _threads(session: Session, rows: list[ToOpen]) -> _Threads:
    """What one of these may go on from; nothing is read where no kind of one thread is among them."""
    ours = [row for row in rows if row.kind in _ONE_THREAD]
    if not ours:
        return _Threads({}, [])
    holders = family_events.holders(session, {row.household_id for row in ours if row.household_id is not None})
    found = cases.load(session, people={*holders, *(row.person_id for row in ours)}, appointments=())
    return _Threads(holders, [case for case in found if case.family_event_id is not None])


def _cause(rules: Rules, row: ToOpen) -> Opening:
    rule = rules.events.rules[FamilyEventKind(row.kind)]
    return Opening(
        trigger=FollowUpTrigger.FAMILY_EVENT,
        pathway_code=rule.pathway,
        happened_at=row.happened_at,
        first_received_at=row.recorded_at,
        go_live_on=None,
        person_id=row.person_id,
        household_id=row.household_id,
        team_id=row.team_id,
        contact_code=rule.code,
        whose=Whose(row.practitioner_id, row.caseload_holder, row.team_id),
        family_event_id=row.id,
        miss_count=row.misses,
    )


def _opener(session: Session, rules: Rules, rows: list[ToOpen], *, now: datetime) -> Opener:
    risky = follow_ups.flagged(
        session, [(row.person_id, row.household_id) for row in rows], harmless_flags=harmless_flags(rules)
    )
    people = {row.practitioner_id for row in rows} | {row.caseload_holder for row in rows}
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={row.team_id for row in rows if row.team_id is not None},
        practitioner_ids={person for person in people if person is not None},
    )
    return Opener(
        rules=rules,
        staff=staff,
        now=now,
        high_risk=lambda person_id, household_id: (person_id, household_id) in risky,
    )
