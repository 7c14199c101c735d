"""The entry point of a worker process: one lane, with the sweep that needs no broker."""

import os
from typing import Final

from celery.apps.worker import Worker as CeleryWorker

from config.settings import Settings
from workers.app import Worker
from workers.lanes import Lane

# Threads where the work waits for the network, processes where it computes.
POOLS: Final = {Lane.URGENT: "threads", Lane.ENGINE: "prefork", Lane.SEND: "threads"}
THREADS: Final = 2


def run(settings: Settings, lane: str, concurrency: int | None = None, *, unrung_seconds: float | None = None) -> None:
    """Drain a lane until told to stop. `concurrency` is processes for `engine`, by default one for each core."""
    worker = Worker(settings, Lane(lane), unrung_seconds=unrung_seconds)
    worker.machine().rules()  # faulty rules or a wrong address must stop the start, not every drain
    worker.machine().engine.dispose()  # no connection may be shared over a fork
    pool = POOLS[worker.lane]
    CeleryWorker(
        app=worker.app,
        hostname=f"{lane}-{os.getpid()}@steadfast",
        pool_cls=pool,
        concurrency=concurrency or ((os.cpu_count() or 1) if pool == "prefork" else THREADS),
        queues=[lane],
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    ).start()
