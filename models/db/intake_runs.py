"""Sources and import runs: taking a source's lock, opening and closing a run, and how fresh a source is afterwards."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain import dedupe
from models.domain.words import AlertKind, Extent, FeedHealth, ImportKind, ImportState


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What an import must know of its source."""

    id: int
    name: str
    extent: Extent
    version_kind: str | None
    usual_row_count: int | None
    authoritative_for: frozenset[str]


@dataclass(frozen=True, slots=True)
class Counts:
    """How an import's rows ended; they add up to `read`."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int


def lock_source(session: Session, *, name: str, now: datetime) -> SourceRow:
    """Take the source for this transaction, making it if it is new; a second import of the source waits here."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('import of ' || :name, 0))"), {"name": name})
    session.execute(
        text("INSERT INTO source (name, created_at) VALUES (:name, :now) ON CONFLICT DO NOTHING"),
        {"name": name, "now": now},
    )
    row = session.execute(
        text(
            "SELECT id, name, extent, version_kind, usual_row_count, authoritative_for FROM source WHERE name = :name"
        ),
        {"name": name},
    ).one()
    return SourceRow(
        row.id,
        row.name,
        Extent(row.extent),
        row.version_kind,
        row.usual_row_count,
        frozenset(row.authoritative_for),
    )


def lock_applying(session: Session) -> None:
    """One import at a time changes people: two sources that speak of one family must not meet half-way."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('import applies', 0))"))


def open_run(session: Session, *, source_id: int, kind: ImportKind, sha256: str, by: str, now: datetime) -> int:
    """Begin a run; it becomes visible only with everything it stored."""
    return int(
        session.execute(
            text(
                "INSERT INTO import_run (source_id, kind, state, file_sha256, started_at, by)"
                " VALUES (:source, :kind, :state, :sha, :now, :by) RETURNING id"
            ),
            {"source": source_id, "kind": kind, "state": ImportState.RUNNING, "sha": sha256, "now": now, "by": by},
        ).scalar_one()
    )


def as_of_before(session: Session, *, source_id: int, kind: ImportKind, sha256: str) -> datetime | None:
    """The as-of time of the same file when it first came: sending it again makes nothing fresher."""
    found: datetime | None = session.execute(
        text(
            "SELECT as_of FROM import_run WHERE source_id = :source AND kind = :kind AND file_sha256 = :sha"
            " AND as_of IS NOT NULL ORDER BY id LIMIT 1"
        ),
        {"source": source_id, "kind": kind, "sha": sha256},
    ).scalar()
    return found


def close_run(session: Session, *, run_id: int, counts: Counts, as_of: datetime, by: str, now: datetime) -> None:
    """End a run and leave its audit entry."""
    numbers = {
        "read": counts.read,
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "rejected": counts.rejected,
    }
    session.execute(
        text(
            "UPDATE import_run SET state = :state, as_of = :as_of, finished_at = clock_timestamp(), read = :read,"
            " created = :created, updated = :updated, unchanged = :unchanged, rejected = :rejected WHERE id = :run"
        ),
        {"state": ImportState.DONE, "as_of": as_of, "run": run_id, **numbers},
    )
    session.execute(
        text(
            "INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, detail)"
            " VALUES (:now, 'import', :by, 'import.done', 'import_run', :run, CAST(:detail AS jsonb))"
        ),
        {"now": now, "by": by, "run": run_id, "detail": json.dumps(numbers)},
    )


def appointment_files(session: Session, *, source_id: int) -> int:
    """How many files of appointments this source has sent: once there is one, only they say how fresh it is."""
    query = text("SELECT count(*) FROM import_run WHERE source_id = :source AND kind = 'appointments'")
    return int(session.execute(query, {"source": source_id}).scalar_one())


def usual_list_size(session: Session, *, source_id: int, kind: ImportKind) -> int | None:
    """How many rows the last list of this kind had that was not held back; None before the first.

    One that was held back as too small counts once a person has settled its alarm: then it is the list's real size.
    """
    found: int | None = session.execute(_USUAL_LIST, {"source": source_id, "kind": kind}).scalar()
    return found


def hold_back(session: Session, *, run_id: int) -> None:
    """Note that a run's list was too small to end anything that it lacks."""
    session.execute(text("UPDATE import_run SET held_back = true WHERE id = :run"), {"run": run_id})


_USUAL_LIST = text(
    """
    SELECT r.read FROM import_run r
    WHERE r.source_id = :source AND r.kind = :kind AND r.state = 'done' AND (NOT r.held_back OR r.id <= (
        SELECT max(s.id) FROM alert a JOIN import_run s ON s.id = a.import_run_id
        WHERE a.source_id = :source AND a.kind = 'feed_small' AND a.state = 'done' AND a.ended_by LIKE 'person:%'
          AND s.kind = :kind))
    ORDER BY r.id DESC LIMIT 1
    """
)


def note_delivery(
    session: Session,
    *,
    source_id: int,
    as_of: datetime,
    rows: int | None,
    health: FeedHealth,
    received_at: datetime,
    is_first: bool = False,
) -> None:
    """Record what came and when the next is due. A suddenly small extract does not teach what is usual.

    `is_first`: what is usual is learnt from this delivery on, whatever files of other kinds came before.
    `rows`: None for a list whose usual size is told by its own kind's runs.
    """
    session.execute(
        text(
            """
            UPDATE source SET
                as_of = greatest(as_of, :as_of), last_received_at = greatest(last_received_at, :received),
                next_expected_at = CAST(:received AS timestamptz) + rhythm_minutes * interval '1 minute',
                last_row_count = coalesce(CAST(:rows AS bigint), last_row_count), health = :health,
                usual_row_count = CASE WHEN :health = 'small' OR CAST(:rows AS bigint) IS NULL THEN usual_row_count
                    WHEN usual_row_count IS NULL OR :is_first THEN :rows ELSE (usual_row_count * 3 + :rows) / 4 END
            WHERE id = :source
            """
        ),
        {
            "source": source_id,
            "as_of": as_of,
            "rows": rows,
            "health": health,
            "received": received_at,
            "is_first": is_first,
        },
    )


def set_version_kind(session: Session, *, source_id: int) -> None:
    """Remember whether this source's versions are numbers or times, from the first that came."""
    session.execute(
        text(
            r"""
            UPDATE source SET version_kind = CASE WHEN s.source_version ~ '^\d+(\.\d+)?$' THEN 'number' ELSE 'time' END
            FROM (SELECT source_version FROM staging WHERE version_order IS NOT NULL LIMIT 1) AS s
            WHERE source.id = :source AND source.version_kind IS NULL
            """
        ),
        {"source": source_id},
    )


def raise_task(
    session: Session,
    *,
    kind: AlertKind,
    source_id: int,
    run_id: int,
    count: int,
    now: datetime,
    due_in: timedelta,
    usual: int | None = None,
) -> None:
    """Give the source's owner, else the last-resort owner, one task of this kind; an open one is brought up to date."""
    given = {
        "kind": kind,
        "source": source_id,
        "run": run_id,
        "now": now,
        "due": now + due_in,
        "key": dedupe.subject_alert(kind, "source", source_id, since=str(run_id)),
        "detail": json.dumps({"rows": count} if usual is None else {"rows": count, "usual_rows": usual}),
    }
    renewed = session.execute(
        text(
            "UPDATE alert SET import_run_id = :run, detail = CAST(:detail AS jsonb)"
            " WHERE kind = :kind AND source_id = :source AND state = 'open'"
        ),
        given,
    )
    if renewed.rowcount:  # type: ignore[attr-defined]
        return
    session.execute(
        text(
            """
            INSERT INTO alert (kind, urgency, dedupe_key, source_id, import_run_id, practitioner_id, raised_at,
                               next_due_at, detail)
            SELECT :kind, 'routine', :key, :source, :run,
                   coalesce(s.owner_practitioner_id, (SELECT id FROM practitioner WHERE last_resort)),
                   :now, :due, CAST(:detail AS jsonb)
            FROM source s WHERE s.id = :source
              AND (s.owner_practitioner_id IS NOT NULL OR EXISTS (SELECT FROM practitioner WHERE last_resort))
            ON CONFLICT (dedupe_key) DO NOTHING
            """
        ),
        given,
    )
