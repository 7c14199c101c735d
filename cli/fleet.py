"""The processes that `up` starts: kept running, started again when they end, ended together. None outlives `up`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.embedded.children import PARENT_PIPE, spawn

FIRST_PAUSE: Final = 1.0  # seconds before a process that ended is started again; doubled each time it ends early
LONGEST_PAUSE: Final = 30.0
SETTLED_AFTER: Final = 60.0  # a process that ran so long starts with the first pause again
STOP_SECONDS: Final = 15.0
LOG_BYTES: Final = 20_000_000  # a larger log is put aside at the next start, as NAME.log.old


@dataclass
class _Member:
    """One process of the fleet, and when it may be started again."""

    name: str
    arguments: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    not_before: float = 0.0
    pause: float = FIRST_PAUSE


class Fleet:
    """Start, watch and stop. Use from the main thread alone."""

    def __init__(self, commands: Mapping[str, Sequence[str]], *, environment: Mapping[str, str], logs: Path) -> None:
        self._members = [_Member(name, arguments) for name, arguments in commands.items()]
        self._logs = logs
        self._read_end, self._write_end = os.pipe()  # closed by the kernel when this process ends, however it ends
        self._environment = {**environment, PARENT_PIPE: str(self._read_end)}

    def tend(self) -> list[str]:
        """Start what isn't running and may run now; return the names of those that had ended by themselves."""
        now = time.monotonic()
        ended = [member.name for member in self._members if self._has_ended(member, now)]
        for member in self._members:
            if member.process is None and now >= member.not_before:
                self._start(member, now)
        return ended

    def stop(self) -> None:
        """Ask all to end, wait, and kill those that don't."""
        running = [member.process for member in self._members if member.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _has_ended(self, member: _Member, now: float) -> bool:
        if member.process is None or member.process.poll() is None:
            return False
        member.process = None
        if now - member.started_at > SETTLED_AFTER:
            member.pause = FIRST_PAUSE
        member.not_before = now + member.pause
        member.pause = min(LONGEST_PAUSE, member.pause * 2)
        return True

    def _start(self, member: _Member, now: float) -> None:
        with self._log(member.name).open("ab") as log:
            member.process = spawn(
                [sys.executable, "-m", "cli.main", *member.arguments],
                death_signal=signal.SIGTERM,
                output=log,
                environment=self._environment,
                own_session=True,  # a Ctrl-C is ours to pass on
                pass_fds=(self._read_end,),
            )
        member.started_at = now

    def _log(self, name: str) -> Path:
        path = self._logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.old"))
        return path
