"""Apply the staged staff of one file: teams, practitioners, leads."""

from intake.applying import Applied, Import
from models.db import intake_staff, intake_staging


def apply_staff(this: Import) -> Applied:
    """Store what the staging table holds of staff; the caller commits."""
    intake_staging.sort_repeats(this.session, key="staff_id")
    created, updated = intake_staff.apply(this.session, by=this.by, now=this.now)
    return Applied(created, updated)
