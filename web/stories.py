"""The story of a follow-up in plain words: one sentence for each kind of happening. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from models.db.case_story import Happening
from models.domain.pathway import Pathway
from models.domain.words import AppointmentStatus, MessageState, OwnerRole
from web import prompt_words, words
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
        role = ROLES.get(str(self.happening.detail.get("told", "")), "whoever has it")
        return f"{self.happening.told_name} ({role})" if self.happening.told_name else role

    @property
    def because(self) -> str:
        return _BECAUSE.get(str(self.happening.detail.get("because")), "Handed over")

    @property
    def agency(self) -> str:
        code = str(self.happening.detail.get("agency", ""))
        return words.AGENCIES.get(code, "the agency")

    def time(self, name: str) -> str:
        raw = self.happening.detail.get(name)
        return moment(datetime.fromisoformat(raw), self.zone) if isinstance(raw, str) else "its limit"


# Why a step went to somebody else, before the name of whom it went to.
_BECAUSE: Mapping[str, str] = {
    "away": "Whoever had it is away",
    "left": "Whoever had it has left",
    "caseload_moved": "The family moved to another caseload",
    "given": "Given to a colleague",
}
_FOLLOW_UP: Mapping[str, Callable[[_Told], str]] = {
    "opened": lambda t: (
        "Opened as an old entry: already older than its plan when it came in"
        if t.happening.detail.get("backlog")
        else "Follow-up opened"
    ),
    "step_fired": lambda t: f"Step due: {t.step}. Went to {t.told}, to be acknowledged by {t.time('answer_by')}",
    "step_raised": lambda t: f"Nobody acknowledged “{t.step}” in time. Went up to {t.told}",
    "step_came_back": lambda t: f"The time for “{t.step}” was over. It came back to {t.told}",
    "step_handed_over": lambda t: f"{t.because}: “{t.step}” went to {t.told}",
    "waits_with": lambda t: f"{t.because}: until a step is due, {t.told} has it",
    "reassigned": lambda t: f"{t.who} gave it to {t.happening.told_name or 'a colleague'}",
    "step_made_earlier": lambda t: f"{t.who} made “{t.step}” earlier: {t.time('to')}",
    "step_made_later": lambda t: f"{t.who} gave “{t.step}” more time: {t.time('to')}",
    "step_extension_asked": lambda t: f"{t.who} asked a team lead for more time for “{t.step}”: {t.time('to')}",
    "step_extension_agreed": lambda t: f"{t.who} agreed to more time for “{t.step}”: {t.time('to')}",
    "step_extension_refused": lambda t: f"{t.who} did not agree to more time for “{t.step}”",
    "step_extension_lapsed": lambda t: f"Nobody had agreed to more time for “{t.step}” when it was over",
    "agency_contacted": lambda t: f"{t.who} contacted {t.agency}; the answer is due by {t.time('reply_due')}",
    "agency_replied": lambda t: f"{t.who} recorded the answer of {t.agency}",
    "pathway_moved": lambda t: (
        f"{t.who} moved it from version {t.happening.detail.get('from_version')} of its plan to version"
        f" {t.happening.detail.get('to_version')}"
    ),
    "step_passed": lambda t: f"“{t.step}” was due as well; the later step took over from it",
    "engine_fault": lambda t: "Steadfast could not move this on; support was told, and it tries again",
    "red_flag_found": lambda t: "A red flag stands on this family: first on the list, high-risk terms, phone now",
    "red_flag_ended": lambda t: f"{t.who} ended the red flag",
    "hop_late": lambda t: "The referral's next step is late again: this is open again",
    "hop_reached": lambda t: f"{_hop(t)}. The plan rests until the next step of the referral is late",
    "referral_over": lambda t: f"{_hop(t)}. The referral has ended; somebody has to confirm and close",
    "turned_high_risk": lambda t: "A high-risk flag was found: the plan goes faster from here",
    "pattern_found": lambda t: f"A pattern was found: {t.happening.detail.get('says', 'see above')}",
    "booked_again": lambda t: "A new appointment is booked; this stays open until the right person is seen",
    "ladder_changed": lambda t: "The plan changed to the one that fits what is known now",
    "missed_again": lambda t: "The appointment was moved, and missed again",
    "outcome_not_recorded": lambda t: "The outcome of the appointment is not recorded",
    "outcome_corrected": lambda t: f"{t.who} put the recorded outcome right",
    "outcome_arrived": lambda t: "The outcome was recorded, and it is no miss: this has ended",
    "count_corrected": lambda t: (
        "The record was put right: "
        + (f"{misses} contacts in a row" if (misses := t.happening.detail.get("is")) != 1 else "this contact alone")
        + f" did not take place, not {t.happening.detail.get('was')}"
    ),
    "came_back": lambda t: "What it went on in is no miss any more: the thread is here again",
    "gave_back": lambda t: "This is no miss any more; an earlier one goes on in its own follow-up",
    "person_corrected": lambda t: f"{t.who} put right whose appointment it was",
    "contact_corrected": lambda t: f"{t.who} put right which contact it was",
    "decline_recorded": lambda t: (
        f"{t.who} wrote down what is known of the decline"
        + ("; not all of it is known yet" if t.happening.detail.get("missing") else "")
    ),
    "records_joined": lambda t: f"{t.who} joined two records of one person or household",
    "records_parted": lambda t: f"{t.who} took two records apart again",
    "taken_over": lambda t: "The contact was booked and then missed: the same follow-up goes on",
    "continued_in_later_miss": lambda t: "Something later took its place: the thread goes on there",
    "dates_changed": lambda t: "The date it is reckoned from was put right; the plan goes on by the new one",
    "seen_evidence": lambda t: "The record shows that the right person was seen; somebody has to confirm and close",
    "seen_withdrawn": lambda t: "What showed that somebody was seen was taken back: the plan goes on",
    "acknowledged": lambda t: f"{t.who} acknowledged it until {t.time('until')}",
    "text_not_offered": lambda t: "No text was prepared: something stands in its way on the family's page",
    "text_dropped": lambda t: f"The text that waited was dropped: {words.HELD_BECAUSE[t.happening.reason or 'hold']}",
    "plan_gave_way": lambda t: "There was a loss: a gentler plan took over; a person closes this",
    "plan_put_back": lambda t: f"{t.who} says that the news was wrong: this goes on by its own plan",
    "record_closed": lambda t: f"{t.who} closed the record for protection; only the named nurse sees it from here",
    "record_opened": lambda t: f"{t.who} opened the record again",
    "text_offered": lambda t: "A neutral text to the family was prepared; it waits for a person's release",
    "text_not_possible": lambda t: "No text could be prepared: no number is known",
    "text_released": lambda t: f"{t.who} checked and released the text",
    "text_held_back": lambda t: text_words(MessageState.BLOCKED, t.happening.reason),
    "text_sent": lambda t: "The text left",
    "text_delivered": lambda t: "The text was delivered",
    "text_undelivered": lambda t: "The text did not arrive",
    "text_refused": lambda t: "The text could not be sent",
    "text_no_report": lambda t: "Nobody confirmed in time that the text arrived",
    "text_fate_unknown": lambda t: "Nobody knows whether the text left; a person has to find out",
    "text_kept": lambda t: "The text went into the outbox; this installation sends none",
    "email_sent": lambda t: f"An e-mail to {t.happening.told_name or 'staff'} left",
    "email_kept": lambda t: f"An e-mail to {t.happening.told_name or 'staff'} went into the outbox, not out",
    "reply_coming": lambda t: "The family replied that they will come",
    "reply_change": lambda t: "The family replied that they want another time",
    "reply_call_me": lambda t: "The family asked to be rung",
    "reply_stop": lambda t: "The family asked not to be texted",
    "reply_other": lambda t: "The family replied; a person has to read it",
    "not_seen_after_all": lambda t: f"{t.who} says that nobody was seen after all; the plan goes on",
    "closing_asked": lambda t: f"{t.who} asked to close it; a second person has to agree",
    "closing_refused": lambda t: f"{t.who} did not agree to close it",
    "taken_up": lambda t: f"{t.who} took this old entry up: its plan begins",
    "closed": lambda t: f"{t.who} closed it",
    "reopened": lambda t: f"{t.who} opened it again",
}


def _hop(told: _Told) -> str:
    """What became known of a referral, and from whom."""
    event = str(told.happening.detail.get("hop", ""))
    label = next((words_ for code, words_ in prompt_words.REFERRAL_EVENTS.items() if code == event), "It moved on")
    return f"{label} ({told.who})"


_REASON_IS_CODE = (
    "text_not_offered",
    "text_dropped",
    "step_passed",
    "text_not_possible",
    "text_held_back",
    "text_no_report",
    "text_fate_unknown",
)


def tell_story(happenings: list[Happening], *, pathway: Pathway, zone: ZoneInfo) -> list[Line]:
    """The story, a line each, in the order given."""
    return [_line(_Told(happening, pathway, zone)) for happening in happenings]


def _line(told: _Told) -> Line:
    happening = told.happening
    match happening.about:
        case "appointment":
            status = words.STATUSES.get(AppointmentStatus(happening.what), happening.what)
            sentence = f"{told.who[:1].upper()}{told.who[1:]} recorded the appointment as: {status}"
        case _:
            tell = _FOLLOW_UP.get(happening.what)
            sentence = tell(told) if tell is not None else happening.what.replace("_", " ").capitalize()
    return Line(happening.at, sentence, _note(happening))


def _note(happening: Happening) -> str:
    reason = happening.reason or ""
    if happening.about != "follow_up" or happening.what in _REASON_IS_CODE:
        return ""
    return next((label for code, label in words.CLOSED.items() if code == reason), reason)
