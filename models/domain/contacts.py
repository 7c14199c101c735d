"""Kinds of contact and what they ask for: whom they are for, what a miss opens, what counts as seen. Pure.

The codes themselves are data: config/contacts.yaml.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from models.domain.words import AppointmentStatus, ContactMode, FollowUpTrigger, How, OutcomeSubtype, PersonRole

SEEN_STATUSES = frozenset({AppointmentStatus.ATTENDED, AppointmentStatus.ATTENDED_LATE})
_FACE_TO_FACE = frozenset({ContactMode.HOME, ContactMode.CLINIC})
# A status of "attended" with one of these says that the person who had to be seen was not, or that nobody knows.
NOT_EVIDENCE = frozenset(
    {
        OutcomeSubtype.CHILD_NOT_SEEN,
        OutcomeSubtype.AUTO_FINISHED,
        OutcomeSubtype.LEFT_BEFORE_SEEN,
        OutcomeSubtype.DEFERRED,
        OutcomeSubtype.NAV_NO_ANSWER,
        OutcomeSubtype.NAV_REFUSED_ENTRY,
        OutcomeSubtype.ADDRESS_UNKNOWN,
        OutcomeSubtype.TRAVELLING,
        OutcomeSubtype.PERSON_DIED,
    }
)
_MISSED_HOW: Mapping[OutcomeSubtype, How] = {
    OutcomeSubtype.NAV_NO_ANSWER: How.NO_ACCESS,
    OutcomeSubtype.NAV_REFUSED_ENTRY: How.NO_ACCESS,
    OutcomeSubtype.CHILD_NOT_SEEN: How.CHILD_NOT_SEEN,
    OutcomeSubtype.LEFT_BEFORE_SEEN: How.CAME,
    OutcomeSubtype.ADDRESS_UNKNOWN: How.NOT_FOUND,
    OutcomeSubtype.TRAVELLING: How.NOT_FOUND,
}
_CANCELLED_HOW: Mapping[AppointmentStatus, How] = {
    AppointmentStatus.CANCELLED_BY_FAMILY: How.BY_FAMILY,
    AppointmentStatus.CANCELLED_BY_SERVICE: How.BY_SERVICE,
    AppointmentStatus.CANCELLED: How.BY_UNKNOWN,
}


class Subject(StrEnum):
    """Who has to be seen for a contact to have taken place."""

    CHILD = "child"
    WOMAN = "woman"  # herself, in pregnancy and after birth
    ATTENDEE = "attendee"  # whoever the appointment is for


@dataclass(frozen=True, slots=True)
class ContactKind:
    """One code of config/contacts.yaml."""

    code: str
    name: str
    service: str
    subject: Subject
    face_to_face: bool
    default_minutes: int
    default_mode: ContactMode
    pathway: str
    opens: Mapping[AppointmentStatus, FollowUpTrigger]
    reminders: bool
    missed_words: str
    recorded: bool = False  # a person may record on the family's page that it took place
    whole_family: bool = False  # one for the household, whichever child it is booked for

    def __hash__(self) -> int:
        return hash(self.code)


@dataclass(frozen=True)
class ContactKinds:
    """All contact codes, the ladder of an unrecorded outcome, and how long after its end an outcome is waited for."""

    kinds: Mapping[str, ContactKind]
    outcome_allowance: timedelta
    outcome_pathway: str
    referral_pathway: str
    declined_pathway: str
    corrected_pathway: str
    source: str

    def get(self, code: str) -> ContactKind | None:
        """Return the kind of this code; None for a code the trust has not configured: a row error, never a guess."""
        return self.kinds.get(code)

    @property
    def recorded(self) -> frozenset[str]:
        """The codes that a person may record as having taken place."""
        return frozenset(code for code, kind in self.kinds.items() if kind.recorded)

    def pathway_of(self, kind: ContactKind, trigger: FollowUpTrigger) -> str:
        """Return the ladder for what an appointment of this kind opened: a decline and a correction have their own."""
        match trigger:
            case FollowUpTrigger.DECLINED:
                return self.declined_pathway
            case FollowUpTrigger.CORRECTED:
                return self.corrected_pathway
            case FollowUpTrigger.OUTCOME_NOT_RECORDED:
                return self.outcome_pathway
            case _:
                return kind.pathway


def shows_seen(
    kind: ContactKind,
    *,
    status: AppointmentStatus,
    mode: ContactMode | None,
    subtype: OutcomeSubtype | None,
    subject_role: PersonRole | None,
) -> bool:
    """Whether an attended appointment shows that the required person was seen, face to face where required.

    Says nothing of whether the source may be believed: the caller asks its authority first. An unknown mode counts as
    the kind's default. A video or phone call never makes a face-to-face contact seen.
    """
    if status not in SEEN_STATUSES or subtype in NOT_EVIDENCE:
        return False
    if kind.face_to_face and (mode or kind.default_mode) not in _FACE_TO_FACE:
        return False
    if kind.subject is Subject.CHILD:
        return subject_role in (None, PersonRole.CHILD)
    if kind.subject is Subject.WOMAN:
        return subject_role in (None, PersonRole.MOTHER, PersonRole.UNBORN, PersonRole.CARER)
    return True


def opened_by(
    kind: ContactKind, *, status: AppointmentStatus, subtype: OutcomeSubtype | None
) -> FollowUpTrigger | None:
    """Return what an appointment's status opens for its kind; None where it opens nothing.

    Attended, but the child was not seen, is a miss of a contact that is about the child (domain.md 2.1).
    """
    if subtype is OutcomeSubtype.PERSON_DIED:
        return None
    if status in SEEN_STATUSES and subtype in (OutcomeSubtype.CHILD_NOT_SEEN, OutcomeSubtype.LEFT_BEFORE_SEEN):
        return FollowUpTrigger.MISSED
    return kind.opens.get(status)


def how_of(trigger: FollowUpTrigger, *, status: AppointmentStatus, subtype: OutcomeSubtype | None) -> How | None:
    """Return how a contact did not take place, for the words of its steps; None where the trigger has no such word.

    A decline's words depend on what was written of it, not on its appointment: the caller knows those.
    """
    if trigger is FollowUpTrigger.CANCELLED:
        return _CANCELLED_HOW.get(status)
    if trigger is not FollowUpTrigger.MISSED:
        return None
    if status is AppointmentStatus.ARRIVED_NOT_SEEN:
        return How.CAME
    if subtype is not None and subtype in _MISSED_HOW:
        return _MISSED_HOW[subtype]
    return How.UNPROVEN if status in SEEN_STATUSES else How.NOT_BROUGHT
