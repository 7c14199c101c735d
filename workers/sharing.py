"""Sharing: a missed contact of an adult asks who is told; deadlines, ends of holds and receipts are kept.

The rule decides who has to hear of it (models/domain/sharing.py); an agreement or a person decides that they do.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import adult_misses, disclosure_alerts, disclosures, follow_ups, sharing_deeds
from models.db.adult_misses import Missed
from models.db.detection import Candidate
from models.db.disclosure_alerts import Asked, Cause
from models.db.disclosures import Happened, NewDisclosure, Question
from models.db.people_resolution import directory
from models.db.sharing_deeds import Deed
from models.domain.freshness import is_backlog
from models.domain.sharing import Tell, tell_by, whom_to_tell
from models.domain.sharing_states import DisclosureEvent, advance
from models.domain.words import DisclosureState
from workers.advance import harmless_flags
from workers.put_right import put_right
from workers.questions_of_the_dead import end_for_the_dead

SET_SIZE = 500


def consider_misses(session: Session, rules: Rules, rows: Sequence[Candidate], *, now: datetime) -> None:
    """Raise the questions of those of `rows` that are an adult's missed contact; end those put right since."""
    ours = [row for row in rows if row.contact_code in rules.sharing.guarded]
    counted = [row for row in ours if _counts(row, rules)]
    if counted:
        _raise(session, rules, counted, now=now)
    if ours:
        again = {row.id for row in counted}
        by = {row.id: row.status_by for row in ours if row.id not in again}
        causes = disclosures.withdraw(session, list(by), by=by, now=now)
        _keep_in_time(session, rules, [("appointment", row_id) for row_id in causes], now=now)
        put_right(session, rules, ours, missed=again, now=now)


def share_due(session: Session, rules: Rules, now: datetime) -> int:
    """Do what is due about one set of questions: tell by agreement, else ask a person. The caller commits."""
    due = disclosures.claim_due(session, now=now, today=rules.calendar.civil_date(now), limit=SET_SIZE)
    if not due:
        return 0
    over = end_for_the_dead(session, rules, [one.id for one in due], now=now)
    due = [one for one in due if one.id not in over]
    waiting = _end_holds(session, due, now=now)
    deeds = [
        Deed(one, "engine", rules.sharing.bases[rules.sharing.basis_of_agreement], agreement_id=one.agreement_id)
        for one in waiting
        if one.may_be_automatic and one.agreement_id is not None
    ]
    told = sharing_deeds.tell(session, deeds, rules=rules.sharing, calendar=rules.calendar, now=now)
    asked = [one for one in waiting if one.id not in told]
    _ask(session, rules, asked, now=now)
    _ask_for_receipts(session, rules, [one for one in due if one.state == DisclosureState.SHARED], now=now)
    _keep_in_time(session, rules, [one.cause for one in waiting if one.id in told], now=now)
    return len(due) + len(over)


def _counts(row: Candidate, rules: Rules) -> bool:
    return rules.sharing.counts(
        contact_code=row.contact_code, status=row.status, subtype=row.subtype, role=row.subject_role
    )


def _raise(session: Session, rules: Rules, rows: Sequence[Candidate], *, now: datetime) -> None:
    risky = follow_ups.flagged(
        session, [(row.person_id, row.household_id) for row in rows], harmless_flags=harmless_flags(rules)
    )
    today = rules.calendar.civil_date(now)
    known = adult_misses.missed(session, [row.id for row in rows], rules=rules.sharing, today=today, now=now)
    new = []
    for row in rows:
        high_risk = (row.person_id, row.household_id) in risky
        one = known[row.id]
        old = _is_old(row, rules, high_risk)
        for tell in whom_to_tell(one.around, old=old, died=one.died, rules=rules.sharing):
            new.append(_question(row, tell, one, rules, high_risk=high_risk, now=now))
    raised = disclosures.raise_many(session, new, now=now)
    disclosures.withdraw_for_the_living(session, [row_id for row_id, one in known.items() if not one.died], now=now)
    asked = [_asked(one) for one in disclosures.lock(session, raised, today=today) if one.next_due_at is not None]
    _tell_whoever_decides(session, rules, asked, now=now)
    _keep_in_time(session, rules, [one.cause for one in asked], now=now)


def _is_old(row: Candidate, rules: Rules, high_risk: bool) -> bool:
    return is_backlog(
        happened_at=row.ends_at,
        first_received_at=row.first_received_at,
        go_live_on=row.go_live_on,
        happened_on=rules.calendar.civil_date(row.ends_at),
        high_risk=high_risk,
        rules=rules.feeds,
    )


def _question(
    row: Candidate, tell: Tell, known: Missed, rules: Rules, *, high_risk: bool, now: datetime
) -> NewDisclosure:
    to_gp = tell.to_service == rules.sharing.gp
    held = known.held_until is not None and not to_gp and tell.why_not is None
    due = tell_by(row.ends_at, to_gp=to_gp, high_risk=high_risk, now=now, rules=rules.sharing, calendar=rules.calendar)
    seen = known.last_seen_at
    return NewDisclosure(
        appointment_id=row.id,
        discharge_id=None,
        person_id=row.person_id,
        household_id=row.household_id,
        from_service=rules.sharing.guarded[row.contact_code],
        from_team_id=row.team_id,
        practitioner_id=row.booked_with,
        to_service=tell.to_service,
        why_not=tell.why_not,
        high_risk=high_risk,
        may_be_automatic=tell.may_be_automatic,
        happened_at=row.ends_at,
        last_seen_on=None if seen is None else rules.calendar.civil_date(seen),
        misses=known.misses,
        next_due_at=None if tell.why_not is not None else known.held_until if held else due,
        held_by=known.held_by if held else None,
        held_reason=known.held_reason if held else None,
        held_until=known.held_until if held else None,
    )


def _end_holds(session: Session, due: Sequence[Question], *, now: datetime) -> list[Question]:
    """Return the undecided ones, those whose hold is over waiting again."""
    over = [one for one in due if one.state == DisclosureState.HELD]
    state = advance(DisclosureState.HELD, DisclosureEvent.HOLD_ENDED)
    disclosures.tell(session, [Happened(one.id, DisclosureEvent.HOLD_ENDED, state) for one in over], now=now)
    undecided = (DisclosureState.WAITING, DisclosureState.ASKED)
    return [one for one in due if one.state in undecided] + [one._replace(state=state) for one in over]


def _ask(session: Session, rules: Rules, questions: Sequence[Question], *, now: datetime) -> None:
    """The deadline passed and nothing speaks for telling: the alert goes up, and the question is looked at again."""
    disclosures.ask(session, [(one.id, _again(one, rules, now)) for one in questions])
    first = [one for one in questions if one.state == DisclosureState.WAITING]
    state = DisclosureState.ASKED
    disclosures.tell(session, [Happened(one.id, DisclosureEvent.ASKED, state) for one in first], now=now)
    _tell_whoever_decides(session, rules, [_asked(one, at=_again(one, rules, now)) for one in questions], now=now)


def _ask_for_receipts(session: Session, rules: Rules, questions: Sequence[Question], *, now: datetime) -> None:
    again = rules.sharing.receipt_within.after(now, calendar=rules.calendar)
    disclosures.look_again(session, [(one.id, again) for one in questions])
    _tell_whoever_decides(session, rules, [_asked(one, at=again) for one in questions], now=now)


def _again(one: Question, rules: Rules, now: datetime) -> datetime:
    return rules.sharing.terms(high_risk=one.high_risk).ask_again.after(now, calendar=rules.calendar)


def _asked(one: Question, *, at: datetime | None = None) -> Asked:
    due = at or one.next_due_at
    assert due is not None  # the caller asks about questions that wait
    return Asked(
        cause=one.cause,
        disclosure_id=one.id,
        person_id=one.person_id,
        household_id=one.household_id,
        practitioner_id=one.practitioner_id,
        team_id=one.from_team_id,
        high_risk=one.high_risk,
        next_due_at=due,
    )


def _keep_in_time(session: Session, rules: Rules, causes: Sequence[Cause], *, now: datetime) -> None:
    today = rules.calendar.civil_date(now)
    disclosure_alerts.keep_in_time(session, causes, by="engine", now=now, today=today)


def _tell_whoever_decides(session: Session, rules: Rules, asked: Sequence[Asked], *, now: datetime) -> None:
    if not asked:
        return
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={one.team_id for one in asked if one.team_id is not None},
        practitioner_ids={one.practitioner_id for one in asked if one.practitioner_id is not None},
    )
    disclosure_alerts.ask(session, asked, staff=staff, now=now)
