"""Apply the staged flags of one file. They make a contact less safe; safer only by who set them (design 3.11)."""

from intake.applying import Applied, Import, heading, reject_conflicts
from models.db import intake_flags, intake_households, intake_identity, intake_people, intake_staging

_KEYS = ("subject_key",)
AUTHORITY = "flags"


def apply_flags(this: Import) -> Applied:
    """Store what the staging table holds of flags; the caller commits.

    Only a source declared authoritative for flags ends any, only its own, and by what its list lacks only where that
    list is whole: full, of usual size, with every row read.
    """
    session, zone = this.session, this.rules.calendar.zone.key
    intake_people.choose_subjects(session)
    intake_identity.find(session, source_id=this.source_id, key_columns=_KEYS)
    conflicts = reject_conflicts(this, _KEYS)
    intake_identity.make_newcomers(session, source_id=this.source_id, by=this.by, now=this.now)
    intake_identity.fill_gaps(session)
    intake_identity.point_work_at_people(session, with_contacts=False)
    intake_households.place(session, source_id=this.source_id, now=this.now)
    intake_flags.gather(session)
    may_end = AUTHORITY in this.authoritative
    left_out = intake_flags.leave_out(
        session, run_id=this.run_id, by=this.by, column=heading(this, "flag"), authoritative=may_end, zone=zone
    )
    created = intake_flags.set_current(session, by=this.by, now=this.now, zone=zone)
    updated = intake_flags.end_told(session, by=this.by, now=this.now) if may_end else 0
    rejected = intake_staging.counts(session).get("x", 0)
    vanished = 0
    notes: tuple[str, ...] = ()
    if may_end and this.is_whole and not rejected:
        vanished = intake_flags.end_lacked(session, by=this.by, now=this.now)
    elif may_end and this.is_whole:
        notes = (f"no flag was ended for being absent, because {rejected} rows could not be used",)
    return Applied(created, updated, conflicts=conflicts, contradicted=left_out, vanished=vanished, notes=notes)
