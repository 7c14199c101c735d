"""Two records that may be one: proposed by a conflict in a file or by a person, asked until somebody decides.

Asked once for each pair, whoever tells of it again; never decided by a machine. Never commits.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import alerts, messages
from models.db.alerts import NewAlert
from models.db.follow_up_rows import NotAllowed
from models.db.scope import Scope
from models.domain import dedupe
from models.domain.words import AlertKind, ProposalState, Urgency

# Why two records are put side by side.
SAME_NUMBER = "same_number"  # a source gives the NHS number of one to the other
ASKED = "asked"  # by a person
JOINED_PEOPLE = "joined_people"  # somebody now stands in both households


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people, or two households."""

    what: str  # 'person' or 'household'
    one: int
    other: int


def propose(session: Session, pair: Pair, *, why: str, by: str, now: datetime, answer_within: timedelta) -> int:
    """Propose a pair, or find its proposal; an answered one is asked anew only when a person asks. Return its id."""
    if pair.one == pair.other:
        raise NotAllowed("that is this very record; expected the number of the other one")
    low, high = sorted((pair.one, pair.other))
    names = {"low": f"{pair.what}_id", "high": f"other_{pair.what}_id"}
    given = {"one": low, "other": high, "why": why, "by": by, "now": now, "asked": why == ASKED}
    row = session.execute(text(_PROPOSE.format(**names)), given).one()
    if row.state == ProposalState.OPEN:
        _tell(session, [row.id], now=now, answer_within=answer_within)
    return int(row.id)


def propose_from_file(session: Session, *, by: str, now: datetime, answer_within: timedelta) -> int:
    """Propose the pairs that an import's `who` found in conflict; return how many are new."""
    new = list(session.scalars(_FROM_FILE, {"by": by, "now": now, "why": SAME_NUMBER}))
    _tell(session, new, now=now, answer_within=answer_within)
    return len(new)


def propose_households_of(
    session: Session, person_id: int, *, by: str, now: datetime, answer_within: timedelta
) -> None:
    """Somebody who now stands in two households of today: a person says whether those are one."""
    given = {"person": person_id, "by": by, "now": now, "why": JOINED_PEOPLE}
    _tell(session, list(session.scalars(_HOUSEHOLDS_OF, given)), now=now, answer_within=answer_within)


def _tell(session: Session, ids: Sequence[int], *, now: datetime, answer_within: timedelta) -> None:
    """Ask the team lead; where two teams are concerned the named nurse, for a team lead sees her own alone."""
    if not ids:
        return
    asked = [
        NewAlert(
            kind=AlertKind.MERGE_PROPOSED,
            urgency=Urgency.ROUTINE,
            dedupe_key=alert_key(row.id),
            practitioner_id=row.owner,
            owner_team_id=None,
            household_id=row.household_id,
            person_id=row.person_id,
            team_id=row.team_id,
            next_due_at=now + answer_within,
            detail=json.dumps({"proposal": row.id}),
        )
        for row in session.execute(_OWNERS, {"ids": list(ids), "now": now})
    ]
    told = alerts.raise_or_renew(session, asked, now=now)
    messages.alert_emails(session, told, now=now)


def alert_key(proposal_id: int) -> str:
    """The key of the one alert that asks about a proposal."""
    return dedupe.subject_alert(AlertKind.MERGE_PROPOSED, "merge_proposal", proposal_id)


def decide(session: Session, proposal_id: int, *, state: str, reason: str, account: Scope, now: datetime) -> None:
    """Keep what a person decided, and end the question. Raises NotAllowed where it was decided before."""
    given = {"id": proposal_id, "state": state, "reason": reason, "by": account.actor, "now": now}
    if session.execute(_DECIDE, given).one_or_none() is None:
        raise NotAllowed("somebody has decided on this already")
    session.execute(_END_ALERT, {**given, "key": alert_key(proposal_id)})


_PROPOSE = """
    INSERT INTO merge_proposal ({low}, {high}, why, raised_at, raised_by) VALUES (:one, :other, :why, :now, :by)
    ON CONFLICT ({low}, {high}) DO UPDATE SET
        state = CASE WHEN :asked THEN 'open' ELSE merge_proposal.state END,
        decided_at = CASE WHEN :asked THEN NULL ELSE merge_proposal.decided_at END,
        decided_by = CASE WHEN :asked THEN NULL ELSE merge_proposal.decided_by END
    RETURNING id, state
"""
_FROM_FILE = text(
    """
    INSERT INTO merge_proposal (person_id, other_person_id, why, raised_at, raised_by)
    SELECT DISTINCT least(person_id, other_person_id), greatest(person_id, other_person_id), :why,
           CAST(:now AS timestamptz), :by
    FROM who WHERE conflict AND other_person_id <> person_id
    ON CONFLICT DO NOTHING RETURNING id
    """
)
_HOUSEHOLDS_OF = text(
    """
    INSERT INTO merge_proposal (household_id, other_household_id, why, raised_at, raised_by)
    SELECT DISTINCT a.household_id, b.household_id, :why, CAST(:now AS timestamptz), :by
    FROM household_member a JOIN household_member b ON b.person_id = a.person_id AND b.household_id > a.household_id
    WHERE a.person_id = :person AND a.valid_until IS NULL AND b.valid_until IS NULL
    ON CONFLICT DO NOTHING RETURNING id
    """
)
_OWNERS = text(
    """
    SELECT m.id, m.person_id, m.household_id, coalesce(p.team_id, h.team_id, o.team_id, i.team_id) AS team_id,
           coalesce(CASE WHEN coalesce(p.team_id, h.team_id) IS NOT DISTINCT FROM coalesce(o.team_id, i.team_id)
                         THEN t.lead_practitioner_id END,
                    (SELECT min(n.id) FROM practitioner n WHERE n.role = 'named_nurse'
                       AND coalesce(n.active_until >= CAST(CAST(:now AS timestamptz) AS date), true)),
                    (SELECT r.id FROM practitioner r WHERE r.last_resort)) AS owner
    FROM merge_proposal m
    LEFT JOIN person p ON p.id = m.person_id LEFT JOIN person o ON o.id = m.other_person_id
    LEFT JOIN household h ON h.id = m.household_id LEFT JOIN household i ON i.id = m.other_household_id
    LEFT JOIN team t ON t.id = coalesce(p.team_id, h.team_id)
    WHERE m.id = ANY(CAST(:ids AS bigint[]))
    """
)
_DECIDE = text(
    """
    UPDATE merge_proposal SET state = :state, reason = :reason, decided_by = :by, decided_at = :now
    WHERE id = :id AND state = 'open' RETURNING id
    """
)
_END_ALERT = text(
    """
    UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = :state
    WHERE dedupe_key = :key AND state = 'open'
    """
)
