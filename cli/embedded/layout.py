"""Where everything lies inside a data folder, and whether the folder can be used at all."""

import os
from dataclasses import dataclass
from pathlib import Path

from cli.embedded.errors import DataPathTooLong, EmbeddedError

SOCKET_PATH_BYTES = 107  # the room a unix socket's address has on Linux, without its closing zero byte
PORT = 5432  # only names the socket file; no server listens on a network address


@dataclass(frozen=True)
class Layout:
    """The paths of one data folder."""

    root: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's own folder; its socket lies in it, so only its account gets near."""
        return self.root / "postgres"

    @property
    def postgres_socket(self) -> Path:
        return self.postgres / f".s.PGSQL.{PORT}"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def redis_socket(self) -> Path:
        return self.redis / "redis.sock"

    @property
    def keeper_socket(self) -> Path:
        return self.root / "keeper.sock"

    @property
    def logs(self) -> Path:
        return self.root / "log"


def prepared(data_dir: Path) -> Layout:
    """Return the layout of `data_dir`, made if it isn't there. Raises DataPathTooLong before anything is made."""
    layout = Layout(data_dir.expanduser().resolve())
    sockets = (layout.postgres_socket, layout.redis_socket, layout.keeper_socket)
    length = len(os.fsencode(layout.root))
    room = SOCKET_PATH_BYTES - (max(len(os.fsencode(path)) for path in sockets) - length)
    if length > room:
        raise DataPathTooLong(
            f"the data folder {layout.root} is {length} bytes long; at most {room} leave room for the database's "
            "socket. Choose a shorter STEADFAST_DATA_DIR or --data"
        )
    try:
        layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        layout.logs.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(f"the data folder {layout.root} can't be made or used: {error.strerror}") from error
    return layout
