"""`pathways lint|load|approve|list`: the life of the ladders."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from cli.exits import NOT_CLEAN, UNUSABLE, print_json, stop
from cli.opening import opened, settings_of
from config.lint import lint_all
from config.rules import rule_folders
from models.db import clock, pathway_versions

app = typer.Typer(help="The plans that follow-ups climb: check, load, sign.", no_args_is_help=True)


@app.command()
def lint(
    folder: Annotated[Path | None, typer.Argument(help="A trust's own rules; default: STEADFAST_CONFIG_DIR.")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Check all rule files, a trust's own laid over the shipped ones; exit 1 if any has a fault."""
    findings = lint_all(rule_folders(folder or settings_of().config_dir))
    if as_json:
        print_json({"findings": [str(finding) for finding in findings]})
    else:
        for finding in findings:
            typer.echo(str(finding))
    if findings:
        raise typer.Exit(NOT_CLEAN)
    if not as_json:
        typer.echo("no fault found")


@app.command()
def load() -> None:
    """Store the versions that are not stored yet. Their content can never change afterwards."""
    with opened() as ready, Session(ready.engine) as session:
        try:
            new = pathway_versions.load(session, ready.rules().pathway_contents.values(), now=clock.now(session))
        except pathway_versions.PathwayChanged as error:
            stop(str(error), code=UNUSABLE)
        session.commit()
    for code, version in new:
        typer.echo(f"loaded {code} version {version}")
    typer.echo(f"{len(new)} new")


@app.command()
def approve(
    code: str,
    version: int,
    by: Annotated[str, typer.Option(help="Who signs; kept for good.")],
) -> None:
    """Sign one version; only signed versions let a text to a family through."""
    with opened() as ready, Session(ready.engine) as session:
        try:
            pathway_versions.approve(session, code, version, by=by, now=clock.now(session))
        except (pathway_versions.PathwayNotLoaded, pathway_versions.PathwayAlreadySigned) as error:
            stop(str(error), code=UNUSABLE)
        session.commit()
    typer.echo(f"{code} version {version} signed by {by}")


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the stored versions and who signed them."""
    with opened() as ready, Session(ready.engine) as session:
        versions = pathway_versions.listed(session)
    if as_json:
        print_json([{"code": each.code, "version": each.version, "signed_by": each.signed_by} for each in versions])
        return
    for each in versions:
        typer.echo(f"{each.code:30} {each.version:>4}  from {each.effective_from}  {each.signed_by or 'not signed'}")
