"""Pathway versions as stored: a running follow-up reads the version it began with, never the file of today."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.pathway import Pathway

Build = Callable[[Mapping[str, Any]], Pathway]


class PathwayMissing(LookupError):
    """No such version is stored, though a row names it: the database was tampered with or restored in part."""


class PathwayShelf:
    """Stored versions, each read and built once per process; their content never changes, so nothing goes stale."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._built: dict[tuple[str, int], Pathway] = {}

    def get(self, session: Session, code: str, version: int) -> Pathway:
        """Return one version. Raises PathwayMissing."""
        found = self._built.get((code, version))
        if found is None:
            stored = session.execute(
                text("SELECT content FROM pathway_version WHERE code = :code AND version = :version"),
                {"code": code, "version": version},
            ).scalar_one_or_none()
            if stored is None:
                raise PathwayMissing(f"pathway {code} version {version} is not stored; expected it to be loaded")
            found = self._built[code, version] = self._build(stored)
        return found
