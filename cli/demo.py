"""The first look: made-up families loaded once into a folder of their own, and accounts with random passwords.

The accounts' file is written last; a folder with the beginning but no end of a load is loaded again.
"""

import secrets
from pathlib import Path
from typing import Final

import typer
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from cli.exits import CANNOT_RUN, stop
from cli.opening import rules_of
from config.pathways_loader import pathway_from
from config.rules import Rules
from config.secret_files import read_or_create
from config.settings import Settings
from models.db import accounts, clock, messages
from models.db.pathway_shelf import PathwayShelf
from models.domain.words import AccountRole
from workers.advance import advance_due
from workers.detect import detect_all

ACCOUNTS_FILE: Final = "demo-accounts.txt"
BEGUN_FILE: Final = "demo-begun"
WHO: Final = "demo"
RELEASED: Final = 5  # texts let go before the first look; the others wait for whoever tries it out
SET_SIZE: Final = 500


def refuse_demo_on_real_data(database_url: str, data_dir: Path) -> None:
    """End the command if the database has people that no demo load brought."""
    if (data_dir / BEGUN_FILE).exists():
        return
    engine = create_engine(database_url)
    with engine.connect() as connection:
        made = connection.execute(text("SELECT to_regclass('person') IS NOT NULL")).scalar_one()
        real = made and connection.execute(text("SELECT EXISTS (SELECT FROM import_run)")).scalar_one()
    engine.dispose()
    if real:
        stop(f"--demo is refused: {data_dir} holds data that were imported; choose another --data", code=CANNOT_RUN)


def show_or_make_demo(settings: Settings) -> str:
    """Return what to tell the person: the accounts at the first start, later only where they are written."""
    path = settings.data_dir / ACCOUNTS_FILE
    if path.exists():
        return f"The demo accounts and their passwords are in {path}"
    typer.echo("loading made-up families")
    (settings.data_dir / BEGUN_FILE).touch()
    lines = _load(settings)
    return "Demo accounts (kept in " + str(path) + "):\n" + read_or_create(path, lambda: "\n".join(lines) + "\n")


def _load(settings: Settings) -> list[str]:
    from intake.demo_load import load_demo

    assert settings.database_url is not None
    engine = create_engine(settings.database_url)
    with Session(engine) as session:
        now = clock.now(session)
    rules: Rules = rules_of(settings, now=now)
    load_demo(engine, rules=rules, now=now)
    release_some_texts(engine, rules)
    with Session(engine) as session:
        lines = _accounts(session)
        session.commit()
    engine.dispose()
    return lines


def release_some_texts(engine: Engine, rules: Rules) -> int:
    """Do what a health visitor would have done before the first look: let some of the waiting texts go.

    Returns how many. The gate still decides: in the night they wait, and one to an unconfirmed number stays held.
    """
    detect_all(engine, rules)
    shelf = PathwayShelf(pathway_from)
    with Session(engine) as session:
        while advance_due(session, rules=rules, pathways=shelf, now=clock.now(session), limit=SET_SIZE):
            session.commit()
        waiting = session.scalars(_WAITING, {"most": RELEASED}).all()
        now = clock.now(session)
        for follow_up_id in waiting:
            messages.release_texts(session, follow_up_id, by=f"person:{WHO}", now=now)
        session.commit()
    return len(waiting)


_WAITING = text(
    """
    SELECT DISTINCT s.follow_up_id FROM message m JOIN message_subject s ON s.message_id = m.id
    WHERE m.state = 'held' AND m.purpose = 'after_miss' ORDER BY 1 LIMIT :most
    """
)


def _accounts(session: Session) -> list[str]:
    """Make an account for each sort of user; return a line each. The caller commits."""
    teams = list(session.execute(text("SELECT id, code, name FROM team WHERE code <> 'PMH' ORDER BY id")))
    wanted: list[tuple[str, AccountRole, list[str], str | None]] = [
        ("admin", AccountRole.ADMINISTRATOR, [], None),
        ("named.nurse", AccountRole.NAMED_NURSE, [], None),
    ]
    for number, team in enumerate(teams[:2], start=1):
        for name, role in (("lead", "team_lead"), ("visitor", "health_visitor")):
            code = session.execute(
                text("SELECT code FROM practitioner WHERE team_id = :team AND role = :role ORDER BY id LIMIT 1"),
                {"team": team.id, "role": role},
            ).scalar()
            wanted.append((f"{name}{number}", AccountRole(role), [team.code], code))
    wanted.append(("perinatal", AccountRole.TEAM_LEAD, ["PMH"], "TLPMH"))
    return [_account(session, *each) for each in wanted]


def _account(session: Session, name: str, role: AccountRole, teams: list[str], practitioner: str | None) -> str:
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    accounts.add(
        session, username=name, password=password, role=role, teams=teams, all_teams=not teams,
        practitioner=practitioner, by=WHO, now=clock.now(session),
    )  # fmt: skip
    return f"  {name:12} {password}   {role.replace('_', ' ')}{', ' + teams[0] if teams else ', all teams'}"
