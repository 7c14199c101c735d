"""A peer: Celery with one ETA task per reminder. Each task only appends its time to a file: the least a task can do."""

import os
import time

from celery import Celery

app = Celery("eta_peer", broker=os.environ["BENCH_BROKER_URL"])
app.conf.update(
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    worker_hijack_root_logger=False,
    broker_transport_options={"visibility_timeout": 86_400},
    worker_prefetch_multiplier=0,  # no limit: the tasks are held until they are due, as the documentation says
)
_file = os.open(os.environ["BENCH_OUT"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


@app.task(name="eta_peer.append")
def append() -> None:
    """Write when this ran; appends of a few bytes do not mix."""
    os.write(_file, f"{time.time():.6f}\n".encode())
