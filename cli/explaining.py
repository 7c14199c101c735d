"""A follow-up in words, as its page tells it: why it is here, who has it, what happened, what comes next."""

import getpass
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from config.pathways_loader import pathway_from
from config.rules import Rules
from models.db import case, case_story, hold_facts, referral_page
from models.db.case import Case
from models.db.machine_reads import keep_read
from models.db.pathway_shelf import PathwayShelf
from models.db.scope import Scope
from models.db.worklist_rows import ListRow
from models.domain.ids import AccountId, FollowUpId
from models.domain.ladder import coming_steps
from models.domain.pathway import Pathway
from models.domain.referral_states import NEXT_HOP, ReferralEvent
from models.domain.words import AccountRole, Urgency
from web import prompt_words, sentences
from web.stories import tell_story
from web.templates_env import moment

STORY_SIZE = 200
# Whoever may run commands on this machine reads its database anyway; the read is kept all the same.
EVERYTHING = Scope(
    account_id=AccountId(0), username="machine", role=AccountRole.NAMED_NURSE, all_teams=True, team_ids=frozenset(),
    practitioner_id=None,
)  # fmt: skip


def explain(session: Session, follow_up: int, *, rules: Rules, now: datetime) -> str:
    """Return the follow-up in words; keep that it was read. Raises LookupError. The caller commits."""
    found = case.find(session, EVERYTHING, FollowUpId(follow_up), guarded=rules.sharing.guarded)
    if found is None:
        raise LookupError(f"no follow-up has the number {follow_up}")
    keep_read(session, found.row.id, household_id=found.row.household_id, by=getpass.getuser(), now=now)
    return "\n".join(_lines(session, found, rules, now))


def _lines(session: Session, found: Case, rules: Rules, now: datetime) -> Iterator[str]:
    row, zone = found.row, rules.calendar.zone
    pathway = PathwayShelf(pathway_from).get(session, row.pathway_code, row.pathway_version)
    kind, name = rules.contacts.get(row.contact_code), rules.name_of(row.contact_code)
    told = sentences.tell(row, kind=kind, name=name, pathway=pathway, now=now, zone=zone)
    yield f"Follow-up {row.id}: {told.why_here}"
    yield f"Why in this place: {told.why_place}"
    yield f"Plan: {pathway.code}, version {pathway.version}. State: {row.state}"
    yield f"Who has it now: {told.held_by}, since {moment(told.held_since, zone)}"
    if row.acknowledged_until is not None and told.acknowledged:
        yield f"Acknowledged by {told.acknowledged} until {moment(row.acknowledged_until, zone)}"
    if told.step:
        yield f"Step: {told.step}"
    if row.next_due_at is not None:
        yield f"Next: {told.next_step}, {moment(row.next_due_at, zone)}"
    if told.text:
        yield f"Text to the family: {told.text}"
    yield from _referral(session, row, rules)
    yield from _ahead(session, found, pathway, rules, now)
    yield "What happened:"
    for line in tell_story(case_story.story(session, row.id, limit=STORY_SIZE), pathway=pathway, zone=zone):
        yield f"  {moment(line.at, zone)}  {line.sentence}" + (f" ({line.note})" if line.note else "")


def _referral(session: Session, row: ListRow, rules: Rules) -> Iterator[str]:
    """How far the referral has got that the follow-up is about; what led to it stays on its page."""
    found = None if row.referral_id is None else referral_page.find(session, EVERYTHING, row.referral_id)
    if found is None:
        return
    zone, hop = rules.calendar.zone, NEXT_HOP.get(found.state)
    urgency = "emergency" if found.urgency is Urgency.RED_FLAG else found.urgency
    service = rules.referrals.name_of(found.service)
    yield f"Referral {found.id}: to {service}, {urgency}, sent {moment(found.sent_at, zone)}"
    yield f"  It is now: {prompt_words.REFERRALS[found.state]}"
    if hop is not None and found.hop_due_at is not None:
        late = ", and is late" if found.hop_late_at is not None else ""
        yield f"  Next to be known: {prompt_words.HOPS[hop]}, by {moment(found.hop_due_at, zone)}{late}"
    for one in reversed(found.history):
        label = prompt_words.REFERRAL_EVENTS.get(ReferralEvent(one.event)) if one.event != "sent" else "Sent"
        yield f"  {moment(one.at, zone)}  {label} ({sentences.person(one.actor)})"
    if found.challenge_id is not None:
        yield f"  Challenge {found.challenge_id} about it is open"


def _ahead(session: Session, found: Case, pathway: Pathway, rules: Rules, now: datetime) -> Iterator[str]:
    facts = case_story.facts_row(session, found.row.id)
    if facts is None:
        return
    waits = hold_facts.rests(session, facts, rules.holds, calendar=rules.calendar)
    known = facts.facts(high_risk=facts.high_risk, pauses=waits)
    coming = coming_steps(known, pathway, now=now, calendar=rules.calendar)
    if coming:
        yield "Steps to come, if nobody does anything before:"
        for at, step in coming:
            yield f"  {moment(at, rules.calendar.zone)}  {step.title}"
