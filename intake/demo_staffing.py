"""Made-up leave, caseloads and flags beside the register: who is away and who covers, who holds whom, from when."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from intake.demo_families import Family

Row = dict[str, str]
Teams = tuple[tuple[str, tuple[str, ...]], ...]


def absence_rows(teams: Teams, *, seed: int, today: date) -> Iterator[Row]:
    """A week's leave now with cover, one to come without, and somebody's day off each week, in every team."""
    chance = Random(seed)
    for team, visitors in teams:
        away, coming, part_time, cover = chance.sample(visitors[1:], 4)  # the first one logs in to the demo
        monday = today - timedelta(days=today.weekday())
        yield _absence(f"{team}-L1", away, monday, days=5, cover=cover)
        yield _absence(f"{team}-L2", coming, monday + timedelta(days=7), days=5)
        for week in range(6):
            day = monday + timedelta(days=7 * week + 2)
            yield _absence(f"{team}-W{week}", part_time, day, days=1, cover=cover)


def caseload_rows(family: Family, teams: Teams, chance: Random, *, today: date) -> Iterator[Row]:
    """Each child's holder as in the register; one family in fifteen moves to a colleague on the first of next month."""
    moved_to = chance.choice(next(visitors for team, visitors in teams if team == family.team))
    moves = chance.random() < 1 / 15 and moved_to != family.visitor
    for child in family.children:
        row = {"subject_nhs_number": child.nhs_number, "subject_local_id": child.local_id, "team": family.team}
        next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        held = {"practitioner": moved_to, "held_from": next_month.isoformat()} if moves else {}
        yield {**row, "household_id": family.household_id, "practitioner": family.visitor, **held}


def flag_rows(family: Family, *, today: date) -> Iterator[Row]:
    """What the register's own column does not tell: who needs an interpreter."""
    if family.language != "en":
        mother = family.mother
        yield {
            "subject_nhs_number": mother.nhs_number,
            "subject_local_id": mother.local_id,
            "subject_role": "mother",
            "household_id": family.household_id,
            "flag": "interpreter",
            "set_on": (today - timedelta(days=200)).isoformat(),
        }


def _absence(ref: str, who: str, first: date, *, days: int, cover: str = "") -> Row:
    last = first + timedelta(days=days - 1)
    return {
        "source_id": ref,
        "practitioner": who,
        "starts_at": first.isoformat(),
        "ends_at": last.isoformat(),
        "cover": cover,
        "status": "confirmed",
    }
