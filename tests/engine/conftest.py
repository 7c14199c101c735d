"""The engine's tests work on a small trust at noon of a Monday in summer time."""

import pytest
from sqlalchemy import Engine

from tests.engine.world import World, at


@pytest.fixture
def world(engine: Engine) -> World:
    """Team North on Monday 8 June 2026, 12:00 London time."""
    return World(engine, now=at("2026-06-08 12:00"))
