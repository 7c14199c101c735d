"""Apply the staged caseloads of one file: who holds whom, from when. Moved families take their work with them."""

from intake.applying import Applied, Import, reject_conflicts
from models.db import caseloads, intake_caseloads, intake_households, intake_identity, intake_people, intake_places

_KEYS = ("subject_key",)


def apply_caseloads(this: Import) -> Applied:
    """Store what the staging table holds of caseloads; the caller commits. A day still to come waits for its day."""
    session, source, now = this.session, this.source_id, this.now
    intake_people.choose_subjects(session, with_holders=True)
    intake_identity.find(session, source_id=source, key_columns=_KEYS)
    conflicts = reject_conflicts(this, _KEYS)
    intake_identity.make_newcomers(session, source_id=source, by=this.by, now=now)
    intake_identity.fill_gaps(session)
    intake_identity.point_work_at_people(session, with_contacts=False)
    intake_caseloads.drop_repeats(session)
    intake_households.place(session, source_id=source, now=now)
    intake_places.resolve(session, roles="{}", fallback_role=this.fallback_role, by_contact=False, now=now)
    created, updated = intake_caseloads.plan(session, by=this.by, now=now)
    caseloads.apply_due(session, now=now, limit=None)
    return Applied(created, updated, conflicts=conflicts)
