"""The Celery application: one task a lane that drains it. A message carries nothing; lost ones cost lateness alone.

No ETA, no countdown, no retries, no results: what is due is in the database, and stays due until it is done. A worker
that nobody has rung for a while drains by itself, also with the broker dead.
"""

import gc
import multiprocessing
import threading
import time
from typing import Any, Final

import structlog
from celery import Celery, bootsteps
from celery.signals import worker_process_init

from config.engine_rules import load_engine_rules
from config.nudge import task_name
from config.settings import Settings
from workers.lanes import Lane, drain
from workers.machine import Machine, build

AGAIN_SECONDS: Final = 5.0  # after a drain in which something failed
log = structlog.get_logger(__name__)


def few_collections() -> None:
    """Leave what a process starts with out of every garbage collection, and collect in larger steps.

    A claimed set makes some hundred thousand short-lived objects without cycles; looking through them took a tenth of a
    burst's time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


class Worker:
    """One lane's worker: its Celery application and the sweep beside it. Made before Celery forks its processes."""

    def __init__(self, settings: Settings, lane: Lane, *, unrung_seconds: float | None = None) -> None:
        self.lane = lane
        rhythm = load_engine_rules(settings.config_dir)
        self._unrung_seconds = rhythm.unrung.total_seconds() if unrung_seconds is None else unrung_seconds
        self._settings = settings
        self._machine: Machine | None = None
        self._making = threading.Lock()
        # Shared with forked processes: when a drain last ended here, by the clock that all of them share.
        self._due_at = multiprocessing.Value("d", 0.0)
        self.app = self._celery()
        worker_process_init.connect(self._forget, weak=False)

    def drain(self) -> int:
        """Drain the lane now; return how many rows were handled. A failure makes the next sweep come sooner."""
        pause = AGAIN_SECONDS
        try:
            done = drain(self.machine(), self.lane)
            pause = AGAIN_SECONDS if done.failed else self._unrung_seconds
            return done.handled
        finally:
            self._due_at.value = time.monotonic() + pause

    def machine(self) -> Machine:
        """The means of this process, made at first use."""
        with self._making:
            if self._machine is None:
                self._machine = build(self._settings)
            return self._machine

    def sweep_forever(self) -> None:
        """Drain whenever no drain has ended here for a while. Runs in a thread of its own until the process ends."""
        while True:
            time.sleep(max(0.2, min(AGAIN_SECONDS, self._due_at.value - time.monotonic())))
            if time.monotonic() >= self._due_at.value:
                try:
                    self.drain()
                except Exception as error:  # whatever it was, the next sweep tries again
                    log.exception("sweep failed", action="sweep_failed", lane=self.lane, error=type(error).__name__)

    def _forget(self, **_: object) -> None:
        """A machine holds connections and a lock: a forked process makes its own."""
        few_collections()
        self._machine, self._making = None, threading.Lock()

    def _celery(self) -> Celery:
        app = Celery("steadfast", broker=self._settings.broker_url or "memory://", set_as_current=False)
        app.conf.update(_OPTIONS)
        app.conf.task_default_queue = str(self.lane)
        app.task(name=task_name(self.lane), ignore_result=True)(self.drain)
        worker = self

        class Sweep(bootsteps.StartStopStep):  # type: ignore[misc]
            """Starts the sweep once the pool has forked: a thread and a fork don't mix. Needs no broker."""

            requires = ("celery.worker.components:Pool",)

            def start(self, _parent: object) -> None:
                threading.Thread(target=worker.sweep_forever, name="sweep", daemon=True).start()

        app.steps["worker"].add(Sweep)
        return app


# Redis may be gone at start and at any time: keep trying, and notice a dead connection soon.
_OPTIONS: Final[dict[str, Any]] = {
    "task_ignore_result": True,
    "worker_prefetch_multiplier": 1,
    "worker_send_task_events": False,
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": 2.0,
    "broker_transport_options": {"socket_timeout": 10.0, "socket_connect_timeout": 2.0, "socket_keepalive": True},
}
