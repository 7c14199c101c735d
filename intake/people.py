"""Apply the staged register: people, households, pregnancies, flags; and plan their contacts the same day."""

from intake.applying import Applied, Import, reject_conflicts
from intake.planning import plan
from models.db import (
    detection,
    intake_contacts,
    intake_households,
    intake_identity,
    intake_moves,
    intake_people,
    intake_places,
    intake_pregnancies,
    losses,
    pattern_looks,
    plan_marks,
)

_KEYS = ("subject_key", "contact_key")


def apply_people(this: Import) -> Applied:
    """Store what the staging table holds of people; the caller commits.

    Detection waits meanwhile: it plans too, and two at once could lock each other up or plan a family twice.
    """
    session, source, now = this.session, this.source_id, this.now
    detection.wait_for_detection(session)
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
    made, altered = intake_pregnancies.keep_pregnancies(
        session, by=this.by, now=now, with_outcomes=True, same_within=this.rules.planning.pregnancy.same_within
    )
    plan_marks.take_imported(session)
    pattern_looks.wake_changed_details(session, now=now)
    plan(session, this.rules, now=now, by=this.by)
    rules, calendar = this.rules.holds, this.rules.calendar
    losses.hold_all(session, rules, by=this.by, now=now, calendar=calendar, work=True)
    intake_moves.hold_moved(session, rules, by=this.by, now=now, calendar=calendar)
    # A row about the unborn counts by what became of the pregnancy.
    unborn = intake_people.count_unborn(session)
    return Applied(new + min(made, unborn), changed + min(altered, unborn), conflicts=conflicts)
