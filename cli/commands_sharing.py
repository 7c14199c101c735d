"""`sharing list|sign|end`: the signed agreements under which one service tells another the minimum by itself."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from cli.exits import UNUSABLE, print_json, stop
from cli.opening import Opened, opened
from models.db import clock, sharing_agreements

app = typer.Typer(help="Agreements to share the minimum between services; none by default.", no_args_is_help=True)

By = Annotated[str, typer.Option(help="Who decides; kept for good.")]
From = Annotated[str, typer.Argument(metavar="FROM_SERVICE", help="Such as perinatal_mental_health.")]
To = Annotated[str, typer.Argument(metavar="TO_SERVICE", help="Such as health_visiting.")]


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List all agreements ever signed, and which stand."""
    with opened() as ready, Session(ready.engine) as session:
        today = ready.rules().calendar.civil_date(clock.now(session))
        lines = sharing_agreements.list_(session, today=today)
    if as_json:
        print_json([_plain(asdict(line)) for line in lines])
        return
    for line in lines:
        how = "stands" if line.stands else f"ended by {line.ended_by}" if line.ended_by else "lapsed"
        typer.echo(f"{line.from_service} to {line.to_service}: {how}; {line.signed_by}, until {line.valid_until}")
    if not lines:
        typer.echo("none: every time, a person decides")


@app.command()
def sign(
    from_service: From,
    to_service: To,
    by: By,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Its last day.")],
) -> None:
    """Let the one tell the other the minimum by itself, at the deadline, unless a clinician holds it."""
    with opened() as ready, Session(ready.engine) as session:
        _known(ready, from_service, to_service)
        now = clock.now(session)
        try:
            sharing_agreements.sign(
                session, from_service=from_service, to_service=to_service, by=by, valid_until=until.date(), now=now,
                today=ready.rules().calendar.civil_date(now),
            )  # fmt: skip
        except sharing_agreements.AgreementRefused as error:
            stop(str(error), code=UNUSABLE)
        session.commit()
    typer.echo(f"{from_service} tells {to_service} by itself until {until.date()}")


@app.command()
def end(from_service: From, to_service: To, by: By) -> None:
    """End an agreement: from now on a person decides each time."""
    with opened() as ready, Session(ready.engine) as session:
        try:
            sharing_agreements.end(
                session, from_service=from_service, to_service=to_service, by=by, now=clock.now(session)
            )
        except sharing_agreements.AgreementRefused as error:
            stop(str(error), code=UNUSABLE)
        session.commit()
    typer.echo(f"{from_service} to {to_service}: from now on a person decides")


def _known(ready: Opened, *services: str) -> None:
    known = {kind.service for kind in ready.rules().contacts.kinds.values()}
    for service in services:
        if service not in known:
            stop(f"no service is called {service!r}; expected one of {', '.join(sorted(known))}", code=UNUSABLE)


def _plain(line: dict[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in line.items()}
