"""Locks on files, by which processes that share a database folder know of each other.

The kernel drops such a lock when the last process that holds it ends, however it ends:
nothing stale is left behind by ``kill -9``, a crash or a power cut.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_SECONDS = 0.02


def open_lock(file: Path) -> int:
    """Open a lock file, made when absent; the caller closes the descriptor.

    The file belongs to its folder's owner, so that an ordinary user can open what root made.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        folder = file.parent.stat()
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    return descriptor


def take_exclusive(descriptor: int) -> bool:
    """Lock out everybody else, if nobody holds the lock now."""
    return _take(descriptor, fcntl.LOCK_EX)


def take_shared(descriptor: int) -> bool:
    """Hold the lock beside other sharers, if nobody holds it exclusively now."""
    return _take(descriptor, fcntl.LOCK_SH)


def is_held(file: Path) -> bool:
    """Whether any living process holds the lock."""
    descriptor = open_lock(file)
    try:
        return not take_exclusive(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusively(file: Path, limit_s: float) -> Iterator[None]:
    """Hold a lock alone for the length of a block.

    Raises
    ------
    TimeoutError
        When others hold it for longer than `limit_s` seconds.
    """
    deadline = time.monotonic() + limit_s
    descriptor = open_lock(file)
    try:
        while not take_exclusive(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
