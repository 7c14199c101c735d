"""`users add|list|disable` and `teams list|stage`: accounts, and how far a team has gone live."""

import getpass
import secrets
from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from cli.exits import UNUSABLE, print_json, stop
from cli.opening import opened
from models.db import accounts, clock
from models.db import teams as team_queries
from models.domain.words import AccountRole, TeamStage

users = typer.Typer(help="Accounts: add, list, switch off.", no_args_is_help=True)
teams = typer.Typer(help="Teams and how far each has gone live.", no_args_is_help=True)

By = Annotated[str, typer.Option(help="Who does this; kept for good. Default: this machine's user.")]
AsJson = Annotated[bool, typer.Option("--json")]


@users.command("add")
def users_add(
    username: str,
    role: Annotated[AccountRole, typer.Option(help="What the account may do.")],
    team: Annotated[list[str] | None, typer.Option(help="A team it may see, by code; may be given again.")] = None,
    all_teams: Annotated[bool, typer.Option(help="It may see every team.")] = False,
    practitioner: Annotated[str | None, typer.Option(help="The practitioner it belongs to, by code.")] = None,
    password: Annotated[str | None, typer.Option(help="Default: a random one, printed once.")] = None,
    by: By = "",
) -> None:
    """Add an account. Without --password a random one is made and printed, once."""
    chosen = password or secrets.token_urlsafe(12)
    with opened() as ready, Session(ready.engine) as session:
        try:
            accounts.add(
                session, username=username, password=chosen, role=role, teams=team or (), all_teams=all_teams,
                practitioner=practitioner, by=by or getpass.getuser(), now=clock.now(session),
            )  # fmt: skip
        except accounts.AccountError as error:
            stop(str(error), code=UNUSABLE)
        session.commit()
    typer.echo(f"added {username.strip().lower()}" + ("" if password else f" with the password {chosen}"))


@users.command("list")
def users_list(as_json: AsJson = False) -> None:
    """List the accounts."""
    with opened() as ready, Session(ready.engine) as session:
        lines = accounts.list_(session)
    if as_json:
        print_json(
            [
                {
                    "username": line.username, "role": line.role, "teams": line.teams, "all_teams": line.all_teams,
                    "practitioner": line.practitioner, "disabled": line.disabled,
                }
                for line in lines
            ]
        )  # fmt: skip
        return
    for line in lines:
        seen = "all teams" if line.all_teams else ", ".join(line.teams) or "no team"
        typer.echo(f"{line.username:24} {line.role:16} {seen}{'  (switched off)' if line.disabled else ''}")


@users.command("disable")
def users_disable(username: str, by: By = "") -> None:
    """Switch an account off and end its sessions at once."""
    with opened() as ready, Session(ready.engine) as session:
        try:
            accounts.disable(session, username=username, by=by or getpass.getuser(), now=clock.now(session))
        except accounts.AccountError as error:
            stop(str(error), code=UNUSABLE)
        session.commit()
    typer.echo(f"{username.strip().lower()} is switched off")


@teams.command("list")
def teams_list(as_json: AsJson = False) -> None:
    """List the teams and their stages."""
    with opened() as ready, Session(ready.engine) as session:
        lines = team_queries.list_(session)
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    for line in lines:
        typer.echo(f"{line.code:24} {line.stage:8} {line.name}")


@teams.command("stage")
def teams_stage(team: str, stage: TeamStage, by: Annotated[str, typer.Option(help="Who raises it.")]) -> None:
    """Set how far a team has gone live: shadow, staff or texts."""
    with opened() as ready, Session(ready.engine) as session:
        try:
            team_queries.set_stage(session, code=team, stage=stage, by=by, now=clock.now(session))
        except (LookupError, team_queries.StageRefused) as error:
            stop(str(error), code=UNUSABLE)
        session.commit()
    typer.echo(f"{team} is at {stage}")
