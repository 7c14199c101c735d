"""The deed of telling: the family event that the receiving practitioner's follow-up is opened from, and what was said.

The event carries two dates and a count; nothing on it leads back to the appointment, its service or its clinic.
Never commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import disclosures, family_events, share_recipients
from models.db.disclosures import Happened, Question
from models.db.family_events import NewFamilyEvent
from models.db.share_recipients import Recipient
from models.domain import dedupe
from models.domain.sharing import SharingRules
from models.domain.sharing_states import DisclosureEvent, advance
from models.domain.words import DisclosureState, FamilyEventKind
from models.domain.working_time import WorkingCalendar

NOT_KNOWN = "not known to us"


@dataclass(frozen=True, slots=True)
class Deed:
    """A question that is answered with yes. `by`: 'engine' under an agreement, or 'person:NAME'."""

    question: Question
    by: str
    legal_basis: str  # words
    agreement_id: int | None = None
    reason: str | None = None


def tell(
    session: Session,
    deeds: Sequence[Deed],
    *,
    rules: SharingRules,
    calendar: WorkingCalendar,
    now: datetime,
) -> set[int]:
    """Tell each practitioner that a question is for, once; return the questions for which there was one to tell.

    Those of them alone are stored as shared. By the engine, nobody is told where the adult is recorded as living
    elsewhere; a person who decides tells them too.
    """
    today = calendar.civil_date(now)
    by_id = {deed.question.id: deed for deed in deeds}
    told: list[Recipient] = []
    for engine in (True, False):
        ids = [deed.question.id for deed in deeds if (deed.by == "engine") is engine]
        if ids:
            told += share_recipients.find(session, ids, rules=rules, today=today, at_home_only=engine)
    events = [_event(by_id[to.disclosure_id], to, calendar, now) for to in told]
    family_events.record_many(session, events, now=now)
    keys = [event.dedupe_key for event in events]
    session.execute(_RECIPIENTS, {"ids": [to.disclosure_id for to in told], "keys": keys, "now": now})
    reached = {to.disclosure_id for to in told}
    done = [by_id[question] for question in sorted(reached)]
    store(session, [(deed, words_of(deed.question, rules, calendar)) for deed in done], rules=rules, now=now)
    return reached


def store(
    session: Session,
    deeds: Sequence[tuple[Deed, str]],
    *,
    rules: SharingRules,
    now: datetime,
    look_again_at: datetime | None = None,
) -> None:
    """Store deeds with the words that were said; `look_again_at`: when to ask whether it arrived."""
    if not deeds:
        return
    columns = {
        "ids": [deed.question.id for deed, _ in deeds],
        "whats": [what for _, what in deeds],
        "purposes": [rules.words[_purpose(deed.question)] for deed, _ in deeds],
        "bases": [deed.legal_basis for deed, _ in deeds],
        "agreements": [deed.agreement_id for deed, _ in deeds],
        "by": [deed.by for deed, _ in deeds],
        "reasons": [deed.reason for deed, _ in deeds],
    }
    session.execute(_SHARE, {**columns, "now": now, "again": look_again_at})
    told = [
        Happened(
            deed.question.id,
            DisclosureEvent.SHARED,
            advance(DisclosureState(deed.question.state), DisclosureEvent.SHARED),
            deed.by,
            deed.reason,
        )
        for deed, _ in deeds
    ]
    disclosures.tell(session, told, now=now)


def words_of(question: Question, rules: SharingRules, calendar: WorkingCalendar) -> str:
    """Return what is said in answer to a question: the minimum of config/sharing.yaml with its dates."""
    return minimum(
        rules,
        to_gp=question.to_service == rules.gp,
        of_discharge=question.appointment_id is None,
        on=calendar.civil_date(question.happened_at),
        last_seen_on=question.last_seen_on,
    )


def minimum(rules: SharingRules, *, to_gp: bool, of_discharge: bool, on: date, last_seen_on: date | None) -> str:
    """Return the words of config/sharing.yaml with their dates."""
    which = "discharge" if of_discharge else "missed"
    words = rules.words[f"gp_{which}" if to_gp else _MINIMUM[which]]
    return words.format(on=in_words(on), seen=NOT_KNOWN if last_seen_on is None else in_words(last_seen_on))


def in_words(day: date) -> str:
    """A date such as 8 June 2026."""
    return f"{day.day} {day:%B %Y}"


def _purpose(question: Question) -> str:
    return "purpose_discharge" if question.appointment_id is None else "purpose_missed"


def _event(deed: Deed, to: Recipient, calendar: WorkingCalendar, now: datetime) -> NewFamilyEvent:
    """For the receiving side it begins when it is told, however late that is: nothing told becomes backlog there."""
    question = deed.question
    kind = (
        FamilyEventKind.DISCHARGE_PROPOSED if question.appointment_id is None else FamilyEventKind.ADULT_MISSED_CONTACT
    )
    seen = question.last_seen_on
    return NewFamilyEvent(
        kind=kind,
        dedupe_key=dedupe.family_event(kind, to.person_id, *question.cause, to.household_id, to.to),
        person_id=to.person_id,
        household_id=to.household_id,
        team_id=to.team_id,
        practitioner_id=to.practitioner_id,
        happened_at=now,
        recorded_by=deed.by,
        detail={
            "on": calendar.civil_date(question.happened_at).isoformat(),
            "last_seen": None if seen is None else seen.isoformat(),
            "misses": question.misses,
        },
    )


_MINIMUM = {"missed": "adult_missed", "discharge": "discharge"}
_RECIPIENTS = text(
    """
    INSERT INTO disclosure_recipient (disclosure_id, family_event_id, told_at)
    SELECT u.id, e.id, CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:keys AS text[])) AS u (id, key)
    JOIN family_event e ON e.dedupe_key = u.key
    ON CONFLICT (disclosure_id, family_event_id) DO NOTHING
    """
)
_SHARE = text(
    """
    UPDATE disclosure SET state = 'shared', what = u.what, purpose = u.purpose, legal_basis = u.basis,
        agreement_id = u.agreement, decided_by = u.by, decided_at = :now, reason = u.reason, why_not = NULL,
        next_due_at = CAST(:again AS timestamptz)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:whats AS text[]), CAST(:purposes AS text[]), CAST(:bases AS text[]),
                CAST(:agreements AS bigint[]), CAST(:by AS text[]), CAST(:reasons AS text[]))
         AS u (id, what, purpose, basis, agreement, by, reason)
    WHERE disclosure.id = u.id
    """
)
