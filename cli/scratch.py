"""A PostgreSQL server of a replay's own, in a temporary folder: no live database is opened, none can be touched.

It is gone with the replay, also on an error and Ctrl-C. One killed with -9 leaves its folder, whose server has stopped
with it; the next replay removes that.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, create_engine

from cli.embedded import ensure
from models.db import migrate

PREFIX: Final = "steadfast-replay-"
_LOCKS: Final = ("replay.lock", "keeper.lock")
_NEW_SECONDS: Final = 30.0  # a folder just made may not have its lock yet
# The history is made again at will: a crash of the machine may lose it.
_FAST: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}


@dataclass(frozen=True)
class Scratch:
    """A migrated, empty database: as the application's role, and as its tables' owner."""

    engine: Engine
    owner: Engine


@contextmanager
def scratch() -> Iterator[Scratch]:
    """Yield a new database on a server of its own; both are gone afterwards. Raises EmbeddedError."""
    remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = _locked(folder / _LOCKS[0])
    try:
        with ensure(folder, redis=False, settings=_FAST) as servers:
            engine, owner = create_engine(servers.database_url), create_engine(servers.owner_url)
            try:
                migrate.upgrade(owner)
                yield Scratch(engine, owner)
            finally:
                engine.dispose()
                owner.dispose()
                servers.close_and_wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def remove_leftovers() -> int:
    """Remove the folders of replays that were killed; return how many. One still at work is left alone."""
    removed = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and _is_idle(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
    return removed


def _is_idle(folder: Path) -> bool:
    """Whether neither a replay nor its server's keeper holds the folder any more."""
    present = [folder / name for name in _LOCKS if (folder / name).exists()]
    if not present:
        return time.time() - folder.stat().st_mtime > _NEW_SECONDS
    for path in present:
        lock = _locked(path)
        if lock is None:
            return False
        os.close(lock)
    return True


def _locked(path: Path) -> int | None:
    """Hold the file's lock; None where somebody else does. The kernel gives it back however its holder ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
