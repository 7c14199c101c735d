"""Open follow-ups: on their ladder, or in the backlog; each with an owner from the first moment. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from config.rules import Rules
from models.db.cases import Case, Happened
from models.db.people_resolution import Directory, Reached, Whose
from models.domain.freshness import is_backlog
from models.domain.ladder import decide
from models.domain.ladder_facts import FollowUpFacts, dump_done
from models.domain.pathway import Pathway
from models.domain.words import ActorKind, FollowUpState, FollowUpTrigger, How, OwnerRole
from workers.backlog import Triage


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
    family_event_id: int | None = None
    how: How | None = None
    miss_count: int = 1
    breach_at: datetime | None = None


@dataclass(slots=True)
class Opener:
    """What opening needs, and what was opened: follow-ups to store and their shares in triage tasks."""

    rules: Rules
    staff: Directory
    now: datetime
    high_risk: Callable[[int, int | None], bool]  # of a person and a household
    opened: list[Case] = field(default_factory=list)
    triage: list[Triage] = field(default_factory=list)
    _owners: dict[tuple[Whose, tuple[OwnerRole, ...]], Reached] = field(default_factory=dict)
    _current: dict[str, Pathway] = field(default_factory=dict)

    def open(self, cause: Opening, *, pathway: Pathway | None = None) -> Case:
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
            family_event_id=cause.family_event_id,
            trigger=cause.trigger,
            state=FollowUpState.BACKLOG if old else FollowUpState.OPEN,
            person_id=cause.person_id,
            household_id=cause.household_id,
            team_id=cause.team_id,
            contact_code=cause.contact_code,
            pathway_code=pathway.code,
            pathway_version=pathway.version,
            how=cause.how,
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
        detail: dict[str, object] = {"trigger": cause.trigger, "backlog": old}
        case.story.append(Happened("opened", None, case.state, "engine", ActorKind.ENGINE, detail=detail))
        self.opened.append(case)
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
