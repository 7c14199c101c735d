"""The story of a follow-up in plain words: one sentence for each kind of happening. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from models.db.case_story import Happening
from models.domain.pathway import Pathway
from models.domain.words import AlertKind, AppointmentStatus, MessageState, OwnerRole
from web import words
from web.sentences import person, step_title, text_words
from web.templates_env import moment

ROLES: Mapping[str, str] = {
    OwnerRole.PRACTITIONER: "the practitioner",
    OwnerRole.ADMIN: "the team's office",
    OwnerRole.DUTY: "the duty colleague",
    OwnerRole.TEAM_POOL: "the whole team",
    OwnerRole.TEAM_LEAD: "the team lead",
    OwnerRole.NAMED_NURSE: "the named nurse",
    OwnerRole.HEAD_OF_SERVICE: "the head of service",
    OwnerRole.LAST_RESORT: "the person who gets what nobody else can",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story."""

    at: datetime
    sentence: str
    note: str


@dataclass(frozen=True, slots=True)
class _Told:
    happening: Happening
    pathway: Pathway
    zone: ZoneInfo

    @property
    def who(self) -> str:
        return person(self.happening.actor)

    @property
    def step(self) -> str:
        return step_title(self.pathway, self.happening.step_id)

    @property
    def told(self) -> str:
        return ROLES.get(str(self.happening.detail.get("told", "")), "whoever has it")

    def time(self, name: str) -> str:
        raw = self.happening.detail.get(name)
        return moment(datetime.fromisoformat(raw), self.zone) if isinstance(raw, str) else "its limit"


_FOLLOW_UP: Mapping[str, Callable[[_Told], str]] = {
    "opened": lambda t: "Follow-up opened",
    "opened_backlog": lambda t: "Opened as an old entry: already older than its plan when it came in",
    "step_fired": lambda t: f"Step due: {t.step}. Went to {t.told}, to be acknowledged by {t.time('answer_by')}",
    "step_raised": lambda t: f"Nobody acknowledged “{t.step}” in time. Went up to {t.told}",
    "step_came_back": lambda t: f"The time for “{t.step}” was over. It came back to {t.told}",
    "step_passed": lambda t: f"“{t.step}” was due as well; the later step took over from it",
    "high_risk_found": lambda t: "A high-risk flag was found: the plan goes faster from here",
    "acknowledged": lambda t: f"{t.who} acknowledged it until {t.time('until')}",
    "text_offered": lambda t: "A neutral text to the family was prepared; it waits for a person's release",
    "text_not_possible": lambda t: "No text could be prepared: no number is known",
    "text_released": lambda t: f"{t.who} checked and released the text",
    "taken_over": lambda t: "The contact was booked and then missed: the same follow-up goes on",
    "switched": lambda t: "The plan changed to the one that fits what is known now",
    "seen": lambda t: "Evidence came that the right person was seen; it waits for somebody to confirm and close",
    "not_seen_after_all": lambda t: f"{t.who} says that nobody was seen after all; the plan goes on",
    "closing_asked": lambda t: f"{t.who} asked to close it; a second person has to agree",
    "closing_refused": lambda t: f"{t.who} did not agree to close it",
    "taken_up": lambda t: f"{t.who} took this old entry up: its plan begins",
    "closed": lambda t: f"{t.who} closed it",
    "reopened": lambda t: f"{t.who} opened it again",
    "continued": lambda t: "A later appointment was missed as well: the thread goes on there",
}


def tell_story(happenings: list[Happening], *, pathway: Pathway, zone: ZoneInfo) -> list[Line]:
    """The story, a line each, in the order given."""
    return [_line(_Told(happening, pathway, zone)) for happening in happenings]


def _line(told: _Told) -> Line:
    happening = told.happening
    match happening.about:
        case "appointment":
            status = words.STATUSES.get(AppointmentStatus(happening.what), happening.what)
            sentence = f"{told.who} recorded the appointment as: {status}".capitalize()
        case "text":
            sentence = text_words(MessageState(happening.what), happening.reason)
        case "alert":
            sentence = words.ALERTS[AlertKind(happening.what)]
        case _:
            tell = _FOLLOW_UP.get(happening.what)
            sentence = tell(told) if tell is not None else happening.what.replace("_", " ").capitalize()
    return Line(happening.at, sentence, _note(happening))


def _note(happening: Happening) -> str:
    reason = happening.reason or ""
    if happening.about != "follow_up" or happening.what in ("step_passed", "text_not_possible"):
        return ""
    return next((label for code, label in words.CLOSED.items() if code == reason), reason)
