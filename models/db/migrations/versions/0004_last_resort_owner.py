"""The deployment's last-resort owner: work that reaches nobody else is never without an owner (design 3.2).

A trust gives this row a name, an address and an account; until then the audit warns of it.
"""

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the row where no practitioner is the last resort yet."""
    op.execute(
        """
        INSERT INTO practitioner (code, name, role, last_resort)
        SELECT 'last-resort', 'Last-resort owner', 'head_of_service', true
        WHERE NOT EXISTS (SELECT FROM practitioner WHERE last_resort)
        """
    )
