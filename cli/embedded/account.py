"""The system account the embedded servers run under. PostgreSQL refuses root, so root lends it another account."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cli.embedded.errors import EmbeddedError

SERVER_ACCOUNT = "steadfast-db"
FALLBACK_ACCOUNT = "nobody"


@dataclass(frozen=True)
class Account:
    """Ids that a server process takes on; both are None where it keeps the ids of the caller."""

    uid: int | None
    gid: int | None


def server_account() -> Account:
    """Return the account for server processes: the caller's own, or for root a system account without a login."""
    if os.geteuid() != 0:
        return Account(uid=None, gid=None)
    entry = _entry(SERVER_ACCOUNT) or _added(SERVER_ACCOUNT) or _entry(FALLBACK_ACCOUNT)
    if entry is None:
        raise EmbeddedError(
            f"neither the account {SERVER_ACCOUNT} nor {FALLBACK_ACCOUNT} exists; PostgreSQL refuses root"
        )
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def give(path: Path, account: Account) -> None:
    """Make `path` a private folder of the account that runs the servers."""
    path.mkdir(mode=0o700, exist_ok=True)
    if account.uid is not None and account.gid is not None:
        os.chown(path, account.uid, account.gid)


def let_through(path: Path, account: Account) -> None:
    """Let the server account walk to `path`: execute alone, on the parent folders that refuse it, never read."""
    if account.uid is None:
        return
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _added(name: str) -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        return None
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    subprocess.run(command, check=False, capture_output=True)
    return _entry(name)
