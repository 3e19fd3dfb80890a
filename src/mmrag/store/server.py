"""Supervisor of the embedded PostgreSQL: starts on first use, stops when the last user leaves.

Three lock files in the database's folder hold all there is to know:

- ``lock`` is held while somebody starts or stops the server;
- ``users`` is shared by every process that uses it;
- ``life`` is shared by every process of the server itself.

The kernel releases what a killed process held, so there is no list of owners to clean.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Self

from mmrag.errors import DatabaseError
from mmrag.store.account import Account, account_for
from mmrag.store.cluster import PORT, START_LIMIT_S, SUPERUSER, Cluster
from mmrag.store.locks import exclusively, open_lock, take_exclusive, take_shared

_LOCK_LIMIT_S = START_LIMIT_S + 30
_LEAVE_LIMIT_S = 30


class EmbeddedServer:
    """One user's hold on the server of a home folder.

    Use `join` to get one. A hold that is not given back with `leave` is given back when the
    object or the process ends.
    """

    def __init__(self, cluster: Cluster, presence: int) -> None:
        self._cluster = cluster
        self.leave = weakref.finalize(self, _leave, cluster, presence, os.getpid())
        """Give the hold back; the last user's leaving stops the server."""

    @classmethod
    def join(cls, home: Path) -> Self:
        """Attach to the home folder's server, after making and starting it where necessary.

        Parameters
        ----------
        home : pathlib.Path
            ``MMRAG_HOME``; the server keeps everything in its ``postgres`` folder.

        Returns
        -------
        EmbeddedServer

        Raises
        ------
        DatabaseError
            When the folder cannot be used or the server does not come up.
        """
        folder = home.expanduser().absolute() / "postgres"
        try:
            cluster = Cluster(folder, _prepare(folder))
            with exclusively(folder / "lock", _LOCK_LIMIT_S):
                cluster.ensure_running()
                presence = open_lock(folder / "users")
                take_shared(presence)
        except TimeoutError as error:
            raise DatabaseError(
                f"{folder}: another process has been starting the database for "
                f"{_LOCK_LIMIT_S} s: end it, and try again"
            ) from error
        except OSError as error:
            raise DatabaseError(
                f"{error.filename or folder}: {error.strerror or error}: set MMRAG_HOME to a "
                "folder of yours that can be written, or MMRAG_DSN to another PostgreSQL"
            ) from error
        return cls(cluster, presence)

    def ensure_running(self) -> None:
        """Start the server again where it died under its users.

        Raises
        ------
        DatabaseError
        """
        try:
            with exclusively(self._cluster.folder / "lock", _LOCK_LIMIT_S):
                self._cluster.ensure_running()
        except OSError as error:
            raise DatabaseError(f"{self._cluster.folder}: {error.strerror or error}") from error

    @property
    def address(self) -> dict[str, str]:
        """Connection parameters of the server, without a database."""
        return {
            "host": str(self._cluster.socket_folder),
            "port": str(PORT),
            "user": SUPERUSER,
        }


def _prepare(folder: Path) -> Account:
    """Make the database's folder, private to the server's user."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    account = account_for(folder)
    if account.switch:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)
    return account


def _leave(cluster: Cluster, presence: int, joined_by: int) -> None:
    if os.getpid() != joined_by:  # a forked child's exit is not the user's
        return
    try:
        with exclusively(cluster.folder / "lock", _LEAVE_LIMIT_S):
            os.close(presence)
            alone = open_lock(cluster.folder / "users")
            try:
                if take_exclusive(alone):
                    cluster.stop()
            finally:
                os.close(alone)
    except TimeoutError:  # somebody is starting it: a user remains
        os.close(presence)
    except FileNotFoundError:  # the folder was deleted under the server
        os.close(presence)
