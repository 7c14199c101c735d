"""Log lines of our processes: one JSON object each, on standard error, without a family's name, number or text."""

import logging
import sys
import traceback
from typing import Final

import structlog

# Libraries whose own lines at INFO would name queues and hosts on every tick.
QUIET: Final = ("apscheduler", "httpx", "twilio.http_client", "celery", "kombu", "alembic")


def log_to_stderr() -> None:
    """Set up logging once for this process."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_places_alone),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _places_alone(exc_info: "structlog.typing.ExcInfo") -> str:
    """Where an error came from and of what kind it is, without its words: a database's own quote rows and values."""
    kind, raised, _ = exc_info
    chain = []
    error: BaseException | None = raised
    while error is not None:
        places = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        chain.append(" < ".join([type(error).__name__, *reversed(places)]))
        error = error.__cause__ or error.__context__
    return "; caused by ".join(chain) or kind.__name__
