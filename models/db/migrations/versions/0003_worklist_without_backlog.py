"""The team lead's list reads the backlog apart from the rest, so its index does too."""

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

LIVE = "state IN ('open', 'backlog', 'seen', 'closing')"  # frozen here; later states come with their own migration
ORDER = "red_flag DESC, high_risk DESC, breach_at, id"


def upgrade() -> None:
    """Replace the index; at this point of the project's life no table is large."""
    op.execute("DROP INDEX ix_follow_up_worklist")
    op.execute(f"CREATE INDEX ix_follow_up_worklist ON follow_up (team_id, (state = 'backlog'), {ORDER}) WHERE {LIVE}")
