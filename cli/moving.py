"""Move live follow-ups to a newer version of their ladder: a preview of who is affected, then batch after batch.

Each batch is a transaction of its own: killed anywhere, what was moved is moved, and running it again moves the rest.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.pathways_loader import pathway_from
from config.rules import Rules
from models.db import clock, pathway_moves
from models.db.follow_ups import Claimed
from models.db.pathway_moves import Moved, Which
from models.db.pathway_shelf import PathwayMissing, PathwayShelf
from models.domain.pathway import Pathway
from models.domain.pathway_move import Ahead, Mapped, MoveRefused, ahead, check_mapping, gone_steps, moved

BATCH = 500
MOST_ROUNDS = 5  # for those that the engine or a person had locked; then they are named and left


@dataclass(frozen=True, slots=True)
class Group:
    """Follow-ups that the move changes alike: where they stand, what is next and whose, before and after."""

    version: int
    state: str
    high_risk: bool
    step: str | None
    step_after: str | None
    next_step: str | None
    next_step_after: str | None
    owner: str | None
    owner_after: str | None
    fires_at_once: bool


@dataclass(slots=True)
class Preview:
    """Who is affected, in groups; the steps that need a word; how far the next due times move."""

    groups: Counter[Group] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    due: dict[Group, tuple[datetime | None, datetime | None]] = field(
        default_factory=dict
    )  # the soonest, before, after

    def add(self, group: Group, before: Ahead, after: Ahead) -> None:
        """Count one follow-up."""
        self.groups[group] += 1
        was, becomes = self.due.get(group, (None, None))
        self.due[group] = (_sooner(was, before.at), _sooner(becomes, after.at))


@dataclass(frozen=True, slots=True)
class Move:
    """One move as asked for."""

    which: Which
    mapping: Mapped
    rules: Rules
    shelf: PathwayShelf
    new: Pathway


def prepare(engine: Engine, which: Which, mapping: Mapped, rules: Rules) -> Move:
    """Return the move. Raises MoveRefused where the version is not stored or the mapping names a step it lacks."""
    shelf = PathwayShelf(pathway_from)
    with Session(engine) as session:
        try:
            new = shelf.get(session, which.code, which.to)
        except PathwayMissing as error:
            raise MoveRefused(f"{error}; run `steadfast pathways load`") from error
    check_mapping(mapping, new)
    return Move(which, mapping, rules, shelf, new)


def preview(engine: Engine, move: Move) -> Preview:
    """Look at every live follow-up of the older versions; change and lock nothing."""
    found = Preview()
    with Session(engine) as session:
        now = clock.now(session)
        for row in _all(session, move):
            gone = gone_steps(row.facts(high_risk=row.high_risk), move.new, move.mapping)
            found.unmapped.update(gone)
            if not gone:
                found.add(*_compared(session, move, row, now))
    return found


def carry_out(engine: Engine, move: Move, *, by: str, why: str) -> tuple[int, int]:
    """Move them, batch after batch; return how many were moved and how many somebody else was at.

    Raises MoveRefused at the first that has a step nothing was said of: the batches before it stay moved.
    """
    done = 0
    for _ in range(MOST_ROUNDS):
        after_id = 0
        while True:
            with Session(engine) as session, session.begin():
                now = clock.now(session)
                rows = pathway_moves.page(session, move.which, after_id=after_id, limit=BATCH, lock=True)
                moves = [_moved(session, move, row) for row in rows]
                pathway_moves.store(session, move.which, moves, by=by, why=why, now=now)
            done += len(rows)
            if not rows:
                break
            after_id = rows[-1].id
        with Session(engine) as session:
            left = pathway_moves.count(session, move.which)
        if not left:
            break
    return done, left


def _all(session: Session, move: Move) -> Iterator[Claimed]:
    after_id = 0
    while rows := pathway_moves.page(session, move.which, after_id=after_id, limit=BATCH, lock=False):
        yield from rows
        after_id = rows[-1].id


def _moved(session: Session, move: Move, row: Claimed) -> Moved:
    facts = row.facts(high_risk=row.high_risk)
    gone = gone_steps(facts, move.new, move.mapping)
    if gone:
        raise MoveRefused(unmapped_words(gone, move.new))
    old = move.shelf.get(session, row.pathway_code, row.pathway_version)
    return Moved(row, moved(facts, old, move.new, move.mapping))


def _compared(session: Session, move: Move, row: Claimed, now: datetime) -> tuple[Group, Ahead, Ahead]:
    calendar = move.rules.calendar
    facts = row.facts(high_risk=row.high_risk)
    old = move.shelf.get(session, row.pathway_code, row.pathway_version)
    on_new = moved(facts, old, move.new, move.mapping)
    before, after = ahead(facts, old, now=now, calendar=calendar), ahead(on_new, move.new, now=now, calendar=calendar)
    group = Group(
        version=row.pathway_version,
        state=row.state,
        high_risk=row.high_risk,
        step=row.step_id,
        step_after=on_new.step_id,
        next_step=before.step_id,
        next_step_after=after.step_id,
        owner=before.owner,
        owner_after=after.owner,
        fires_at_once=after.at is None and before.at is not None,
    )
    return group, before, after


def unmapped_words(steps: set[str], new: Pathway) -> str:
    """Say which steps are gone and what is expected."""
    names = ", ".join(sorted(steps))
    return (
        f"{new.code} version {new.version} has no step {names}, which live follow-ups have in hand or behind them;"
        f" expected --map OLD=NEW for each, or --map OLD=- where nothing takes its place"
    )


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    known = [each for each in (one, other) if each is not None]
    return min(known, default=None)
