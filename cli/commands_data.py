"""`import`, `demo-data` and `sources`: data in, and what a source's data mean."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
from sqlalchemy.orm import Session

from cli.exits import UNUSABLE, print_json, stop
from cli.opening import LONDON, opened
from intake.formats import Format
from intake.report import ImportReport
from models.db import clock
from models.domain.words import ImportKind

sources = typer.Typer(help="The senders of data, and what their data mean.", no_args_is_help=True)
PROGRESS_FROM_LINES = 20_000  # a shorter file is done before anybody looks
SHOWN_REJECTIONS = 20
SHORT_NAMES = {"go_live": "go_live_on"}


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("import")(import_)
    app.command("demo-data")(demo_data)


def import_(
    file: Path,
    source: Annotated[str, typer.Option(help="The sender's name; a new one is made known.")],
    format: Annotated[Format, typer.Option(help="The file's format.")] = Format.CSV,
    kind: Annotated[ImportKind, typer.Option(help="What a row is.")] = ImportKind.APPOINTMENTS,
    mapping: Annotated[Path | None, typer.Option(help="A mapping file from their columns to ours.")] = None,
    as_of: Annotated[datetime | None, typer.Option(help="The time up to which the file is complete.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Do everything, then take it back.")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Import one file; the same file twice changes nothing. Exit 2, and nothing stored, if it can't be used."""
    from cli.settling import settle  # brings the whole engine: only an import needs it
    from intake.errors import UnusableInput
    from intake.run import import_file

    with opened() as ready:
        with Session(ready.engine) as session:
            now = clock.now(session)
        rules = ready.rules()
        with _progress() as progress:
            try:
                report = import_file(
                    ready.engine, file, kind=kind, source=source, mapping_path=mapping, dry_run=dry_run,
                    progress=progress, rules=rules, now=now, as_of=_civil(as_of, rules.calendar.zone),
                    format=format,
                )  # fmt: skip
            except UnusableInput as error:
                if as_json:
                    print_json({"error": str(error)})
                stop(str(error), code=UNUSABLE)
            if not dry_run:
                progress.say("looking for what was missed")
                settle(ready.engine, rules)
    if as_json:
        sys.stdout.writelines(report.json_pieces())
    else:
        _tell(report)


def demo_data(
    families: Annotated[int, typer.Option(min=1, help="How many families.")],
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same families.")] = 1,
    children_per_visitor: Annotated[
        int | None, typer.Option(min=1, help="Make a whole trust, with so many children under five a health visitor.")
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which they are written; default: today.")
    ] = None,
) -> None:
    """Write made-up trust extracts in the import format."""
    from intake.demo import write_extracts

    try:
        out.mkdir(parents=True, exist_ok=True)
        today = (as_of or datetime.now(LONDON)).date()
        written = write_extracts(
            out, families=families, seed=seed, today=today, children_per_visitor=children_per_visitor
        )
    except OSError as error:
        stop(f"{out} can't be written to: {error.strerror or error}", code=UNUSABLE)
    for path in written:
        typer.echo(str(path))


@sources.command("list")
def sources_list(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the senders and what their data mean."""
    from models.db import sources as queries

    with opened() as ready, Session(ready.engine) as session:
        lines = [asdict(line) for line in queries.list_(session)]
    if as_json:
        print_json(lines)
        return
    for line in lines:
        typer.echo("  ".join(f"{name}={value}" for name, value in line.items()))


@sources.command("set")
def sources_set(
    name: str,
    settings: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="What its data mean.")],
    by: Annotated[str, typer.Option(help="Who declares it; kept for good.")],
) -> None:
    """Declare what a sender's data mean: go-live date, rhythm, authority, empty values."""
    from models.db import sources as queries

    values = dict(_pair(setting) for setting in settings)
    with opened() as ready, Session(ready.engine) as session:
        try:
            is_new = queries.set_(session, name=name, values=values, by=by, now=clock.now(session))
        except (LookupError, ValueError) as error:
            stop(str(error), code=UNUSABLE)
        session.commit()
    typer.echo(f"{name}{' (new)' if is_new else ''}: {', '.join(settings)}")


def _pair(setting: str) -> tuple[str, str]:
    key, mark, value = setting.partition("=")
    if not mark or not key:
        stop(f"{setting!r} is no setting; expected KEY=VALUE", code=UNUSABLE)
    name = key.replace("-", "_")
    return SHORT_NAMES.get(name, name), value


def _civil(told: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A time without a zone is civil time here, as in a file, wherever the machine thinks it stands. In UTC."""
    if told is None:
        return None
    return (told.replace(tzinfo=zone) if told.tzinfo is None else told).astimezone(UTC)


class _Watched:
    """Tells how far a long file is, and, once it is read, what is done with it and for how long."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("reading", total=None, visible=False)

    def __call__(self, rows: int, lines: int) -> None:
        self._bar.update(self._task, completed=rows, total=lines, visible=lines >= PROGRESS_FROM_LINES)
        if rows >= lines:
            self.say("storing")

    def say(self, what: str) -> None:
        """Name the next stage, whose end nobody can tell."""
        self._bar.update(self._task, description=what)


@contextmanager
def _progress() -> Iterator[_Watched]:
    """Yield the watcher of an import; silent where nobody watches."""
    with Progress(
        "{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True),
        disable=not sys.stderr.isatty(), transient=True,
    ) as bar:  # fmt: skip
        yield _Watched(bar)


def _tell(report: ImportReport) -> None:
    typer.echo(
        f"{report.read} rows read: {report.created} new, {report.updated} changed, {report.unchanged} unchanged, "
        f"{len(report.rejected)} rejected" + (" (dry run: nothing stored)" if report.dry_run else "")
    )
    for note in report.notes:
        typer.echo(note)
    for each in report.rejected[:SHOWN_REJECTIONS]:
        typer.echo(f"line {each.line}, {each.column}: {each.value!r}: {each.reason}")
    if len(report.rejected) > SHOWN_REJECTIONS:
        typer.echo(f"and {len(report.rejected) - SHOWN_REJECTIONS} more rejected; all are kept and listed with --json")
