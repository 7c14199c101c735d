"""The users' words for what has to be known of a declined contact."""

from collections.abc import Mapping
from typing import Final

from models.domain.words import DeclinedBy, Informed, Known

DECLINED_BY: Final[Mapping[str, str]] = {
    DeclinedBy.MOTHER: "The mother",
    DeclinedBy.FATHER: "The father",
    DeclinedBy.PARTNER: "The mother's partner",
    DeclinedBy.CARER: "Another carer",
    DeclinedBy.SELF: "The person the appointment was for",
    DeclinedBy.OTHER: "Somebody else",
}
INFORMED: Final[Mapping[str, str]] = {
    Informed.FACE_TO_FACE: "Face to face",
    Informed.PHONE: "On the phone",
    Informed.VIDEO: "By video",
    Informed.LETTER: "By letter",
    Informed.MESSAGE: "By text or e-mail",
    Informed.NOT_INFORMED: "They were not told",
}
CAPACITY: Final[Mapping[str, str]] = {Known.YES: "Yes", Known.NO: "No, or not certain"}
SEEN: Final[Mapping[str, str]] = {
    Known.YES: "Yes",
    Known.NO: "No, nobody has",
    Known.UNKNOWN: "Nobody can say",
}
MISSING: Final[Mapping[str, str]] = {
    "declined_by": "who declined",
    "informed": "how they were told what it is for",
    "why": "why",
    "capacity": "whether they can decide this",
    "seen_by_anybody": "whether a professional has seen the child since",
    "last_seen_on": "on which day the child was last seen",
    "last_seen_by": "who last saw the child",
}
# Under the names that the page knows them by.
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "declined_by": DECLINED_BY,
    "informed": INFORMED,
    "capacity": CAPACITY,
    "seen_words": SEEN,
    "decline_missing": MISSING,
}
