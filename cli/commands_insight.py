"""`status`, `audit` and `explain`: how things stand, whether what must hold does, why a follow-up is where it is."""

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from cli.exits import NOT_CLEAN, UNUSABLE, print_json, stop
from cli.opening import opened
from models.db import clock

AsJson = Annotated[bool, typer.Option("--json")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (status, audit, explain):
        app.command()(command)


def status(as_json: AsJson = False) -> None:
    """Counts by state, the oldest due work, the last ticks, how fresh each source is."""
    from models.db.auditor import teams_without_numbers
    from models.db.status import snapshot

    with opened() as ready, Session(ready.engine) as session:
        found = snapshot(session, clock.now(session))
        lacking = teams_without_numbers(session, ready.audit_limits().routes)
    found["teams_without_local_numbers"] = [code for _, code in lacking]
    if as_json:
        print_json(found)
    else:
        _tell(found, indent="")


def audit(as_json: AsJson = False) -> None:
    """Check all that must always hold, over all ages. Exit 1 on a violation."""
    from models.db.auditor import audit as check

    with opened() as ready, Session(ready.engine) as session:
        report = check(session, clock.now(session), limits=ready.audit_limits())
    if as_json:
        print_json(report.to_json())
    else:
        for word, lines in (("violation", report.violations), ("warning", report.warnings)):
            for line in lines:
                typer.echo(f"{word}: {line}")
        typer.echo(f"{len(report.violations)} violations, {len(report.warnings)} warnings")
    if report.violations:
        raise typer.Exit(NOT_CLEAN)


def explain(follow_up: Annotated[int, typer.Argument(help="The follow-up's number.")]) -> None:
    """Say in words why a follow-up is where it is, who has it now, and what happens next."""
    from cli.explaining import explain as in_words

    with opened() as ready, Session(ready.engine) as session:
        try:
            told = in_words(session, follow_up, now=clock.now(session), rules=ready.rules())
        except LookupError as error:
            stop(str(error), code=UNUSABLE)
        session.commit()
    typer.echo(told)


def _tell(found: Any, *, indent: str) -> None:
    for name, value in found.items():
        if isinstance(value, dict):
            typer.echo(f"{indent}{name}:")
            _tell(value, indent=indent + "  ")
        else:
            typer.echo(f"{indent}{name}: {value}")
