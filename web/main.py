"""The web process: one server over one application. No access log, because addresses could name what somebody read."""

import uvicorn
from sqlalchemy import Engine

from config.rules import Rules
from config.settings import Settings
from web.app import create_app

LONGEST_HEADERS = 16 * 1024  # bytes
# A session's queries run in the framework's 40 threads; more connections than threads would never be used.
POOL_SIZE = 10
POOL_OVERFLOW = 30


def run(settings: Settings, engine: Engine, rules: Rules, *, host: str, port: int) -> None:
    """Serve until a signal ends it. Only trusted proxies are believed; the address in use raises OSError."""
    server(settings, engine, rules, host=host, port=port).run()


def server(settings: Settings, engine: Engine, rules: Rules, *, host: str, port: int) -> uvicorn.Server:
    """The server of `run`, not started yet."""
    config = uvicorn.Config(
        create_app(settings, engine, rules),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=settings.trusted_proxies,
        h11_max_incomplete_event_size=LONGEST_HEADERS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        lifespan="off",
    )
    return uvicorn.Server(config)
