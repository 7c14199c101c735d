"""Find gaps in staffing: whom nobody can reach, leave without cover, roles nobody has, leavers with work. No commits.

One list for the weekly check and for the page. A handful of set queries, whatever the number of people.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import out_of_hours
from models.domain.ids import TeamId
from models.domain.staffing_gaps import TEAM_ROLES, TRUST_ROLES, Gap
from models.domain.staffing_rules import StaffingRules, WeeklyCheck
from models.domain.words import AlertKind, OwnerRole, StaffingGap
from models.domain.working_time import WorkingCalendar

Ladders = Mapping[OwnerRole, tuple[str, ...]]


def team_ids(session: Session) -> list[TeamId]:
    """Every team."""
    return [TeamId(each) for each in session.scalars(text("SELECT id FROM team ORDER BY id"))]


def find(
    session: Session,
    teams: Collection[int],
    *,
    with_trust: bool,
    ladders: Ladders,
    rules: StaffingRules,
    calendar: WorkingCalendar,
    now: datetime,
) -> list[Gap]:
    """The gaps of these teams at `now`, and of the trust's own people where `with_trust`; not who never answers."""
    today = calendar.civil_date(now)
    given = {
        "teams": sorted(teams),
        "trust": with_trust,
        "now": now,
        "today": today,
        "horizon": now + rules.weekly.cover_horizon,
    }
    found = [*_people(session, given), *_no_cover(session, given), *_no_lead(session, given)]
    found += _empty_roles(session, given, ladders, with_trust=with_trust)
    standings = out_of_hours.standings(session, teams, rules=rules, today=today, now=now)
    found += [
        Gap(kind=StaffingGap.OUT_OF_HOURS, team_id=team, count=standing.open_minutes)
        for team, standing in sorted(standings.items())
        if not standing.is_covered and standing.signed is None
    ]
    return found


def never_answering(session: Session, check: WeeklyCheck, *, today: date, now: datetime) -> list[Gap]:
    """Who was alerted often of late and has acknowledged nothing. Reads weeks of alerts: for the weekly check alone."""
    params = {"since": now - check.unanswered_for, "least": check.unanswered_alerts, "today": today}
    return [
        Gap(
            kind=StaffingGap.NEVER_ANSWERS,
            team_id=row.team_id,
            practitioner_id=row.id,
            who=row.name,
            count=row.alerts,
        )
        for row in session.execute(_NEVER, params)
    ]


def last_never_answering(session: Session, teams: Collection[int], *, with_trust: bool) -> list[Gap]:
    """Who never answers, as the last weekly check found it, for the page."""
    found = session.execute(_LAST_NEVER, {"teams": sorted(teams), "trust": with_trust})
    return [
        Gap(kind=StaffingGap.NEVER_ANSWERS, team_id=row.team_id, practitioner_id=row.id, who=row.name, count=row.alerts)
        for row in found
    ]


def end_settled(session: Session, *, keys: Sequence[str], now: datetime) -> int:
    """End the open staffing alerts whose gaps are all gone: those with other keys than these; return how many."""
    ended = session.execute(_END, {"keys": list(keys), "kind": AlertKind.STAFFING_GAP, "now": now})
    return len(ended.all())


def _people(session: Session, given: Mapping[str, object]) -> list[Gap]:
    found = []
    for row in session.execute(_PEOPLE, given):
        common = {"team_id": row.team_id, "practitioner_id": row.id, "who": row.name, "count": row.held}
        if row.has_left:
            if row.held or row.children:
                found.append(Gap(kind=StaffingGap.LEAVER_HOLDS_WORK, children=row.children, **common))
        elif not row.reachable and (row.held or row.children or row.is_role):
            found.append(Gap(kind=StaffingGap.UNREACHABLE, children=row.children, **common))
    return found


def _no_cover(session: Session, given: Mapping[str, object]) -> list[Gap]:
    return [
        Gap(
            kind=StaffingGap.NO_COVER,
            team_id=row.team_id,
            practitioner_id=row.id,
            who=row.name,
            since=row.starts_at,
            until=row.ends_at,
        )
        for row in session.execute(_NO_COVER, given)
    ]


def _no_lead(session: Session, given: Mapping[str, object]) -> list[Gap]:
    return [Gap(kind=StaffingGap.NO_LEAD, team_id=row.id) for row in session.execute(_NO_LEAD, given)]


def _empty_roles(session: Session, given: Mapping[str, object], ladders: Ladders, *, with_trust: bool) -> list[Gap]:
    """Steps nobody can reach: a role that some ladder needs and that nobody at work has, per team or in the trust."""
    held = {(row.team_id, row.role) for row in session.execute(_ROLES, given)}
    everywhere = {role for _, role in held}
    teams = given["teams"]
    assert isinstance(teams, list)
    empty = [
        Gap(kind=StaffingGap.EMPTY_ROLE, team_id=team, role=role, ladders=ladders[role])
        for team in teams
        for role in TEAM_ROLES
        # A team without a lead is a gap of its own.
        if role in ladders and role is not OwnerRole.TEAM_LEAD and (team, role.value) not in held
    ]
    if with_trust:
        empty += [
            Gap(kind=StaffingGap.EMPTY_ROLE, team_id=None, role=role, ladders=ladders[role])
            for role in TRUST_ROLES
            if role in ladders and role.value not in everywhere
        ]
    return empty


_HELD = "f.state IN ('open', 'backlog', 'seen', 'closing')"
_IN_SCOPE = "(p.team_id = ANY(CAST(:teams AS bigint[])) OR (:trust AND p.team_id IS NULL))"
_AT_WORK = "coalesce({p}.active_from <= :today, true) AND coalesce({p}.active_until >= :today, true)"
_PEOPLE = text(
    f"""
    SELECT p.id, p.name, p.team_id, coalesce(p.active_until < :today, false) AS has_left,
           p.role IN ('duty', 'team_lead', 'named_nurse', 'head_of_service') AS is_role,
           p.email IS NOT NULL OR EXISTS (
               SELECT FROM account a WHERE a.practitioner_id = p.id AND a.disabled_at IS NULL) AS reachable,
           (SELECT count(*) FROM follow_up f WHERE f.owner_practitioner_id = p.id AND {_HELD}) AS held,
           (SELECT count(*) FROM person c WHERE c.caseload_holder_id = p.id) AS children
    FROM practitioner p
    WHERE {_IN_SCOPE} AND NOT p.last_resort AND (
        p.active_until < :today OR (p.email IS NULL AND NOT EXISTS (
            SELECT FROM account a WHERE a.practitioner_id = p.id AND a.disabled_at IS NULL)))
    ORDER BY p.team_id, p.name, p.id
    """
)
# Away at the same time, even for a part of it, a colleague covers nothing: better asked about once too often.
_OVERLAPS = """
    SELECT FROM absence b WHERE b.practitioner_id = {who} AND b.called_off_at IS NULL
      AND b.starts_at < a.ends_at AND b.ends_at > a.starts_at
"""
_NO_COVER = text(
    f"""
    SELECT p.id, p.name, p.team_id, a.starts_at, a.ends_at
    FROM absence a JOIN practitioner p ON p.id = a.practitioner_id LEFT JOIN team t ON t.id = p.team_id
    WHERE a.called_off_at IS NULL AND a.ends_at > :now AND a.starts_at < :horizon AND {_IN_SCOPE}
      AND {_AT_WORK.format(p="p")}
      AND (EXISTS (SELECT FROM person c WHERE c.caseload_holder_id = p.id)
           OR EXISTS (SELECT FROM follow_up f WHERE f.owner_practitioner_id = p.id AND {_HELD})
           OR p.id = t.lead_practitioner_id)
      AND NOT EXISTS (
        SELECT FROM practitioner c
        WHERE {_AT_WORK.format(p="c")} AND NOT EXISTS ({_OVERLAPS.format(who="c.id")}) AND (
            c.id = a.cover_practitioner_id
            OR (c.team_id = p.team_id AND c.id <> p.id AND (c.role = 'duty' OR c.id = t.lead_practitioner_id))))
    ORDER BY p.team_id, a.starts_at, p.id
    """
)
_NO_LEAD = text(
    f"""
    SELECT t.id FROM team t LEFT JOIN practitioner p ON p.id = t.lead_practitioner_id AND {_AT_WORK.format(p="p")}
    WHERE t.id = ANY(CAST(:teams AS bigint[])) AND p.id IS NULL AND NOT EXISTS (
        SELECT FROM practitioner o WHERE o.team_id = t.id AND o.role = 'team_lead' AND {_AT_WORK.format(p="o")})
    ORDER BY t.id
    """
)
_ROLES = text(
    f"SELECT DISTINCT p.team_id, p.role FROM practitioner p WHERE {_AT_WORK.format(p='p')} AND NOT last_resort"
)
_NEVER = text(
    f"""
    SELECT p.id, p.name, p.team_id, n.alerts
    FROM (SELECT practitioner_id, count(*) AS alerts FROM alert
          WHERE raised_at >= :since AND practitioner_id IS NOT NULL GROUP BY 1
          HAVING count(*) >= :least
             AND count(*) FILTER (WHERE acknowledged_at IS NOT NULL OR ended_by LIKE 'person:%') = 0) AS n
    JOIN practitioner p ON p.id = n.practitioner_id
    WHERE NOT p.last_resort AND {_AT_WORK.format(p="p")} ORDER BY p.team_id, p.id
    """
)
_LAST_NEVER = text(
    f"""
    SELECT p.id, p.name, p.team_id, CAST(found.value AS bigint) AS alerts
    FROM alert l CROSS JOIN LATERAL jsonb_each_text(coalesce(l.detail -> 'never_answers', '{{}}')) AS found
    JOIN practitioner p ON p.id = CAST(found.key AS bigint)
    WHERE l.kind = 'staffing_gap' AND l.state = 'open' AND {_IN_SCOPE} ORDER BY p.team_id, p.name, p.id
    """
)
_END = text(
    """
    UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = 'engine', outcome = 'gone'
    WHERE kind = :kind AND state = 'open' AND dedupe_key <> ALL(CAST(:keys AS text[])) RETURNING id
    """
)
