"""Hash and check passwords with argon2. The one place of the queries' layer that leans on a library beside SQLAlchemy.

It lives here, below both shells that need it (the command line makes accounts, the web checks them), so that neither
imports the other.
"""

from functools import cache

from pwdlib import PasswordHash

_HASHER = PasswordHash.recommended()


def hash_password(password: str) -> str:
    """Return the argon2 hash to store; its parameters are in it."""
    return _HASHER.hash(password)


def is_password(password: str, stored_hash: str | None) -> bool:
    """Whether `password` is the one of `stored_hash`; an unknown user (None) takes as long as a known one."""
    matches = _HASHER.verify(password, stored_hash or _nobodys_hash())
    return matches and stored_hash is not None


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash("no account has this password")
