"""Let a file's history happen again on a scratch database, under a simulated clock, with the engine itself.

Deliveries go through the ordinary import, what is due through the lanes as every worker drains them: nothing of either
is written twice, and a pass added to a lane is in a replay too. Nothing is sent: the jobs that send are left out.
"""

import csv
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.replay_rules import ReplayRules
from config.rules import Rules
from config.settings import Settings
from intake.report import ImportReport
from intake.run import import_file
from intake.unfolding import Extract, Unfolded, unfold
from models.db import intake_demo, pathway_versions, replay, sources
from models.domain.words import ImportKind
from workers import machine as machines
from workers.lanes import SENDS, Lane, drain
from workers.machine import Machine
from workers.replay_diary import SOURCE
from workers.replay_staff import Never, Staff

WHO = SOURCE
STAFF_LIST = "replay-staff"
_DECLARED = {
    "rhythm": "none",
    "extent": "delta",
    "authoritative_for": "attendance",
    "empty_values": "subject_deceased_on:alive,pregnancy_outcome:continuing",
    "sends_own_reminders": "yes",
}
_FIRST = (ImportKind.STAFF, ImportKind.PEOPLE)  # whoever a row names is known before it


class ReplayFailed(RuntimeError):
    """A pass of the engine failed on this history. The log names it; what was replayed up to then says nothing."""


class NothingToReplay(ValueError):
    """The files hold no appointment of the period asked for."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment to just before the last, both UTC; days are civil."""

    first_day: date
    last_day: date  # included
    start: datetime
    end: datetime


@dataclass(slots=True)
class Replayed:
    """What the replay itself has to tell beside its database."""

    period: Period
    imports: list[ImportReport]
    steps: int = 0
    deliveries: int = 0
    rows_delivered: int = 0
    refused_later: int = 0  # rows that the file's own import takes and that could not be taken in their time
    acts: dict[str, int] = field(default_factory=dict)


Progress = Callable[[datetime], None]


class _FixedRules(Machine):
    """A worker's means with the rules of the replay: a simulated day is no reason to read the files again."""

    __slots__ = ("fixed",)
    fixed: Rules

    def rules(self) -> Rules:
        return self.fixed


class Replay:
    """One history on one scratch database; run once."""

    def __init__(
        self,
        *,
        engine: Engine,
        owner: Engine,
        settings: Settings,
        rules: Rules,
        assumed: ReplayRules,
        extracts: Sequence[Extract],
    ) -> None:
        self.engine, self.owner, self.settings = engine, owner, settings
        self.rules, self.assumed, self.extracts = rules, assumed, extracts
        self.now = datetime.now(UTC)  # set to the period's start before anything happens

    def run(
        self,
        *,
        first_day: date | None,
        last_day: date | None,
        staff: Staff | None,
        progress: Progress,
        read_at: datetime,
    ) -> Replayed:
        """Replay from `first_day` (default: of the first appointment) to `last_day` (of the last outcome).

        `read_at` is the time as of which the files are read, now. Raises UnusableInput, NothingToReplay, ReplayFailed.
        """
        unfolded = [
            unfold(each, rules=self.rules, assumed=self.assumed.unfolding, now=read_at) for each in self.extracts
        ]
        period = self._period(unfolded, first_day, last_day)
        due = self._deliveries(unfolded, period)
        replay.prepare(self.owner)
        staff, self.now = staff or Never(), period.start
        self._declare(period, staff)
        done = Replayed(period, self._tried(read_at))
        self._history(done, due, staff, progress, outcomes=_outcomes(unfolded))
        return done

    def _period(self, unfolded: Iterable[Unfolded], first_day: date | None, last_day: date | None) -> Period:
        calendar = self.rules.calendar
        firsts = [one.first for one in unfolded if one.first is not None]
        lasts = [one.last for one in unfolded if one.last is not None]
        if not firsts:
            raise NothingToReplay("the files hold no appointment that can be used; expected at least one")
        begin = first_day or calendar.civil_date(min(firsts))
        end = last_day or calendar.civil_date(max(lasts))
        if end < begin:
            raise NothingToReplay(f"the period from {begin} to {end} is empty; expected an end after its start")
        start = calendar.at(begin, time())
        return Period(begin, end, start, calendar.at(end + timedelta(days=1), time()))

    def _tried(self, read_at: datetime) -> list[ImportReport]:
        """What the import says of each whole file, taken back again: its rejected rows are the report's.

        The staff stay, whom the others name: they are there from the first day on.
        """
        self._tell_time()
        said: dict[Path, ImportReport] = {}
        for each in sorted(self.extracts, key=lambda one: one.kind is not ImportKind.STAFF):
            stays = each.kind is ImportKind.STAFF
            said[each.path] = self._import(each, each.path, now=self.now if stays else read_at, dry_run=not stays)
        return [said[each.path] for each in self.extracts]

    def _import(self, extract: Extract, path: Path, *, now: datetime, dry_run: bool = False) -> ImportReport:
        return import_file(
            self.engine, path, kind=extract.kind, source=STAFF_LIST if extract.kind is ImportKind.STAFF else WHO,
            mapping_path=extract.mapping, dry_run=dry_run, progress=lambda done, total: None, rules=self.rules, now=now,
            as_of=now,
        )  # fmt: skip

    def _deliveries(
        self, unfolded: Sequence[Unfolded], period: Period
    ) -> dict[datetime, list[tuple[Unfolded, list[list[str]]]]]:
        every = self.assumed.unfolding.deliver_every
        due: dict[datetime, list[tuple[Unfolded, list[list[str]]]]] = {}
        for one in sorted(unfolded, key=lambda one: (*(one.extract.kind is not kind for kind in _FIRST),)):
            for moment, rows in one.deliveries(start=period.start, end=period.end, every=every).items():
                due.setdefault(moment, []).append((one, rows))
        return due

    def _declare(self, period: Period, staff: Staff) -> None:
        """What a trust would have declared and signed before it went live on the first day."""
        with Session(self.engine) as session, session.begin():
            pathway_versions.load(session, self.rules.pathway_contents.values(), now=period.start)
            intake_demo.sign_pathways(session, by=WHO, now=period.start)
            live = {"go_live_on": period.first_day.isoformat()}
            for name, values in ((WHO, _DECLARED | live), (STAFF_LIST, {"rhythm": "none"})):
                sources.set_(session, name=name, values=values, by=WHO, now=period.start)
            staff.begin(session, now=period.start)

    def _history(
        self,
        done: Replayed,
        due: Mapping[datetime, list[tuple[Unfolded, list[list[str]]]]],
        staff: Staff,
        progress: Progress,
        *,
        outcomes: Mapping[str, tuple[str, str]],
    ) -> None:
        """Step from moment to moment at which something comes in, falls due, or staff look."""
        machine = self._machine()
        moments = sorted(due)
        self.now, reached = done.period.start, 0
        with tempfile.TemporaryDirectory(prefix="steadfast-delivery-") as folder:
            while self.now <= done.period.end:
                if reached < len(moments) and moments[reached] <= self.now:
                    self._deliver(done, due[moments[reached]], Path(folder))
                    if reached == 0:
                        replay.gather_statistics(self.owner)
                    reached += 1
                self._settle()
                self._drain(machine)
                if staff.act(self.engine, machine, now=self.now, outcomes=outcomes, acts=done.acts):
                    self._drain(machine)
                if rows := staff.rows(self.now):
                    self._record(done, rows, Path(folder))
                    self._drain(machine)
                done.steps += 1
                progress(self.now)
                self.now = self._next(done.period, moments[reached : reached + 1], staff)

    def _deliver(self, done: Replayed, parts: Iterable[tuple[Unfolded, list[list[str]]]], folder: Path) -> None:
        self._tell_time()
        for of, rows in parts:
            report = self._import(of.extract, of.write(folder / f"{of.extract.kind}.csv", rows), now=self.now)
            done.deliveries += 1
            done.rows_delivered += report.read
            done.refused_later += len(report.rejected)

    def _record(self, done: Replayed, rows: Sequence[Mapping[str, str]], folder: Path) -> None:
        """What staff did comes in as the record system would send it."""
        path = folder / "staff-made.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        report = self._import(Extract(ImportKind.APPOINTMENTS, path), path, now=self.now)
        done.refused_later += len(report.rejected)

    def _settle(self) -> None:
        every = self.assumed.unfolding.deliver_every
        epoch = datetime(2000, 1, 1, tzinfo=self.now.tzinfo)
        self._tell_time()
        with Session(self.engine) as session, session.begin():
            replay.prepare_look(session, as_of=epoch + (self.now - epoch) // every * every)
            intake_demo.raise_to_texts(session, by=WHO, now=self.now)

    def _tell_time(self) -> None:
        with Session(self.engine) as session, session.begin():
            replay.set_clock(session, self.now)

    def _drain(self, machine: Machine) -> None:
        for lane in (Lane.URGENT, Lane.ENGINE):
            failed = drain(machine, lane, without=SENDS).failed
            if failed:
                raise ReplayFailed(f"{', '.join(failed)} failed at {self.now:%d.%m.%Y %H:%M} UTC; the log says how")
        with Session(self.engine) as session, session.begin():
            replay.drop_staff_emails(session, now=self.now)

    def _next(self, period: Period, delivery: Sequence[datetime], staff: Staff) -> datetime:
        """The next moment worth looking at, on the grid of the engine's looks; past the end where there is none."""
        assumed = self.assumed.unfolding
        with Session(self.engine) as session:
            due, outcome = replay.next_due(session, after=self.now)
        wanted = [*delivery, *staff.looks_after(self.now, self.rules.calendar)]
        wanted += [] if due is None else [_on_grid(due, period.start, assumed.look_every)]
        wanted += [] if outcome is None else [_on_grid(outcome, period.start, assumed.deliver_every)]
        found = min(wanted, default=period.end + assumed.look_every)
        if found > period.end and self.now < period.end:
            return period.end  # the last look is at the end itself
        return max(found, self.now + timedelta(seconds=1))

    def _machine(self) -> Machine:
        """A worker's means on the scratch database, with the audit left to the end and no way out."""
        silent = {"broker_url": None, "smtp_url": None, "sms_channel": "outbox"}
        address = self.engine.url.render_as_string(hide_password=False)
        built = machines.build(self.settings.model_copy(update={"database_url": address, **silent}))
        rare = replace(built.engine_rules, audit_every=timedelta.max, housekeeping_every=timedelta.max)
        made = _FixedRules(
            settings=built.settings, engine=self.engine, message_rules=built.message_rules, channels=built.channels,
            audit_limits=built.audit_limits, engine_rules=rare, login_window=built.login_window,
            doorbell=built.doorbell, pathways=built.pathways, clock=lambda _: self.now,
        )  # fmt: skip
        made.fixed = self.rules
        return made


def _outcomes(unfolded: Iterable[Unfolded]) -> dict[str, tuple[str, str]]:
    return {ref: told for one in unfolded for ref, told in one.outcomes.items()}


def _on_grid(moment: datetime, start: datetime, every: timedelta) -> datetime:
    return start + -((start - moment) // every) * every
