"""The team lead's list reads the backlog apart from the rest, and filters by kind from the index alone."""

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

KEYS = "(team_id, red_flag DESC, high_risk DESC, breach_at, id) INCLUDE (trigger, contact_code)"


def upgrade() -> None:
    """Replace the index; at this point of the project's life no table is large."""
    op.execute("DROP INDEX ix_follow_up_worklist")
    op.execute(f"CREATE INDEX ix_follow_up_worklist ON follow_up {KEYS} WHERE state IN ('open', 'seen', 'closing')")
    op.execute(f"CREATE INDEX ix_follow_up_backlog ON follow_up {KEYS} WHERE state = 'backlog'")
