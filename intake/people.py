"""Apply the staged register: people, households, pregnancies, flags; and plan their contacts the same day."""

from datetime import date, timedelta
from functools import lru_cache, partial

from config.rules import Rules
from intake.applying import Applied, Import, reject_conflicts
from models.db import (
    intake_contacts,
    intake_expected,
    intake_households,
    intake_identity,
    intake_moves,
    intake_people,
    intake_places,
    intake_pregnancies,
    losses,
)
from models.db.intake_expected import Planned
from models.domain.schedule import next_look, plan_contacts
from models.domain.words import ExpectedState

_KEYS = ("subject_key", "contact_key")
# The schedule's last review is over well before; an older child in the register is nobody's to plan.
OLDEST_PLANNED = timedelta(days=5 * 366)


def apply_people(this: Import) -> Applied:
    """Store what the staging table holds of people; the caller commits."""
    session, source, now = this.session, this.source_id, this.now
    intake_people.choose_work(session)
    intake_identity.find(session, source_id=source, key_columns=_KEYS)
    conflicts = reject_conflicts(this, _KEYS)
    intake_identity.make_newcomers(session, source_id=source, by=this.by, now=now)
    intake_identity.point_work_at_people(session, with_contacts=True)
    intake_people.drop_settled(session, source_id=source)
    intake_households.place(session, source_id=source, now=now)
    intake_places.resolve(session, roles="{}", fallback_role=this.fallback_role, by_contact=False, now=now)
    intake_contacts.keep_numbers(session, by=this.by, now=now)
    new = intake_people.count_new(session)
    changed = intake_people.count_work(session) - new
    intake_people.update_people(session, source_id=source, by=this.by, now=now)
    intake_identity.fill_gaps(session)
    intake_people.leave_old_households(session, source_id=source, now=now)
    made, altered = intake_pregnancies.keep_pregnancies(session, by=this.by, now=now, with_outcomes=True)
    intake_pregnancies.end_by_births(session, by=this.by)
    _plan(this)
    rules, calendar = this.rules.holds, this.rules.calendar
    losses.hold_all(session, rules, by=this.by, now=now, calendar=calendar, work=True)
    intake_moves.hold_moved(session, rules, by=this.by, now=now, calendar=calendar)
    # A row about the unborn counts by what became of the pregnancy.
    unborn = intake_people.count_unborn(session)
    return Applied(new + min(made, unborn), changed + min(altered, unborn), conflicts=conflicts)


def _plan(this: Import) -> None:
    """Plan the contacts of everybody new or changed, and bring planned ones in line with births and deaths."""
    people = intake_expected.to_plan(this.session, born_after=this.today - OLDEST_PLANNED)
    contacts = lru_cache(maxsize=None)(partial(_contacts, this.rules, this.today))
    planned = ((each, contact) for each in people for contact in contacts(each.date_of_birth, each.edd))
    intake_expected.store(this.session, planned, now=this.now)
    intake_expected.settle(this.session, people=[each.person_id for each in people], now=this.now)


def _contacts(rules: Rules, today: date, date_of_birth: date | None, edd: date | None) -> tuple[Planned, ...]:
    """What everybody with this birth or due date should have."""
    schedule, calendar = rules.schedule(on=today), rules.calendar
    planned = plan_contacts(schedule, date_of_birth=date_of_birth, edd=edd, received_on=today)
    return tuple(
        Planned(
            contact.contact_code, schedule.code, schedule.version, contact.anchor_on, contact.window_start,
            contact.window_end, contact.late_until, contact.initial_state,
            next_look(contact, is_booked=False, at=calendar.day_starts, calendar=calendar)
            if contact.initial_state is ExpectedState.PLANNED else None,
            contact.already_past,
        )
        for contact in planned
    )  # fmt: skip
