"""The users' words for sharing between services and for the adults round a child."""

from collections.abc import Mapping
from typing import Final

from models.domain.sharing_states import DisclosureEvent
from models.domain.words import (
    Asked,
    ContactPattern,
    DischargeState,
    DisclosureState,
    MissedBy,
    Relationship,
    ToldBy,
    WhyNotNeeded,
)

DISCLOSURES: Final[Mapping[DisclosureState, str]] = {
    DisclosureState.WAITING: "not decided yet",
    DisclosureState.ASKED: "not decided yet, and overdue",
    DisclosureState.HELD: "held",
    DisclosureState.SHARED: "told",
    DisclosureState.NOT_SHARED: "decided not to tell",
    DisclosureState.NOT_NEEDED: "nobody has to be told",
    DisclosureState.WITHDRAWN: "taken back: the record was put right",
}
WHY_NOT: Final[Mapping[WhyNotNeeded, str]] = {
    WhyNotNeeded.OLD_WHEN_RECEIVED: "it was old when it first came in, and is among your old entries",
    WhyNotNeeded.NO_PRE_SCHOOL_CHILD: "no child under school age and no pregnancy is in the household",
    WhyNotNeeded.ASKED_ALREADY: "whether there are children was asked not long ago",
    WhyNotNeeded.PERSON_DIED: "they have died; what their family needs is on the family's page",
}
SHARING_EVENTS: Final[Mapping[DisclosureEvent, str]] = {
    DisclosureEvent.RAISED: "Asked whether they are told",
    DisclosureEvent.ASKED: "The time was over and nobody had decided",
    DisclosureEvent.HELD: "Held",
    DisclosureEvent.LEFT_HOME: "They no longer live with the children it is about: a person decides",
    DisclosureEvent.HOLD_ENDED: "The hold was over",
    DisclosureEvent.SHARED: "Told",
    DisclosureEvent.REFUSED: "Decided not to tell",
    DisclosureEvent.CORRECTED: "The record was put right; those who had been told were told of that",
    DisclosureEvent.PERSON_DIED: "They have died, and nobody had been told",
    DisclosureEvent.RECEIVED: "It arrived",
}
DISCHARGES: Final[Mapping[DischargeState, str]] = {
    DischargeState.PROPOSED: "proposed",
    DischargeState.DISCHARGED: "discharged; the family is looked at again for a year",
    DischargeState.WITHDRAWN: "not discharged: care goes on",
}
RELATIONSHIPS: Final[Mapping[Relationship, str]] = {
    Relationship.UNKNOWN: "not known",
    Relationship.BIRTH_MOTHER: "birth mother",
    Relationship.BIRTH_FATHER: "birth father",
    Relationship.STEP_PARENT: "step-parent",
    Relationship.PARTNER: "partner of a parent",
    Relationship.GRANDPARENT: "grandparent",
    Relationship.KINSHIP_CARER: "kinship carer",
    Relationship.FOSTER_CARER: "foster carer",
    Relationship.OTHER: "somebody else",
}
PATTERNS: Final[Mapping[ContactPattern, str]] = {
    ContactPattern.UNKNOWN: "not known",
    ContactPattern.DAILY: "every day",
    ContactPattern.WEEKLY: "every week",
    ContactPattern.LESS_OFTEN: "less often",
    ContactPattern.NONE: "no contact",
}
ASKED: Final[Mapping[Asked, str]] = {
    Asked.NOT_ASKED: "not asked yet",
    Asked.UNKNOWN: "not known",
    Asked.DONE: "asked",
    Asked.DECLINED: "asked, and did not want to say",
}
TOLD_BY: Final[Mapping[ToldBy, str]] = {
    ToldBy.MOTHER: "the mother",
    ToldBy.THEMSELVES: "the person themselves",
    ToldBy.FAMILY: "somebody else in the family",
    ToldBy.OTHER_SERVICE: "another service",
    ToldBy.RECORD: "a record",
    ToldBy.SEEN: "what one of us saw",
}
MISSED_BY: Final[Mapping[MissedBy, str]] = {
    MissedBy.PARENT: "the parent",
    MissedBy.SOCIAL_CARE: "children's social care",
    MissedBy.MIDWIFERY: "midwifery",
    MissedBy.HEALTH_VISITING: "health visiting",
    MissedBy.MENTAL_HEALTH: "mental health",
    MissedBy.OTHER_AGENCY: "another agency",
}
