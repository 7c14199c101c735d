"""Sessions of logged-in people: only the hash of a token is stored, so a stolen table opens nothing."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from models.db.tables import WebSession
from models.domain.ids import AccountId

# A page load within this time of the last one writes nothing: reading costs no row version.
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A live session: whose it is, and the token its forms must carry."""

    token_hash: bytes
    account_id: AccountId
    csrf_token: str


def begin(session: Session, *, account_id: AccountId, now: datetime, lifetime: timedelta) -> str:
    """Open a new session and return its token, which is never a token that came in with the request."""
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": _hash(token),
        "account_id": account_id,
        "csrf_token": secrets.token_urlsafe(32),
        "created_at": now,
        "last_seen_at": now,
        "expires_at": now + lifetime,
    }
    session.execute(insert(WebSession).values(row))
    return token


def find(session: Session, *, token: str, now: datetime, idle: timedelta) -> OpenSession | None:
    """The live session of `token`; None if unknown, revoked, expired, or idle for too long."""
    found = session.execute(
        select(WebSession.token_hash, WebSession.account_id, WebSession.csrf_token, WebSession.last_seen_at).where(
            WebSession.token_hash == _hash(token),
            WebSession.revoked_at.is_(None),
            WebSession.expires_at > now,
            WebSession.last_seen_at > now - idle,
        )
    ).one_or_none()
    if found is None:
        return None
    if found.last_seen_at < now - TOUCH_EVERY:
        session.execute(update(WebSession).where(WebSession.token_hash == found.token_hash).values(last_seen_at=now))
    return OpenSession(found.token_hash, AccountId(found.account_id), found.csrf_token)


def end(session: Session, *, token: str, now: datetime) -> None:
    """Revoke the session of `token`, if there is one."""
    ended = update(WebSession).where(WebSession.token_hash == _hash(token), WebSession.revoked_at.is_(None))
    session.execute(ended.values(revoked_at=now))


def forget_ended(session: Session, *, now: datetime) -> int:
    """Remove the sessions whose time is over, revoked ones among them; return how many. The trail keeps each login."""
    return int(session.execute(delete(WebSession).where(WebSession.expires_at <= now)).rowcount)  # type: ignore[attr-defined]


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
