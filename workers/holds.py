"""Holds at work: what follows from one for plans, telling a person before one is due for review, losses nobody held.

Nothing here ends a hold: when its time comes and nobody has decided, texts stay blocked and the plan goes on.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import alerts, disclosures, family_events, hold_effects, hold_reviews, holds, losses, messages
from models.db.alerts import NewAlert
from models.db.family_events import NewFamilyEvent
from models.db.hold_effects import Applied, Replacement
from models.db.hold_reviews import ReviewDue
from models.db.people_resolution import Directory, Whose, directory
from models.domain import dedupe
from models.domain.words import AlertKind, OwnerRole, Urgency
from workers.questions_of_the_dead import end_for_the_dead

SET_SIZE = 500
# Up from whoever reviews: unanswered, `reconcile` hands it on.
_CHAIN = (OwnerRole.TEAM_LEAD, OwnerRole.NAMED_NURSE, OwnerRole.HEAD_OF_SERVICE, OwnerRole.LAST_RESORT)


def apply_holds(session: Session, rules: Rules, now: datetime) -> int:
    """Draw what follows from one set of holds: care and hand-overs begin, plans give way, nobody is told any more of a
    missed contact of whoever died. The caller commits."""
    taken = hold_effects.take_to_apply(session, now=now, limit=SET_SIZE)
    if taken:
        family_events.record_many(session, _events(rules, taken), now=now)
        ids = [hold.id for hold in taken]
        _replace(session, rules, now=now, under=ids)
        holds.keep_still(session, ids, rules.holds, by="engine", now=now, calendar=rules.calendar)
        end_for_the_dead(session, rules, disclosures.undecided_under(session, ids), now=now)
    return len(taken)


def settle_plans(session: Session, rules: Rules, follow_ups: Collection[int | None], now: datetime) -> None:
    """Put follow-ups just opened or changed about somebody who has died on the ladder for that. The caller commits."""
    ids = [row for row in follow_ups if row is not None]
    if ids:
        losses.hold_dead(session, rules.holds, by="engine", now=now, calendar=rules.calendar, follow_ups=ids)
        _replace(session, rules, now=now, follow_ups=ids)


def find_losses(session: Session, rules: Rules, now: datetime) -> int:
    """Set the holds of recent losses that came by no import: whatever wrote them. The caller commits."""
    return losses.hold_all(session, rules.holds, by="engine", now=now, calendar=rules.calendar)


def review_holds(session: Session, rules: Rules, now: datetime) -> int:
    """Tell somebody of each hold that is due for review, and again until a person has decided. The caller commits."""
    rows = hold_reviews.take_due(session, now=now, limit=SET_SIZE)
    if not rows:
        return 0
    staff = _staff(session, rules, rows, now)
    raised, again = [], []
    for row in rows:
        answer_by = rules.holds.rules[row.kind].answer_within.after(now, calendar=rules.calendar)
        raised.append(_alert(rules, staff, row, answer_by))
        again.append((row.id, answer_by))
    told = alerts.raise_or_renew(session, raised, now=now)
    messages.alert_emails(session, told, now=now)
    hold_reviews.look_again(session, again)
    return len(rows)


def _events(rules: Rules, taken: list[Applied]) -> list[NewFamilyEvent]:
    """One event a hold that starts one; of several in a household the first opens, and a live one takes them all in."""
    events, begun = [], set[tuple[str, int | None, int]]()
    for hold in taken:
        kind = rules.holds.rules[hold.kind].starts
        if kind is None or not hold.is_news:
            continue
        place = (kind.value, hold.household_id, 0 if hold.household_id is not None else hold.event_person_id)
        events.append(
            NewFamilyEvent(
                kind=kind,
                dedupe_key=dedupe.family_event(kind, hold.event_person_id, "hold", hold.id),
                person_id=hold.event_person_id,
                household_id=hold.household_id,
                team_id=hold.team_id,
                practitioner_id=hold.practitioner_id,
                happened_at=hold.starts_at,
                recorded_by=hold.set_by,
                opens_follow_up=not hold.in_hand and place not in begun,
                detail={"hold": hold.id},
            )
        )
        begun.add(place)
    return events


def _replace(
    session: Session, rules: Rules, *, now: datetime, under: Collection[int] = (), follow_ups: Collection[int] = ()
) -> None:
    today = rules.calendar.civil_date(now)
    for kind, rule in rules.holds.rules.items():
        if rule.replaced_by is not None:
            pathway = rules.current_pathway(rule.replaced_by, on=today)
            hold_effects.replace_plans(
                session,
                Replacement(kind, pathway.code, pathway.version),
                antenatal=rules.holds.antenatal_contacts,
                now=now,
                holds=under,
                follow_ups=follow_ups,
            )


def _staff(session: Session, rules: Rules, rows: Sequence[ReviewDue], now: datetime) -> Directory:
    teams, holders = {row.team_id for row in rows}, {row.caseload_holder_id for row in rows}
    return directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={team for team in teams if team is not None},
        practitioner_ids={holder for holder in holders if holder is not None},
    )


def _alert(rules: Rules, staff: Directory, row: ReviewDue, answer_by: datetime) -> NewAlert:
    owner = rules.holds.rules[row.kind].owner
    whose = Whose(None, row.caseload_holder_id, row.team_id)
    reached = staff.resolve(whose, (owner, *(role for role in _CHAIN if role is not owner)))
    return NewAlert(
        kind=AlertKind.HOLD_ENDING,
        urgency=Urgency.ROUTINE,
        dedupe_key=dedupe.subject_alert(AlertKind.HOLD_ENDING, "hold", row.id),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        household_id=row.household_id,
        person_id=row.person_id,
        team_id=row.team_id,
        audience_role=reached.role,
        next_due_at=answer_by,
        detail=json.dumps({"hold": row.id, "kind": row.kind.value}),
    )
