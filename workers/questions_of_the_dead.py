"""Of an adult who has died nobody is told that they missed a contact: the bereavement hold says what a family needs."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import disclosure_alerts, disclosures


def end_for_the_dead(session: Session, rules: Rules, ids: Collection[int], *, now: datetime) -> Collection[int]:
    """Of these questions end those whose adult has died, and the alerts that asked; return them. The caller commits."""
    over = disclosures.end_for_the_dead(session, ids, now=now)
    causes = [("appointment", row_id) for row_id in over.values()]
    today = rules.calendar.civil_date(now)
    disclosure_alerts.keep_in_time(session, causes, by="engine", now=now, today=today)
    return over.keys()
