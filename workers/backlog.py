"""The one triage task of each team and owner for follow-ups that were old when they first reached us (design 3.7)."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.db import alerts
from models.db.alerts import NewAlert
from models.db.people_resolution import Reached
from models.domain import dedupe
from models.domain.ids import AlertId
from models.domain.words import AlertKind, Urgency


@dataclass(frozen=True, slots=True)
class Triage:
    """One backlog follow-up's share in its team's and owner's task."""

    team_id: int | None
    owner: Reached
    due_at: datetime


def triage_alerts(session: Session, shares: Sequence[Triage], *, now: datetime) -> list[AlertId]:
    """Raise or open again one task per team and owner; return those somebody is newly told of. The caller commits."""
    counts = Counter((share.team_id, share.owner.practitioner_id, share.owner.owner_team_id) for share in shares)
    first = {(share.team_id, share.owner.practitioner_id, share.owner.owner_team_id): share for share in shares}
    return alerts.raise_or_renew(session, [_task(first[key], counts[key]) for key in sorted(counts, key=str)], now=now)


def _task(share: Triage, count: int) -> NewAlert:
    owner = share.owner
    to = "practitioner" if owner.practitioner_id is not None else "team"
    owner_id = owner.practitioner_id or owner.owner_team_id or 0
    team = "none" if share.team_id is None else str(share.team_id)
    return NewAlert(
        kind=AlertKind.BACKLOG_TRIAGE,
        urgency=Urgency.ROUTINE,
        dedupe_key=dedupe.subject_alert(AlertKind.BACKLOG_TRIAGE, to, owner_id, since=team),
        practitioner_id=owner.practitioner_id,
        owner_team_id=owner.owner_team_id,
        team_id=share.team_id,
        audience_role=owner.role,
        next_due_at=share.due_at,
        detail=json.dumps({"just_counted": count}),
    )
