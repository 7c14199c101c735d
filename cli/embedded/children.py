"""Starting processes that can't outlive the one that started them, also when that is killed with -9."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from cli.embedded.account import Account

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(
    command: Sequence[str],
    *,
    death_signal: signal.Signals,
    account: Account | None = None,
    output: IO[bytes] | int | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    own_session: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start `command`; the kernel sends it `death_signal` when this process ends. Call from the main thread only.

    The kernel ties the signal to the thread that started the child, not to the process.
    """
    ids = account or Account(uid=None, gid=None)
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        user=ids.uid,
        group=ids.gid,
        extra_groups=[] if ids.gid is not None else None,
        env=dict(environment) if environment is not None else None,
        cwd=cwd,
        start_new_session=own_session,
        preexec_fn=_dies_with(os.getpid(), death_signal),
    )


def _dies_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    """Return the hook run in the child: after the change of account, which would clear the kernel's promise."""

    def promise() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent ended before the promise was made
            os._exit(1)

    return promise


def command_line(pid: int) -> list[str]:
    """Return the arguments of process `pid`; empty if it has ended, is a zombie, or was never there."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode(errors="replace") for part in raw.split(b"\0") if part]


def stop(child: "subprocess.Popen[bytes]", *, by: signal.Signals, seconds: float) -> None:
    """Send the signal and wait; kill what is still there after `seconds`."""
    if child.poll() is None:
        child.send_signal(by)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
