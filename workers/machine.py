"""What every job of a worker works with: the database, the rules of today, the channels. Made once in each process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from config.engine_rules import EngineRules, load_engine_rules
from config.messages_loader import MessageRules
from config.messages_loader import load as load_message_rules
from config.nudge import Doorbell
from config.pathways_loader import pathway_from
from config.rules import Rules, load_rules
from config.settings import DEFAULT_PUBLIC_URL, Settings
from config.web_rules import load_web_rules
from models.db import clock, pathway_versions
from models.db.pathway_shelf import PathwayShelf
from models.domain.audit_limits import AuditLimits
from workers import channels
from workers.channels.base import Channels

Clock = Callable[[Session], datetime]
SEND_THREADS = 32
_SPARE_CONNECTIONS = 4  # beside the senders: their claims, ticks, a second drain


@dataclass(slots=True)
class Machine:
    """The means of one worker process. Not for sharing over a fork: each process makes its own."""

    settings: Settings
    engine: Engine
    message_rules: MessageRules
    channels: Channels
    audit_limits: AuditLimits
    engine_rules: EngineRules
    login_window: timedelta  # how long a try at logging in counts
    doorbell: Doorbell
    pathways: PathwayShelf
    clock: Clock = clock.now
    _rules: Rules | None = field(default=None)
    _rules_of: date | None = field(default=None)

    @property
    def public_url(self) -> str:
        """Where pages and callbacks are reached."""
        return self.settings.public_url or DEFAULT_PUBLIC_URL

    def rules(self) -> Rules:
        """Return the rules of today: the calendar reaches so many years ahead of the day it was made on."""
        with Session(self.engine) as session:
            today = self.clock(session).date()
        if self._rules is None or self._rules_of != today:
            rules = load_rules(config_dir=self.settings.config_dir, nation=self.settings.nation.value, today=today)
            with Session(self.engine) as session, session.begin():
                # A follow-up can only begin with a version that is stored.
                pathway_versions.load(session, rules.pathway_contents.values(), now=self.clock(session))
            self._rules, self._rules_of = rules, today
        return self._rules


def build(settings: Settings) -> Machine:
    """Make the means of this process. Raises RulesError where the rules have a fault: a worker must not start then."""
    if settings.database_url is None:
        raise ValueError("STEADFAST_DATABASE_URL is missing; expected the address of the database")
    overlays = [] if settings.config_dir is None else [settings.config_dir]
    message_rules = load_message_rules(overlays)
    public_url = settings.public_url or DEFAULT_PUBLIC_URL
    return Machine(
        settings=settings,
        engine=create_engine(
            settings.database_url, pool_pre_ping=True, pool_size=SEND_THREADS + _SPARE_CONNECTIONS, max_overflow=8
        ),
        message_rules=message_rules,
        channels=channels.from_settings(settings, message_rules, public_url=public_url),
        audit_limits=load_audit_limits(config_dir=settings.config_dir),
        engine_rules=load_engine_rules(settings.config_dir),
        login_window=load_web_rules(settings.config_dir).login_window,
        doorbell=Doorbell(settings.broker_url),
        pathways=PathwayShelf(pathway_from),
    )
