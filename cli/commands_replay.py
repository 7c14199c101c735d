"""`replay`: past appointments through the engine on a simulated clock; nothing is sent or kept."""

import csv
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn
from sqlalchemy.orm import Session

from cli.embedded import EmbeddedError
from cli.exits import CANNOT_RUN, NOT_CLEAN, UNUSABLE, print_json, stop
from cli.logs import log_to_stderr
from cli.opening import LONDON, rules_of, settings_of
from config.settings import Settings
from config.yaml_files import RulesError
from models.db.replay_figures import Telling
from models.domain.words import ImportKind

LIST_HEADERS = [
    *("rules", "at", "alert", "times", "kind", "urgency", "role", "told", "team", "follow_up", "contact", "pathway"),
    "step",
]


class StaffBehaviour(StrEnum):
    """What the staff of a replay do."""

    NEVER = "never"
    ON_TIME = "on-time"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(replay)


def replay(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Appointments, or a folder of demo-data (one file a kind).")
    ],
    mapping: Annotated[Path | None, typer.Option(help="A mapping file from their columns to ours.")] = None,
    pathways: Annotated[Path | None, typer.Option(help="Other rules, replayed beside those in force.")] = None,
    first_day: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last_day: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")] = None,
    staff: Annotated[StaffBehaviour, typer.Option(help="What staff do.")] = StaffBehaviour.NEVER,
    list_to: Annotated[Path | None, typer.Option("--list", help="Write each alert to this CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Let past appointments happen again: what the ladders would have done, who would have been told, and the load.

    The engine runs on a database of its own, on a simulated clock; nothing is sent, kept or changed elsewhere.
    Exit 1 where its audit finds a violation, 2 where the files can't be used.
    """
    settings = settings_of()
    sets = {"in force": settings}
    if pathways is not None:
        sets[pathways.name or str(pathways)] = settings.model_copy(update={"config_dir": _rules_folder(pathways)})
    extracts = [each for file in files for each in _extracts(file, mapping)]
    days = (_day(first_day), _day(last_day))
    reports = {}
    _quiet()
    with _listed(list_to) as write:
        for name, of in sets.items():
            reports[name] = _replayed(name, of, extracts, days, staff, write)
    if as_json:
        print_json(reports["in force"] if len(reports) == 1 else reports)
    else:
        from cli.replay_words import told

        typer.echo(told(reports))
    if any(report["audit"]["violations"] for report in reports.values()):
        raise typer.Exit(NOT_CLEAN)


def _replayed(
    name: str,
    settings: Settings,
    extracts: Sequence[Any],
    days: tuple[date | None, date | None],
    staff: StaffBehaviour,
    write: Callable[..., None],
) -> dict[str, Any]:
    """One set of rules over the files; ends the command where they, the rules or the servers can't be used."""
    from cli.scratch import scratch
    from config.audit_limits import load_audit_limits
    from config.replay_rules import load_replay_rules
    from intake.errors import UnusableInput
    from models.db import auditor
    from workers.replay import NothingToReplay, Replay, ReplayFailed
    from workers.replay_report import report
    from workers.replay_staff import Never, Prompt

    began = time.monotonic()
    now = datetime.now().astimezone()
    try:
        assumed = load_replay_rules(settings.config_dir)
        rules = rules_of(settings, now=now)
        with scratch() as made, _progress(name) as progress:
            run = Replay(
                engine=made.engine, owner=made.owner, settings=settings, rules=rules, assumed=assumed, extracts=extracts
            )
            behaviour = Prompt(assumed.on_time) if staff is StaffBehaviour.ON_TIME else Never()
            done = run.run(first_day=days[0], last_day=days[1], staff=behaviour, progress=progress, read_at=now)
            limits = load_audit_limits(config_dir=settings.config_dir)
            with Session(made.engine) as session:
                audit = auditor.audit(session, done.period.end, limits=limits)
                found = report(
                    session, done, rules=assumed, calendar=rules.calendar, audit=audit,
                    before_birth=rules.before_birth(),
                    each=lambda telling: write(name, telling),
                )  # fmt: skip
    except (UnusableInput, NothingToReplay) as error:
        stop(str(error), code=UNUSABLE)
    except (RulesError, EmbeddedError, ReplayFailed) as error:
        stop(str(error), code=CANNOT_RUN)
    seconds = time.monotonic() - began
    return {
        "rules": name,
        "staff_do": staff.value,
        **found,
        "run": {
            "command": _command(), "seconds": round(seconds, 1), "looks": done.steps, "deliveries": done.deliveries,
            "rows_per_second": round(sum(one.read for one in done.imports) / seconds), "processors": os.cpu_count(),
            "on": now.date(),
        },
    }  # fmt: skip


def _command() -> str:
    """What repeats this, with files and folders by their last name alone: a report tells nothing of the machine."""
    words = [Path(word).name if "/" in word else word for word in sys.argv[1:]]
    return " ".join(["steadfast", *words])


def _extracts(file: Path, mapping: Path | None) -> Iterator[Any]:
    """A file of appointments; or of a folder every file that has the name of a kind, as `demo-data` writes them."""
    from intake.unfolding import Extract

    if not file.is_dir():
        yield Extract(ImportKind.APPOINTMENTS, file, mapping)
        return
    found = [(kind, file / f"{kind}.csv") for kind in ImportKind if (file / f"{kind}.csv").is_file()]
    if not found:
        stop(f"{file} holds none of {', '.join(f'{kind}.csv' for kind in ImportKind)}", code=UNUSABLE)
    for kind, path in found:
        yield Extract(kind, path, mapping if kind is ImportKind.APPOINTMENTS else None)


def _rules_folder(folder: Path) -> Path:
    """A trust's folder of rules; the folder of ladders in it means the same."""
    whole = folder.parent if folder.name == "pathways" else folder
    if not any(whole.glob("*.yaml")) and not any(whole.glob("*/*.yaml")):
        stop(f"{folder} holds no rules; expected a trust's folder with pathways/*.yaml in it", code=UNUSABLE)
    return whole


def _day(told: datetime | None) -> date | None:
    return None if told is None else told.date()


def _quiet() -> None:
    """What a worker would log of each drain says nothing here; a failure does."""
    log_to_stderr()
    logging.getLogger().setLevel(logging.ERROR)


@contextmanager
def _listed(path: Path | None) -> Iterator[Callable[[str, Telling], None]]:
    """Yield what writes one line for each telling: who by role and team, of what, when. Not a name, not a code."""
    if path is None:
        yield lambda name, telling: None
        return
    try:
        stream = path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        stop(f"{path} can't be written to: {error.strerror or error}", code=UNUSABLE)
    with stream:
        lines = csv.writer(stream)
        lines.writerow(LIST_HEADERS)
        yield lambda name, telling: lines.writerow(
            (
                name, telling.at.astimezone(LONDON).isoformat(timespec="minutes"), telling.alert_id, telling.times,
                telling.kind, telling.urgency, telling.role, telling.staff_role or "team_pool", telling.team,
                telling.follow_up_id, telling.contact_code, telling.pathway, telling.step,
            )
        )  # fmt: skip


@contextmanager
def _progress(name: str) -> Iterator[Callable[[datetime], None]]:
    """Yield what shows how far the simulated clock is; silent where nobody watches."""
    with Progress(
        "{task.description}", TimeElapsedColumn(), console=Console(stderr=True), disable=not sys.stderr.isatty(),
        transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task(f"{name}: reading", total=None)
        yield lambda now: bar.update(task, description=f"{name}: {now:%d.%m.%Y %H:%M}")
