"""The versions of the ladders as the database has them: loaded once, signed by a person, never changed. No commits."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.db.tables.follow_ups import PathwayVersion

Key = tuple[str, int]


class PathwayChanged(ValueError):
    """A version already loaded has other content now. Write the next version: running follow-ups keep this one."""


class PathwayNotLoaded(LookupError):
    """The version to approve isn't in the database. Load it first."""


class PathwayAlreadySigned(ValueError):
    """Somebody has signed this version already; a signature is never replaced."""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version as listed to people."""

    code: str
    version: int
    effective_from: date
    signed_by: str | None
    signed_at: datetime | None
    loaded_at: datetime


def load(session: Session, contents: Iterable[Mapping[str, Any]], *, now: datetime) -> list[Key]:
    """Store the versions not yet stored; return them. Raises PathwayChanged naming every version with new content.

    A version signed in its file arrives signed, also where it was loaded unsigned before. Safe to run twice at once.
    """
    wanted = {(str(content["code"]), int(content["version"])): content for content in contents}
    held = select(PathwayVersion.code, PathwayVersion.version, PathwayVersion.content_sha256, PathwayVersion.signed_by)
    stored = {(row.code, row.version): row for row in session.execute(held)}
    changed = [
        key for key, content in wanted.items() if key in stored and stored[key].content_sha256 != digest(content)
    ]
    if changed:
        names = ", ".join(f"{code} version {version}" for code, version in sorted(changed))
        raise PathwayChanged(f"content changed under the same version: {names}; expected a new version")
    new = [key for key in wanted if key not in stored]
    if new:
        session.execute(
            insert(PathwayVersion).on_conflict_do_nothing(), [_row(wanted[key], now=now) for key in sorted(new)]
        )
    for key, content in wanted.items():
        if key in stored and content["signed_by"] is not None and stored[key].signed_by is None:
            approve(session, *key, by=str(content["signed_by"]), now=now)
    return sorted(new)


def approve(session: Session, code: str, version: int, *, by: str, now: datetime) -> None:
    """Sign one version. Raises PathwayNotLoaded, or PathwayAlreadySigned naming by whom."""
    signed = session.execute(
        update(PathwayVersion)
        .where(PathwayVersion.code == code, PathwayVersion.version == version, PathwayVersion.signed_by.is_(None))
        .values(signed_by=by, signed_at=now)
        .returning(PathwayVersion.code)
    ).first()
    if signed is not None:
        return
    row = session.get(PathwayVersion, (code, version))
    if row is None:
        raise PathwayNotLoaded(f"approving {code} version {version}: it is not loaded; run `steadfast pathways load`")
    raise PathwayAlreadySigned(f"approving {code} version {version}: already signed by {row.signed_by}")


def signed_keys(session: Session) -> frozenset[Key]:
    """Return the versions that somebody has signed: only these let a text to a family through."""
    rows = session.execute(
        select(PathwayVersion.code, PathwayVersion.version).where(PathwayVersion.signed_by.is_not(None))
    )
    return frozenset((code, version) for code, version in rows)


def contents(session: Session) -> dict[Key, dict[str, Any]]:
    """Return the content of every stored version, for follow-ups whose file is gone (`Rules.with_pathways`)."""
    return {(row.code, row.version): row.content for row in session.scalars(select(PathwayVersion))}


def listed(session: Session) -> list[StoredVersion]:
    """Return all versions, by code, newest first."""
    rows = session.scalars(select(PathwayVersion).order_by(PathwayVersion.code, PathwayVersion.version.desc()))
    return [
        StoredVersion(row.code, row.version, row.effective_from, row.signed_by, row.signed_at, row.loaded_at)
        for row in rows
    ]


def _row(content: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    signed_by = content["signed_by"]
    return {
        "code": content["code"],
        "version": content["version"],
        "content": dict(content),
        "content_sha256": digest(content),
        "effective_from": date.fromisoformat(content["effective_from"]),
        "signed_by": signed_by,
        "signed_at": None if signed_by is None else now,
        "loaded_at": now,
    }


def digest(content: Mapping[str, Any]) -> str:
    """Return the hash of what the ladder does: the signature in a file is no part of it."""
    unsigned = {key: value for key, value in content.items() if key not in ("signed_by", "signed_on")}
    return hashlib.sha256(json.dumps(unsigned, sort_keys=True).encode()).hexdigest()
