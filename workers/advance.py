"""Advance: claim due follow-ups, ask the ladder about each, store what it says. One transaction a claimed set.

The ladder decides (models/domain/ladder.py); this shell loads facts, finds the people, and writes rows in sets.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import alerts, follow_ups, hold_facts, messages, recipients
from models.db.alerts import NewAlert
from models.db.follow_ups import Advanced, Claimed, Told
from models.db.messages import NewMessage
from models.db.pathway_shelf import PathwayShelf
from models.db.people_resolution import Directory, Reached, directory
from models.domain import dedupe
from models.domain.follow_up_states import FollowUpEvent, advance
from models.domain.holds import pauses
from models.domain.ids import FollowUpId, TeamId
from models.domain.ladder import decide
from models.domain.ladder_facts import (
    Decision,
    HandOver,
    OfferText,
    RaiseAlert,
    RecordPassed,
    RequestTriage,
    Why,
    dump_done,
)
from models.domain.pathway import Pathway
from models.domain.words import Audience, Channel, FollowUpState, MessageState, Purpose, Urgency
from workers.backlog import Triage, triage_alerts
from workers.hand_over import because, hand_over, reached_by, waits_with, whose

_EVENT = {
    Why.DUE: "step_fired",
    Why.NOT_ACKNOWLEDGED: "step_raised",
    Why.LEASE_ENDED: "step_came_back",
    Why.HANDED_OVER: "step_handed_over",
}


@dataclass(slots=True)
class _Writes:
    """What one claimed set leaves, to be stored table by table."""

    rows: list[Advanced] = field(default_factory=list)
    raised: list[NewAlert] = field(default_factory=list)
    overtaken: list[tuple[int, str | None]] = field(default_factory=list)
    events: list[Told] = field(default_factory=list)
    texts: list[tuple[Claimed, str]] = field(default_factory=list)
    triage: list[Triage] = field(default_factory=list)


def advance_due(
    session: Session, *, rules: Rules, pathways: PathwayShelf, now: datetime, limit: int, urgent_only: bool = False
) -> int:
    """Advance up to `limit` due follow-ups; return how many were looked at. The caller commits."""
    claimed = follow_ups.claim_due(session, now=now, limit=limit, urgent_only=urgent_only)
    if not claimed:
        return 0
    guarded = rules.sharing.guarded  # these never fall to the family's own practitioner, who is not to know of them
    claimed = [row._replace(caseload_holder=None) if row.contact_code in guarded else row for row in claimed]
    unknown = [(row.person_id, row.household_id) for row in claimed if not row.high_risk]
    risky = follow_ups.flagged(session, unknown, harmless_flags=harmless_flags(rules))
    staff = _staff(session, claimed, rules=rules, now=now)
    waiting = hold_facts.pausing(session, [row.id for row in claimed], rules.holds)
    writes = _Writes()
    for row in claimed:
        pathway = pathways.get(session, row.pathway_code, row.pathway_version)
        high_risk = row.high_risk or (row.person_id, row.household_id) in risky
        if high_risk and row.state == FollowUpState.BACKLOG:
            row = _out_of_backlog(writes, row)
        rests = pauses(
            waiting.get(row.id, ()),
            rules.holds,
            pathway_code=row.pathway_code,
            high_risk=high_risk,
            calendar=rules.calendar,
        )
        handed = hand_over(row, pathway, staff=staff, high_risk=high_risk)
        facts = row.facts(high_risk=high_risk, hand_over=handed, pauses=rests)
        decision = decide(facts, pathway, now=now, calendar=rules.calendar)
        if decision.step_id is None and row.state == FollowUpState.OPEN:
            row = _wait_with_another(writes, row, pathway, staff=staff)
        _note(writes, row, decision, staff=staff, high_risk=high_risk, given=handed is HandOver.GIVEN)
    _store(session, writes, rules=rules, now=now)
    return len(claimed)


def harmless_flags(rules: Rules) -> frozenset[str]:
    """The flag codes known not to make a family high risk."""
    return frozenset(code for code, kind in rules.flags.kinds.items() if not kind.high_risk)


def _staff(session: Session, claimed: Sequence[Claimed], *, rules: Rules, now: datetime) -> Directory:
    people = {row.booked_with for row in claimed} | {row.caseload_holder for row in claimed}
    people |= {row.assigned_to for row in claimed} | {row.owner_practitioner_id for row in claimed}
    teams = {row.team_id for row in claimed}
    return directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={team for team in teams if team is not None},
        practitioner_ids={person for person in people if person is not None},
    )


def _out_of_backlog(writes: _Writes, row: Claimed) -> Claimed:
    """High risk is never folded in: it climbs its ladder from now on (design 3.7)."""
    state = advance(FollowUpState.BACKLOG, FollowUpEvent.TURNED_HIGH_RISK)
    writes.events.append(Told(row.id, FollowUpEvent.TURNED_HIGH_RISK, row.state, state, None))
    return row._replace(state=state, steps_done={})


def _wait_with_another(writes: _Writes, row: Claimed, pathway: Pathway, *, staff: Directory) -> Claimed:
    """No step is in hand yet, and whoever has it is gone: say who has it now, to the list and in the story."""
    reached = waits_with(row, pathway, staff=staff)
    if reached is None:
        return row
    detail = {
        "told": reached.role,
        "practitioner_id": reached.practitioner_id,
        "team_id": reached.owner_team_id,
        "because": because(row, staff=staff, given=False),
    }
    writes.events.append(Told(row.id, "waits_with", row.state, row.state, None, detail=json.dumps(detail)))
    return row._replace(owner_practitioner_id=reached.practitioner_id, owner_team_id=reached.owner_team_id)


def _note(writes: _Writes, row: Claimed, decision: Decision, *, staff: Directory, high_risk: bool, given: bool) -> None:
    """Turn one decision into rows to write. `given`: a person gave the step in hand to somebody."""
    owner = (row.owner_practitioner_id, row.owner_team_id)
    raised_to = decision.step_raised_to
    for action in decision.actions:
        match action:
            case RaiseAlert():
                reached = reached_by(row, action, staff=staff, given=given)
                _raise(writes, row, action, reached, staff=staff, in_hand=decision.step_id, given=given)
                if action.step_id == decision.step_id:
                    owner = (reached.practitioner_id, reached.owner_team_id)
                    raised_to = action.raised_to + reached.place
            case OfferText():
                writes.texts.append((row, action.step_id))
            case RecordPassed():
                detail = json.dumps({"was_due_at": action.was_due_at.isoformat()})
                writes.events.append(
                    Told(row.id, "step_passed", row.state, row.state, action.step_id, reason="late", detail=detail)
                )
            case RequestTriage():
                reached = staff.resolve(whose(row), action.role_chain)
                owner = (reached.practitioner_id, reached.owner_team_id)
                assert decision.next_due_at is not None
                writes.triage.append(Triage(row.team_id, reached, decision.next_due_at))
    writes.rows.append(
        Advanced(
            row.id,
            row.state,
            decision.next_due_at,
            decision.next_step_id,
            decision.step_id,
            decision.step_fired_at,
            raised_to,
            decision.acknowledged_until,
            json.dumps(dump_done(decision.done)),
            high_risk,
            *owner,
            bool(decision.actions) or high_risk is not row.high_risk,
        )
    )
    if high_risk is not row.high_risk and row.steps_done:
        writes.events.append(Told(row.id, FollowUpEvent.TURNED_HIGH_RISK, row.state, row.state, decision.step_id))


def _raise(
    writes: _Writes,
    row: Claimed,
    action: RaiseAlert,
    reached: Reached,
    *,
    staff: Directory,
    in_hand: str | None,
    given: bool,
) -> None:
    """One alert for who must act, one for each also told; those of earlier steps are overtaken.

    What goes to a pool is told to those on duty, by name: an alert that nobody in particular gets is read by nobody.
    """
    if row.step_id is not None or row.cycle > 1:
        writes.overtaken.append((row.id, None if action.step_id == in_hand else action.step_id))
    writes.raised.append(_alert(row, action, reached, told=0))
    taken = {(reached.practitioner_id, reached.owner_team_id)}
    for number, also in enumerate(_also_told(row, action, reached, staff), start=1):
        if also is not None and (also.practitioner_id, also.owner_team_id) not in taken:
            taken.add((also.practitioner_id, also.owner_team_id))
            writes.raised.append(_alert(row, action, also, told=number))
    detail = {
        "told": reached.role,
        "practitioner_id": reached.practitioner_id,
        "team_id": reached.owner_team_id,
        "answer_by": action.needs_ack_by.isoformat(),
        "was_due_at": action.was_due_at.isoformat(),
    }
    if action.why is Why.HANDED_OVER:
        detail["because"] = because(row, staff=staff, given=given)
    event = _EVENT[action.why]
    writes.events.append(Told(row.id, event, row.state, row.state, action.step_id, detail=json.dumps(detail)))


def _also_told(row: Claimed, action: RaiseAlert, reached: Reached, staff: Directory) -> list[Reached | None]:
    """Whom an alert tells besides: the roles it names, and of a pool those who are to take from it."""
    also = [staff.reach(whose(row), role) for role in action.also_tell]
    if reached.owner_team_id is not None:
        takers = staff.takers(reached.owner_team_id, reached.role)
        also += [Reached(reached.role, reached.place, taker, None) for taker in takers]
    return also


def _alert(row: Claimed, action: RaiseAlert, reached: Reached, *, told: int) -> NewAlert:
    return NewAlert(
        kind=action.kind,
        urgency=Urgency.RED_FLAG if row.red_flag else action.urgency,
        dedupe_key=dedupe.step_alert(
            row.id,
            cycle=row.cycle,
            step_id=action.step_id,
            raised_to=action.raised_to,
            occurrence=action.occurrence,
            told=told,
        ),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        follow_up_id=row.id,
        household_id=row.household_id,
        person_id=row.person_id,
        team_id=row.team_id,
        step_id=action.step_id,
        audience_role=reached.role,
        detail=None if told == 0 else '{"also_told": true}',
    )


def _store(session: Session, writes: _Writes, *, rules: Rules, now: datetime) -> None:
    follow_ups.store(session, writes.rows)
    alerts.overtake(session, writes.overtaken, outcome="next_step", by="engine", now=now)
    raised = alerts.raise_many(session, writes.raised, now=now)
    raised += triage_alerts(session, writes.triage, now=now)
    messages.alert_emails(session, raised, now=now)
    writes.events.extend(_offer_texts(session, writes.texts, rules=rules, now=now))
    follow_ups.tell(session, writes.events, now=now)


def _offer_texts(
    session: Session, offered: Sequence[tuple[Claimed, str]], *, rules: Rules, now: datetime
) -> list[Told]:
    """Write the neutral texts that wait for a person; return what the stories say of it. None under a hold."""
    if not offered:
        return []
    whom = recipients.for_follow_ups(session, [row.id for row, _ in offered])
    held = hold_facts.blocked(session, [row.id for row, _ in offered], rules.holds)
    texts: dict[int, NewMessage] = {}
    events = []
    for row, step_id in offered:
        if row.id in held:
            events.append(Told(row.id, "text_not_offered", row.state, row.state, step_id, reason="hold"))
            continue
        recipient = whom.get(FollowUpId(row.id))
        if recipient is None or recipient.contact_point_id is None:
            events.append(Told(row.id, "text_not_possible", row.state, row.state, step_id, reason="no_number"))
            continue
        events.append(Told(row.id, "text_offered", row.state, row.state, step_id))
        texts[row.id] = NewMessage(
            channel=Channel.SMS,
            audience=Audience.FAMILY,
            purpose=Purpose.AFTER_MISS,
            dedupe_key=dedupe.step_message(
                row.id, cycle=row.cycle, step_id=step_id, audience=Audience.FAMILY, channel=Channel.SMS
            ),
            template_code=messages.AFTER_MISS_TEMPLATE,
            state=MessageState.HELD,
            send_after=now,
            language=recipient.language or "en",
            team_id=None if row.team_id is None else TeamId(row.team_id),
            household_id=recipient.household_id,
            contact_point_id=recipient.contact_point_id,
            follow_up_ids=(FollowUpId(row.id),),
        )
    messages.add_many(session, list(texts.values()), now=now)
    return events
