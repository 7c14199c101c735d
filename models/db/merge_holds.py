"""Holds that are one because what they are on is: the one that stays has the sooner review of both. Never commits."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.merge_rows import Mover, Place
from models.domain import dedupe
from models.domain.words import AlertKind, AlertState, HoldEnd

_REASON = "the same hold stands on the record that is kept"


def unite(mover: Mover, columns: Collection[str], *, kept: int, gone: int) -> None:
    """End each standing hold that another one will equal once `gone` is `kept` in these columns.

    What is held stays held: by the one that stays, which nobody elsewhere has taken over, with what either still waits
    for. Follow-ups that gave way to the other one now give way to it. Ended by the act of the person who joins.
    """
    for row in mover.session.execute(text(_alike(columns)), {"kept": kept, "gone": gone}).mappings().all():
        mover.set(
            "hold", row["k_id"], review_at=row["review_at"], next_due_at=row["next_due_at"], apply_at=row["apply_at"]
        )
        mover.set(
            "hold", row["g_id"], ended_at=mover.now, ended_by=mover.by, ended_how=HoldEnd.UNDONE, ended_reason=_REASON,
            next_due_at=None, apply_at=None,
        )  # fmt: skip
        mover.move(Place("follow_up", "hold_id"), away_from=row["g_id"], to=row["k_id"])
        told = {"id": row["g_id"], "now": mover.now, "by": mover.by, "reason": _REASON, "merge": mover.merge_id}
        mover.session.execute(_TELL, told)
        key = dedupe.subject_alert(AlertKind.HOLD_ENDING, "hold", row["g_id"])
        for alert in mover.session.scalars(_ALERT, {"key": key}).all():
            mover.set("alert", alert, state=AlertState.OVERTAKEN, ended_at=mover.now, ended_by=mover.by)


def tell_undone(session: Session, merge_id: int, *, by: str, now: datetime) -> None:
    """Append to the history of each hold that stands again now that its merge is undone."""
    session.execute(_STANDS_AGAIN, {"merge": merge_id, "by": by, "now": now})


def copy_to(session: Session, *, old: int, new: int, by: str, now: datetime) -> None:
    """One record mixed two people: nobody knows whose hold it was, so it stands on both, and is decided on twice."""
    session.execute(_COPY, {"old": old, "new": new, "by": by, "now": now})


def end_copies(session: Session, *, new: int, by: str, reason: str, now: datetime) -> None:
    """The two are one again: the copies end, for what they copied stands."""
    session.execute(_END_COPIES, {"new": new, "by": by, "reason": reason, "now": now})


def _alike(columns: Collection[str]) -> str:
    subject = ", ".join(
        f"CASE WHEN h.{name} = :gone THEN :kept ELSE h.{name} END" if name in columns else f"h.{name}"
        for name in ("person_id", "household_id", "pregnancy_id", "about_person_id")
    )
    concerned = " OR ".join(f"h.{name} IN (:kept, :gone)" for name in columns)
    return f"""
        SELECT * FROM (
            SELECT h.id AS g_id, first_value(h.id) OVER taken AS k_id, min(h.review_at) OVER alike AS review_at,
                   min(h.next_due_at) OVER alike AS next_due_at, min(h.apply_at) OVER alike AS apply_at
            FROM hold h WHERE h.ended_at IS NULL AND ({concerned})
            WINDOW alike AS (PARTITION BY h.kind, {subject}), taken AS (alike ORDER BY h.handover_id IS NOT NULL, h.id)
        ) AS found WHERE g_id <> k_id ORDER BY g_id
    """


_TELL = text(
    """
    INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason, detail)
    VALUES (:id, :now, 'ended', 'person', :by, :reason, jsonb_build_object('merge', CAST(:merge AS bigint)))
    """
)
_ALERT = text("SELECT id FROM alert WHERE dedupe_key = :key AND state = 'open'")
_STANDS_AGAIN = text(
    """
    INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, detail)
    SELECT DISTINCT CAST(row_key ->> 'id' AS bigint), CAST(:now AS timestamptz), 'stands_again', 'person', :by,
           jsonb_build_object('merge', CAST(:merge AS bigint))
    FROM merge_item
    WHERE merge_id = :merge AND table_name = 'hold' AND column_name = 'ended_at' AND undoes IS NOT NULL
    """
)
_COPY = text(
    """
    WITH copied AS (
        INSERT INTO hold (kind, person_id, about_person_id, reason, set_by, starts_at, review_at, next_due_at,
                          handover_id, detail)
        SELECT kind, :new, about_person_id, reason, set_by, starts_at, review_at, next_due_at, handover_id,
               coalesce(detail, '{}') || jsonb_build_object('copied', true)
        FROM hold WHERE person_id = :old AND ended_at IS NULL
        ON CONFLICT DO NOTHING RETURNING id, reason
    )
    INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason)
    SELECT id, :now, 'copied', 'person', :by, reason FROM copied
    """
)
_END_COPIES = text(
    """
    WITH ended AS (
        UPDATE hold SET ended_at = :now, ended_by = :by, ended_how = 'undone', ended_reason = :reason,
            next_due_at = NULL, apply_at = NULL
        WHERE person_id = :new AND ended_at IS NULL AND detail ->> 'copied' = 'true' RETURNING id
    )
    INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason)
    SELECT id, :now, 'ended', 'person', :by, :reason FROM ended
    """
)
