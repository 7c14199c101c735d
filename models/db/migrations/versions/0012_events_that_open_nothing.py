"""An event says whether it opens a follow-up, so that the auditor misses one that should have and did not."""

from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Every event so far opens one."""
    op.execute("ALTER TABLE family_event ADD COLUMN opens_follow_up boolean NOT NULL DEFAULT true")
    op.execute(
        "ALTER TABLE family_event ADD CONSTRAINT ck_family_event_opens_what_it_should "
        "CHECK (opens_follow_up OR open_at IS NULL)"
    )
