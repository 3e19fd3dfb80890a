"""Ingests that run beside the service: one after another, watched and stopped from outside."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mmrag.errors import InputError, MmragError
from mmrag.ingest.progress import Progress
from mmrag.ingest.report import IngestReport

State = Literal["waiting", "running", "done", "failed", "cancelled"]
KEPT = 100
"""Ended jobs that are still told of."""


class Job(BaseModel):
    """One ingest.

    Attributes
    ----------
    doing : str or None
        The piece of work in hand, ``done`` of ``total`` items of it finished.
    error : str or None
        One line, where it failed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    kind: str
    path: str
    state: State
    started_at: datetime
    ended_at: datetime | None = None
    doing: str | None = None
    done: int = 0
    total: int | None = None
    error: str | None = None
    report: IngestReport | None = None


Work = Callable[[str, Path, Progress], IngestReport]
"""Ingests a kind of source from a path."""


class Jobs:
    """The ingests of one service.

    Parameters
    ----------
    work : callable
    roots : tuple of pathlib.Path
        Folders below which paths may lie.
    """

    def __init__(self, work: Work, roots: tuple[Path, ...]) -> None:
        self._work = work
        self._roots = tuple(root.expanduser().resolve() for root in roots)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ingest")
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._stops: dict[str, threading.Event] = {}

    def start(self, kind: str, path: str) -> Job:
        """Put an ingest in line.

        Raises
        ------
        InputError
            When the path is not below an allowed folder.
        """
        folder = self._allowed(path)
        id_ = secrets.token_hex(8)
        job = Job(id=id_, kind=kind, path=path, state="waiting", started_at=datetime.now(UTC))
        with self._lock:
            self._jobs[id_] = job
            self._stops[id_] = threading.Event()
            self._forget_old()
        self._pool.submit(self._run, id_, kind, folder)
        return job

    def get(self, id_: str) -> Job | None:
        """Tell of one job."""
        with self._lock:
            return self._jobs.get(id_)

    def every(self) -> list[Job]:
        """Tell of all jobs, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def cancel(self, id_: str) -> Job | None:
        """Ask a job to stop; what it has written stays, and another run goes on from there."""
        with self._lock:
            if id_ in self._stops:
                self._stops[id_].set()
                if self._jobs[id_].state == "waiting":
                    self._change(id_, state="cancelled", ended_at=datetime.now(UTC))
            return self._jobs.get(id_)

    def close(self) -> None:
        """Stop all jobs and wait for the one in hand."""
        with self._lock:
            for stop in self._stops.values():
                stop.set()
        self._pool.shutdown(cancel_futures=True)

    def _allowed(self, path: str) -> Path:
        if not self._roots:
            raise InputError("this service ingests nothing: set MMRAG_INGEST_ROOTS to its folders")
        try:
            resolved = Path(path).expanduser().resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            resolved = None
        # the same words whether it is missing or elsewhere: nobody may feel about for files
        if resolved is None or not any(resolved.is_relative_to(root) for root in self._roots):
            raise InputError(f"{path}: not in a folder that this service may ingest from")
        return resolved

    def _run(self, id_: str, kind: str, folder: Path) -> None:
        with self._lock:
            stop = self._stops[id_]
            if stop.is_set():
                return
            self._change(id_, state="running")
        try:
            report = self._work(kind, folder, _Watched(lambda **now: self._tell(id_, **now), stop))
        except _Stopped:
            self._end(id_, "cancelled")
        except MmragError as error:
            self._end(id_, "failed", error=str(error))
        except Exception as error:
            self._end(id_, "failed", error=f"a fault of the program ({type(error).__name__})")
            raise
        else:
            self._end(id_, "done", report=report)

    def _end(
        self,
        id_: str,
        state: State,
        *,
        error: str | None = None,
        report: IngestReport | None = None,
    ) -> None:
        self._tell(id_, state=state, ended_at=datetime.now(UTC), error=error, report=report)

    def _tell(self, id_: str, **now: object) -> None:
        with self._lock:
            self._change(id_, **now)

    def _change(self, id_: str, **now: object) -> None:
        if id_ in self._jobs:
            self._jobs[id_] = self._jobs[id_].model_copy(update=now)

    def _forget_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.ended_at is not None]
        for id_ in ended[: max(0, len(self._jobs) - KEPT)]:
            del self._jobs[id_], self._stops[id_]


class _Stopped(Exception):
    """Unwinds an ingest that was asked to stop."""


class _Watched:
    """Tells how far an ingest is, and ends it when asked to."""

    def __init__(self, tell: Callable[..., None], stop: threading.Event) -> None:
        self._tell = tell
        self._stop = stop
        self._done = 0

    def begin(self, what: str, total: int | None) -> None:
        self._check()
        self._done = 0
        self._tell(doing=what, total=total, done=0)

    def advance(self, count: int = 1) -> None:
        self._check()
        self._done += count
        self._tell(done=self._done)

    def _check(self) -> None:
        if self._stop.is_set():
            raise _Stopped
