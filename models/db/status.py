"""How things stand, in counts: for `steadfast status`, `/metrics` and the pages. No names, no identities."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

# The stored totals of appointments run to millions; all else is counted over partial indexes or small tables.
_COUNTED = {"appointments": "appointment", "follow_ups": "follow_up", "messages": "message", "alerts": "alert"}

# Every table whose rows can wait, with the column that says since when (design: each is found by an index).
WAITING: dict[str, str] = {
    "appointments_changed": "SELECT min(reconsider_at) FROM appointment WHERE reconsider_at <= :now",
    "outcomes_missing": """
        SELECT min(a.outcome_due_at) FROM source s JOIN appointment a ON a.source_id = s.id
        WHERE a.outcome_due_at <= least(:now, s.as_of)
    """,
    "expected_contacts": "SELECT min(next_due_at) FROM expected_contact WHERE next_due_at <= :now",
    "follow_ups": "SELECT min(next_due_at) FROM follow_up WHERE next_due_at <= :now",
    "referral_prompts": "SELECT min(next_due_at) FROM referral_prompt WHERE next_due_at <= :now",
    "prompt_reviews": "SELECT min(review_due_at) FROM referral_prompt WHERE review_due_at <= :now",
    "referrals": "SELECT min(hop_due_at) FROM referral WHERE hop_due_at <= :now AND hop_late_at IS NULL",
    "challenges": "SELECT min(next_due_at) FROM challenge WHERE next_due_at <= :now",
    "actions": "SELECT min(next_due_at) FROM planned_action WHERE next_due_at <= :now",
    "red_flags": """
        SELECT min(review_at) FROM flag WHERE code = 'red_flag' AND ended_at IS NULL AND review_at <= :now
    """,
    "alerts": "SELECT min(next_due_at) FROM alert WHERE state = 'open' AND next_due_at <= :now",
    "messages": "SELECT min(send_after) FROM message WHERE state = 'queued' AND send_after <= :now",
    "messages_unsettled": """
        SELECT min(settle_due_at) FROM message WHERE state IN ('sending', 'sent') AND settle_due_at <= :now
    """,
    "scores": "SELECT min(examine_at) FROM indicator WHERE examine_at <= :now",
    "plans": "SELECT marked_at FROM plan_mark WHERE marked_at <= :now ORDER BY id LIMIT 1",
    "pregnancies": "SELECT min(next_due_at) FROM pregnancy WHERE next_due_at <= :now",
    "disclosures": "SELECT min(next_due_at) FROM disclosure WHERE next_due_at <= :now",
    "discharges": "SELECT min(next_due_at) FROM discharge WHERE next_due_at <= :now",
    "carers_questions": """
        SELECT min(q.next_due_at) FROM carers_question q JOIN household h ON h.id = q.household_id
        WHERE q.next_due_at <= :now AND h.merged_into IS NULL
    """,
}


def snapshot(session: Session, now: datetime) -> dict[str, object]:
    """Counts by state, the oldest due work, the last ticks, how fresh each source is; times in ISO 8601, UTC."""
    return {
        "as_of": now.isoformat(),
        **counts(session),
        "expected_contacts": _by(session, "expected_contact", "state"),
        "oldest_due": {name: _iso(at) for name, at in oldest_due(session, now).items()},
        "ticks": _ticks(session),
        "sources": _sources(session),
    }


def counts(session: Session) -> dict[str, dict[str, int]]:
    """State to count, for each of the four tables that `status` promises."""
    return {name: _by(session, table, _state_column(table)) for name, table in _COUNTED.items()}


def oldest_due(session: Session, now: datetime) -> dict[str, datetime | None]:
    """Since when the oldest due row of each kind has waited; None where nothing is due."""
    return {name: session.execute(text(query), {"now": now}).scalar() for name, query in WAITING.items()}


def _state_column(table: str) -> str:
    return "status" if table == "appointment" else "state"


def _by(session: Session, table: str, column: str) -> dict[str, int]:
    rows = session.execute(text(f"SELECT {column} AS word, count(*) AS rows FROM {table} GROUP BY 1 ORDER BY 1"))
    return {row.word: row.rows for row in rows}


def _ticks(session: Session) -> dict[str, object]:
    rows = session.execute(
        text("SELECT name, started_at, succeeded_at, failed_at, error, handled FROM tick ORDER BY name")
    )
    return {
        row.name: {
            "started_at": _iso(row.started_at),
            "succeeded_at": _iso(row.succeeded_at),
            "failed_at": _iso(row.failed_at),
            "error": row.error,
            "handled": row.handled,
        }
        for row in rows
    }


def _sources(session: Session) -> dict[str, object]:
    rows = session.execute(
        text(
            """
            SELECT name, health, as_of, last_received_at, next_expected_at, last_row_count,
                   (SELECT count(*) FROM appointment a
                    WHERE a.source_id = s.id AND a.vanished_at IS NOT NULL) AS vanished
            FROM source s ORDER BY name
            """
        )
    )
    return {
        row.name: {
            "health": row.health,
            "as_of": _iso(row.as_of),
            "last_received_at": _iso(row.last_received_at),
            "next_expected_at": _iso(row.next_expected_at),
            "last_row_count": row.last_row_count,
            "vanished": row.vanished,
        }
        for row in rows
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
