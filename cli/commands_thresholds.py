"""`thresholds list|approve`: who has signed which threshold. An unsigned one shows a score without a band, and asks."""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from cli.exits import UNUSABLE, print_json, stop
from cli.opening import opened
from models.db import clock, threshold_signatures

app = typer.Typer(help="The thresholds that raise a prompt: list, sign.", no_args_is_help=True)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the rules of the prompts file and whether somebody has signed each as it is now."""
    with opened() as ready, Session(ready.engine) as session:
        rules = ready.rules().prompts.rules
        signed = threshold_signatures.signed(session)
    lines = [
        {"rule": rule.id, "title": rule.title, "signed": rule.signed_by is not None or rule.content_sha256 in signed}
        for rule in rules
    ]
    if as_json:
        print_json(lines)
        return
    for line in lines:
        typer.echo(f"{line['rule']:24} {'signed' if line['signed'] else 'not signed':12} {line['title']}")


@app.command()
def approve(
    rule: Annotated[str, typer.Argument(help="The rule's id, or `all`.")],
    by: Annotated[str, typer.Option(help="Who signs; kept for good.")],
) -> None:
    """Sign a rule exactly as it is: the signature ends when the rule is changed."""
    if not by.strip():
        stop("nobody is named; expected --by with the name of who signs", code=UNUSABLE)
    with opened() as ready, Session(ready.engine) as session:
        wanted = [one for one in ready.rules().prompts.rules if rule in ("all", one.id)]
        if not wanted:
            stop(f"no rule has the id {rule!r}; `steadfast thresholds list` shows them", code=UNUSABLE)
        new = threshold_signatures.approve(session, wanted, by=by, now=clock.now(session))
        session.commit()
    typer.echo(f"{len(new)} newly signed by {by}" + (f": {', '.join(new)}" if new else ""))
