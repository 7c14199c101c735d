"""What another service told us was put right: the contact did take place, or after all it did not. No I/O of its own.

Whoever was told hears of it: their follow-up waits for them to confirm and close, or goes on.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import cases, disclosures
from models.db.cases import Case
from models.db.detection import Candidate
from models.db.disclosures import Happened
from models.domain.sharing_states import DisclosureEvent
from models.domain.words import DisclosureState, FollowUpState
from workers.case_changes import evidence_came, reopen, withdraw_seen
from workers.family_events import open_events

EVIDENCE = "the other service's corrected record"
_WAITS_TO_CLOSE = (FollowUpState.SEEN, FollowUpState.CLOSING)


def put_right(
    session: Session, rules: Rules, rows: Sequence[Candidate], *, missed: Collection[int], now: datetime
) -> None:
    """Tell those who heard of one of `rows` how it stands now; `missed`: those that are a miss. The caller commits."""
    told = disclosures.events_told(session, [row.id for row in rows])
    if not told:
        return
    by_id = {row.id: row for row in rows}
    open_events(session, rules, now)  # told a moment ago: what is put right has to be there first
    found = {case.family_event_id: case for case in cases.load_events(session, {event for _, _, event in told})}
    changed = []
    for disclosure, appointment, event in told:
        case = found.get(event)
        if case is not None and _changes(case, by_id[appointment], is_missed=appointment in missed, now=now):
            changed.append((disclosure, appointment))
    cases.save(session, list(found.values()), now=now)
    lines = [
        Happened(row_id, DisclosureEvent.CORRECTED, DisclosureState.SHARED, by_id[appointment].status_by)
        for row_id, appointment in dict.fromkeys(changed)
    ]
    disclosures.tell(session, lines, now=now)


def _changes(case: Case, row: Candidate, *, is_missed: bool, now: datetime) -> bool:
    """Change one follow-up of somebody who was told; return whether there was anything to change."""
    by_record = case.seen_evidence == EVIDENCE
    engine = row._replace(status_by="engine")  # the receiving side does not read who recorded what elsewhere
    if is_missed and by_record and case.state in _WAITS_TO_CLOSE:
        withdraw_seen(case, engine, now=now)
        return True
    if is_missed and by_record and case.state is FollowUpState.CLOSED:
        reopen(case, engine, now=now)
        return True
    if not is_missed and case.is_live and not by_record:
        evidence_came(case, at=now, evidence=EVIDENCE, now=now)
        return True
    return False
