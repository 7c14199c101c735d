"""Load made-up families round the present moment, so that something happens on the pages soon after the first start.

Everything comes in by the ordinary import, from files in the import format; only what a trust would sign or declare is
set directly. Ends with the teams at `texts`, over whatever channel is configured: by default the outbox.
"""

import csv
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from random import Random

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.rules import Rules
from intake.demo import appointment_row, indicator_row, people_rows, red_flag_row, staff_rows, team_codes
from intake.demo_families import families
from intake.demo_staffing import Row, absence_rows
from intake.demo_stories import Stories
from intake.demo_visits import visits
from intake.run import import_file
from models.db import intake_demo, pathway_versions, sources, threshold_signatures
from models.domain.words import ImportKind

RECORD_SYSTEM, STAFF_LIST = "demo-record-system", "demo-staff-list"
WHO = "demo"
FAMILIES, TEAMS, SEED = 60, 3, 7
_DECLARED = {
    "rhythm": "daily",
    "extent": "delta",
    "authoritative_for": "attendance",
    "empty_values": "subject_deceased_on:alive,pregnancy_outcome:continuing",
}


def load_demo(engine: Engine, *, rules: Rules, now: datetime) -> None:
    """Load the demo families once; run again after a crash it completes itself."""
    with Session(engine) as session:
        pathway_versions.load(session, rules.pathway_contents.values(), now=now)
        intake_demo.sign_pathways(session, by=WHO, now=now)
        threshold_signatures.approve(session, rules.prompts.rules, by=WHO, now=now)
        for name in (RECORD_SYSTEM, STAFF_LIST):
            values = _DECLARED if name == RECORD_SYSTEM else {"rhythm": "none"}
            sources.set_(session, name=name, values=values, by=WHO, now=now)
        session.commit()
    with tempfile.TemporaryDirectory() as folder:
        for kind, rows in _files(rules, now).items():
            path = _write(Path(folder) / f"{kind}.csv", rows)
            source = STAFF_LIST if kind in (ImportKind.STAFF, ImportKind.ABSENCES) else RECORD_SYSTEM
            import_file(
                engine, path, kind=kind, source=source, mapping_path=None, dry_run=False,
                progress=lambda done, total: None, rules=rules, now=now,
            )  # fmt: skip
    with Session(engine) as session:
        intake_demo.raise_to_texts(session, by=WHO, now=now)
        session.commit()


def _files(rules: Rules, now: datetime) -> dict[ImportKind, list[Row]]:
    """The rows of each file, staff first so that everybody is known by name."""
    local = now.astimezone(rules.calendar.zone)
    teams, chance = team_codes(TEAMS), Random(SEED)
    people: list[Row] = []
    appointments: list[Row] = []
    scores: list[Row] = []
    for family in families(count=FAMILIES, seed=SEED, today=local.date(), teams=teams):
        people.extend(people_rows(family))
        held = visits(family, chance=chance, today=local.date())
        appointments.extend(appointment_row(family, visit) for visit in held)
    for story in Stories(local, seed=SEED + 1, teams=teams).tell():
        people.extend(people_rows(story.family))
        appointments.extend(appointment_row(story.family, visit) for visit in story.visits)
        ref = f"{story.family.household_id}-EPDS"
        scores.extend(
            indicator_row(story.family, ref=ref, total=total, self_harm=item, day=local.date())
            for total, item in story.scores
        )
        if story.red_flag:
            scores.append(red_flag_row(story.family, note=story.red_flag, day=local.date()))
    return {
        ImportKind.STAFF: list(staff_rows(teams)),
        ImportKind.ABSENCES: list(absence_rows(teams, seed=SEED, today=local.date())),
        ImportKind.PEOPLE: people,
        ImportKind.APPOINTMENTS: appointments,
        ImportKind.INDICATORS: scores,
    }


def _write(path: Path, rows: Iterable[Row]) -> Path:
    rows = list(rows)
    headers = list(dict.fromkeys(header for row in rows for header in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, headers, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path
