"""What a person decides about telling another service: tell, hold, tell nobody; and that it arrived. Never commits.

The caller has checked that the account's scope covers the service that tells. Each act locks the question, keeps its
history and an entry of the audit trail, and puts the alert that asked in time.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import disclosure_alerts, disclosure_receipts, disclosures, history, sharing_deeds
from models.db.disclosure_alerts import Asked
from models.db.disclosures import Happened, Question
from models.db.follow_up_rows import IllegalTransition, NotAllowed
from models.db.people_resolution import directory
from models.db.scope import Scope
from models.db.sharing_deeds import Deed
from models.domain import transitions
from models.domain.ids import HouseholdId
from models.domain.sharing import SharingRules, longest_hold
from models.domain.sharing_states import DisclosureEvent, advance, may_hold
from models.domain.words import DisclosureState
from models.domain.working_time import WorkingCalendar


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, by which rules, when."""

    account: Scope
    rules: SharingRules
    calendar: WorkingCalendar
    now: datetime

    @property
    def today(self) -> date:
        """The civil date of the deciding."""
        return self.calendar.civil_date(self.now)


def share(session: Session, disclosure_id: int, who: Decider, *, basis: str, to_whom: str, received_how: str) -> None:
    """Tell: through each receiving practitioner's list here, or, where `to_whom` says whom and how, in another way.

    `basis`: a key of the rules' bases. Raises NotAllowed for an unknown basis, a GP nobody names, or where no
    practitioner is known here; IllegalTransition where it was told already or withdrawn.
    """
    question = _lock(session, disclosure_id, who)
    _after(question, DisclosureEvent.SHARED)
    if basis not in who.rules.bases:
        raise NotAllowed("Choose the ground for telling.")
    deed = Deed(question, who.account.actor, who.rules.bases[basis])
    if to_whom:
        _in_another_way(session, deed, who, to_whom=to_whom, received_how=received_how)
    elif question.to_service == who.rules.gp:
        raise NotAllowed("Write to whom it went and how: the practice, and by which way.")
    elif not sharing_deeds.tell(session, [deed], rules=who.rules, calendar=who.calendar, now=who.now):
        raise NotAllowed("Nobody is known here who could be told. Write whom you told in another way, and how.")
    _audit(session, question, who, "disclosure_shared", why=who.rules.bases[basis])


def refuse(session: Session, disclosure_id: int, who: Decider, *, reason: str) -> None:
    """Tell nobody. Raises NotAllowed without a reason, IllegalTransition where it is settled already."""
    question = _lock(session, disclosure_id, who)
    state = _after(question, DisclosureEvent.REFUSED)
    if not reason:
        raise NotAllowed("Write why nobody is told.")
    session.execute(_REFUSE, {"id": question.id, "by": who.account.actor, "now": who.now, "reason": reason})
    _tell(session, question, who, DisclosureEvent.REFUSED, state, reason)
    _audit(session, question, who, "disclosure_refused", why=reason)


def hold(session: Session, disclosure_id: int, who: Decider, *, until: datetime, reason: str) -> None:
    """Hold it until then, with a reason; the lead is told. Holding it again is for a lead to say.

    Raises NotAllowed without a reason, for too long a hold, or a second one by somebody else; IllegalTransition where
    it is settled already.
    """
    question = _lock(session, disclosure_id, who)
    state = _after(question, DisclosureEvent.HELD)
    if question.to_service == who.rules.gp or question.discharge_id is not None:
        raise NotAllowed("Nothing goes by itself here: tell them, or say why not.")
    if not reason:
        raise NotAllowed("Write why it is held.")
    if not may_hold(times_held=question.times_held, role=who.account.role):
        raise NotAllowed("It was held once already; your team lead decides whether it is held longer.")
    longest = longest_hold(high_risk=question.high_risk, now=who.now, rules=who.rules, calendar=who.calendar)
    if not who.now < until <= longest:
        raise NotAllowed(f"It can be held until {longest.astimezone(who.calendar.zone):%d.%m.%Y %H:%M} at the longest.")
    params = {"id": question.id, "by": who.account.actor, "reason": reason, "until": until}
    session.execute(_HOLD, params)
    _tell(session, question, who, DisclosureEvent.HELD, state, reason)
    _audit(session, question, who, "disclosure_held", why=reason)
    _tell_the_lead(session, question, who)


def look_at_hold(session: Session, disclosure_id: int, who: Decider) -> None:
    """The lead has looked at the hold and lets it stand. Raises IllegalTransition where it is not held."""
    question = _lock(session, disclosure_id, who)
    if question.state != DisclosureState.HELD:
        raise IllegalTransition(f"question {question.id} is {question.state}; expected one that is held")
    disclosure_alerts.end_hold(session, question.id, question.times_held, by=who.account.actor, now=who.now)
    _audit(session, question, who, "disclosure_hold_looked_at")


def received(session: Session, disclosure_id: int, who: Decider, *, how: str, view: str) -> None:
    """Note that it arrived, what shows it, and what they think where they were asked. Raises NotAllowed otherwise."""
    question = _lock(session, disclosure_id, who)
    if not how:
        raise NotAllowed("Write what shows that it arrived.")
    if not disclosure_receipts.note(
        session, question.id, how=how, view=view or None, by=who.account.actor, now=who.now
    ):
        raise IllegalTransition(f"question {question.id} waits for no receipt")
    _audit(session, question, who, "disclosure_received")


def _in_another_way(session: Session, deed: Deed, who: Decider, *, to_whom: str, received_how: str) -> None:
    question = deed.question
    again = who.rules.receipt_within.after(who.now, calendar=who.calendar)
    what = sharing_deeds.words_of(question, who.rules, who.calendar)
    sharing_deeds.store(session, [(deed, what)], rules=who.rules, now=who.now, look_again_at=again)
    session.execute(_TO_WHOM, {"id": question.id, "to_whom": to_whom, "now": who.now})
    if received_how:
        disclosure_receipts.note(session, question.id, how=received_how, view=None, by=who.account.actor, now=who.now)


def _lock(session: Session, disclosure_id: int, who: Decider) -> Question:
    found = disclosures.lock(session, [disclosure_id], today=who.today)
    if not found:
        raise LookupError(f"there is no question {disclosure_id}")
    return found[0]


def _after(question: Question, event: DisclosureEvent) -> DisclosureState:
    try:
        return advance(DisclosureState(question.state), event)
    except transitions.IllegalTransition as error:
        raise IllegalTransition(f"question {question.id}: {error}") from error


def _tell(
    session: Session, question: Question, who: Decider, event: DisclosureEvent, state: DisclosureState, reason: str
) -> None:
    line = Happened(question.id, event, state, who.account.actor, reason)
    disclosures.tell(session, [line], now=who.now)


def _audit(session: Session, question: Question, who: Decider, action: str, *, why: str | None = None) -> None:
    disclosure_alerts.keep_in_time(session, [question.cause], by=who.account.actor, now=who.now, today=who.today)
    history.audited(
        session,
        action=action,
        subject="disclosure",
        subject_id=question.id,
        household_id=None if question.household_id is None else HouseholdId(question.household_id),
        actor=who.account,
        now=who.now,
        why=why,
    )


def _tell_the_lead(session: Session, question: Question, who: Decider) -> None:
    terms = who.rules.terms(high_risk=question.high_risk)
    staff = directory(
        session,
        now=who.now,
        today=who.today,
        team_ids=() if question.from_team_id is None else (question.from_team_id,),
        practitioner_ids=(),
    )
    asked = Asked(
        cause=question.cause,
        disclosure_id=question.id,
        person_id=question.person_id,
        household_id=question.household_id,
        practitioner_id=None,
        team_id=question.from_team_id,
        high_risk=question.high_risk,
        next_due_at=terms.hold_looked_at.after(who.now, calendar=who.calendar),
    )
    disclosure_alerts.tell_of_hold(
        session, asked, hold=question.times_held + 1, not_to=who.account.practitioner_id, staff=staff, now=who.now
    )


_REFUSE = text(
    """
    UPDATE disclosure SET state = 'not_shared', decided_by = :by, decided_at = :now, reason = :reason,
        next_due_at = NULL
    WHERE id = :id
    """
)
_HOLD = text(
    """
    UPDATE disclosure SET state = 'held', held_by = :by, held_reason = :reason, held_until = :until,
        times_held = times_held + 1, next_due_at = :until
    WHERE id = :id
    """
)
_TO_WHOM = text("INSERT INTO disclosure_recipient (disclosure_id, to_whom, told_at) VALUES (:id, :to_whom, :now)")
