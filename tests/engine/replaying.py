"""A small hand-made extract, and a replay of it on the test's own database."""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from config.replay_rules import load_replay_rules
from config.rules import load_rules
from config.settings import load
from intake.unfolding import Extract
from models.db import auditor
from models.db.replay_figures import Telling
from models.domain.words import ImportKind
from tests.engine.world import at
from workers.replay import Replay, Replayed
from workers.replay_report import report
from workers.replay_staff import Never, Prompt

ASSUMED = load_replay_rules()
RULES = load_rules(config_dir=None, nation="england", today=date(2026, 6, 30))
READ_AT = at("2026-07-31 12:00")

STAFF = """staff_id,name,role,team,team_name,leads_team,email
HV1,Pat Made-Up,health_visitor,N,North,no,hv1@example.nhs.uk
TL1,Lee Made-Up,team_lead,N,North,yes,tl1@example.nhs.uk
NN1,Nan Made-Up,named_nurse,N,North,no,nn1@example.nhs.uk
"""
# Four children of one visitor: seen, missed and booked again, missed and never booked again, nobody has said.
APPOINTMENTS = """source_id,subject_local_id,subject_name,subject_dob,subject_role,kind,practitioner,team,starts_at,minutes,status,outcome,recorded_at
a1,C1,Ada Made-Up,2026-01-12,child,HV-TARGETED,HV1,N,2026-06-08T10:00,30,attended,,2026-06-08T11:10
a2,C2,Bea Made-Up,2025-01-12,child,HV-TARGETED,HV1,N,2026-06-08T11:00,30,missed,wnb,2026-06-08T12:10
a3,C2,Bea Made-Up,2025-01-12,child,HV-TARGETED,HV1,N,2026-06-17T11:00,30,attended,,2026-06-17T12:10
a4,C3,Cyn Made-Up,2024-12-12,child,HV-TARGETED,HV1,N,2026-06-09T14:00,30,missed,wnb,
a5,C4,Dee Made-Up,2024-11-12,child,HV-TARGETED,HV1,N,2026-06-10T09:00,30,,,
a6,C5,Eve Made-Up,2024-10-12,child,HV-TARGETED,HV1,N,not a time,30,missed,wnb,
"""  # noqa: E501 - a table


class Replaying:
    """The extract in a folder, and the database it is replayed on."""

    def __init__(self, engine: Engine, owner: Engine, folder: Path) -> None:
        self.engine, self.owner, self.folder = engine, owner, folder
        self.told: list[Telling] = []

    def write(self, kind: ImportKind, content: str) -> Extract:
        """One file of the replay."""
        path = self.folder / f"{kind}.csv"
        path.write_text(content, encoding="utf-8")
        return Extract(kind, path)

    def run(
        self, *, on_time: bool, appointments: str = APPOINTMENTS, more: Sequence[Extract] = (), **given: Any
    ) -> tuple[Replayed, dict[str, Any]]:
        """Replay two weeks of June 2026 from a Monday on; return what the replay and its report say."""
        extracts = [self.write(ImportKind.STAFF, STAFF), self.write(ImportKind.APPOINTMENTS, appointments), *more]
        replay = Replay(
            engine=self.engine, owner=self.owner, settings=load(os.environ), rules=given.pop("rules", RULES),
            assumed=ASSUMED, extracts=extracts,
        )  # fmt: skip
        days = {"first_day": date(2026, 6, 8), "last_day": date(2026, 6, 19)} | given
        staff = Prompt(ASSUMED.on_time) if on_time else Never()
        done = replay.run(**days, staff=staff, progress=lambda now: None, read_at=READ_AT)
        with Session(self.engine) as session:
            audit = auditor.audit(session, done.period.end, limits=load_audit_limits(config_dir=None))
            found = report(
                session, done, rules=ASSUMED, calendar=RULES.calendar, audit=audit,
                before_birth=RULES.before_birth(), each=self.told.append,
            )  # fmt: skip
        return done, found
