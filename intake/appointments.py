"""Apply the staged appointments of one file: who, which household, whose, new or changed, vanished. Set by set."""

from intake.applying import Applied, Import, reject_conflicts
from models.db import (
    intake_appointments,
    intake_changes,
    intake_contacts,
    intake_households,
    intake_identity,
    intake_places,
    intake_pregnancies,
    intake_staging,
    losses,
)

_KEYS = ("subject_key", "contact_key")


def apply_appointments(this: Import) -> Applied:
    """Store what the staging table holds of appointments; the caller commits."""
    session, source, now = this.session, this.source_id, this.now
    intake_staging.sort_repeats(session, key="source_ref")
    intake_appointments.choose_work(session, source_id=source)
    intake_identity.find(session, source_id=source, key_columns=_KEYS)
    conflicts = reject_conflicts(this, _KEYS)
    intake_identity.make_newcomers(session, source_id=source, by=this.by, now=now)
    intake_identity.fill_gaps(session)
    intake_identity.point_work_at_people(session, with_contacts=True)
    intake_households.place(session, source_id=source, now=now)
    intake_places.resolve(session, roles=this.staff_roles, fallback_role=this.fallback_role, by_contact=True, now=now)
    intake_contacts.keep_numbers(session, by=this.by, now=now)
    if "subject_edd" in this.supplied:
        intake_pregnancies.keep_pregnancies(
            session, by=this.by, now=now, with_outcomes=False, same_within=this.rules.planning.pregnancy.same_within
        )
    intake_appointments.match_expected(session, zone=this.rules.calendar.zone.key)
    created = intake_appointments.insert_new(session, source_id=source, run_id=this.run_id, by=this.by, now=now)
    updated, contradicted = intake_changes.update_known(
        session, run_id=this.run_id, by=this.by, now=now, supplied=this.supplied
    )
    intake_appointments.book_expected(session)
    intake_appointments.record_deaths(session, by=this.by, now=now)
    losses.hold_all(session, this.rules.holds, by=this.by, now=now, calendar=this.rules.calendar, work=True)
    given = {"source_id": source, "run_id": this.run_id, "by": this.by, "now": now}
    intake_changes.mark_returned(session, **given)  # type: ignore[arg-type]
    vanished = intake_changes.mark_vanished(session, **given) if this.is_whole else 0  # type: ignore[arg-type]
    return Applied(created, updated, conflicts=conflicts, contradicted=contradicted, vanished=vanished)
