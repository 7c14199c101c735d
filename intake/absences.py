"""Apply the staged absences of one file: who is away, until when, who covers. Makes and guesses no practitioner."""

from intake.applying import Applied, Import, heading
from models.db import intake_absences, intake_staging

AUTHORITY = "absences"


def apply_absences(this: Import) -> Applied:
    """Store what the staging table holds of absences; the caller commits. The engine looks at whoever is touched."""
    session, given = this.session, {"source_id": this.source_id, "by": this.by, "now": this.now}
    intake_staging.sort_repeats(session, key="source_ref")
    intake_absences.find_staff(session)
    intake_staging.reject(
        session,
        table="unknown_staff",
        column=heading(this, "practitioner"),
        reason="expected the id of somebody in the staff file, or an e-mail address that is one person's alone; a name"
        " is never guessed, a mapping's `values` can turn it into an id",
    )
    intake_absences.list_unknown_covers(session, run_id=this.run_id, column=heading(this, "cover"))
    created, updated = intake_absences.store(session, **given)  # type: ignore[arg-type]
    updated += intake_absences.call_off(session, **given)  # type: ignore[arg-type]
    vanished = 0
    if this.is_whole and AUTHORITY in this.authoritative:
        vanished = intake_absences.call_off_lacked(session, **given)  # type: ignore[arg-type]
    return Applied(created, updated, vanished=vanished)
