"""Teams and how far each has gone live. Raising a stage is a named person's act and stays in the audit trail."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.words import ActorKind, TeamStage


class StageRefused(ValueError):
    """The team may not go to that stage yet; the message says what is missing. Settle that, then ask again."""


@dataclass(frozen=True)
class TeamLine:
    """One team as `steadfast teams list` shows it."""

    code: str
    name: str
    stage: str
    stage_set_by: str | None
    has_lead: bool


def list_(session: Session) -> list[TeamLine]:
    """Return all teams by code."""
    rows = session.execute(
        text("SELECT code, name, stage, stage_set_by, lead_practitioner_id IS NOT NULL FROM team ORDER BY code")
    )
    return [TeamLine(*row) for row in rows]


def set_stage(session: Session, *, code: str, stage: TeamStage, by: str, now: datetime) -> None:
    """Set how far a team has gone live, as `by` says; never commits. Raises LookupError, StageRefused."""
    if not by.strip():
        raise StageRefused("nobody is named; expected --by with the name of who decides")
    team = session.execute(
        text("SELECT id, stage, call_back_number FROM team WHERE code = :code FOR UPDATE"), {"code": code}
    ).one_or_none()
    if team is None:
        raise LookupError(f"no team has the code {code!r}; `steadfast teams list` shows them")
    if stage is TeamStage.TEXTS:
        _refuse_unready(session, code=code, call_back_number=team.call_back_number)
    session.execute(
        text("UPDATE team SET stage = :stage, stage_set_by = :by, stage_set_at = :now WHERE id = :id"),
        {"stage": stage.value, "by": by, "now": now, "id": team.id},
    )
    session.execute(
        text(
            """
            INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, detail)
            VALUES (:now, :kind, :by, 'set_stage', 'team', :id,
                    jsonb_build_object('from', CAST(:before AS text), 'to', CAST(:after AS text)))
            """
        ),
        {
            "now": now,
            "kind": ActorKind.PERSON.value,
            "by": by,
            "id": team.id,
            "before": team.stage,
            "after": stage.value,
        },
    )


def _refuse_unready(session: Session, *, code: str, call_back_number: str | None) -> None:
    """Unsigned plans block texts (design 4), and a text needs a number that a family can ring."""
    unsigned = session.scalars(
        text(
            """
            SELECT code || ' version ' || version FROM (
                SELECT DISTINCT ON (code) code, version, signed_by FROM pathway_version ORDER BY code, version DESC
            ) AS newest WHERE signed_by IS NULL ORDER BY code
            """
        )
    ).all()
    if unsigned:
        raise StageRefused(f"not signed yet: {', '.join(unsigned)}; expected `steadfast pathways approve` for each")
    if call_back_number is None:
        raise StageRefused(f"team {code} has no number that a family can ring; expected one in its staff import")
