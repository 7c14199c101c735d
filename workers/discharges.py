"""Discharges: one that is proposed is asked about again; once it is settled, whoever was asked hears of it.

For a year after, the family is looked at again and again, by whoever holds each child then.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import cases, discharges, disclosure_alerts, family_events, share_recipients
from models.db.cases import Case
from models.db.discharges import Due
from models.db.disclosure_alerts import Asked
from models.db.family_events import NewFamilyEvent
from models.db.people_resolution import directory
from models.db.share_recipients import Recipient
from models.domain import dedupe
from models.domain.sharing import next_look
from models.domain.words import DischargeState, FamilyEventKind
from workers.case_changes import evidence_came
from workers.family_events import open_events

SET_SIZE = 200
_HEARD = {
    DischargeState.DISCHARGED: "the other service has ended its care",
    DischargeState.WITHDRAWN: "the other service goes on with its care",
}


def look_at_discharges(session: Session, rules: Rules, now: datetime) -> int:
    """Do what is due about one set of discharges. The caller commits."""
    due = discharges.claim_due(session, now=now, limit=SET_SIZE)
    if not due:
        return 0
    proposed = [one for one in due if one.state == DischargeState.PROPOSED]
    settled = [one for one in due if one.state != DischargeState.PROPOSED and not one.settled_told]
    looks = [one for one in due if one.state == DischargeState.DISCHARGED and one.settled_told]
    _ask_again(session, rules, proposed, now=now)
    _tell_settled(session, rules, settled, now=now)
    _look(session, rules, looks, now=now)
    again = rules.sharing.discharge.settle_within.after(now, calendar=rules.calendar)
    discharges.next_due(session, [(one.id, again, 0) for one in proposed])
    discharges.next_due(session, [(one.id, _next(one, rules, done=0), 0) for one in settled])
    discharges.next_due(
        session, [(one.id, _next(one, rules, done=one.looks_done + 1), one.looks_done + 1) for one in looks]
    )
    return len(due)


def _next(one: Due, rules: Rules, *, done: int) -> datetime | None:
    """When the family is looked at next; None after the last look, after a withdrawal, and where no child is."""
    if one.state != DischargeState.DISCHARGED or not one.visitor_needed or one.settled_at is None:
        return None
    day = next_look(rules.calendar.civil_date(one.settled_at), looks_done=done, rules=rules.sharing)
    return None if day is None else rules.calendar.at(day, rules.calendar.day_starts)


def _ask_again(session: Session, rules: Rules, rows: Sequence[Due], *, now: datetime) -> None:
    if not rows:
        return
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={one.team_id for one in rows if one.team_id is not None},
        practitioner_ids={one.practitioner_id for one in rows if one.practitioner_id is not None},
    )
    again = rules.sharing.discharge.settle_within.after(now, calendar=rules.calendar)
    asked = [
        Asked(
            cause=("discharge", one.id),
            disclosure_id=one.first_disclosure_id,
            person_id=one.person_id,
            household_id=one.household_id,
            practitioner_id=one.practitioner_id,
            team_id=one.team_id,
            high_risk=False,
            next_due_at=again,
        )
        for one in rows
    ]
    disclosure_alerts.ask(session, asked, staff=staff, now=now)


def _tell_settled(session: Session, rules: Rules, rows: Sequence[Due], *, now: datetime) -> None:
    """The cards that asked for a view wait for their owners to confirm and close."""
    if not rows:
        return
    open_events(session, rules, now)  # asked a moment ago: the card has to be there first
    found: list[Case] = []
    for state in (DischargeState.DISCHARGED, DischargeState.WITHDRAWN):
        events = discharges.events_asked(session, [one.id for one in rows if one.state == state])
        for case in cases.load_events(session, events):
            if case.is_live:
                evidence_came(case, at=now, evidence=_HEARD[state], now=now)
                found.append(case)
    cases.save(session, found, now=now)


def _look(session: Session, rules: Rules, rows: Sequence[Due], *, now: datetime) -> None:
    by_question = {one.visitor_disclosure_id: one for one in rows if one.visitor_disclosure_id is not None}
    if not by_question:
        return
    today = rules.calendar.civil_date(now)
    told = share_recipients.find(session, by_question, rules=rules.sharing, today=today, at_home_only=False)
    events = [_event(by_question[to.disclosure_id], to, rules, now=now) for to in told]
    family_events.record_many(session, events, now=now)


def _event(one: Due, to: Recipient, rules: Rules, *, now: datetime) -> NewFamilyEvent:
    kind = FamilyEventKind.DISCHARGED
    assert one.settled_at is not None  # the database says so of one that is settled
    return NewFamilyEvent(
        kind=kind,
        dedupe_key=dedupe.family_event(kind, to.person_id, "discharge", one.id, one.looks_done, to.household_id, to.to),
        person_id=to.person_id,
        household_id=to.household_id,
        team_id=to.team_id,
        practitioner_id=to.practitioner_id,
        happened_at=now,
        recorded_by="engine",
        detail={
            "on": rules.calendar.civil_date(one.settled_at).isoformat(),
            "look": one.looks_done + 1,
            "looks": len(rules.sharing.discharge.looked_at_after_months),
        },
    )
