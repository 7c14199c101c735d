"""Fixtures of the pages: a world of made-up families in a real database, and the real application over it."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from config.rules import Rules, load_rules
from config.settings import Settings
from tests.web.families import PASSWORD, World
from web.app import create_app

SECRET = "a secret of more than thirty-two characters"


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The rules as shipped."""
    return load_rules(config_dir=None, nation="england", today=datetime.now(UTC).date())


@pytest.fixture
def world(engine: Engine, rules: Rules) -> Iterator[World]:
    """An empty world with two teams; what the test adds is committed when it asks for a client."""
    with Session(engine) as session:
        yield World(session, rules)


@pytest.fixture
def app(engine: Engine, rules: Rules) -> FastAPI:
    """The application over the test's database, with a Twilio token and an address of its own."""
    settings = Settings(
        secret_key=SECRET, public_url="http://testserver", twilio_auth_token="token", data_dir="/nonexistent"
    )
    return create_app(settings, engine, rules)


class Browser:
    """A client that keeps cookies, logs in through the form and fills forms with their own token, as people do."""

    def __init__(self, app: FastAPI) -> None:
        self.client = TestClient(app, follow_redirects=False)

    def log_in(self, username: str, password: str = PASSWORD, *, path: str = "/"):
        token = self.token(self.client.get("/login").text)
        form = {"csrf_token": token, "username": username, "password": password, "next": path}
        return self.client.post("/login", data=form)

    def get(self, path: str, **options: object):
        return self.client.get(path, **options)

    def post(self, path: str, *, page: str | None = None, **fields: object):
        """Post a form of `page` (default: the path's own page) with its hidden fields and these."""
        shown = self.client.get(page or path.rsplit("/", 1)[0]).text
        hidden = dict(
            re.findall(r'<input type="hidden" name="(row_version|last_event|seen_status)" value="([^"]*)"', shown)
        )
        return self.client.post(path, data={**hidden, "csrf_token": self.token(shown), **fields})

    @staticmethod
    def token(html: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', html)
        return found.group(1) if found else ""


@pytest.fixture
def browser(app: FastAPI, world: World) -> Callable[..., Browser]:
    """Commit the world and open a browser, logged in where a name is given."""

    def open_browser(username: str | None = None) -> Browser:
        world.session.commit()
        opened = Browser(app)
        if username is not None:
            assert opened.log_in(username).status_code == 303
        return opened

    return open_browser
