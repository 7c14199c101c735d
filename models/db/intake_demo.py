"""What the demo sets directly because in a trust a named person would: signatures and the teams' stages."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def sign_pathways(session: Session, *, by: str, now: datetime) -> None:
    """Sign every loaded pathway that nobody has signed."""
    session.execute(
        text("UPDATE pathway_version SET signed_by = :by, signed_at = :now WHERE signed_by IS NULL"),
        {"by": by, "now": now},
    )


def raise_to_texts(session: Session, *, by: str, now: datetime) -> None:
    """Put every team at the stage `texts`, with its audit entry."""
    session.execute(
        text(
            """
            WITH raised AS (
                UPDATE team SET stage = 'texts', stage_set_by = :by, stage_set_at = :now WHERE stage <> 'texts'
                RETURNING id
            )
            INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, why)
            SELECT :now, 'person', :by, 'team.staged', 'team', id, 'demo' FROM raised
            """
        ),
        {"by": by, "now": now},
    )
