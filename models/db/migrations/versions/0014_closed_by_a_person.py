"""The database refuses a follow-up closed by anybody but a person; an unrecorded outcome also ends by the record itself."""

from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None

CHECK = (
    "state <> 'closed' OR closed_by LIKE 'person:%' OR (trigger = 'outcome_not_recorded' AND closed_by LIKE 'import:%')"
)


def upgrade() -> None:
    """Bind new rows at once, then look at the old ones without keeping anybody out."""
    op.execute(f"ALTER TABLE follow_up ADD CONSTRAINT ck_follow_up_closed_by_a_person CHECK ({CHECK}) NOT VALID")
    op.execute("ALTER TABLE follow_up VALIDATE CONSTRAINT ck_follow_up_closed_by_a_person")
