"""The hash chain over the audit trail, sealed afterwards by one job, never inside a writing transaction (design 3.12).

Only entries older than every running transaction are sealed: ids are handed out before commit, so a later commit could
otherwise slip an entry in between sealed ones.
"""

import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

_SEAL_LOCK = 7_215_540_303
# The same bytes whatever the session's zone or style of dates.
_ENTRY = """CAST(jsonb_build_array(id, extract(epoch FROM at), actor_kind, actor, account_id, action,
    subject, subject_id, household_id, why, detail) AS text)"""
# A row's xmin has 32 bits of the snapshot's 64; of two, the one with the greater age is the earlier.
_OLDEST_RUNNING = """age(CAST(CAST(CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS numeric) % 4294967296
    AS text) AS xid))"""
_SETTLED = text(
    f"""
    SELECT id, {_ENTRY} AS entry FROM audit_entry
    WHERE id > :after
      AND age(xmin) > {_OLDEST_RUNNING}
    ORDER BY id LIMIT :limit
    """
)
_UNSETTLED = text(
    f"""
    SELECT min(id) FROM audit_entry
    WHERE id > :after
      AND age(xmin) <= {_OLDEST_RUNNING}
    """
)


def seal(session: Session, *, limit: int) -> int:
    """Seal up to `limit` settled entries with one link; return how many. The caller commits. One sealer at a time."""
    if not session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _SEAL_LOCK}).scalar_one():
        return 0
    last = session.execute(text("SELECT to_id, hash FROM audit_seal ORDER BY id DESC LIMIT 1")).one_or_none()
    after, before = (last.to_id, last.hash) if last else (0, b"")
    rows = session.execute(_SETTLED, {"after": after, "limit": limit}).all()
    first_open = session.execute(_UNSETTLED, {"after": after}).scalar_one()
    rows = [row for row in rows if first_open is None or row.id < first_open]
    if not rows:
        return 0
    session.execute(
        text("INSERT INTO audit_seal (from_id, to_id, entries, hash) VALUES (:first, :last, :entries, :hash)"),
        {
            "first": rows[0].id,
            "last": rows[-1].id,
            "entries": len(rows),
            "hash": _link(bytes(before), [row.entry for row in rows]),
        },
    )
    return len(rows)


@dataclass(frozen=True, slots=True)
class Share:
    """Which seals are looked at: those that end after entry `after` and not after entry `last`."""

    after: int
    last: int


def shares(session: Session, *, entries: int) -> list[Share]:
    """A chain of any length in shares of about `entries`, the oldest first; no seal is in none of them."""
    newest = session.execute(text("SELECT coalesce(max(to_id), 0) FROM audit_seal")).scalar_one()
    return [Share(after, after + entries) for after in range(0, max(1, int(newest)), entries)]


def chain_breaks(session: Session, share: Share) -> list[int]:
    """Return the ids of seals that do not fit what they seal or the seal before; empty if nothing was changed."""
    given = {"after": share.after, "last": share.last}
    marks = session.execute(_MARKS, given).all()
    if not marks:
        return []
    before = bytes(session.execute(_BEFORE, {"id": marks[0].id}).scalar() or b"")
    span = {"first": min(mark.from_id for mark in marks), "last": max(mark.to_id for mark in marks)}
    entries = deque(session.execute(_ENTRIES, span).all())
    broken = []
    for mark in marks:
        while entries and entries[0].id < mark.from_id:
            entries.popleft()  # between two seals: in none
        own = []
        while entries and entries[0].id <= mark.to_id:
            own.append(entries.popleft().entry)
        if len(own) != mark.entries or _link(before, own) != bytes(mark.hash):
            broken.append(mark.id)
        before = bytes(mark.hash)
    return broken


_MARKS = text(
    """
    SELECT id, from_id, to_id, entries, hash FROM audit_seal
    WHERE to_id > :after AND to_id <= :last ORDER BY id
    """
)
_BEFORE = text("SELECT hash FROM audit_seal WHERE id < :id ORDER BY id DESC LIMIT 1")
_ENTRIES = text(f"SELECT id, {_ENTRY} AS entry FROM audit_entry WHERE id BETWEEN :first AND :last ORDER BY id")


def _link(before: bytes, entries: Sequence[str]) -> bytes:
    digest = hashlib.sha256(before)
    for entry in entries:
        digest.update(b"\x00")
        digest.update(entry.encode())
    return digest.digest()
