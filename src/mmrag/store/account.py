"""Whose process the embedded server is, and the folders that this user needs.

PostgreSQL refuses to run as root. An ordinary user's server is that user's own process;
root's server runs as the owner of the folder, or as a system user without rights.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mmrag.errors import DatabaseError

_SYSTEM_USERS = ("pgserver", "postgres")


@dataclass(frozen=True, slots=True)
class Account:
    """The user as whom the server's programs run.

    Attributes
    ----------
    uid, gid : int
    switch : bool
        Whether the running process is root and has to become that user.
    """

    uid: int
    gid: int
    switch: bool


def account_for(folder: Path) -> Account:
    """Find the server's user for a folder that exists.

    Root's server runs as the owner of the folder or, when it is new, as the owner of the
    home around it; failing both, as a system user.

    Raises
    ------
    DatabaseError
        When root has nobody to run the server as.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    own, home = folder.stat(), folder.parent.stat()
    if own.st_uid != 0:
        return Account(own.st_uid, own.st_gid, switch=True)
    if home.st_uid != 0 and _is_known(home.st_uid):
        return Account(home.st_uid, home.st_gid, switch=True)
    entry = _system_user()
    return Account(entry.pw_uid, entry.pw_gid, switch=True)


def open_way(account: Account, *folders: Path) -> None:
    """Let the server's user pass through the folders above its own.

    Only passing is granted, never listing or reading: a folder of mode 0700 becomes 0711.
    """
    if not account.switch:
        return
    for parent in {parent for folder in folders for parent in folder.resolve().parents}:
        status = parent.stat()
        if status.st_uid != account.uid and not status.st_mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)


def open_programs(account: Account, installation: Path) -> None:
    """Let the server's user run the server's programs, where a strict umask forbade it."""
    if not account.switch:
        return
    for path in (installation, *installation.rglob("*")):
        status = path.stat()
        wanted = stat.S_IROTH
        if path.is_dir() or status.st_mode & stat.S_IXUSR:
            wanted |= stat.S_IXOTH
        if status.st_mode & wanted != wanted:
            path.chmod(stat.S_IMODE(status.st_mode) | wanted)


def _is_known(uid: int) -> bool:
    # A folder that a container is lent may belong to nobody whom the container knows.
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _system_user() -> pwd.struct_passwd:
    for name in _SYSTEM_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    name = _SYSTEM_USERS[0]
    command = ("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name)
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return pwd.getpwnam(name)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise DatabaseError(
            "PostgreSQL does not run as root, and no system user could be made for it: "
            "run as an ordinary user, or set MMRAG_DSN to another PostgreSQL"
        ) from error
