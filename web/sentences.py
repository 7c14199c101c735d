"""Sentences about a follow-up: why it is here, why in this place, who has it, what comes next. Pure, from rows read."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from models.db.worklist_rows import ListRow
from models.domain import worklist_order
from models.domain.contacts import SEEN_STATUSES, ContactKind
from models.domain.pathway import Pathway
from models.domain.referral_states import NEXT_HOP
from models.domain.words import AppointmentStatus, FollowUpState, FollowUpTrigger, LifeStatus, MessageState
from web import prompt_words, words
from web.templates_env import day

_MACHINE = ("engine", "provider", "gate", "settle")
_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}


@dataclass(frozen=True, slots=True)
class Told:
    """One follow-up as the list tells it."""

    row: ListRow
    who: str
    born: str
    why_here: str
    why_place: str
    held_by: str
    held_since: datetime
    acknowledged: str
    step: str
    next_step: str
    next_overdue: bool
    text: str


def tell(row: ListRow, *, kind: ContactKind | None, name: str, pathway: Pathway, now: datetime, zone: ZoneInfo) -> Told:
    """Put a row into words. `name` is what its code is called."""
    return Told(
        row=row,
        who=row.person_name or "Name not known",
        born=_born(row.date_of_birth, now=now, zone=zone),
        why_here=why_here(row, kind=kind, name=name, zone=zone),
        why_place=why_place(row, now=now),
        held_by=row.owner_name or (f"{row.owner_team_name} (whole team)" if row.owner_team_name else "Nobody"),
        held_since=row.step_fired_at or row.opened_at,
        acknowledged=_acknowledged(row, now),
        step=step_title(pathway, row.step_id),
        next_step=next_step(row, pathway),
        next_overdue=row.next_due_at is not None and row.next_due_at <= now,
        text=words.TEXT_KEPT if row.text_kept else text_words(row.text_state, row.text_block_reason),
    )


def why_here(row: ListRow, *, kind: ContactKind | None, name: str, zone: ZoneInfo) -> str:
    """Such as "6 to 8 week review on 3 Aug 2026: was not brought, second time in a row"."""
    if row.after_loss or (row.life_status is LifeStatus.DECEASED and row.trigger is not FollowUpTrigger.FAMILY_EVENT):
        return f"{name}: planned before a loss. Please call it off, and close this"
    on = f"{name} on {day(row.starts_at, zone)}" if row.starts_at is not None else name
    by = f"needed by {day(row.window_end, zone)}" if row.window_end is not None else "is due"
    match row.trigger:
        case FollowUpTrigger.OUTCOME_NOT_RECORDED:
            return f"{on}: nobody has recorded what happened"
        case FollowUpTrigger.NEVER_BOOKED:
            return f"{name}: no booking made in time, {by}"
        case FollowUpTrigger.OVERDUE:
            return f"{name}: has not taken place, {by}"
        case FollowUpTrigger.CANCELLED:
            status = row.appointment_status or AppointmentStatus.CANCELLED
            return f"{on}: {words.STATUSES[status]}, not booked again"
        case FollowUpTrigger.DECLINED:
            return f"{on}: declined by the family, to be reviewed"
        case FollowUpTrigger.CORRECTED:
            return f"{on}: the record was put right, to be confirmed"
        case FollowUpTrigger.REFERRAL_UNANSWERED:
            return _referral(row, zone)
        case FollowUpTrigger.FAMILY_EVENT:
            return name
        case FollowUpTrigger.MISSED:
            again = _ORDINALS.get(row.miss_count, f"{row.miss_count}th") if row.miss_count > 1 else ""
            return f"{on}: {_missed(row, kind)}" + (f", {again} time in a row" if again else "")


def why_place(row: ListRow, *, now: datetime) -> str:
    """Why the row stands where it does in the list."""
    if row.after_loss:
        return "After a loss"
    if row.breach_at > now:
        parts = [label for label, on in (("red flag", row.red_flag), ("high-risk flag", row.high_risk)) if on]
        return ", ".join([*parts, "not overdue yet"]).capitalize()
    place = worklist_order.WorklistRow(
        follow_up_id=row.id,
        state=row.state,
        red_flag=row.red_flag,
        high_risk=row.high_risk,
        overdue_since=row.breach_at,
        acknowledged_until=row.acknowledged_until,
    )
    return worklist_order.reason(place, now=now).capitalize()


def step_title(pathway: Pathway, step_id: str | None) -> str:
    """The title of a step of the follow-up's own version of its plan."""
    if step_id is None:
        return ""
    step = pathway.step(step_id)
    return step.title if step is not None else step_id


def next_step(row: ListRow, pathway: Pathway) -> str:
    """What happens at the next due time, if nobody does anything before."""
    if row.state in (FollowUpState.CLOSED, FollowUpState.CONTINUED):
        return ""
    title = step_title(pathway, row.next_step_id)
    if row.next_step_id is not None and row.next_step_id == row.step_id:
        return f"Comes back, or goes one up: {title}"
    return title or "Looked at again"


def text_words(state: MessageState | None, block_reason: str | None) -> str:
    """How the family's text stands; empty if there is none."""
    if state is None:
        return ""
    if state is MessageState.BLOCKED:
        return f"Text held because {words.HELD_BECAUSE.get(block_reason or '', 'the reason was not kept')}"
    return words.TEXTS[state]


def _referral(row: ListRow, zone: ZoneInfo) -> str:
    """Such as "Referral to perinatal mental health: whether it arrived is to be known by 3 Aug 2026"."""
    to = f"Referral to {(row.referral_service or 'a service').replace('_', ' ')}"
    if row.referral_state is None:
        return to
    hop = NEXT_HOP.get(row.referral_state)
    if hop is None or row.hop_due_at is None:
        return f"{to}: {prompt_words.REFERRALS[row.referral_state]}"
    return f"{to}: {prompt_words.HOPS[hop]} is to be known by {day(row.hop_due_at, zone)}"


def _missed(row: ListRow, kind: ContactKind | None) -> str:
    if row.appointment_subtype is not None and row.appointment_subtype in words.MISSED:
        return words.MISSED[row.appointment_subtype]
    if row.appointment_status is AppointmentStatus.ARRIVED_NOT_SEEN:
        return words.STATUSES[row.appointment_status]
    if row.appointment_status in SEEN_STATUSES:
        return "recorded as attended, which doesn't show that the right person was seen"
    return kind.missed_words if kind is not None else "was not seen"


def _acknowledged(row: ListRow, now: datetime) -> str:
    if row.acknowledged_until is None or row.acknowledged_until <= now:
        return ""
    return person(row.acknowledged_by)


def person(actor: str | None) -> str:
    """Who did a thing, in words: an actor is kept as 'person:NAME', 'import:SOURCE' or 'engine'.

    Whoever the sender named stands as written: Steadfast itself records nothing about a family.
    """
    kind, mark, name = (actor or "engine").partition(":")
    if kind == "person":
        return name
    if kind == "import":
        return f"data from {name}"
    return kind if not mark and kind not in _MACHINE else "Steadfast"


def _born(born: date | None, *, now: datetime, zone: ZoneInfo) -> str:
    if born is None:
        return "date of birth not known"
    return f"born {day(born, zone)} ({age(born, on=now.astimezone(zone).date())})"


def age(born: date, *, on: date) -> str:
    """An age as people of this field say it: days, then weeks, then months, then years."""
    days = (on - born).days
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    if days < 0:
        return "not born yet"
    if days < 29:
        return "1 day" if days == 1 else f"{days} days"
    if months < 4:
        return f"{days // 7} weeks"
    return f"{months} months" if months < 36 else f"{months // 12} years"
