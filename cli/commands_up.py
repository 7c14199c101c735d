"""`up`: all of Steadfast on this machine, and `run` for a first look with made-up families."""

import fcntl
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.demo import refuse_demo_on_real_data, show_or_make_demo
from cli.embedded import EmbeddedError, Servers
from cli.embedded.layout import prepared
from cli.exits import CANNOT_RUN, stop
from cli.fleet import Fleet
from cli.opening import bring_up, running, settings_of
from config.settings import PREFIX, Settings, made_secret_key

TEND_SECONDS: Final = 0.5
PORT_WAIT_SECONDS: Final = 15.0  # how long an earlier web, just killed, may still hold the port
LANES: Final = ("urgent", "engine", "send")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(up)


def up(
    data: Annotated[
        Path | None, typer.Option(help="The data folder. Default: STEADFAST_DATA_DIR, or .steadfast")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    demo: Annotated[bool, typer.Option(help="Load made-up families, once, and make accounts to look at them.")] = False,
) -> None:
    """Run all of Steadfast here: servers unless addresses are given, migrations, scheduler, workers, web."""
    settings = settings_of(data)
    if demo and settings.database_url is not None:
        stop(
            "--demo is refused: STEADFAST_DATABASE_URL is set, and made-up families don't belong there", code=CANNOT_RUN
        )
    wanted = _Stop()
    with _only_up(settings.data_dir), running(settings, redis=settings.broker_url is None) as found:
        in_force, owner_url, servers = found
        address = owner_url or in_force.database_url
        assert address is not None
        if demo:
            refuse_demo_on_real_data(address, in_force.data_dir)
        bring_up(address, in_force)
        _run(in_force, servers, host=host, port=port, demo=demo, wanted=wanted)


def _run(settings: Settings, servers: Servers | None, *, host: str, port: int, demo: bool, wanted: "_Stop") -> None:
    _wait_for_port(host, port)
    logs = prepared(settings.data_dir).logs
    fleet = Fleet(_commands(host, port), environment=_environment(settings, host, port), logs=logs)
    try:
        if demo:
            accounts = show_or_make_demo(settings)
        fleet.tend()
        _wait_for_page(host, port, fleet, wanted)
        if not wanted.asked:
            typer.echo(f"Steadfast runs on http://{_shown(host)}:{port}/   (logs in {logs}; Ctrl-C ends it)")
            if demo:
                typer.echo(accounts)
        while not wanted.asked:
            _tend(fleet, servers, logs)
            time.sleep(TEND_SECONDS)
        typer.echo("stopping")
    finally:
        fleet.stop()


def _tend(fleet: Fleet, servers: Servers | None, logs: Path) -> None:
    """Start again what has ended by itself: the servers' keeper first, for without it nothing else can work."""
    try:
        if servers is not None and servers.renew():
            typer.echo(f"the servers' keeper ended by itself and is started again; see {logs / 'keeper.log'}", err=True)
    except EmbeddedError as error:
        typer.echo(str(error), err=True)
    for name in fleet.tend():
        typer.echo(f"{name} ended by itself and is started again; see {logs / name}.log", err=True)


class _Stop:
    """Whether somebody asked us to end: a Ctrl-C or a SIGTERM."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


@contextmanager
def _only_up(data_dir: Path) -> Iterator[None]:
    """Hold the folder's lock for `up`; end the command if another one holds it."""
    try:
        layout = prepared(data_dir)
    except EmbeddedError as error:
        stop(str(error), code=CANNOT_RUN)
    handle = os.open(layout.root / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stop(f"another `steadfast up` already runs on {layout.root}", code=CANNOT_RUN)
    try:
        yield
    finally:
        os.close(handle)


def _commands(host: str, port: int) -> dict[str, list[str]]:
    workers = {f"worker-{lane}": ["worker", "--lane", lane] for lane in LANES}
    return {"scheduler": ["scheduler"], **workers, "web": ["web", "--host", host, "--port", str(port)]}


def _environment(settings: Settings, host: str, port: int) -> dict[str, str]:
    """Return the environment of the children: ours, with the addresses in force."""
    assert settings.database_url is not None
    assert settings.broker_url is not None
    ours = {
        "DATABASE_URL": settings.database_url,
        "BROKER_URL": settings.broker_url,
        "DATA_DIR": str(settings.data_dir.expanduser().resolve()),
        "SECRET_KEY": made_secret_key(settings),
        "PUBLIC_URL": settings.public_url or f"http://{_shown(host)}:{port}",
    }
    return {**os.environ, **{PREFIX + name: value for name, value in ours.items()}}


def _wait_for_port(host: str, port: int) -> None:
    deadline = time.monotonic() + PORT_WAIT_SECONDS
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    stop(
                        f"port {port} of {host} can't be used: {error.strerror}; choose another --port", code=CANNOT_RUN
                    )
        time.sleep(0.2)


def _wait_for_page(host: str, port: int, fleet: Fleet, wanted: _Stop) -> None:
    """Return once the web answers, or somebody asked us to end."""
    address = f"http://{_shown(host)}:{port}/livez"
    while not wanted.asked:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            for name in fleet.tend():
                typer.echo(f"{name} ended at its start; it is tried again", err=True)
            time.sleep(TEND_SECONDS)


def _shown(host: str) -> str:
    """Return the host as a browser on this machine can use it."""
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
