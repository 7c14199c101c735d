"""A routine task given on after somebody was told is told of once more; a loss already taken up is found by its hold.

Questions left open about adults who had died before are looked at once: they end and say why.
"""

from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the column and the index, and have such questions looked at."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE alert ADD COLUMN times_given_on bigint NOT NULL DEFAULT 0")
    op.execute(
        "CREATE INDEX ix_family_event_hold ON family_event ((detail ->> 'hold'))"
        " WHERE kind IN ('bereavement_care', 'moved_out')"
    )
    op.execute(
        "UPDATE disclosure d SET next_due_at = clock_timestamp() FROM person p"
        " WHERE p.id = d.person_id AND p.life_status = 'deceased' AND d.appointment_id IS NOT NULL"
        " AND d.state IN ('waiting', 'asked', 'held')"
    )
