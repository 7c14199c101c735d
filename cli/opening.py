"""What a command needs before it begins: checked settings, a database that answers, the right schema, the rules."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cli.embedded import EmbeddedError, Servers, ensure
from cli.exits import CANNOT_RUN, stop
from cli.schema_gate import WrongSchema, found_revision, wait_for_schema
from config.audit_limits import load_audit_limits
from config.rules import Rules, load_rules
from config.settings import Settings, SettingsError, load
from config.yaml_files import RulesError
from models.db import clock, migrate, pathway_versions
from models.domain.audit_limits import AuditLimits

COMMAND_WAIT_SECONDS = 5.0
LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True)
class Opened:
    """A database ready for use, and the settings with the addresses in force."""

    settings: Settings
    engine: Engine

    def rules(self) -> Rules:
        """Return the rules in force, their versions stored. Ends the command if they have a fault."""
        with Session(self.engine) as session:
            now = clock.now(session)
            rules = rules_of(self.settings, now=now)
            _store(session, rules, now=now)
            session.commit()
        return rules

    def audit_limits(self) -> AuditLimits:
        """Return how late is too late. Ends the command if the file has a fault."""
        try:
            return load_audit_limits(config_dir=self.settings.config_dir)
        except RulesError as error:
            stop(str(error), code=CANNOT_RUN)


def settings_of(data: Path | None = None) -> Settings:
    """Read and check the environment; end the command naming every fault. `data` wins over the variable."""
    try:
        return load(os.environ, data_dir=data)
    except SettingsError as error:
        stop(str(error), code=CANNOT_RUN)


def rules_of(settings: Settings, *, now: datetime) -> Rules:
    """Read the shipped rules with the trust's own over them; end the command naming every fault."""
    try:
        return load_rules(
            config_dir=settings.config_dir, nation=settings.nation.value, today=now.astimezone(LONDON).date()
        )
    except RulesError as error:
        stop(str(error), code=CANNOT_RUN)


@contextmanager
def opened(*, broker: bool = False, wait: float = COMMAND_WAIT_SECONDS) -> Iterator[Opened]:
    """Join or start the embedded servers, or use those given, and check the schema.

    An embedded database that is behind is migrated on the spot: nobody else looks after it. `broker` asks for one too;
    `wait` is how many seconds another's migration may take.
    """
    settings = settings_of()
    with running(settings, redis=broker and settings.broker_url is None) as (in_force, owner_url, _):
        assert in_force.database_url is not None
        engine = create_engine(in_force.database_url, pool_pre_ping=True)
        try:
            if owner_url is not None and found_revision(engine) != migrate.expected_head():
                bring_up(owner_url, settings)
            _check(engine, wait)
            yield Opened(settings=in_force, engine=engine)
        finally:
            engine.dispose()


@contextmanager
def running(settings: Settings, *, redis: bool) -> Iterator[tuple[Settings, str | None, Servers | None]]:
    """Yield settings with the addresses in force, the owner's address where the database is our own, our servers."""
    needs_postgres = settings.database_url is None
    if not needs_postgres and not redis:
        yield settings, None, None
        return
    try:
        servers: Servers = ensure(settings.data_dir, postgres=needs_postgres, redis=redis)
    except EmbeddedError as error:
        stop(str(error), code=CANNOT_RUN)
    try:
        found = {"database_url": servers.database_url, "broker_url": servers.broker_url}
        update = {name: address for name, address in found.items() if address}
        yield settings.model_copy(update=update), servers.owner_url or None, servers
    finally:
        servers.close_and_wait()


def bring_up(owner_url: str, settings: Settings) -> str:
    """Migrate as the tables' owner and store the ladders; return the revision."""
    engine = create_engine(owner_url)
    try:
        revision = migrate.upgrade(engine)
        with Session(engine) as session:
            now = clock.now(session)
            _store(session, rules_of(settings, now=now), now=now)
            session.commit()
    except OperationalError as error:
        stop(f"the database does not answer: {type(error.orig).__name__}", code=CANNOT_RUN)
    finally:
        engine.dispose()
    return revision


def _store(session: Session, rules: Rules, *, now: datetime) -> None:
    try:
        pathway_versions.load(session, rules.pathway_contents.values(), now=now)
    except pathway_versions.PathwayChanged as error:
        stop(str(error), code=CANNOT_RUN)


def _check(engine: Engine, wait: float) -> None:
    try:
        wait_for_schema(engine, seconds=wait)
    except WrongSchema as error:
        stop(str(error), code=CANNOT_RUN)
