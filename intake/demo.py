"""Write made-up trust extracts in the import format, one file a kind. Any size, row by row.

Same families, seed and day, same files.
"""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from intake.demo_families import FAMILY, GIVEN, Adult, Child, Family
from intake.demo_families import families as made_up
from intake.demo_staffing import Row, Teams, absence_rows, caseload_rows, flag_rows
from intake.demo_visits import Visit, visits
from intake.records import KINDS
from models.domain.words import ImportKind

FILES = (
    ImportKind.STAFF,
    ImportKind.PEOPLE,
    ImportKind.APPOINTMENTS,
    ImportKind.INDICATORS,
    ImportKind.FLAGS,
    ImportKind.ABSENCES,
    ImportKind.CASELOADS,
)
FAMILIES_PER_TEAM = 400
VISITORS_PER_TEAM = 6
MENTAL_HEALTH_TEAM, MENTAL_HEALTH_CLINICIAN = "PMH", "PMH1"  # sees its own appointments alone
CHILDREN_PER_FAMILY = 1.2  # under five, on average of a trust's families
_TEAM_NAMES = ("North", "South", "East", "West", "Riverside", "Hillside", "Harbour", "Meadow", "Castle", "Park")


def write_extracts(
    out: Path, *, families: int, seed: int, today: date, children_per_visitor: int | None = None
) -> list[Path]:
    """Write one CSV a kind under `out`, in the order to load them; return their paths.

    With `children_per_visitor` the families have the shape of a whole trust (domain.md 8): children of every age under
    five, targeted contacts, a duty colleague in each team, a head of service, and as many visitors as that asks for.
    """
    whole = children_per_visitor is not None
    teams = team_codes(max(1, -(-families // FAMILIES_PER_TEAM)))
    if children_per_visitor is not None:
        teams = team_codes(max(1, round(families * CHILDREN_PER_FAMILY / children_per_visitor / VISITORS_PER_TEAM)))
    with ExitStack() as stack:
        paths, writers = _open(out, stack)
        for row in (*staff_rows(teams), *(trust_rows(teams) if whole else ())):
            writers[ImportKind.STAFF].writerow(row)
        for row in absence_rows(teams, seed=seed, today=today):
            writers[ImportKind.ABSENCES].writerow(row)
        _write_families(writers, families, seed, today, teams, whole=whole)
    return paths


def _open(out: Path, stack: ExitStack) -> tuple[list[Path], "dict[ImportKind, csv.DictWriter[str]]"]:
    paths: list[Path] = []
    writers: dict[ImportKind, csv.DictWriter[str]] = {}
    for kind in FILES:
        path = out / f"{kind}.csv"
        stream = stack.enter_context(path.open("w", newline="", encoding="utf-8"))
        writer = csv.DictWriter(stream, [field.name for field in KINDS[kind].fields], restval="")
        writer.writeheader()
        paths.append(path)
        writers[kind] = writer
    return paths, writers


def _write_families(
    writers: "dict[ImportKind, csv.DictWriter[str]]",
    count: int,
    seed: int,
    today: date,
    teams: Teams,
    *,
    whole: bool,
) -> None:
    chance, moves = Random(seed + 1), Random(seed + 2)
    for family in made_up(count=count, seed=seed, today=today, teams=teams, of_a_trust=whole):
        for row in people_rows(family):
            writers[ImportKind.PEOPLE].writerow(row)
        for visit in visits(family, chance=chance, today=today, targeted=whole):
            writers[ImportKind.APPOINTMENTS].writerow(appointment_row(family, visit, whole=whole))
        for row in indicator_rows(family, chance, today):
            writers[ImportKind.INDICATORS].writerow(row)
        for row in flag_rows(family, today=today):
            writers[ImportKind.FLAGS].writerow(row)
        for row in caseload_rows(family, teams, moves, today=today):
            writers[ImportKind.CASELOADS].writerow(row)


def team_codes(count: int) -> Teams:
    """Codes of `count` teams with those of their health visitors."""
    return tuple(
        (f"T{team:02d}", tuple(f"HV{team:02d}{visitor}" for visitor in range(1, VISITORS_PER_TEAM + 1)))
        for team in range(1, count + 1)
    )


def staff_rows(teams: Teams) -> Iterator[Row]:
    """A lead, a named nurse, an administrator and the visitors of each team; a mental health team beside them."""
    chance = Random(len(teams))
    for number, (team, visitors) in enumerate(teams):
        name = _TEAM_NAMES[number % len(_TEAM_NAMES)]
        of = {"team": team, "team_name": f"{name} team" + (f" {number // 10 + 1}" if number >= 10 else "")}
        of["team_phone"] = f"01632 960{number % 1000:03d}"  # Ofcom's drama landlines
        others = (("TL", "team_lead", "yes"), ("NN", "named_nurse", "no"), ("AD", "admin", "no"))
        for prefix, role, leads in others:
            yield {**of, **_member(f"{prefix}{team[1:]}", role, chance), "leads_team": leads}
        for visitor in visitors:
            yield {**of, **_member(visitor, "health_visitor", chance), "leads_team": "no"}
    of = {"team": MENTAL_HEALTH_TEAM, "team_name": "Perinatal mental health team", "team_phone": "01632 960999"}
    yield {**of, **_member("TLPMH", "team_lead", chance), "leads_team": "yes"}
    yield {**of, **_member(MENTAL_HEALTH_CLINICIAN, "pmh_clinician", chance), "leads_team": "no"}


def trust_rows(teams: Teams) -> Iterator[Row]:
    """Whom a trust has beside its visitors: in each team a duty colleague and the other services' people, one head."""
    chance = Random(len(teams))
    others = {"DU": "duty", "MW": "midwife", "GP": "gp"}
    for team, _ in teams:
        for prefix, role in others.items():
            yield {"team": team, **_member(f"{prefix}{team[1:]}", role, chance), "leads_team": "no"}
    yield {**_member("HEAD", "head_of_service", chance), "leads_team": "no"}


def _member(code: str, role: str, chance: Random) -> Row:
    name = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"
    return {"staff_id": code, "name": name, "role": role, "email": f"{code.lower()}@example.nhs.uk"}


def people_rows(family: Family) -> Iterator[Row]:
    """The mother, the father where one is known, and each child."""
    common = {
        "household_id": family.household_id,
        "team": family.team,
        "caseload_holder": family.visitor,
        "postcode": family.postcode,
        "gp_practice": f"Practice {family.number % 37 + 1}",
    }
    yield {
        **common,
        **_subject(family.mother, "mother"),
        "subject_edd": _text(family.edd),
        "pregnancy_outcome": family.pregnancy_outcome,
        "pregnancy_ended_on": _text(family.pregnancy_ended_on),
        "flags": "|".join(family.flags),
        **contact(family),
    }
    if family.father:
        yield {**common, **_subject(family.father, "father")}
    for child in family.children:
        yield {**common, **_subject(child, "child"), "subject_deceased_on": _text(child.died_on), **contact(family)}


def appointment_row(family: Family, visit: Visit, *, whole: bool = False) -> Row:
    """One appointment with whom to reach about it. In a `whole` trust other services have people of their own."""
    practitioner = family.visitor if visit.kind.startswith("HV") else ""
    if whole and not practitioner:
        practitioner = f"{visit.kind[:2]}{family.team[1:]}"
    subject = _subject(visit.child, "child") if visit.child else _subject(family.mother, "mother")
    mental_health = visit.kind.startswith("PMH")
    return {
        "source_id": f"{family.household_id}-{visit.number}",
        **subject,
        "household_id": family.household_id,
        "kind": visit.kind,
        "mode": visit.mode,
        "practitioner": MENTAL_HEALTH_CLINICIAN if mental_health else practitioner,
        "team": MENTAL_HEALTH_TEAM if mental_health else family.team,
        "location": "Home" if visit.mode == "home" else "Children's centre",
        "starts_at": visit.starts_at.isoformat(timespec="minutes"),
        "minutes": str(visit.minutes),
        "status": visit.status,
        "outcome": visit.outcome,
        "recorded_at": visit.recorded_at.isoformat(timespec="minutes") if visit.recorded_at else "",
        **contact(family),
    }


def contact(family: Family) -> Row:
    """The mother as the person to reach."""
    return {
        "contact_name": family.mother.name,
        "contact_relation": "mother",
        "contact_nhs_number": family.mother.nhs_number,
        "contact_mobile": family.mother.mobile,
        "contact_language": family.language,
        "contact_interpreter": "no" if family.language == "en" else "yes",
        "contact_safe_to_text": family.safe_to_text,
        "contact_confirmed_on": _text(family.confirmed_on),
    }


def indicator_rows(family: Family, chance: Random, today: date) -> Iterator[Row]:
    """An EPDS total of each mother at six weeks; about one in eight is over the threshold."""
    for child in family.children:
        day = child.born + timedelta(days=chance.randint(42, 56))
        if day >= today or chance.random() < 0.15:
            continue
        total = chance.randint(10, 22) if chance.random() < 0.125 else chance.randint(0, 9)
        yield indicator_row(family, ref=f"{child.local_id}-EPDS", total=total, self_harm=0, day=day)


def indicator_row(family: Family, *, ref: str, total: int, self_harm: int, day: date) -> Row:
    """One EPDS total of the mother: the total and its item 10, no text of the instrument."""
    return {
        "source_id": ref,
        **_subject(family.mother, "mother"),
        "household_id": family.household_id,
        "instrument": "EPDS",
        "total": str(total),
        "self_harm_item": str(self_harm),
        "recorded_on": _text(day),
        "recorded_by": family.visitor,
        "language": family.language,
    }


def red_flag_row(family: Family, *, note: str, day: date) -> Row:
    """A red flag that the health visitor saw, in her own words."""
    return {
        "source_id": f"{family.household_id}-RED",
        **_subject(family.mother, "mother"),
        "household_id": family.household_id,
        "instrument": "RED-FLAG",
        "answers": "sudden_change=yes",
        "note": note,
        "recorded_on": _text(day),
        "recorded_by": family.visitor,
        "language": family.language,
    }


def _subject(person: Adult | Child, role: str) -> Row:
    return {
        "subject_nhs_number": person.nhs_number,
        "subject_local_id": person.local_id,
        "subject_name": person.name,
        "subject_dob": _text(person.born),
        "subject_role": role,
    }


def _text(day: date | datetime | None) -> str:
    return day.isoformat() if day else ""
