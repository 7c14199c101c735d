"""Chase referrals hop by hop: a late hop gets its follow-up, and a first appointment in the record moves one on."""

import json
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import cases, follow_ups, referrals, ticks
from models.db.people_resolution import Whose, directory
from models.db.referrals import Known, Late, Moved
from models.domain.contacts import SEEN_STATUSES
from models.domain.referral_states import ReferralEvent, advance, hop_due
from models.domain.words import ActorKind, AppointmentStatus, FollowUpTrigger, ReferralState, Urgency
from workers.advance import harmless_flags
from workers.holds import settle_plans
from workers.opening import Opener, Opening

SET_SIZE = 500
MATCH_TICK = "referral_appointments"
MATCH_EVERY = timedelta(seconds=30)
REFERRAL_CODE = "REFERRAL"  # the contact code of a follow-up that is about a referral, not an appointment
_WAITING = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.OUTCOME_DUE})


def chase_referrals(session: Session, rules: Rules, now: datetime) -> int:
    """A referral whose next hop is late gets its one follow-up, or the one it has begins anew. The caller commits."""
    taken, late = referrals.take_late(session, now=now, limit=SET_SIZE)
    if not late:
        return taken
    risky = follow_ups.flagged(
        session, [(row.person_id, row.household_id) for row in late], harmless_flags=harmless_flags(rules)
    )
    grave = {(row.person_id, row.household_id) for row in late if row.urgency == Urgency.RED_FLAG}
    work = Opener(
        rules=rules,
        staff=directory(
            session,
            now=now,
            today=rules.calendar.civil_date(now),
            team_ids={row.team_id for row in late if row.team_id is not None},
            practitioner_ids={row.practitioner_id for row in late if row.practitioner_id is not None},
        ),
        now=now,
        high_risk=lambda person_id, household_id: (person_id, household_id) in risky | grave,
    )
    for row in late:
        work.open(_cause(rules, row))
    cases.save(session, work.opened, now=now)
    settle_plans(session, rules, [case.id for case in work.opened], now)
    return taken


def match_appointments(session: Session, rules: Rules, now: datetime) -> int:
    """Move referrals on by what the record says of their first appointment: dated, kept, or not. The caller commits."""
    codes = {code: one.code for one in rules.referrals.services.values() for code in one.contact_codes}
    found = referrals.found_appointments(session, codes=codes, limit=SET_SIZE)
    referrals.move(session, [_moved(rules, row, now=now) for row in found], now=now)
    return len(found)


def match_if_due(session: Session, rules: Rules, now: datetime) -> int:
    """Every live referral is looked at, so not at every ring. The caller commits."""
    last = ticks.last_success(session, MATCH_TICK)
    if last is not None and now - last < MATCH_EVERY:
        return 0
    found = match_appointments(session, rules, now)
    ticks.succeeded(session, MATCH_TICK, handled=found, now=now)
    return found


def _cause(rules: Rules, row: Late) -> Opening:
    return Opening(
        trigger=FollowUpTrigger.REFERRAL_UNANSWERED,
        pathway_code=rules.contacts.referral_pathway,
        happened_at=row.hop_due_at,
        first_received_at=row.sent_at,
        go_live_on=None,
        person_id=row.person_id,
        household_id=row.household_id,
        team_id=row.team_id,
        contact_code=REFERRAL_CODE,
        whose=Whose(row.practitioner_id, None, row.team_id),
        referral_id=row.id,
    )


def _moved(rules: Rules, row: Known, *, now: datetime) -> Moved:
    """What the record's appointment means for its referral."""
    status = AppointmentStatus(row.status)
    event = (
        ReferralEvent.ATTENDED
        if status in SEEN_STATUSES
        else ReferralEvent.APPOINTED
        if status in _WAITING
        else ReferralEvent.NOT_ATTENDED
    )
    state = advance(ReferralState(row.state), event)
    due = hop_due(
        state, rules.referrals.clocks[Urgency(row.urgency)], sent_at=row.sent_at, known_at=now, calendar=rules.calendar
    )
    gone = event is ReferralEvent.NOT_ATTENDED
    return Moved(
        id=row.id,
        event=event,
        from_state=row.state,
        to_state=state,
        hop_due_at=due,
        first_appointment_at=None if gone else row.starts_at,
        appointment_id=None if gone else row.appointment_id,
        actor_kind=ActorKind.ENGINE,
        actor="engine",
        detail=json.dumps({"appointment_id": row.appointment_id, "told_by": row.told_by}),
    )
