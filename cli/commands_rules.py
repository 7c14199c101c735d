"""`pathways lint|load|approve|list|move`: the life of the ladders."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.orm import Session

from cli.exits import NOT_CLEAN, UNUSABLE, print_json, stop
from cli.moving import Group, Preview, carry_out, prepare, preview, unmapped_words
from cli.opening import opened, settings_of
from config.lint import lint_all
from config.rules import rule_folders
from models.db import clock, pathway_versions
from models.db.pathway_moves import Which
from models.domain.pathway_move import Mapped, MoveRefused

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


@app.command()
def move(
    code: str,
    to: Annotated[int, typer.Option(help="The newer version that live follow-ups go on with.")],
    by: Annotated[str, typer.Option(help="Who decides it; kept in each story.")],
    why: Annotated[str, typer.Option(help="Why; kept in the audit trail.")],
    only_from: Annotated[int | None, typer.Option("--from", help="Move those of this version alone.")] = None,
    mapping: Annotated[list[str] | None, typer.Option("--map", help="OLD=NEW step, or OLD=- for nothing.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Show who is affected and what changes; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Move live follow-ups to a newer version of their ladder, with a preview. Safe to run twice, or to be killed."""
    if not by.strip() or not why.strip():
        stop("expected a name (--by) and a reason (--why)", code=UNUSABLE)
    with opened() as ready:
        rules = ready.rules()
        try:
            wanted = prepare(ready.engine, Which(code, to, only_from), _mapping(mapping or []), rules)
            found = preview(ready.engine, wanted)
            if found.unmapped:
                raise MoveRefused(unmapped_words(set(found.unmapped), wanted.new))
            done, left = (0, 0) if dry_run else carry_out(ready.engine, wanted, by=f"person:{by}", why=why)
        except MoveRefused as refusal:
            stop(str(refusal), code=UNUSABLE)
    zone = rules.calendar.zone
    if as_json:
        groups = [_group_json(group, count, found) for group, count in found.groups.items()]
        print_json({"code": code, "to": to, "dry_run": dry_run, "groups": groups, "moved": done, "left": left})
    else:
        for group, count in found.groups.most_common():
            typer.echo(_group_words(group, count, found, zone))
        affected = sum(found.groups.values())
        typer.echo(f"{affected} live follow-ups (dry run: nothing changed)" if dry_run else f"{done} moved")
    if left:
        stop(f"{left} were in use by somebody else all the while; run it again for them", code=NOT_CLEAN)


def _mapping(pairs: list[str]) -> Mapped:
    found: dict[str, str | None] = {}
    for pair in pairs:
        old, mark, new = pair.partition("=")
        if not mark or not old or not new:
            stop(f"--map {pair!r}: expected OLD=NEW, or OLD=- for nothing", code=UNUSABLE)
        found[old] = None if new == "-" else new
    return found


def _group_words(group: Group, count: int, found: Preview, zone: ZoneInfo) -> str:
    soonest, after = found.due[group]
    risk = ", high risk" if group.high_risk else ""
    then = "at once" if group.fires_at_once else _when(after, zone)
    return (
        f"{count:>6}  version {group.version}, {group.state}{risk}, at {group.step or 'no step yet'}"
        f" -> {group.step_after or 'no step'}; next {group.next_step} ({group.owner}) {_when(soonest, zone)}"
        f" -> {group.next_step_after} ({group.owner_after}) {then}"
    )


def _when(moment: datetime | None, zone: ZoneInfo) -> str:
    return "now" if moment is None else f"from {moment.astimezone(zone):%d.%m.%Y %H:%M}"


def _group_json(group: Group, count: int, found: Preview) -> dict[str, object]:
    soonest, after = found.due[group]
    return {
        "count": count,
        "version": group.version,
        "state": group.state,
        "high_risk": group.high_risk,
        "before": {
            "step": group.step,
            "next_step": group.next_step,
            "next_due": None if soonest is None else soonest.isoformat(),
            "owner": group.owner,
        },
        "after": {
            "step": group.step_after,
            "next_step": group.next_step_after,
            "next_due": None if after is None else after.isoformat(),
            "owner": group.owner_after,
            "at_once": group.fires_at_once,
        },
    }
