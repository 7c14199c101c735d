"""The urgent lane claims high-risk families from an index of their own, so that a burst of routine work is no queue."""

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the index; at this point of the project's life no table is large."""
    op.execute(
        "CREATE INDEX ix_follow_up_due_urgent ON follow_up (next_due_at, id)"
        " WHERE next_due_at IS NOT NULL AND (red_flag OR high_risk)"
    )
