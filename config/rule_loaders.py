"""Turn checked rule files into domain values: contact codes, flags, feed rules, holidays.

Expects content that has passed its schema: `config.lint` first.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from config.working_calendar import working_calendar
from models.domain.contacts import ContactKind, ContactKinds, Subject
from models.domain.family_events import EventRule, EventRules
from models.domain.flags import FlagKind, FlagKinds
from models.domain.freshness import FeedRules
from models.domain.words import AppointmentStatus, ContactMode, FamilyEventKind, FollowUpTrigger
from models.domain.working_time import WorkingCalendar

Content = Mapping[str, Any]


def contacts_from(content: Content) -> ContactKinds:
    """Build all contact kinds."""
    opens = {name: _opens(statuses) for name, statuses in content["opens"].items()}
    kinds = {
        code: ContactKind(
            code=code,
            name=kind["name"],
            service=kind["service"],
            subject=Subject(kind["subject"]),
            face_to_face=kind["face_to_face"],
            default_minutes=kind["minutes"],
            default_mode=ContactMode(kind["mode"]),
            pathway=kind["pathway"],
            opens=opens[kind["opens"]],
            reminders=kind["reminders"],
            missed_words=kind["missed_words"],
            recorded=kind.get("recorded", False),
            whole_family=kind.get("whole_family", False),
        )
        for code, kind in content["contacts"].items()
    }
    return ContactKinds(
        kinds=MappingProxyType(kinds),
        outcome_allowance=_hours(content["outcome_allowance"]),
        outcome_pathway=content["outcome_pathway"],
        referral_pathway=content["referral_pathway"],
        declined_pathway=content["declined_pathway"],
        corrected_pathway=content["corrected_pathway"],
        source=content["source"],
    )


def feeds_from(content: Content) -> FeedRules:
    """Build the feed rules from the `feeds` part of the contacts file."""
    feeds = content["feeds"]
    return FeedRules(
        grace=_hours(feeds["grace"]),
        small_below=feeds["small_below"],
        small_from_rows=feeds["small_from_rows"],
        backlog_after=_hours(feeds["backlog_after"]),
        source=feeds["source"],
    )


def flags_from(content: Content) -> FlagKinds:
    """Build all flag kinds."""
    kinds = {
        code: FlagKind(code, flag["name"], flag["high_risk"], flag["blocks_texts"], flag.get("why_blocked"))
        for code, flag in content["flags"].items()
    }
    return FlagKinds(MappingProxyType(kinds), content["source"])


def events_from(content: Content) -> EventRules:
    """Build the rules of all family events."""
    rules = {
        FamilyEventKind(kind): EventRule(FamilyEventKind(kind), rule["code"], rule["name"], rule["pathway"])
        for kind, rule in content["events"].items()
    }
    return EventRules(MappingProxyType(rules), content["source"])


def calendar_from(content: Content, *, nation: str, today: date) -> WorkingCalendar:
    """Build the working calendar of `nation` with the trust's extra days. Raises ValueError for an unknown nation."""
    return working_calendar(
        nation,
        today=today,
        known_until=date.fromisoformat(content["checked_until"]),
        extra=[date.fromisoformat(day) for day in content["extra"].get(nation, {})],
    )


def _opens(statuses: Content) -> Mapping[AppointmentStatus, FollowUpTrigger]:
    return MappingProxyType({AppointmentStatus(status): FollowUpTrigger(what) for status, what in statuses.items()})


def _hours(content: Content) -> timedelta:
    return timedelta(hours=content["hours"])
