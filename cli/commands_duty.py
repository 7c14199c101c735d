"""`duty list|add|test|end`: who can be reached out of hours, by which route, and that somebody has tried it."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.duty_hours import HoursError, read_hours
from cli.exits import UNUSABLE, print_json, stop
from cli.opening import opened
from intake.parsing import phone_number
from models.db import clock, out_of_hours
from models.domain.words import RouteKind

app = typer.Typer(help="Who can be reached out of hours, and by which tested route.", no_args_is_help=True)
By = Annotated[str, typer.Option(help="Who does this; kept for good.")]


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the routes in use, when each is staffed, and when it was last tested."""
    with opened() as ready, Session(ready.engine) as session:
        routes = out_of_hours.routes(session)
    if as_json:
        print_json([asdict(route) for route in routes])
        return
    for route in routes:
        tested = f"tested {route.tested_on} by {route.tested_by}" if route.tested_on else "never tested"
        team = route.team_code or "all teams"
        typer.echo(f"{route.id:>4}  {team:16} {route.label:28} {route.kind:8} {route.reaches}  {tested}")


@app.command()
def add(
    label: Annotated[str, typer.Argument(help="What it is called, such as 'On-call safeguarding'.")],
    kind: Annotated[RouteKind, typer.Option(help="By what: a login here, an e-mail address, a telephone.")],
    reaches: Annotated[str, typer.Option(help="The practitioner's code, the address or the number.")],
    hours: Annotated[list[str], typer.Option(help="When: 'mon-fri 17:00-09:00'; may be given again.")],
    by: By,
    team: Annotated[str | None, typer.Option(help="The team it is for, by code. Default: every team.")] = None,
) -> None:
    """Add a route. It counts from the day on which somebody has tested it: `steadfast duty test`."""
    try:
        spans = [span for each in hours for span in read_hours(each)]
    except HoursError as error:
        stop(str(error), code=UNUSABLE)
    with opened() as ready, Session(ready.engine) as session:
        target = _target(session, kind, reaches)
        team_id = None if team is None else _id(session, "team", team)
        now = clock.now(session)
        route_id = out_of_hours.add_route(
            session, team_id=team_id, label=label, kind=kind, reaches=target, hours=spans, by=f"person:{by}", now=now
        )
        session.commit()
    typer.echo(f"route {route_id} added; test it, then: steadfast duty test {route_id} --by NAME")


@app.command("test")
def record_test(
    route: int,
    by: By,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day. Default: today.")] = None,
) -> None:
    """Record that somebody has reached whoever is on duty by this route."""
    with opened() as ready, Session(ready.engine) as session:
        now = clock.now(session)
        today = ready.rules().calendar.civil_date(now)
        day = today if on is None else on.date()
        if day > today:
            stop(f"{day} is still to come; expected today or a day before", code=UNUSABLE)
        if not out_of_hours.record_test(session, route_id=route, by=f"person:{by}", on=day, now=now):
            stop(f"no route in use has the number {route}; `steadfast duty list` shows them", code=UNUSABLE)
        session.commit()
    typer.echo(f"route {route} tested on {day} by {by}")


@app.command()
def end(route: int, by: By) -> None:
    """Take a route out of use."""
    with opened() as ready, Session(ready.engine) as session:
        if not out_of_hours.end_route(session, route_id=route, by=f"person:{by}", now=clock.now(session)):
            stop(f"no route in use has the number {route}; `steadfast duty list` shows them", code=UNUSABLE)
        session.commit()
    typer.echo(f"route {route} is out of use")


def _target(session: Session, kind: RouteKind, reaches: str) -> str | int:
    if kind is RouteKind.ACCOUNT:
        return _id(session, "practitioner", reaches)
    if kind is RouteKind.EMAIL:
        if reaches.count("@") != 1:
            stop(f"--reaches is {reaches!r}; expected an e-mail address", code=UNUSABLE)
        return reaches
    number = phone_number(reaches)
    if number is None:
        stop(f"--reaches is {reaches!r}; expected a telephone number such as 01632 960999", code=UNUSABLE)
    return number


def _id(session: Session, table: str, code: str) -> int:
    found = session.execute(text(f"SELECT id FROM {table} WHERE code = :code"), {"code": code}).scalar()
    if found is None:
        stop(f"no {table} has the code {code!r}", code=UNUSABLE)
    return int(found)
