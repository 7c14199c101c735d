"""The auditor compares every appointment that is owed a follow-up with those there are, at any age, without reading all."""

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Index the appointments that are owed a follow-up; at this point of the project's life no table is large."""
    op.execute(
        "CREATE INDEX ix_appointment_owed ON appointment (id)"
        " WHERE status IN ('missed', 'arrived_not_seen', 'outcome_due') OR subtype = 'child_not_seen'"
    )
