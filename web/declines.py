"""Recording that a family declined a contact: who, how they were told, why, and who has last seen the child."""

from collections.abc import Mapping
from datetime import date

from fastapi import APIRouter
from starlette.responses import Response

from models.db import decline_actions
from models.db.case import Case
from models.domain.words import AppointmentStatus
from web.case_actions import Incomplete, perform
from web.decline_words import CAPACITY, DECLINED_BY, INFORMED, SEEN
from web.visits import Act, AnAct

router = APIRouter()


@router.post("/follow-ups/{follow_up_id}/decline")
def record(follow_up_id: int, act: AnAct) -> Response:
    """Keep what is known; what is missing is asked for again until it is whole."""

    def do(found: Case, version: int) -> str:
        visit, raw = act.visit, act.text("seen_status")
        missing = decline_actions.record(
            visit.db,
            follow_up_id=found.row.id,
            row_version=version,
            seen_status=AppointmentStatus(raw) if raw in list(AppointmentStatus) else None,
            answers=decline_actions.answers(
                declined_by=_chosen(act, "declined_by", DECLINED_BY),
                informed=_chosen(act, "informed", INFORMED),
                why=act.text("why") or None,
                capacity=_chosen(act, "capacity", CAPACITY),
                seen_by_anybody=_chosen(act, "seen_by_anybody", SEEN),
                last_seen_on=_day(act),
                last_seen_by=act.text("last_seen_by", longest=200) or None,
            ),
            account=visit.scope,
            now=visit.now,
            today=visit.site.rules.calendar.civil_date(visit.now),
        )
        return "decline_incomplete" if missing else "decline_recorded"

    return perform(act, follow_up_id, "decline", do)


def _chosen(act: Act, name: str, words: Mapping[str, str]) -> str | None:
    raw = act.text(name)
    return raw if raw in words else None


def _day(act: Act) -> date | None:
    """The day from its three boxes; none where all are empty."""
    parts = [act.text(f"last_seen_{part}", longest=4) for part in ("year", "month", "day")]
    if not any(parts):
        return None
    try:
        return date(*(int(part) for part in parts))
    except ValueError as error:
        raise Incomplete("Write the day as numbers, such as 27 3 2026.") from error
