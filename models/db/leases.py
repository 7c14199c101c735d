"""Who leads, until when: a lease with a fence that every later leader raises. Economy, never correctness."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session


def take_or_keep(session: Session, name: str, *, holder: str, length: timedelta, now: datetime) -> int | None:
    """Take the lease, or keep it; return its fence, or None while another holds it. A hung leader loses it by time."""
    fence: int | None = session.execute(
        _TAKE, {"name": name, "holder": holder, "until": now + length, "now": now}
    ).scalar()
    return fence


def give_up(session: Session, name: str, *, holder: str, now: datetime) -> None:
    """End one's own lease at once, so that another need not wait for its end."""
    session.execute(
        text("UPDATE lease SET until = :now WHERE name = :name AND holder = :holder"),
        {"name": name, "holder": holder, "now": now},
    )


_TAKE = text(
    """
    INSERT INTO lease (name, holder, until, fence) VALUES (:name, :holder, :until, 1)
    ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until,
        fence = lease.fence + CASE WHEN lease.holder = EXCLUDED.holder AND lease.until > :now THEN 0 ELSE 1 END
    WHERE lease.holder = EXCLUDED.holder OR lease.until <= :now
    RETURNING fence
    """
)
