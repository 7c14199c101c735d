"""Look at households for patterns: in claimed sets, facts in, one pure question each, patterns and next looks out.

A pattern raises the one follow-up that is live; where none is, one family event opens one (domain.md 3.4). The rules
are config/patterns.yaml; what they ask is `models.domain.pattern_rules`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import family_events, pattern_facts, pattern_looks, pattern_writes
from models.db.detection import Candidate
from models.db.family_events import NewFamilyEvent
from models.db.pattern_facts import Asked, EventRow, LiveRow, Loaded, MemberRow
from models.db.pattern_looks import Cluster
from models.db.pattern_writes import NewPattern
from models.domain import dedupe
from models.domain.contacts import NOT_EVIDENCE
from models.domain.freshness import is_backlog
from models.domain.pattern_rules import patterns
from models.domain.patterns import DISCLOSED, Earlier, Event, Family, Found, Happened, Live, Relative, Screen, views
from models.domain.words import AppointmentStatus, ContactMode, FamilyEventKind, OutcomeSubtype
from models.domain.working_time import add_months
from workers.advance import harmless_flags

SET_SIZE = 500
# Events whose follow-up a pattern raises as it does a miss: both are the child's own practitioner's.
_RAISED = (FamilyEventKind.PATTERN, FamilyEventKind.ADULT_MISSED_CONTACT)
_ADULT_MONTHS = 18 * 12
_OPENS_NOTHING = frozenset(
    {
        AppointmentStatus.CANCELLED_BY_SERVICE,
        AppointmentStatus.CANCELLED_BY_FAMILY,
        AppointmentStatus.DECLINED,
        AppointmentStatus.PLANNED,
        AppointmentStatus.BOOKED,
    }
)


@dataclass(frozen=True, slots=True)
class _Told:
    """A pattern of one family, for one reader."""

    family: Family
    reader: str | None
    found: Found


def look_at_patterns(session: Session, rules: Rules, now: datetime) -> int:
    """Look at one set of households that are due; return how many. The caller commits."""
    clusters = pattern_looks.take(session, now=now, limit=SET_SIZE)
    if not clusters:
        return 0
    today = rules.calendar.civil_date(now)
    loaded = pattern_facts.load(session, clusters, _asked(rules, now=now, today=today))
    told: list[_Told] = []
    looks: list[tuple[int | None, int | None, datetime]] = []
    for cluster, family in _families(loaded, clusters, rules):
        days: list[date] = []
        for reader, view in views(family, rules.patterns):
            found, next_on = patterns(view, rules.patterns, now=now, today=today)
            # Only everybody's view opens: a confidential service's patterns are its own follow-ups' affair.
            told += [_Told(view, reader, one) for one in found if reader is None or one.follow_up_id is not None]
            days += [] if next_on is None else [next_on]
        if days:
            looks.append((*cluster, rules.calendar.at(min(days), rules.calendar.day_starts)))
    _store(session, rules, told, now=now)
    pattern_looks.settle(session, looks)
    return len(clusters)


def people_of_patterns(rows: Sequence[Candidate], rules: Rules, *, now: datetime) -> set[int]:
    """Whose contacts have changed in a way that opens no follow-up and may complete a pattern all the same."""
    since = now - rules.patterns.recent
    return {row.person_id for row in rows if row.status in _OPENS_NOTHING and _changed(row) >= since}


def _changed(row: Candidate) -> datetime:
    """A cancellation when it was made; a booking, which is here because it was moved, at its new time."""
    return row.cancelled_at or row.recorded_at or row.ends_at


def _asked(rules: Rules, *, now: datetime, today: date) -> Asked:
    kinds = rules.contacts.kinds.values()
    in_person = (ContactMode.HOME, ContactMode.CLINIC)
    return Asked(
        in_person=[kind.code for kind in kinds if kind.default_mode in in_person],
        not_evidence=[str(subtype) for subtype in NOT_EVIDENCE],
        reviews=[kind.code for kind in kinds if kind.service == "health_visiting"],
        statuses=[str(status) for status in rules.patterns.counts_as],
        harmless_flags=harmless_flags(rules),
        event_codes=[rules.events.rules[kind].code for kind in _RAISED],
        # A cancellation is reckoned from when it was made, which may lie before the day that was booked.
        since=now - rules.patterns.reach - rules.patterns.recent,
        adults_born_before=add_months(today, -_ADULT_MONTHS),
    )


def _families(loaded: Loaded, clusters: Sequence[Cluster], rules: Rules) -> Iterator[tuple[Cluster, Family]]:
    """Sort what was read to each household. A person in two of them is in both."""
    members: dict[Cluster, list[MemberRow]] = {}
    for row in loaded.members:
        members.setdefault(Cluster(row.household_id, row.cluster_person_id), []).append(row)
    for cluster in clusters:
        if cluster in members:
            yield cluster, _family(cluster, members[cluster], loaded, rules)


def _family(cluster: Cluster, members: Sequence[MemberRow], loaded: Loaded, rules: Rules) -> Family:
    people = {member.person_id for member in members}
    flagged = any(member.flagged for member in members)
    changes = [(member.number_changed_at, member.address_changed_at) for member in members]
    return Family(
        household_id=cluster.household_id,
        relatives=[_relative(member, rules, flagged=flagged) for member in members],
        events=[
            event
            for row in loaded.events
            if row.person_id in people or (row.person_id is None and row.household_id == cluster.household_id)
            if (event := _event(row, rules)) is not None
        ],
        live=[_live(row, rules) for row in loaded.live if row.person_id in people and _is_of(row, cluster)],
        screens=[Screen(*row) for row in loaded.screens if row.person_id in people],
        earlier=[
            Earlier(row.reader, row.rule, None if row.of_household else row.person_id, row.about, row.found_at)
            for row in loaded.earlier
            if (row.household_id == cluster.household_id if row.of_household else row.person_id in people)
        ],
        number_changed_at=max((one for one, _ in changes if one is not None), default=None),
        address_changed_at=max((one for _, one in changes if one is not None), default=None),
    )


def _is_of(row: LiveRow, cluster: Cluster) -> bool:
    """Whether a follow-up belongs to this household: a child of two homes has some in each."""
    return row.household_id is None or cluster.household_id in (None, row.household_id)


def _relative(row: MemberRow, rules: Rules, *, flagged: bool) -> Relative:
    day = rules.calendar.civil_date
    seen = None if row.last_seen_at is None else day(row.last_seen_at)
    return Relative(row.person_id, row.is_child, row.born, day(row.known_since), seen, row.review_due, flagged)


def _event(row: EventRow, rules: Rules) -> Event | None:
    if row.person_id is None:
        what, service = Happened.NOT_SEEN, DISCLOSED
    else:
        kind = rules.contacts.get(row.contact_code)
        what = Happened.MOVED if row.status == Happened.MOVED else _meaning(row, rules)
        service = row.contact_code if kind is None else kind.service
    if what is Happened.NOTHING:
        return None
    on = rules.calendar.civil_date(row.at)
    backlog = is_backlog(
        happened_at=row.at,
        first_received_at=row.first_received_at,
        go_live_on=row.go_live_on,
        happened_on=on,
        high_risk=False,
        rules=rules.feeds,
    )
    # A disclosed fact is no appointment: below nought, so that it never passes for one.
    about = row.about if row.person_id is not None else -row.about
    return Event(what, row.person_id, row.contact_code, service, row.at, on, about, backlog)


def _meaning(row: EventRow, rules: Rules) -> Happened:
    subtype = None if row.subtype is None else OutcomeSubtype(row.subtype)
    return rules.patterns.meaning(AppointmentStatus(row.status), subtype)


def _live(row: LiveRow, rules: Rules) -> Live:
    kind = rules.contacts.get(row.contact_code)
    return Live(
        row.follow_up_id,
        row.person_id,
        row.contact_code if kind is None else kind.service,
        row.team_id,
        row.appointment_id,
        row.opened_at,
        row.breach_at,
        row.high_risk,
        row.is_miss,
        row.tells,
    )


def _store(session: Session, rules: Rules, told: Sequence[_Told], *, now: datetime) -> None:
    """One family event for each family whose patterns have no follow-up to raise; then the patterns themselves."""
    opening: dict[tuple[int | None, int], NewFamilyEvent] = {}
    for one in told:
        if one.found.follow_up_id is None:
            opening.setdefault(_family_key(one), _family_event(one, now=now))
    events = family_events.record_many(session, list(opening.values()), now=now)
    new = []
    for one in told:
        event_id = None
        if one.found.follow_up_id is None:
            event_id = events.get(opening[_family_key(one)].dedupe_key)
            if event_id is None:  # this occasion has opened one already
                continue
        new.append(_new(one, rules.patterns.version, event_id))
    pattern_writes.store(session, new, now=now)


def _family_key(told: _Told) -> tuple[int | None, int]:
    household = told.family.household_id
    return (household, 0) if household is not None else (None, told.found.person_id)


def _family_event(told: _Told, *, now: datetime) -> NewFamilyEvent:
    found = told.found
    key = dedupe.family_event(FamilyEventKind.PATTERN, found.person_id, found.rule.id, found.about)
    return NewFamilyEvent(
        kind=FamilyEventKind.PATTERN,
        dedupe_key=key,
        person_id=found.person_id,
        household_id=told.family.household_id,
        team_id=None,
        happened_at=now,
        recorded_by="engine",
        detail={"rule": found.rule.id},
    )


def _new(told: _Told, version: int, event_id: int | None) -> NewPattern:
    found, household = told.found, told.family.household_id
    whole = found.of_household and household is not None
    return NewPattern(
        rule=found.rule.id,
        rule_version=version,
        dedupe_key=dedupe.pattern(
            found.rule.id,
            "household" if whole else "person",
            household if whole and household is not None else found.person_id,
            found.about,
        ),
        reader=told.reader,
        person_id=found.person_id,
        household_id=household,
        of_household=found.of_household,
        about=found.about,
        says=found.says,
        events=found.events,
        count=found.count,
        follow_up_id=found.follow_up_id,
        family_event_id=event_id,
        tells=found.rule.tells,
        faster=found.rule.faster,
    )
