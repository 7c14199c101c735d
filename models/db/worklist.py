"""The list of everything open, one page at a time, for one Scope. No age cut: what is open is on it.

Order (design 7): red flags, then the high-risk flag, then overdue longest. Pages go by key, never by OFFSET, and each
reads only its own stretch of `ix_follow_up_worklist` per team, so the list stays fast however long it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Select,
    Subquery,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    values,
)
from sqlalchemy.orm import Session

from models.db.scope import Scope
from models.db.tables import FollowUp, Team
from models.db.tables.follow_ups import BACKLOG, LISTED
from models.domain.ids import FollowUpId, PractitionerId, TeamId
from models.domain.words import FollowUpState, FollowUpTrigger

# Written out, not bound, so that every plan can prove which partial index serves it.
IS_LISTED: ColumnElement[bool] = literal_column(f"follow_up.{LISTED}", type_=Boolean)
IS_BACKLOG: ColumnElement[bool] = literal_column(f"follow_up.{BACKLOG}", type_=Boolean)
LONG_AGO = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
COUNT_CAP = 1000  # counts stop here, so that none reads a million rows; the page says "more than 1,000"


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the open follow-ups to show; a None leaves a question open. The backlog is shown when asked for."""

    team_id: TeamId | None = None
    trigger: FollowUpTrigger | None = None
    contact_code: str | None = None
    state: FollowUpState | None = None
    practitioner_id: PractitionerId | None = None
    unacknowledged_at: datetime | None = None
    overdue_at: datetime | None = None
    high_risk: bool | None = None
    red_flag: bool | None = None

    @property
    def backlog(self) -> bool:
        """Whether the backlog is asked for, which is a list of its own."""
        return self.state is FollowUpState.BACKLOG


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of the list: the key that the next page starts after."""

    red_flag: bool
    high_risk: bool
    breach_at: datetime
    id: FollowUpId

    def __str__(self) -> str:
        micros = (self.breach_at - LONG_AGO) // timedelta(microseconds=1)
        return f"{int(self.red_flag)}{int(self.high_risk)}-{micros}-{self.id}"

    @classmethod
    def parse(cls, raw: str) -> "Place":
        """Read what `str` wrote. Raises ValueError on anything else."""
        flags, micros, row_id = raw.split("-")
        if flags not in ("00", "01", "10", "11"):
            raise ValueError(f"place {raw!r} begins with {flags!r}; expected two digits, each 0 or 1")
        try:
            breach_at = LONG_AGO + timedelta(microseconds=int(micros))
        except OverflowError as error:
            raise ValueError(f"place {raw!r} holds no time") from error
        if not 0 <= int(row_id) < 2**63:
            raise ValueError(f"place {raw!r} holds no row id")
        return cls(flags[0] == "1", flags[1] == "1", breach_at, FollowUpId(int(row_id)))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: places in order, and whether more follow."""

    places: tuple[Place, ...]
    more: bool


def page(session: Session, scope: Scope, wanted: Filter, *, after: Place | None, size: int) -> Page:
    """The `size` places that follow `after` (None: the start) among what `scope` may see, in order."""
    found = _stretches(session, scope, wanted, after=after, size=size + 1)
    if found is None:
        return Page((), more=False)
    c = found.c
    rows = session.execute(
        select(c.red_flag, c.high_risk, c.breach_at, c.id)
        .order_by(c.red_flag.desc(), c.high_risk.desc(), c.breach_at, c.id)
        .limit(size + 1)
    ).all()
    places = tuple(Place(red, high, breach_at, FollowUpId(row_id)) for red, high, breach_at, row_id in rows[:size])
    return Page(places, more=len(rows) > size)


def count(session: Session, scope: Scope, wanted: Filter) -> int:
    """How many follow-ups match, but never more than COUNT_CAP + 1: the count stops there."""
    found = _stretches(session, scope, wanted, after=None, size=COUNT_CAP + 1)
    if found is None:
        return 0
    few = select(found.c.id).limit(COUNT_CAP + 1).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def visible_teams(session: Session, scope: Scope) -> list[tuple[TeamId, str]]:
    """The teams that `scope` covers, by name."""
    found = select(Team.id, Team.name).where(scope.condition(Team.id)).order_by(Team.name)
    return [(TeamId(team_id), name) for team_id, name in session.execute(found)]


def _stretches(session: Session, scope: Scope, wanted: Filter, *, after: Place | None, size: int) -> Subquery | None:
    """At most `size` matching rows of each team and each group of flags, each read in the index's own order."""
    teams = [team_id for team_id, _ in visible_teams(session, scope) if wanted.team_id in (None, team_id)]
    groups = _groups(wanted, after)
    stretch = _one_stretch(wanted, groups, size=size)
    arms: list[Select[Any]] = []
    if teams:
        team = select(func.unnest(literal(teams, ARRAY(BigInteger))).label("id")).subquery("of_team")
        inner = stretch.where(FollowUp.team_id == team.c.id).correlate(groups, team).lateral("stretch")
        arms.append(select(*inner.c).select_from(team.join(groups, true()).join(inner, true())))
    if scope.sees_families and scope.all_teams and wanted.team_id is None:
        inner = stretch.where(FollowUp.team_id.is_(None)).correlate(groups).lateral("loose")
        arms.append(select(*inner.c).select_from(groups.join(inner, true())))
    if not arms:
        return None
    return arms[0].union_all(*arms[1:]).subquery("found") if len(arms) > 1 else arms[0].subquery("found")


def _one_stretch(wanted: Filter, groups: Any, *, size: int) -> Select[bool, bool, datetime, int]:
    key = tuple_(FollowUp.breach_at, FollowUp.id)
    return (
        select(FollowUp.red_flag, FollowUp.high_risk, FollowUp.breach_at, FollowUp.id)
        .where(
            IS_BACKLOG if wanted.backlog else IS_LISTED,
            FollowUp.red_flag == groups.c.red_flag,
            FollowUp.high_risk == groups.c.high_risk,
            key > tuple_(groups.c.breach_at, groups.c.id),
            *_conditions(wanted),
        )
        .order_by(FollowUp.breach_at, FollowUp.id)
        .limit(size)
    )


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.trigger is not None:
        found.append(FollowUp.trigger == wanted.trigger)
    if wanted.contact_code is not None:
        found.append(FollowUp.contact_code == wanted.contact_code)
    if wanted.state is not None and not wanted.backlog:
        found.append(FollowUp.state == wanted.state)
    if wanted.practitioner_id is not None:
        found.append(FollowUp.owner_practitioner_id == wanted.practitioner_id)
    if wanted.unacknowledged_at is not None:
        free = FollowUp.acknowledged_until
        found.append(or_(free.is_(None), free <= wanted.unacknowledged_at))
    if wanted.overdue_at is not None:
        found.append(FollowUp.breach_at <= wanted.overdue_at)
    return found


def _groups(wanted: Filter, after: Place | None) -> Any:
    """The groups of flags still to come, each with the key it starts after: an index range each, no sort, no skip."""
    rows = [
        (red, high, *_start(red, high, after))
        for red, high in _flag_groups(wanted)
        if after is None or (red, high) <= (after.red_flag, after.high_risk)
    ]
    columns = (
        column("red_flag", Boolean),
        column("high_risk", Boolean),
        column("breach_at", DateTime(timezone=True)),
        column("id", BigInteger),
    )
    nothing = [(None, None, LONG_AGO, 0)]  # a null equals no row: an empty list of groups
    return values(*columns, name="flag_group").data(rows or nothing)


def _flag_groups(wanted: Filter) -> Sequence[tuple[bool, bool]]:
    every = ((True, True), (True, False), (False, True), (False, False))
    return [(red, high) for red, high in every if wanted.red_flag in (None, red) and wanted.high_risk in (None, high)]


def _start(red: bool, high: bool, after: Place | None) -> tuple[datetime, int]:
    if after is not None and (red, high) == (after.red_flag, after.high_risk):
        return after.breach_at, after.id
    return LONG_AGO, 0
