"""Apply the staged scores of one file; a threshold is the engine's affair, not the import's."""

from intake.applying import Applied, Import, reject_conflicts
from models.db import intake_households, intake_identity, intake_indicators, intake_staging

_KEYS = ("subject_key",)


def apply_indicators(this: Import) -> Applied:
    """Store what the staging table holds of scores; the caller commits."""
    session, source, now = this.session, this.source_id, this.now
    intake_staging.sort_repeats(session, key="source_ref")
    intake_indicators.choose_work(session)
    intake_identity.find(session, source_id=source, key_columns=_KEYS)
    conflicts = reject_conflicts(this, _KEYS)
    intake_identity.make_newcomers(session, source_id=source, by=this.by, now=now)
    intake_identity.fill_gaps(session)
    intake_identity.point_work_at_people(session, with_contacts=False)
    intake_households.place(session, source_id=source, now=now)
    created, updated = intake_indicators.store(session, source_id=source, by=this.by, now=now)
    return Applied(created, updated, conflicts=conflicts)
