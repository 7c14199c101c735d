"""The words of one message, filled in. A family text says when, and whom to call; nothing else (domain.md 6.2)."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from config.messages_loader import StaffTemplate, Template
from models.db.gate import LoadedText
from models.domain.staffing_rules import EmergencyRoute
from models.domain.words import Purpose, Urgency

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HOME = "+44"


def template_for(text: LoadedText) -> str:
    """Return the template that fits what is known: several appointments, one without a time, or none."""
    if text.facts.purpose is Purpose.AFTER_MISS:
        return "after_miss" if text.starts_at is not None else "after_miss_no_date"
    if text.whole_day:
        return "reminder_day"
    return "reminder_several" if text.appointments > 1 else "reminder"


def family_words(template: Template, text: LoadedText, *, call_back_number: str, zone: ZoneInfo) -> str:
    """Fill a template in, with dates and times as the family's clocks show them."""
    fields = {"call_back_number": spoken(call_back_number)}
    if text.starts_at is not None:
        local = text.starts_at.astimezone(zone)
        fields["date"] = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"
        fields["time"] = f"{local:%H:%M}"
    return template.text.format_map(fields)


def staff_words(
    template: StaffTemplate,
    *,
    urgency: Urgency,
    follow_up_id: int | None,
    public_url: str,
    several: bool = False,
    emergency_routes: Sequence[EmergencyRoute] = (),
) -> tuple[str, str]:
    """Return subject and body. The link's number means nothing to whoever has no login; of `several`, it is the list.

    `emergency_routes`: whom to ring where the team has nobody out of hours; empty where it has, or it is no matter.
    """
    path = "/needs-a-person" if follow_up_id is None else f"/follow-ups/{follow_up_id}"
    path = "/" if several else path
    body = template.text.format_map({"link": f"{public_url}{path}"})
    if emergency_routes:
        routes = "\n".join(f"- {route.name}, {route.number}: {route.use}" for route in emergency_routes)
        body += template.out_of_hours.format_map({"routes": routes})
    return template.subjects[urgency], body


def spoken(number: str) -> str:
    """Return a number as people at home dial it: +441632960123 as 01632 960123."""
    if not number.startswith(HOME):
        return number
    local = f"0{number.removeprefix(HOME)}"
    return f"{local[:5]} {local[5:]}"
