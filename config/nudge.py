"""Ring a lane's doorbell: "look now". A nudge carries nothing that matters; if it is lost, the sweep finds the rows."""

import logging
from typing import Any, Final

from celery import Celery
from kombu.exceptions import OperationalError

EXPIRES_SECONDS: Final = 30
CONNECT_SECONDS: Final = 1.0
log = logging.getLogger(__name__)


class Doorbell:
    """Nudges to the lanes of one broker; without a broker, to nobody. May be used from several threads."""

    def __init__(self, broker_url: str | None) -> None:
        self._app: Celery | None = None
        if broker_url is not None:
            self._app = Celery("steadfast-doorbell", broker=broker_url, set_as_current=False)
            self._app.conf.update(**client_options())

    def ring(self, lane: str) -> bool:
        """Ask the workers of `lane` to look for due work; return whether the broker took it. Never raises for a broker.

        Ring after the commit: a worker that looks earlier sees nothing.
        """
        if self._app is None:
            return False
        try:
            self._app.send_task(task_name(lane), queue=lane, expires=EXPIRES_SECONDS, ignore_result=True, retry=False)
        except (OperationalError, OSError) as error:
            log.warning(
                "a nudge was not taken", extra={"action": "nudge_lost", "lane": lane, "error": type(error).__name__}
            )
            return False
        return True


def task_name(lane: str) -> str:
    """Return the name of the Celery task that drains `lane`."""
    return f"steadfast.drain.{lane}"


def client_options() -> dict[str, Any]:
    """Return the Celery options of one who only sends: no results, and no waiting for a broker that is gone."""
    return {
        "task_ignore_result": True,
        "broker_connection_timeout": CONNECT_SECONDS,
        "broker_connection_retry": False,
        "broker_transport_options": {
            "socket_timeout": CONNECT_SECONDS,
            "socket_connect_timeout": CONNECT_SECONDS,
            "max_retries": 0,
        },
    }
