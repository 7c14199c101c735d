"""Who signed which threshold, for exactly the content it had then. Append-only; never commits."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.prompts import PromptRule


def signed(session: Session) -> frozenset[str]:
    """Return the digests of all content that somebody has signed."""
    return frozenset(session.scalars(text("SELECT content_sha256 FROM threshold_signature")))


def approve(session: Session, rules: Iterable[PromptRule], *, by: str, now: datetime) -> list[str]:
    """Sign rules as they are; return the ids of those newly signed. A signature is never replaced."""
    wanted = {rule.content_sha256: rule.id for rule in rules}
    given = {"digests": list(wanted), "ids": list(wanted.values()), "by": by, "now": now}
    return sorted(session.scalars(_APPROVE, given))


_APPROVE = text(
    """
    INSERT INTO threshold_signature (content_sha256, rule_id, signed_by, signed_at)
    SELECT digest, rule_id, :by, CAST(:now AS timestamptz)
    FROM unnest(CAST(:digests AS text[]), CAST(:ids AS text[])) AS u (digest, rule_id)
    ON CONFLICT DO NOTHING RETURNING rule_id
    """
)
