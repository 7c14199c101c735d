"""Getting hold of the embedded servers: join the keeper of a data folder, or start one.

The servers run at least until the lease is closed or its holder ends, however it ends.
"""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from cli.embedded.errors import EmbeddedError, ServerDidNotStart
from cli.embedded.layout import Layout, prepared
from cli.embedded.postgres import RECOVERY_SECONDS

ANSWER_SECONDS: Final = RECOVERY_SECONDS + 120.0
NOTICE_SECONDS: Final = 0.3  # a keeper whose last lease was closed takes its socket away long before
TRIES: Final = 5  # joining races with a keeper that is just leaving


@dataclass
class Servers:
    """Addresses of the embedded servers, and the lease that keeps them running. Empty for a server not asked for."""

    database_url: str  # as steadfast_app
    owner_url: str  # as steadfast_owner, for migrations
    broker_url: str
    _lease: socket.socket = field(repr=False)
    _layout: Layout = field(repr=False)

    def renew(self) -> bool:
        """Start another keeper where ours has gone, killed by whatever; return whether it had. The addresses stay.

        Raises EmbeddedError where the servers won't start; ask again then.
        """
        if not _has_gone(self._lease):
            return False
        again = ensure(self._layout.root, postgres=bool(self.database_url), redis=bool(self.broker_url))
        self._lease.close()
        self._lease = again._lease
        return True

    def close(self) -> None:
        """Give the lease back; with the last one of the folder the servers stop."""
        self._lease.close()

    def close_and_wait(self) -> None:
        """Give the lease back; if nobody else holds one, return only when the servers have stopped."""
        self.close()
        others_since = time.monotonic() + NOTICE_SECONDS
        while _has_keeper(self._layout):
            if self._layout.keeper_socket.exists() and time.monotonic() > others_since:
                return
            time.sleep(0.05)

    def __enter__(self) -> "Servers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def ensure(
    data_dir: Path, *, postgres: bool = True, redis: bool = True, settings: Mapping[str, str] | None = None
) -> Servers:
    """Return running servers on `data_dir`, joined or started. Raises EmbeddedError saying what is wrong.

    `settings` are PostgreSQL settings on top of the standard ones; a server that already runs keeps its own.
    """
    layout = prepared(data_dir)
    request = {"postgres": postgres, "redis": redis, "settings": dict(settings or {})}
    for _ in range(TRIES):
        with _one_at_a_time(layout):
            lease = _joined(layout) or _started(layout)
            answer = _asked(lease, request)
        if answer is not None:
            break
        lease.close()
    else:
        raise ServerDidNotStart(
            f"the keeper of {layout.root} went away {TRIES} times; see {layout.logs / 'keeper.log'}"
        )
    if "error" in answer:
        lease.close()
        raise ServerDidNotStart(answer["error"])
    return Servers(
        database_url=answer.get("database_url", ""),
        owner_url=answer.get("owner_url", ""),
        broker_url=answer.get("broker_url", ""),
        _lease=lease,
        _layout=layout,
    )


def _has_gone(lease: socket.socket) -> bool:
    """Whether the keeper at the other end has ended: it says nothing unasked."""
    lease.setblocking(False)
    try:
        return lease.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _has_keeper(layout: Layout) -> bool:
    """Whether a keeper holds the folder's lock: also one that is just stopping its servers."""
    handle = os.open(layout.root / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextlib.contextmanager
def _one_at_a_time(layout: Layout) -> Iterator[None]:
    """Let one process at a time join or start; two starting together would make two keepers."""
    handle = os.open(layout.root / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _joined(layout: Layout) -> socket.socket | None:
    lease = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        lease.connect(str(layout.keeper_socket))
    except PermissionError as error:
        lease.close()
        raise EmbeddedError(f"the servers on {layout.root} belong to another user") from error
    except OSError:
        lease.close()
        return None
    return lease


def _started(layout: Layout) -> socket.socket:
    """Start a keeper in a session of its own: a Ctrl-C here must not stop servers that others have joined."""
    ours, theirs = socket.socketpair()
    with theirs, (layout.logs / "keeper.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "cli.embedded.keeper", str(layout.root), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            cwd="/",
        )
    return ours


def _asked(lease: socket.socket, request: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the keeper's answer; None if it went away without one."""
    lease.settimeout(ANSWER_SECONDS)
    try:
        lease.sendall(json.dumps(request).encode())
        with lease.makefile("rb") as answers:
            line = answers.readline()
    except OSError:
        return None
    if not line:
        return None
    answer: dict[str, str] = json.loads(line)
    return answer
