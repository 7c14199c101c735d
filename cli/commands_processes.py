"""`scheduler`, `worker`, `web` and `migrate`: one process each, for real deployments and for `up`."""

from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Annotated

import typer

from cli.embedded.children import die_with_parent, forks_die_with_us
from cli.exits import CANNOT_RUN, stop
from cli.logs import log_to_stderr
from cli.opening import Opened, bring_up, opened, running, settings_of
from cli.schema_gate import WAIT_SECONDS
from config.settings import SettingsError, known_secret_key


class Lane(StrEnum):
    """The lanes of work; each is a queue and a process of its own."""

    URGENT = "urgent"  # red flags and alerts
    ENGINE = "engine"  # detect, advance, reconcile, audit
    SEND = "send"  # texts


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (scheduler, worker, web, migrate):
        app.command()(command)


def scheduler() -> None:
    """Tick: ring the lanes, keep the leader's lease, send heartbeats. Two at once are harmless."""
    from scheduler.main import run  # only this command needs it: starting another shouldn't import it

    with _process() as ready:
        run(ready.settings)


def worker(
    lane: Annotated[Lane, typer.Option(help="Which lane to drain.")] = Lane.ENGINE,
    concurrency: Annotated[int | None, typer.Option(min=1, help="How many at once. Default: fit for the lane.")] = None,
) -> None:
    """Drain one lane whenever it is rung, and every half minute unrung."""
    from workers.main import run

    forks_die_with_us()
    with _process() as ready:
        ready.engine.dispose()  # no connection may be shared over a fork
        run(ready.settings, lane.value, concurrency)


def web(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
) -> None:
    """Serve the pages, the API and the webhooks. Needs STEADFAST_SECRET_KEY, or the one that `up` made."""
    try:
        known_secret_key(settings_of())
    except SettingsError as error:
        stop(str(error), code=CANNOT_RUN)
    from web.main import run

    with _process() as ready:
        settings = ready.settings
        if settings.public_url is None:
            settings = settings.model_copy(update={"public_url": f"http://{host}:{port}"})
        run(settings, ready.engine, ready.rules(), host=host, port=port)


def migrate() -> None:
    """Bring the database to this version's schema, under a lock: two at once are safe."""
    settings = settings_of()
    with running(settings, redis=False) as (in_force, owner_url, _):
        address = owner_url or in_force.database_url
        assert address is not None
        typer.echo(f"the database's schema is {bring_up(address, settings)}")


def _process() -> AbstractContextManager[Opened]:
    log_to_stderr()
    die_with_parent()
    return opened(broker=True, wait=WAIT_SECONDS)
