"""The users' words for comparing, joining and parting records."""

from collections.abc import Mapping
from typing import Final

from models.domain.merging import Against, Identifier
from models.domain.words import JoinKind

AGREE: Final[Mapping[str, str]] = {
    Identifier.NHS_NUMBER: "the NHS number",
    Identifier.DATE_OF_BIRTH: "the date of birth",
    Identifier.NAME: "the name",
    Identifier.POSTCODE: "the postcode",
}
AGAINST: Final[Mapping[str, str]] = {
    Against.OTHER_NHS_NUMBER: "Each has an NHS number of its own.",
    Against.OTHER_DATE_OF_BIRTH: "They were born on different days.",
    Against.CHILD_AND_ADULT: "One is a child, the other an adult.",
    Against.SAME_HOUSEHOLD: "Both live in one household: think of twins, brothers and sisters.",
}
WHY: Final[Mapping[str, str]] = {
    "same_number": "A file gives the NHS number of one of them to the other.",
    "asked": "A colleague asks whether these are one.",
    "joined_people": "Somebody now stands in both households.",
}
DONE: Final[Mapping[str, str]] = {
    JoinKind.PEOPLE: "Two records of one person were joined",
    JoinKind.HOUSEHOLDS: "Two records of one household were joined",
    JoinKind.APART: "A record that mixed two people was parted",
}
TABLES: Final[Mapping[str, str]] = {
    "appointment": "appointments",
    "expected_contact": "planned contacts",
    "follow_up": "follow-ups",
    "contact_point": "telephone numbers",
    "flag": "flags",
    "indicator": "scores",
    "household_member": "places in a household",
    "person_identifier": "numbers of record systems",
    "person": "details of a person",
    "household": "details of a household",
    "pregnancy": "pregnancies",
    "decline": "declines",
    "hold": "holds",
    "challenge": "challenges",
    "planned_action": "agreed actions",
    "school_handover": "hand-overs to school nursing",
    "caseload_move": "moves to another caseload",
    "family_event": "events in the family",
    "referral": "referrals",
    "referral_prompt": "questions about a score",
    "alert": "open tasks",
    "message": "texts that wait",
}
