"""`texts stop|resume`: the kill switches of family texts, of one team or the deployment. Staff alerts go on."""

from typing import Annotated

import typer
from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.exits import UNUSABLE, stop
from cli.opening import opened
from models.db import clock, texts_stop
from models.domain.words import ActorKind

app = typer.Typer(help="Stop all texts to families, or let them go again.", no_args_is_help=True)

By = Annotated[str, typer.Option(help="Who decides; kept for good.")]
Team = Annotated[str | None, typer.Option(help="Only this team, by code. Default: everywhere.")]


@app.command("stop")
def stop_texts(by: By, team: Team = None) -> None:
    """Stop texts from the next one on. What is held back goes out again only by a person's release."""
    _throw("stop", by=by, team=team)


@app.command("resume")
def resume_texts(by: By, team: Team = None) -> None:
    """Let texts go again."""
    _throw("resume", by=by, team=team)


def _throw(act: str, *, by: str, team: str | None) -> None:
    if not by.strip():
        stop("nobody is named; expected --by with the name of who decides", code=UNUSABLE)
    with opened() as ready, Session(ready.engine) as session:
        now = clock.now(session)
        team_id = None if team is None else _team_id(session, team)
        match act, team_id:
            case "stop", None:
                texts_stop.stop_everywhere(session, by=by, now=now)
            case "resume", None:
                texts_stop.lift_everywhere(session, by=by, now=now)
            case "stop", int(found):
                texts_stop.stop_team(session, found, by=by, now=now)
            case _, int(found):
                texts_stop.lift_team(session, found)
        session.execute(
            _AUDITED, {"now": now, "kind": ActorKind.PERSON.value, "by": by, "act": f"texts_{act}", "id": team_id}
        )
        session.commit()
    typer.echo(f"texts {'are stopped' if act == 'stop' else 'go again'}: {team or 'everywhere'}")


def _team_id(session: Session, code: str) -> int:
    found = session.execute(text("SELECT id FROM team WHERE code = :code"), {"code": code}).scalar_one_or_none()
    if found is None:
        stop(f"no team has the code {code!r}; `steadfast teams list` shows them", code=UNUSABLE)
    return int(found)


_AUDITED = text(
    """
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id)
    VALUES (:now, :kind, :by, :act, 'team', :id)
    """
)
