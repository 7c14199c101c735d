"""Secrets made once and kept in the data folder, readable by their owner alone. Never prints or logs what they hold."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

SECRET_BYTES = 32


def random_secret() -> str:
    """Return a new secret of 256 bits, safe inside an address and in a shell."""
    return secrets.token_urlsafe(SECRET_BYTES)


def read_or_create(path: Path, make: Callable[[], str] = random_secret) -> str:
    """Return the text of `path`; where it doesn't exist, write what `make` gives there (mode 0600) and return that.

    Two processes at once get the same text: the file appears whole, by a link, or not at all.
    """
    if not path.exists():
        _create(path, make())
    return path.read_text(encoding="utf-8")


def _create(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was first; its text stands
    finally:
        draft.unlink()
