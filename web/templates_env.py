"""The template engine: our pages over the NHS design system's components, with dates as people here read them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader

HERE = Path(__file__).parent


def make_templates(*, zone: ZoneInfo, words: Mapping[str, Callable[..., object]]) -> Environment:
    """Build the engine; `words` are the functions that pages call to put codes into the users' words."""
    loader = ChoiceLoader([FileSystemLoader(HERE / "templates"), PackageLoader("nhsuk_frontend_jinja")])
    # The components ask for parameters that were not given, so undefined values have to chain.
    env = Environment(
        loader=loader, autoescape=True, undefined=ChainableUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters["moment"] = lambda value: "" if value is None else moment(value, zone)
    env.filters["clock"] = lambda value: "" if value is None else value.astimezone(zone).strftime("%H:%M")
    env.filters["day"] = lambda value: "" if value is None else day(value, zone)
    env.filters["iso"] = lambda value: "" if value is None else value.isoformat()
    env.globals.update(words)
    return env


def moment(value: datetime, zone: ZoneInfo) -> str:
    """Such as "Mon 3 Aug 2026, 09:30", in civil time."""
    local = value.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def day(value: date, zone: ZoneInfo) -> str:
    """Such as "3 Aug 2026", in civil time."""
    local = value.astimezone(zone) if isinstance(value, datetime) else value
    return f"{local.day} {local:%b %Y}"
