"""Import one file: survey, stage, apply, commit, in one transaction, so that nothing is ever half stored.

A file that can't be used raises before the first statement. A second import of the same source waits for the first.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.rules import Rules
from intake.absences import apply_absences
from intake.applying import Applied, Apply, Import
from intake.appointments import apply_appointments
from intake.calendar_file import calendar_mapping, open_calendar
from intake.caseloads import apply_caseloads
from intake.columns import Plan, plan_columns
from intake.errors import UnusableFile, UnusableInput
from intake.flags import apply_flags
from intake.formats import Format, Sheet
from intake.indicators import apply_indicators
from intake.lists import LISTS, Short
from intake.mapping import NO_MAPPING, Mapping, load_mapping
from intake.parsing import ContactFacts, Settings
from intake.people import apply_people
from intake.reading import open_sheet
from intake.records import KINDS
from intake.report import ImportReport, faults_of
from intake.rows import staging_columns, staging_lines
from intake.staff import apply_staff
from models.db import intake_apart, intake_runs, intake_staging
from models.db.intake_runs import Counts, SourceRow
from models.domain.contacts import Subject
from models.domain.freshness import is_suddenly_small
from models.domain.words import AlertKind, Extent, FeedHealth, ImportKind, StaffRole

Progress = Callable[[int, int], None]  # rows so far, and how many lines the file has

_APPLY: dict[ImportKind, Apply] = {
    ImportKind.APPOINTMENTS: apply_appointments,
    ImportKind.PEOPLE: apply_people,
    ImportKind.STAFF: apply_staff,
    ImportKind.INDICATORS: apply_indicators,
    ImportKind.FLAGS: apply_flags,
    ImportKind.ABSENCES: apply_absences,
    ImportKind.CASELOADS: apply_caseloads,
}
_SUBJECT_ROLES = {Subject.CHILD: "child", Subject.WOMAN: "mother", Subject.ATTENDEE: ""}
_STAFF_ROLES = {
    "health_visiting": StaffRole.HEALTH_VISITOR,
    "midwifery": StaffRole.MIDWIFE,
    "perinatal_mental_health": StaffRole.PMH_CLINICIAN,
    "general_practice": StaffRole.GP,
    "pre_birth": StaffRole.MIDWIFE,
}


def import_file(
    engine: Engine,
    path: Path,
    *,
    kind: ImportKind,
    source: str,
    mapping_path: Path | None,
    dry_run: bool,
    progress: Progress,
    rules: Rules,
    now: datetime,
    as_of: datetime | None = None,
    format: Format = Format.CSV,
) -> ImportReport:
    """Import `path` and return what came of it; raise UnusableInput, with nothing stored, where it can't be used.

    `progress` hears how many rows are read of how many lines; both are equal once all of it is.

    `as_of` is the time up to which the file's data are known to be complete: without it `now`, or the file's own time
    where the mapping says so. With `dry_run` everything is done and then taken back.
    """
    if kind not in _APPLY:
        raise UnusableInput(f"kind {kind} can't be imported; expected one of {', '.join(_APPLY)}")
    if not source.strip():
        raise UnusableInput("the source has no name; expected whoever sends the file (--source)")
    mapping = load_mapping(mapping_path, kind=kind) if mapping_path else NO_MAPPING
    if format is Format.ICS:
        mapping = calendar_mapping(mapping)
    sheet = _opened(path, format, kind, mapping, rules=rules, now=now)
    plan = plan_columns(sheet.headers, mapping, KINDS[kind], file_name=path.name)
    told_as_of = as_of or (_file_time(path) if mapping.as_of_file_time else now)
    job = _Job(kind, sheet, plan, mapping, rules, now, min(told_as_of, now), progress)
    with Session(engine) as session:
        report = _run(session, job, source=source, dry_run=dry_run)
        if dry_run:
            session.rollback()
        else:
            session.commit()
    return report


def _opened(path: Path, format: Format, kind: ImportKind, mapping: Mapping, *, rules: Rules, now: datetime) -> Sheet:
    """Open the file as a table; raise UnusableFile where it is none of its format."""
    if format is Format.CSV:
        return open_sheet(path, encoding=mapping.encoding, delimiter=mapping.delimiter)
    if kind is not ImportKind.ABSENCES:
        raise UnusableFile(f"{path.name}: a calendar holds absences; --kind is {kind}, expected {ImportKind.ABSENCES}")
    today = rules.calendar.civil_date(now)
    span = {"since": today - rules.staffing.calendar_back, "until": today + rules.staffing.calendar_ahead}
    return open_calendar(path, encoding=mapping.encoding, **span)


@dataclass(frozen=True)
class _Job:
    """One file, ready to be staged."""

    kind: ImportKind
    sheet: Sheet
    plan: Plan
    mapping: Mapping
    rules: Rules
    now: datetime
    as_of: datetime
    progress: Progress

    def settings(self, source: SourceRow) -> Settings:
        return parsing_settings(self.rules, self.mapping, now=self.now, version_kind=source.version_kind)

    def staff_roles(self) -> str:
        """JSON: contact code to the role of whoever sees it, for practitioners that no staff file has told us of."""
        return json.dumps({code: _STAFF_ROLES[kind.service] for code, kind in self.rules.contacts.kinds.items()})


def parsing_settings(rules: Rules, mapping: Mapping, *, now: datetime, version_kind: str | None) -> Settings:
    """What the row parser needs of the rules and of the mapping."""
    kinds = rules.contacts
    contacts = {
        code: ContactFacts(
            timedelta(minutes=kind.default_minutes), kinds.outcome_allowance, _SUBJECT_ROLES[kind.subject]
        )
        for code, kind in kinds.kinds.items()
    }
    zone = mapping.zone or rules.calendar.zone
    return Settings(
        contacts,
        frozenset(rules.flags.kinds),
        zone,
        now,
        version_kind=version_kind,
        instruments=rules.prompts.instruments,
    )


def _run(session: Session, job: _Job, *, source: str, dry_run: bool) -> ImportReport:
    row = intake_runs.lock_source(session, name=source, now=job.now)
    by = f"import:{source}"
    sha256 = job.sheet.survey.sha256
    as_of = intake_runs.as_of_before(session, source_id=row.id, kind=job.kind, sha256=sha256) or job.as_of
    run_id = intake_runs.open_run(session, source_id=row.id, kind=job.kind, sha256=sha256, by=by, now=job.now)
    read = _stage(session, job, row)
    intake_runs.lock_applying(session)
    is_full = row.extent is Extent.FULL
    short = _short_list(session, job, row, read) if is_full and job.kind in LISTS else None
    # What files of other kinds held before the first appointments says nothing of how many of those are usual.
    is_first = job.kind is ImportKind.APPOINTMENTS and intake_runs.appointment_files(session, source_id=row.id) == 1
    usual = None if is_first or job.kind in LISTS else row.usual_row_count
    small = is_full and is_suddenly_small(rows=read, usual=usual, rules=job.rules.feeds)
    this = Import(
        session,
        row.id,
        run_id,
        by,
        job.now,
        job.plan.supplied,
        is_whole=is_full and not small and short is None and read > 0,
        staff_roles=job.staff_roles(),
        rules=job.rules,
        authoritative=row.authoritative_for,
        headers={field.name: heading for _, heading, field in job.plan.read},
    )
    applied = _APPLY[job.kind](this)
    if short is not None:
        short.hold_back(this)
        applied = replace(applied, notes=(*applied.notes, short.said))
    return _finish(session, job, this, applied, source=row, as_of=as_of, small=small, dry_run=dry_run)


def _short_list(session: Session, job: _Job, source: SourceRow, read: int) -> Short | None:
    usual = intake_runs.usual_list_size(session, source_id=source.id, kind=job.kind)
    return Short.than_usual(read, usual, below=job.rules.feeds.small_below)


def _stage(session: Session, job: _Job, source: SourceRow) -> int:
    """COPY every line of the file into staging; return how many rows it has."""
    intake_staging.create(session, staging_columns(job.kind))
    lines = staging_lines(
        job.sheet.rows(),
        kind=job.kind,
        plan=job.plan,
        mapping=job.mapping,
        settings=job.settings(source),
        headers=job.sheet.headers,
    )
    total = job.sheet.survey.lines
    intake_staging.fill(session, lines, progress=lambda count: job.progress(min(count, total - 1), total))
    job.progress(total, total)
    intake_staging.analyze(session, *(field.staged_as for field in KINDS[job.kind].content if field.required))
    intake_runs.set_version_kind(session, source_id=source.id)
    verdicts = intake_staging.counts(session)
    return verdicts.get("r", 0) + verdicts.get("x", 0)


def _finish(
    session: Session,
    job: _Job,
    this: Import,
    applied: Applied,
    *,
    source: SourceRow,
    as_of: datetime,
    small: bool,
    dry_run: bool,
) -> ImportReport:
    """Keep the faults, close the run, note the delivery, raise the tasks; return the report."""
    intake_staging.keep_faults(session, run_id=this.run_id)
    kept_apart = intake_apart.list_kept_apart(session, run_id=this.run_id)
    verdicts = intake_staging.counts(session)
    records, rejected_rows = verdicts.get("r", 0) + verdicts.get("o", 0), verdicts.get("x", 0)
    counts = Counts(
        read=records + rejected_rows,
        created=applied.created,
        updated=applied.updated,
        unchanged=records - applied.created - applied.updated,
        rejected=rejected_rows,
    )
    intake_runs.close_run(session, run_id=this.run_id, counts=counts, as_of=as_of, by=this.by, now=job.now)
    files = intake_runs.appointment_files(session, source_id=source.id)  # this one included
    if job.kind is ImportKind.APPOINTMENTS or files == 0:
        health = FeedHealth.SMALL if small else FeedHealth.FRESH
        rows = None if job.kind in LISTS else counts.read
        intake_runs.note_delivery(
            session, source_id=source.id, as_of=as_of, rows=rows, health=health, received_at=job.now,
            is_first=files == 1,
        )  # fmt: skip
    _raise_tasks(this, job, applied, rejected_rows, kept_apart=kept_apart)
    rejected, warnings = faults_of(session, run_id=this.run_id)
    return ImportReport(
        source=source.name, kind=job.kind, dry_run=dry_run, run_id=None if dry_run else this.run_id, as_of=as_of,
        read=counts.read, created=counts.created, updated=counts.updated, unchanged=counts.unchanged,
        vanished=applied.vanished, rejected=rejected, warnings=warnings,
        notes=(
            *(f"the mapping names the column {name!r}, which the file lacks" for name in job.plan.missing),
            *applied.notes,
        ),
    )  # fmt: skip


def _raise_tasks(this: Import, job: _Job, applied: Applied, rejected: int, *, kept_apart: int) -> None:
    """One task a kind for the source's owner: rows to correct, people in conflict, appointments gone."""
    tasks = {
        AlertKind.REJECTED_ROWS: rejected - applied.conflicts + applied.contradicted,
        AlertKind.IDENTITY_CONFLICT: applied.conflicts + kept_apart,
        AlertKind.VANISHED: applied.vanished if job.kind is ImportKind.APPOINTMENTS else 0,
    }
    for kind, count in tasks.items():
        if count > 0:
            intake_runs.raise_task(
                this.session, kind=kind, source_id=this.source_id, run_id=this.run_id, count=count, now=job.now,
                due_in=job.rules.feeds.grace,
            )  # fmt: skip


def _file_time(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
