"""The process that owns the embedded servers of one data folder, for as long as somebody holds a lease.

A lease is an open connection to its socket. One thread, one loop: the kernel's promise to end a child with its parent
is tied to the thread that started it. Must not import the product: it outlives the command that started it.
"""

import fcntl
import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cli.embedded.account import server_account
from cli.embedded.errors import EmbeddedError
from cli.embedded.layout import Layout, prepared
from cli.embedded.postgres import Postgres
from cli.embedded.postgres_setup import APP, OWNER
from cli.embedded.redis import Redis

LOCK_SECONDS: Final = 90.0  # as long as an earlier keeper may take to stop its servers
WATCH_SECONDS: Final = 1.0
REQUEST_BYTES: Final = 65536
log = logging.getLogger("steadfast.keeper")


class Keeper:
    """Starts servers on demand, restarts one that died, stops all with the last lease."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._account = server_account()
        self._postgres: Postgres | None = None
        self._redis: Redis | None = None
        self._selector = selectors.DefaultSelector()
        self._listener = _listen(layout.keeper_socket)
        self._leases = 0

    def serve(self, first_lease: socket.socket) -> None:
        """Answer requests until the last lease is closed, then stop the servers."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._add(first_lease)
        try:
            while self._leases:
                for key, _ in self._selector.select(WATCH_SECONDS):
                    self._read(key.fileobj)
                self._revive()
        finally:
            self._close()

    def _read(self, source: Any) -> None:
        if source is self._listener:
            self._add(self._listener.accept()[0])
            return
        try:
            text = source.recv(REQUEST_BYTES)
        except OSError:
            text = b""
        if text:
            self._answer(source, json.loads(text))
            return
        self._selector.unregister(source)
        source.close()
        self._leases -= 1

    def _add(self, lease: socket.socket) -> None:
        self._selector.register(lease, selectors.EVENT_READ)
        self._leases += 1

    def _answer(self, lease: socket.socket, request: Mapping[str, Any]) -> None:
        try:
            answer = self._provide(request)
        except (EmbeddedError, OSError) as error:
            log.exception("the servers could not be provided")
            answer = {"error": str(error)}
        try:
            lease.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            log.info("the asker left before the answer")

    def _provide(self, request: Mapping[str, Any]) -> dict[str, str]:
        answer = {}
        if request["postgres"]:
            if self._postgres is None:
                server = Postgres(self._layout, self._account, settings=request["settings"])
                server.start()
                self._postgres = server
            answer["database_url"] = self._postgres.url(APP)
            answer["owner_url"] = self._postgres.url(OWNER)
        if request["redis"]:
            if self._redis is None:
                broker = Redis(self._layout, self._account)
                broker.start()
                self._redis = broker
            answer["broker_url"] = self._redis.url()
        return answer

    def _revive(self) -> None:
        """Start again a server that died by itself; if it won't start, try again on the next round."""
        for server in (self._postgres, self._redis):
            if server is not None and not server.is_running():
                log.warning("a server ended by itself; starting it again")
                try:
                    server.start()
                except (EmbeddedError, OSError):
                    log.exception("it did not start")

    def _close(self) -> None:
        self._layout.keeper_socket.unlink(missing_ok=True)
        self._listener.close()
        for server in (self._redis, self._postgres):
            if server is not None:
                server.stop()


def _listen(path: Path) -> socket.socket:
    """Listen on `path`; the lock is ours, so a socket already there is a dead keeper's."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o077)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(64)
    return listener


def _lock(layout: Layout) -> int:
    """Take the folder's lock, waiting for an earlier keeper to finish; return the open file that holds it."""
    handle = os.open(layout.root / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise EmbeddedError(f"another keeper holds {layout.root} and does not let go") from None
            time.sleep(0.05)


def main() -> None:
    """Run as `python -m cli.embedded.keeper DATA_DIR FD`; FD is the first lease, inherited from the asker."""
    data_dir, handle = Path(sys.argv[1]), int(sys.argv[2])
    first_lease = socket.socket(fileno=handle)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the asker's; the servers go with its lease
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # runs the `finally` that stops the servers
    layout = prepared(data_dir)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    held = _lock(layout)
    try:
        Keeper(layout).serve(first_lease)
    finally:
        os.close(held)


if __name__ == "__main__":
    main()
