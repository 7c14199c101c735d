"""The canonical records (design 6): which fields each kind of file has, and how each is read and stored in staging.

Data only. A field's `column` is its column in the staging table; `keeps_row` says whether a value that can't be read
costs the row (who, what, when) or only the value (how to reach them), which is then listed as a warning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.domain.words import (
    AppointmentStatus,
    ContactMode,
    DeclinedBy,
    ImportKind,
    Informed,
    Known,
    OutcomeSubtype,
    PerinatalPhase,
    PersonRole,
    PregnancyOutcome,
    StaffRole,
)


class Shape(StrEnum):
    """How the text of a field is read."""

    ID = "id"  # kept as text, whatever it looks like
    NAME = "name"
    FREE = "free"  # shortened, never refused
    NHS_NUMBER = "nhs_number"
    WORD = "word"  # one of `words`
    CONTACT_CODE = "contact_code"  # one of config/contacts.yaml
    PAST_DATE = "past_date"
    DUE_DATE = "due_date"
    START = "start"
    MOMENT = "moment"
    MINUTES = "minutes"
    PHONE = "phone"
    LANGUAGE = "language"
    FLAGS = "flags"
    FLAG = "flag"  # one code of config/flags.yaml, or one nobody has configured
    VERSION = "version"
    SCORE = "score"
    ANSWERS = "answers"  # item=answer, separated by |
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical field."""

    name: str
    shape: Shape
    column: str = ""
    required: bool = False
    keeps_row: bool = False
    words: tuple[str, ...] = ()
    longest: int = 200

    @property
    def staged_as(self) -> str:
        """The staging column."""
        return self.column or self.name


VERSION = Field("source_version", Shape.VERSION)
# Every staged record begins with its version and the order of it; what follows is its content.
VERSION_COLUMNS = (("source_version", "text"), ("version_order", "numeric"))


@dataclass(frozen=True, slots=True)
class RecordKind:
    """What a kind of file may hold, besides a version. One of `subject_ids` must be given where there are any."""

    content: tuple[Field, ...]
    derived: tuple[tuple[str, str], ...]  # further staging columns and their types, filled by the row parser
    subject_ids: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields that a file may hold."""
        return (VERSION, *self.content)

    def field(self, name: str) -> Field | None:
        """The field of that name, if the kind has it."""
        return next((field for field in self.fields if field.name == name), None)


SQL_TYPES: Mapping[Shape, str] = {
    Shape.PAST_DATE: "date",
    Shape.DUE_DATE: "date",
    Shape.START: "timestamptz",
    Shape.MOMENT: "timestamptz",
    Shape.SCORE: "int",
    Shape.ANSWERS: "jsonb",
}

# What a file may say of an appointment; `outcome_due` is the engine's own word.
IMPORT_STATUSES = tuple(word.value for word in AppointmentStatus if word is not AppointmentStatus.OUTCOME_DUE)
_KNOWN = (Known.YES.value, Known.NO.value)


def _words(enum: type[StrEnum]) -> tuple[str, ...]:
    return tuple(word.value for word in enum)


_SUBJECT = (
    Field("subject_nhs_number", Shape.NHS_NUMBER),
    Field("subject_local_id", Shape.ID),
    Field("subject_name", Shape.NAME, keeps_row=True),
    Field("subject_dob", Shape.PAST_DATE),
    Field("subject_edd", Shape.DUE_DATE),
    Field("subject_role", Shape.WORD, words=_words(PersonRole)),
    Field("household_id", Shape.ID, column="household_ref"),
)
# Whether this is her first birth: it decides which antenatal contacts she should have.
_PARITY = Field("subject_nulliparous", Shape.WORD, keeps_row=True, words=(*_KNOWN, Known.UNKNOWN.value))
_CONTACT = (
    Field("contact_name", Shape.NAME, keeps_row=True),
    Field("contact_relation", Shape.WORD, keeps_row=True, words=("self", *_words(PersonRole)[2:])),
    Field("contact_nhs_number", Shape.NHS_NUMBER, keeps_row=True),
    Field("contact_mobile", Shape.PHONE, keeps_row=True),
    Field("contact_language", Shape.LANGUAGE, keeps_row=True),
    Field("contact_interpreter", Shape.WORD, keeps_row=True, words=_KNOWN),
    Field("contact_safe_to_text", Shape.WORD, keeps_row=True, words=_KNOWN),
    Field("contact_confirmed_on", Shape.PAST_DATE, keeps_row=True),
)
# What a declined contact has to say; `reason` says why.
_DECLINE = (
    Field("declined_by", Shape.WORD, keeps_row=True, words=_words(DeclinedBy)),
    Field("decline_informed", Shape.WORD, keeps_row=True, words=_words(Informed)),
    Field("decline_capacity", Shape.WORD, keeps_row=True, words=_KNOWN),
    Field("last_seen_on", Shape.PAST_DATE, keeps_row=True),
    Field("last_seen_by", Shape.NAME, keeps_row=True),
)
_PLACE = (Field("team", Shape.NAME), Field("practitioner", Shape.NAME))
_KEYS = (("subject_key", "text"), ("contact_key", "text"))

APPOINTMENTS = RecordKind(
    content=(
        Field("source_id", Shape.ID, column="source_ref", required=True),
        *_SUBJECT,
        _PARITY,
        Field("kind", Shape.CONTACT_CODE, column="contact_code", required=True),
        Field("mode", Shape.WORD, keeps_row=True, words=_words(ContactMode)),
        *_PLACE,
        Field("location", Shape.FREE, keeps_row=True),
        Field("starts_at", Shape.START, required=True),
        Field("ends_at", Shape.MOMENT),
        Field("minutes", Shape.MINUTES),
        Field("status", Shape.WORD, words=IMPORT_STATUSES),
        Field("outcome", Shape.WORD, column="subtype", words=_words(OutcomeSubtype)),
        Field("reason", Shape.FREE, keeps_row=True, longest=2000),
        Field("recorded_at", Shape.MOMENT, keeps_row=True),
        Field("cancelled_at", Shape.MOMENT, keeps_row=True),
        *_DECLINE,
        *_CONTACT,
    ),
    derived=(
        *_KEYS,
        ("length_assumed", "boolean"),
        ("whole_day", "boolean"),
        ("time_ambiguous", "boolean"),
        ("outcome_due_at", "timestamptz"),
    ),
    subject_ids=("subject_nhs_number", "subject_local_id"),
)

PEOPLE = RecordKind(
    content=(
        *_SUBJECT,
        _PARITY,
        Field("left_birth_place_on", Shape.PAST_DATE, keeps_row=True),
        Field("subject_deceased_on", Shape.PAST_DATE),
        Field("subject_life_status", Shape.WORD, words=("alive", "deceased", "unknown")),
        Field("pregnancy_outcome", Shape.WORD, words=_words(PregnancyOutcome)),
        Field("pregnancy_ended_on", Shape.PAST_DATE),
        Field("moved_out_on", Shape.PAST_DATE),
        Field("moved_to", Shape.NAME, keeps_row=True),
        Field("gp_practice", Shape.NAME, keeps_row=True),
        Field("postcode", Shape.NAME, keeps_row=True, longest=10),
        Field("caseload_holder", Shape.NAME, column="practitioner"),
        Field("team", Shape.NAME),
        Field("flags", Shape.FLAGS, longest=2000),
        *_CONTACT,
    ),
    derived=_KEYS,
    subject_ids=("subject_nhs_number", "subject_local_id"),
)

STAFF = RecordKind(
    content=(
        Field("staff_id", Shape.ID, required=True),
        Field("name", Shape.NAME, required=True),
        Field("role", Shape.WORD, required=True, words=_words(StaffRole)),
        Field("team", Shape.ID, required=False),
        Field("team_name", Shape.NAME),
        Field("team_phone", Shape.PHONE, keeps_row=True),
        Field("leads_team", Shape.WORD, words=_KNOWN),
        Field("email", Shape.EMAIL, keeps_row=True),
        Field("phone", Shape.PHONE, keeps_row=True),
        Field("active_from", Shape.PAST_DATE),
        Field("active_until", Shape.DUE_DATE),
    ),
    derived=(),
)

INDICATORS = RecordKind(
    content=(
        Field("source_id", Shape.ID, column="source_ref", required=True),
        *_SUBJECT,
        Field("instrument", Shape.ID, required=True, longest=40),
        Field("total", Shape.SCORE),
        Field("self_harm_item", Shape.SCORE),
        Field("answers", Shape.ANSWERS, longest=2000),
        Field("note", Shape.FREE, keeps_row=True, longest=2000),
        Field("recorded_on", Shape.PAST_DATE, required=True),
        Field("recorded_by", Shape.NAME),
        Field("phase", Shape.WORD, words=_words(PerinatalPhase)),
        Field("language", Shape.LANGUAGE, keeps_row=True),
        Field("mode", Shape.WORD, keeps_row=True, words=_words(ContactMode)),
        Field("interpreter", Shape.WORD, keeps_row=True, words=_words(Known)),
        Field("low_literacy", Shape.WORD, keeps_row=True, words=_words(Known)),
    ),
    derived=_KEYS,
    subject_ids=("subject_nhs_number", "subject_local_id"),
)

FLAGS = RecordKind(
    content=(
        *_SUBJECT,
        Field("flag", Shape.FLAG, column="flag_code", required=True, longest=60),
        Field("set_on", Shape.PAST_DATE, keeps_row=True),
        Field("ended_on", Shape.PAST_DATE),
    ),
    derived=_KEYS,
    subject_ids=("subject_nhs_number", "subject_local_id"),
)

CASELOADS = RecordKind(
    content=(
        *_SUBJECT,
        Field("practitioner", Shape.NAME, required=True),
        Field("team", Shape.NAME),
        Field("held_from", Shape.DUE_DATE),
    ),
    derived=(*_KEYS, ("effective_at", "timestamptz")),
    subject_ids=("subject_nhs_number", "subject_local_id"),
)

# Why somebody is away is nobody's business here: no field takes it, and extras of this kind are not kept.
ABSENCES = RecordKind(
    content=(
        Field("source_id", Shape.ID, column="source_ref", required=True, longest=400),
        Field("practitioner", Shape.ID, required=True),
        Field("starts_at", Shape.START, required=True),
        Field("ends_at", Shape.START),
        Field("cover", Shape.ID, keeps_row=True),
        Field("status", Shape.WORD, words=("confirmed", "tentative", "cancelled")),
        Field("series", Shape.ID, column="series_ref", longest=400),
    ),
    derived=(),
)

KINDS: Mapping[ImportKind, RecordKind] = {
    ImportKind.APPOINTMENTS: APPOINTMENTS,
    ImportKind.PEOPLE: PEOPLE,
    ImportKind.STAFF: STAFF,
    ImportKind.INDICATORS: INDICATORS,
    ImportKind.FLAGS: FLAGS,
    ImportKind.CASELOADS: CASELOADS,
    ImportKind.ABSENCES: ABSENCES,
}
