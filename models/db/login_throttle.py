"""Slow down guessing: tries at logging in are counted by user name and by address, each kept as a keyed hash."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from models.db.tables import LoginTry


@dataclass(frozen=True, slots=True)
class ThrottleRule:
    """After `free_tries` failures within `window`, each further one doubles the wait, up to `longest_wait`."""

    free_tries: int
    window: timedelta
    first_wait: timedelta
    longest_wait: timedelta

    def wait_until(self, *, failures: int, last_at: datetime | None) -> datetime | None:
        """Until when no further try is looked at; None if one is."""
        if last_at is None or failures < self.free_tries:
            return None
        doublings = min(failures - self.free_tries, 20)
        wait: timedelta = min(self.first_wait * 2**doublings, self.longest_wait)
        return last_at + wait


def key_of(kind: str, who: str, *, secret: bytes) -> bytes:
    """The keyed hash under which tries of `who` are counted; `kind` keeps names and addresses apart."""
    return hmac.new(secret, f"login:{kind}:{who.strip().lower()}".encode(), sha256).digest()


def begin_try(session: Session, *, key: bytes, rule: ThrottleRule, now: datetime) -> datetime | None:
    """Count one try as failed until it is known to be good, or return until when to wait. The caller commits first.

    Tries of one key take turns on a lock, so that a hundred at once can't all be the first.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(key[:8], signed=True)})
    failures, last_at = session.execute(
        select(func.count(), func.max(LoginTry.at)).where(
            LoginTry.key_hash == key, LoginTry.at > now - rule.window, LoginTry.succeeded.is_(False)
        )
    ).one()
    until = rule.wait_until(failures=failures, last_at=last_at)
    if until is not None and until > now:
        return until
    session.execute(insert(LoginTry).values(key_hash=key, at=now, succeeded=False))
    return None


def succeed(session: Session, *, keys: list[bytes], name_key: bytes, now: datetime, rule: ThrottleRule) -> None:
    """The try just counted was good: clear the name's failures, and for the other keys take back this one only."""
    session.execute(
        update(LoginTry)
        .where(LoginTry.key_hash == name_key, LoginTry.at > now - rule.window, LoginTry.succeeded.is_(False))
        .values(succeeded=True)
    )
    session.execute(update(LoginTry).where(LoginTry.key_hash.in_(keys), LoginTry.at == now).values(succeeded=True))


def forget_old(session: Session, *, before: datetime) -> int:
    """Remove the tries before `before`, which no throttle counts any more; return how many."""
    return int(session.execute(delete(LoginTry).where(LoginTry.at < before)).rowcount)  # type: ignore[attr-defined]
