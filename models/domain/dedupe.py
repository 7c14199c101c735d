"""The one place where keys are made that stop a thing from happening twice (design 3.4).

Pure. Every key is built from what never moves: ids, the stable id of a step, a booked start, a civil day. Never from a
due time, a name, a number or a text, which change when somebody corrects them.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from models.domain.words import AlertKind, Audience, Channel, FamilyEventKind, Purpose


def step_message(follow_up_id: int, *, cycle: int, step_id: str, audience: Audience, channel: Channel) -> str:
    """Return the key of the one message that a step of a plan may send to an audience by a channel."""
    return _key("step", follow_up_id, cycle, step_id, audience, channel)


def is_step_of(key: str, *, follow_up_id: int, cycle: int) -> bool:
    """Whether a key is that of a step message of this follow-up in this cycle: false once another cycle began."""
    return key.startswith(_key("step", follow_up_id, cycle, ""))


def step_alert(follow_up_id: int, *, cycle: int, step_id: str, raised_to: int, occurrence: int, told: int = 0) -> str:
    """Return the key of one alert of a step.

    `raised_to`: how many roles up it went unanswered; `occurrence`: the how-manieth alert of this step in this cycle;
    `told`: 0 for the one who must act, then 1, 2 … for those also told.
    """
    return _key("alert", "step", follow_up_id, cycle, step_id, raised_to, occurrence, told)


def follow_up_alert(kind: AlertKind, follow_up_id: int, *, cycle: int, occurrence: int = 1) -> str:
    """Return the key of an alert about a follow-up that is no step of its plan."""
    return _key("alert", kind, follow_up_id, cycle, occurrence)


def message_alert(kind: AlertKind, message_id: int, *, attempt: int = 0) -> str:
    """Return the key of the alert that tells a person what became of one message (or of one attempt at it)."""
    return _key("alert", kind, "message", message_id, attempt)


def inbound_alert(provider_sid: str) -> str:
    """Return the key of the alert that one text from outside raises, however often the provider delivers it."""
    return _key("alert", AlertKind.FAMILY_REPLY, provider_sid)


def subject_alert(kind: AlertKind, subject: str, subject_id: int, *, since: datetime | date | str | None = None) -> str:
    """Return the key of an alert about anything else: a source, an import, a prompt, a triage list.

    `since`: what tells one occasion from the next, such as the as-of time a late feed stopped at.
    """
    return _key("alert", kind, subject, subject_id, "" if since is None else _plain(since))


def alert_message(alert_id: int, *, times_raised: int, practitioner_id: int, channel: Channel) -> str:
    """Return the key of the message that carries one raising of an alert to one person."""
    return _key("alert-message", alert_id, times_raised, practitioner_id, channel)


def digest(practitioner_id: int, *, at: datetime) -> str:
    """Return the key of the one e-mail that tells a person of all that is routine, at one of the times for it."""
    return _key("digest", practitioner_id, at)


def reminder(appointment_id: int, *, booked_start: datetime, purpose: Purpose) -> str:
    """Return the key of a reminder. A moved appointment has another start, so its reminders are new ones."""
    return _key("reminder", appointment_id, booked_start, purpose)


def bundle(household_id: int, *, purpose: Purpose, civil_day: date, starts: Sequence[datetime]) -> str:
    """Return the key of one reminder for several appointments that a household has on one civil day.

    `starts` are the booked starts: a bundle of which one appointment moved is a new bundle.
    """
    return _key("bundle", household_id, purpose, civil_day, *sorted(starts))


def family_event(kind: FamilyEventKind, person_id: int, *about: str | int | datetime | date) -> str:
    """Return the key of a family event: whom it concerns, and what tells one occasion from the next."""
    return _key("event", kind, person_id, *about)


def pattern(rule_id: str, subject: str, subject_id: int, about: str) -> str:
    """Return the key of a pattern: the rule, of whom (a person or a household), and what tells its occasion."""
    return _key("pattern", rule_id, subject, subject_id, about)


def prompt(indicator_id: int, *, weight: int, pregnancy_id: int | None) -> str:
    """Return the key of the one prompt that an indicator raises at one weight, in one pregnancy where it is a history.

    A score corrected to a graver one is a prompt of its own; looked at twice, it raises one.
    """
    return _key("prompt", indicator_id, weight, "" if pregnancy_id is None else pregnancy_id)


def ask(kind: AlertKind, subject: str, subject_id: int, *, occasion: str, times: int, told: int = 0) -> str:
    """Return the key of one asking about something that asks again by itself: a prompt, a challenge, an action.

    `occasion`: a round or a stage, within which the askings are numbered by `times`; `told`: 0 for the one who must
    act, then 1, 2 … for those also told.
    """
    return _key("alert", kind, subject, subject_id, occasion, times, told)


def _key(*parts: str | int | datetime | date) -> str:
    return ":".join(_plain(part) for part in parts)


def _plain(part: str | int | datetime | date) -> str:
    """A part as text: instants in UTC to the second, so that one instant has one spelling; no separator within."""
    if type(part) is int:
        return str(part)
    if isinstance(part, datetime):
        if part.tzinfo is None:
            raise ValueError(f"{part.isoformat()} has no zone; a key needs an instant")
        return part.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    plain = str(part)
    return plain.replace("%", "%25").replace(":", "%3A") if "%" in plain or ":" in plain else plain
