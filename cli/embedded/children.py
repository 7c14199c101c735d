"""Starting processes that can't outlive the one that started them, also when that is killed with -9."""

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from cli.embedded.account import Account

PR_SET_PDEATHSIG = 1
PARENT_PIPE: Final = "_STEADFAST_PARENT_PIPE"  # the number of an open file whose other end `up` holds
LAST_SECONDS: Final = 10.0
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
    pass_fds: Sequence[int] = (),
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
        pass_fds=tuple(pass_fds),
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


def forks_die_with_us() -> None:
    """Make every process forked from here on end when this one does, so that a killed worker leaves no pool behind."""
    os.register_at_fork(after_in_child=lambda: _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0))


def die_with_parent() -> None:
    """If `up` started this process, end it soon after `up` has ended, whatever it is doing then.

    The kernel's signal asks it to stop; this is for the case that it doesn't. The pipe has an end only `up` holds.
    """
    handle = os.environ.pop(PARENT_PIPE, None)
    if handle is None:
        return

    def watch() -> None:
        os.read(int(handle), 1)  # returns when the other end is closed, and never before
        time.sleep(LAST_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
