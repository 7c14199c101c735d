"""Who is on duty out of hours, by which routes, and who signed that nobody is: read and kept. Never commits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history
from models.db.follow_up_rows import NotAllowed
from models.db.scope import LEAD_ROLES, Scope
from models.domain.out_of_hours import OutOfHours, Route, Signature, stand
from models.domain.staffing_rules import StaffingRules
from models.domain.words import RouteKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """A route as pages and commands list it; `team_id` None: for every team."""

    id: int
    team_id: int | None
    team_code: str | None
    label: str
    kind: RouteKind
    reaches: str  # a name, an address or a number
    tested_on: date | None
    tested_by: str | None
    hours: tuple[tuple[int, int, int], ...]


def routes(session: Session, team_ids: Collection[int] | None = None) -> list[RouteLine]:
    """The routes in use of these teams and of the trust, or of all, with their hours."""
    found = session.execute(_ROUTES, {"teams": None if team_ids is None else sorted(team_ids)})
    return [
        RouteLine(
            id=row.id,
            team_id=row.team_id,
            team_code=row.team_code,
            label=row.label,
            kind=RouteKind(row.kind),
            reaches=row.reaches,
            tested_on=row.tested_on,
            tested_by=row.tested_by,
            hours=tuple(tuple(each) for each in row.hours or ()),
        )
        for row in found
    ]


def standings(
    session: Session, team_ids: Collection[int], *, rules: StaffingRules, today: date, now: datetime
) -> dict[int, OutOfHours]:
    """How each of these teams stands out of hours at `now`, whose civil date `today` is."""
    lines = routes(session, team_ids)
    signed = {
        row.team_id: Signature(row.signed_by, row.until_at)
        for row in session.execute(_SIGNED, {"teams": sorted(team_ids)})
    }
    return {
        team: stand(
            [
                Route(line.id, line.label, line.kind, line.tested_on, line.hours)
                for line in lines
                if line.team_id in (None, team)
            ],
            signed.get(team),
            rules=rules,
            today=today,
            now=now,
        )
        for team in team_ids
    }


def add_route(
    session: Session,
    *,
    team_id: int | None,
    label: str,
    kind: RouteKind,
    reaches: str | int,
    hours: Collection[tuple[int, int, int]],
    by: str,
    now: datetime,
) -> int:
    """Keep a route and when it is staffed; return its id. `reaches`: a practitioner's id for an account, else text."""
    is_account = kind is RouteKind.ACCOUNT
    values = {
        "team": team_id,
        "label": label,
        "kind": kind,
        "practitioner": reaches if is_account else None,
        "address": None if is_account else str(reaches),
        "by": by,
        "now": now,
    }
    route_id = int(session.execute(_ADD_ROUTE, values).scalar_one())
    for weekday, since, until in hours:
        session.execute(_ADD_HOURS, {"route": route_id, "day": weekday, "since": since, "until": until, **values})
    _keep(session, "route.added", route_id, by=by, now=now)
    return route_id


def end_route(session: Session, *, route_id: int, by: str, now: datetime) -> bool:
    """Take a route out of use; False where it was already."""
    ended = session.execute(_END_ROUTE, {"id": route_id, "by": by, "now": now}).one_or_none()
    if ended is not None:
        _keep(session, "route.ended", route_id, by=by, now=now)
    return ended is not None


def record_test(session: Session, *, route_id: int, by: str, on: date, now: datetime) -> bool:
    """Note that somebody reached whoever is on duty by this route on that day; False where it is not in use."""
    tested = session.execute(_TESTED, {"id": route_id, "by": by, "on": on}).one_or_none()
    if tested is not None:
        _keep(session, "route.tested", route_id, by=by, now=now)
    return tested is not None


def sign_gap(
    session: Session, *, team_id: int, until: datetime, reason: str, account: Scope, rules: StaffingRules, now: datetime
) -> None:
    """A named manager signs that a team has nobody out of hours, until when. Raises NotAllowed.

    It slows nothing down and hides nothing: the card goes on saying so, with the manager's name.
    """
    if account.role not in LEAD_ROLES:
        raise NotAllowed("a team lead or the named nurse signs this")
    if not reason.strip():
        raise NotAllowed("signing needs a reason, and what is done about it")
    if not now < until <= now + rules.longest_gap:
        raise NotAllowed(f"expected a day to come, at most {rules.longest_gap.days} days from now")
    values = {"team": team_id, "by": account.actor, "now": now, "until": until, "reason": reason.strip()}
    session.execute(_SIGN, values)
    history.audited(
        session, action="duty_gap.signed", subject="team", subject_id=team_id, actor=account, now=now,
        why=reason.strip(), detail={"until": until.isoformat()},
    )  # fmt: skip


def _keep(session: Session, action: str, route_id: int, *, by: str, now: datetime) -> None:
    session.execute(_KEEP, {"action": action, "id": route_id, "by": by, "now": now})


_ROUTES = text(
    """
    SELECT r.id, r.team_id, t.code AS team_code, r.label, r.kind, coalesce(p.name, r.address) AS reaches, r.tested_on,
           r.tested_by,
           (SELECT jsonb_agg(jsonb_build_array(h.weekday, h.from_minute, h.until_minute)
                             ORDER BY h.weekday, h.from_minute)
            FROM staffed_hours h WHERE h.route_id = r.id AND h.ended_at IS NULL) AS hours
    FROM contact_route r LEFT JOIN team t ON t.id = r.team_id LEFT JOIN practitioner p ON p.id = r.practitioner_id
    WHERE r.ended_at IS NULL AND (CAST(:teams AS bigint[]) IS NULL OR r.team_id IS NULL
                                  OR r.team_id = ANY(CAST(:teams AS bigint[])))
    ORDER BY r.team_id NULLS FIRST, r.id
    """
)
_SIGNED = text(
    """
    SELECT DISTINCT ON (team_id) team_id, signed_by, until_at FROM duty_gap
    WHERE team_id = ANY(CAST(:teams AS bigint[])) ORDER BY team_id, until_at DESC
    """
)
_ADD_ROUTE = text(
    """
    INSERT INTO contact_route (team_id, label, kind, practitioner_id, address, recorded_by, recorded_at)
    VALUES (:team, :label, :kind, CAST(:practitioner AS bigint), :address, :by, :now) RETURNING id
    """
)
_ADD_HOURS = text(
    """
    INSERT INTO staffed_hours (route_id, weekday, from_minute, until_minute, recorded_by, recorded_at)
    VALUES (:route, :day, :since, :until, :by, :now)
    """
)
_END_ROUTE = text(
    "UPDATE contact_route SET ended_at = :now, ended_by = :by WHERE id = :id AND ended_at IS NULL RETURNING id"
)
_TESTED = text(
    "UPDATE contact_route SET tested_on = :on, tested_by = :by WHERE id = :id AND ended_at IS NULL RETURNING id"
)
_SIGN = text(
    """
    INSERT INTO duty_gap (team_id, signed_by, signed_at, until_at, reason)
    VALUES (:team, :by, :now, :until, :reason)
    """
)
_KEEP = text(
    """
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id)
    VALUES (:now, 'person', :by, :action, 'contact_route', :id)
    """
)
