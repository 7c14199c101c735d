"""A load checks no key to its own run: the run's row is written by the same transaction, and the check cost a tenth of it."""

from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Drop the key; the column stays."""
    op.drop_constraint("fk_appointment_created_by_run", "appointment", type_="foreignkey")
