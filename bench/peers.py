"""Running the peers of the burst: each returns the due time and the sorted times at which its work was done."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import redis


@dataclass(frozen=True)
class Burst:
    """What one burst did: seconds since 1970 throughout; memory in MB, of the worker processes together."""

    due: float
    done: tuple[float, ...]
    memory_mb: float

    def __str__(self) -> str:
        return f"{self.rate:,.0f}/s, p99 {self.p99_late:.2f} s late, {self.memory_mb:.0f} MB"

    @property
    def rate(self) -> float:
        """Items a second from the due time to the last one done."""
        return len(self.done) / (self.done[-1] - self.due)

    @property
    def p99_late(self) -> float:
        """Lateness in seconds of all but the latest hundredth."""
        return self.done[max(0, int(len(self.done) * 0.99) - 1)] - self.due


def celery_eta(broker_url: str, folder: Path, jobs: int) -> Burst:
    """Queue `jobs` ETA tasks beside a running worker of two processes, then time how they fire."""
    out = folder / "eta.out"
    out.unlink(missing_ok=True)
    environment = {**os.environ, "BENCH_BROKER_URL": broker_url, "BENCH_OUT": str(out)}
    # Queueing takes about 0.5 ms a task and receiving 0.6; the due time leaves room for both at once on two cores.
    due = time.time() + 20 + jobs / 700
    queue = (
        "import sys; from datetime import datetime, UTC; from bench.eta_peer import append, app\n"
        "eta = datetime.fromtimestamp(float(sys.argv[1]), UTC)\n"
        "with app.producer_pool.acquire(block=True) as producer:\n"
        "    for _ in range(int(sys.argv[2])): append.apply_async(eta=eta, producer=producer)\n"
    )
    command = [sys.executable, "-m", "celery", "-A", "bench.eta_peer", "worker", "-c", "2", "-l", "ERROR"]
    with (folder / "eta.log").open("wb") as log:
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        subprocess.run([sys.executable, "-c", queue, str(due), str(jobs)], env=environment, check=True)
        queue_at = redis.Redis.from_url(broker_url.replace("redis+socket:", "unix:"))
        while (left := int(queue_at.llen("celery"))) and time.time() < due - 3:
            time.sleep(0.5)
        if left:
            raise RuntimeError(f"{left} ETA tasks were still on their way at the due time; it would be mismeasured")
        time.sleep(max(0.0, due - time.time() - 1))
        memory = memory_mb(worker.pid)
        _wait_for(out, jobs, worker)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
    return Burst(due, _times(out), memory)


def apscheduler(database_url: str, folder: Path, jobs: int) -> Burst:
    """One date job each in APScheduler's SQLAlchemy store, run by its pool of twenty threads."""
    out = folder / "apscheduler.out"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.apscheduler_peer", database_url, str(jobs)]
    environment = {**os.environ, "BENCH_OUT": str(out)}
    out.touch()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdout is not None
        due = float(peer.stdout.readline())
        memory = memory_mb(peer.pid)
    if peer.returncode:
        raise RuntimeError(f"the APScheduler peer ended with {peer.returncode}")
    return Burst(due, _times(out), memory)


def memory_mb(pid: int) -> float:
    """Proportional memory in MB of a process and its children (shared pages counted once)."""
    root = psutil.Process(pid)
    total = 0
    for process in (root, *root.children(recursive=True)):
        total += process.memory_full_info().pss
    return total / 1e6


def _wait_for(out: Path, jobs: int, worker: "subprocess.Popen[bytes]") -> None:
    while not out.exists() or out.read_bytes().count(b"\n") < jobs:
        if worker.poll() is not None:
            raise RuntimeError(f"the worker ended with {worker.returncode} before its tasks did")
        time.sleep(0.5)


def _times(out: Path) -> tuple[float, ...]:
    return tuple(sorted(float(line) for line in out.read_text().split()))


def at(moment: float) -> datetime:
    """Seconds since 1970 as an aware time in UTC."""
    return datetime.fromtimestamp(moment, UTC)
