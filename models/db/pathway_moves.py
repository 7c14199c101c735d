"""Live follow-ups of a ladder's older versions: read by pages of ids, put on a newer version in sets. No commits."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import alerts, follow_ups, step_time_rows
from models.db.follow_ups import Claimed, Told
from models.db.packing import packed, unpacked
from models.domain.ladder_facts import FollowUpFacts, dump_done
from models.domain.words import ActorKind


@dataclass(frozen=True, slots=True)
class Which:
    """Which follow-ups: those of this ladder below the version `to`, or of one version alone."""

    code: str
    to: int
    only_from: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """One follow-up as it was, and its facts on the new version."""

    row: Claimed
    facts: FollowUpFacts


def page(session: Session, which: Which, *, after_id: int, limit: int, lock: bool) -> list[Claimed]:
    """The next live ones by id, with their facts; `lock` takes them and leaves those that somebody else is at."""
    params = {"code": which.code, "to": which.to, "only": which.only_from, "after": after_id, "limit": limit}
    rows = session.execute(_LOCKED if lock else _READ, params)
    return sorted((Claimed._make(row) for row in rows), key=lambda row: row.id)


def count(session: Session, which: Which) -> int:
    """How many live ones there are."""
    params = {"code": which.code, "to": which.to, "only": which.only_from}
    return int(session.execute(_COUNT, params).scalar_one())


def store(session: Session, which: Which, moves: Sequence[Moved], *, by: str, why: str, now: datetime) -> None:
    """Put these on the new version, with a line in each story and in the audit trail; each is looked at next."""
    if not moves:
        return
    rows = [
        _Stored(
            one.row.id,
            one.facts.step_id,
            one.facts.step_fired_at,
            one.facts.step_raised_to,
            one.facts.acknowledged_until,
            json.dumps(dump_done(one.facts.done)),
        )
        for one in moves
    ]
    session.execute(_STORE, {**packed(rows, _COLUMNS), "to": which.to, "now": now})
    dropped = [(one.row.id, None) for one in moves if one.row.step_id is not None and one.facts.step_id is None]
    alerts.overtake(session, dropped, outcome="pathway_moved", by=by, now=now)
    # What was said of a step's time was said of the plan it was on.
    step_time_rows.lapse_all(session, [one.row.id for one in moves], now=now)
    follow_ups.tell(session, [_told(one, which, by) for one in moves], now=now)
    session.execute(_AUDIT, {"ids": [one.row.id for one in moves], "by": by, "why": why, "now": now, "to": which.to})


@dataclass(frozen=True, slots=True)
class _Stored:
    id: int
    step_id: str | None
    step_fired_at: datetime | None
    step_raised_to: int
    acknowledged_until: datetime | None
    steps_done: str


def _told(one: Moved, which: Which, by: str) -> Told:
    detail = {
        "from_version": one.row.pathway_version,
        "to_version": which.to,
        "step_was": one.row.step_id,
        "step": one.facts.step_id,
    }
    return Told(
        one.row.id,
        "pathway_moved",
        one.row.state,
        one.row.state,
        one.facts.step_id,
        detail=json.dumps(detail),
        actor=by,
        actor_kind=ActorKind.PERSON,
    )


_WHICH = """
    f.pathway_code = :code AND f.state IN ('open', 'backlog', 'seen', 'closing') AND f.pathway_version < :to
    AND (CAST(:only AS bigint) IS NULL OR f.pathway_version = CAST(:only AS bigint))
"""
_PAGE = f"SELECT f.* FROM follow_up f WHERE {_WHICH} AND f.id > :after ORDER BY f.id LIMIT :limit"
_READ = text(follow_ups._FACTS.format(due=_PAGE))
_LOCKED = text(follow_ups._FACTS.format(due=f"{_PAGE} FOR NO KEY UPDATE SKIP LOCKED"))
_COUNT = text(f"SELECT count(*) FROM follow_up f WHERE {_WHICH}")
_COLUMNS = (
    ("id", "bigint"),
    ("step_id", "text"),
    ("step_fired_at", "timestamptz"),
    ("step_raised_to", "bigint"),
    ("acknowledged_until", "timestamptz"),
    ("steps_done", "jsonb"),
)
# The backlog keeps its due time: moving years of it must not ask for its triage anew.
_STORE = text(
    f"""
    UPDATE follow_up f SET pathway_version = :to, step_id = u.step_id, step_fired_at = u.step_fired_at,
        step_raised_to = u.step_raised_to, steps_done = u.steps_done, acknowledged_until = u.acknowledged_until,
        acknowledged_at = CASE WHEN u.acknowledged_until IS NOT NULL THEN f.acknowledged_at END,
        acknowledged_by = CASE WHEN u.acknowledged_until IS NOT NULL THEN f.acknowledged_by END,
        next_due_at = CASE WHEN f.state = 'backlog' THEN f.next_due_at ELSE least(f.next_due_at, :now) END,
        row_version = f.row_version + 1
    FROM {unpacked(_COLUMNS, alias="u")} WHERE f.id = u.id
    """
)
_AUDIT = text(
    """
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why, detail)
    SELECT :now, 'person', :by, 'pathway_moved', 'follow_up', id, household_id, :why,
           jsonb_build_object('to_version', CAST(:to AS bigint))
    FROM follow_up WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id
    """
)
