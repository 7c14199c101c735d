"""People who go away, have left, or hand families on: what they hold finds somebody else at once (design 3.9).

A caseload move that takes effect, and a practitioner whose absence begins, each have a due time. What is woken here is
handed over by `advance`, which resolves the step in hand anew; alerts that no follow-up drives are handed over here.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import alerts, caseloads, messages, staff_looks
from models.db.people_resolution import Whose, directory
from models.domain.words import OwnerRole
from workers.machine import Machine

SET_SIZE = 500
# An alert that somebody away holds: whoever covers, duty, the lead, and up.
_INSTEAD = (
    OwnerRole.PRACTITIONER,
    OwnerRole.DUTY,
    OwnerRole.TEAM_LEAD,
    OwnerRole.HEAD_OF_SERVICE,
    OwnerRole.LAST_RESORT,
)


def follow_staff(machine: Machine) -> int:
    """Apply what is due of moves and absences, set after set; return how many of either were looked at."""
    rules, handled = machine.rules(), 0
    for step in (move_caseloads, look_at_staff):
        while True:
            with Session(machine.engine) as session, session.begin():
                count = step(session, rules, machine.clock(session))
            handled += count
            if count < SET_SIZE:
                break
    return handled


def move_caseloads(session: Session, rules: Rules, now: datetime) -> int:
    """Apply one set of planned caseload moves whose day has come. The caller commits."""
    return caseloads.apply_due(session, now=now, limit=SET_SIZE)


def look_at_staff(session: Session, rules: Rules, now: datetime) -> int:
    """Wake what one set of practitioners holds who are away or gone; note when to look again. The caller commits.

    What somebody else had locked just now is looked at again at the next drain.
    """
    due = staff_looks.claim_due(session, now=now, limit=SET_SIZE)
    if not due:
        return 0
    gone = staff_looks.gone(session, due, now=now, today=rules.calendar.civil_date(now))
    if gone:
        staff_looks.wake(session, gone, now=now)
        _hand_alerts_over(session, rules, gone, now=now)
    held = staff_looks.still_held(session, gone, now=now) if gone else set()
    done = [each for each in due if each not in held]
    staff_looks.plan_next(session, done, now=now, zone=rules.calendar.zone.key)
    return len(done)


def _hand_alerts_over(session: Session, rules: Rules, gone: list[int], *, now: datetime) -> None:
    """Open alerts of these go to whoever stands in, who is told; they keep their due times."""
    held = staff_looks.held_alerts(session, gone)
    if not held:
        return
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={team for _, _, team in held if team is not None},
        practitioner_ids=set(gone),
    )
    moves = []
    for alert_id, holder, team in held:
        reached = staff.resolve(Whose(holder, None, team), _INSTEAD)
        moves.append((alert_id, reached.practitioner_id, reached.owner_team_id, reached.role))
    alerts.hand_over(session, moves)
    messages.alert_emails(session, [alert_id for alert_id, *_ in held], now=now)
