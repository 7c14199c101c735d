"""How a command ends: its exit codes, and the one way of telling a person why it can't go on."""

import json
from typing import Any, Final, NoReturn

import typer

NOT_CLEAN: Final = 1  # `audit` found a violation, `pathways lint` a fault
UNUSABLE: Final = 2  # the file or the arguments can't be used; nothing was stored
CANNOT_RUN: Final = 3  # settings, servers or the schema; nothing was begun


def stop(message: str, *, code: int) -> NoReturn:
    """End the command with `message` on standard error."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """Print one JSON object; times and the like in their usual spelling."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))
