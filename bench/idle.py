"""An idle sweep: what the claims cost the database when nothing is due, with many pending."""

import json
import statistics
from collections.abc import Sequence

from sqlalchemy import Engine, text

CLAIMS: Sequence[str] = (
    "SELECT id FROM follow_up WHERE next_due_at <= now() ORDER BY next_due_at, id LIMIT 500 FOR UPDATE SKIP LOCKED",
    "SELECT id FROM appointment WHERE reconsider_at <= now() ORDER BY reconsider_at, id LIMIT 500",
    """
    SELECT s.id FROM source s WHERE EXISTS (SELECT FROM appointment a WHERE a.source_id = s.id
        AND a.outcome_due_at <= least(now() - interval '10 years', s.as_of))
    """,
    "SELECT id FROM expected_contact WHERE next_due_at <= now() ORDER BY next_due_at, id LIMIT 500",
    "SELECT id FROM message WHERE state = 'queued' AND send_after <= now() ORDER BY urgency, send_after, id LIMIT 50",
)


def milliseconds(engine: Engine, *, repeats: int = 21) -> float:
    """The median of the sum over all claims of what PostgreSQL says it spent planning and executing."""
    with engine.connect() as connection:
        return statistics.median(
            sum(
                _spent(connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {claim}")).scalar_one())
                for claim in CLAIMS
            )
            for _ in range(repeats)
        )


def _spent(plan: object) -> float:
    (report,) = json.loads(plan) if isinstance(plan, str) else plan  # type: ignore[misc]
    return float(report["Execution Time"])
