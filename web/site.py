"""What every page needs, built once at start: the database, the rules in force, the templates. No request is in it."""

from collections.abc import Callable
from dataclasses import dataclass

from jinja2 import Environment
from sqlalchemy import Engine
from starlette.requests import Request

from config.messages_loader import MessageRules
from config.rules import Rules
from config.web_rules import WebRules
from models.db.login_throttle import ThrottleRule
from models.db.pathway_shelf import PathwayShelf


@dataclass(frozen=True)
class Site:
    """The parts that pages are made of."""

    engine: Engine
    secret: bytes
    public_url: str | None
    twilio_auth_token: str | None
    web: WebRules
    rules: Rules
    messages: MessageRules
    sends_texts: bool  # else they stay in the outbox
    pathways: PathwayShelf
    templates: Environment
    ring: Callable[[str], object]  # nudges a lane after a commit; losing it only costs lateness

    @property
    def is_https(self) -> bool:
        """Whether the public address is https, so that cookies must be Secure."""
        return self.public_url is not None and self.public_url.startswith("https://")

    @property
    def name_rule(self) -> ThrottleRule:
        """How guessing one name's password is slowed down."""
        waits = self.web.by_name
        return ThrottleRule(waits.free_tries, self.web.login_window, waits.first_wait, waits.longest_wait)

    @property
    def address_rule(self) -> ThrottleRule:
        """How guessing from one address is slowed down."""
        waits = self.web.by_address
        return ThrottleRule(waits.free_tries, self.web.login_window, waits.first_wait, waits.longest_wait)


def site_of(request: Request) -> Site:
    """The site that serves this request."""
    site: Site = request.app.state.site
    return site
