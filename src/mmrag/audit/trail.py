"""Writing events into the audit log, with as much of a question as may be kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

from mmrag.retrieval.lookup import FilmRecord, PanelRecord, Timeline
from mmrag.retrieval.results import FilmHit, LabHit, SearchResult
from mmrag.store import Action, AuditEntry, AuditEvent, AuditLog, AuditVerdict

Keep = Literal["full", "hash", "none"]
"""What is kept of a question: its words, a hash by which equal ones are known, or nothing."""

_HASHED = 16


class AuditTrail:
    """Writes what is done into the log of one store.

    Parameters
    ----------
    log : AuditLog
    keep : {"full", "hash", "none"}
    """

    def __init__(self, log: AuditLog, keep: Keep) -> None:
        self._log = log
        self._keep = keep

    def record(
        self,
        actor: str,
        action: Action,
        *,
        query: str | None = None,
        records: Iterable[str] = (),
        detail: str = "",
    ) -> None:
        """Write one event.

        Parameters
        ----------
        actor : str
        action : str
        query : str, optional
            The question's words.
        records : iterable of str
            Records that were shown.
        detail : str
        """
        kept = None if query is None else self._kept(query)
        self._log.append(AuditEvent(datetime.now(UTC), actor, action, kept, tuple(records), detail))

    def asked(
        self, actor: str, action: Action, result: SearchResult, *, query: str, detail: str = ""
    ) -> None:
        """Write that a question was answered, and with which records; else as `record`."""
        self.record(actor, action, query=query, records=_shown(result), detail=detail)

    def viewed(self, actor: str, *found: FilmRecord | PanelRecord | Timeline) -> None:
        """Write that records, or all of a patient's, were looked at."""
        records = [name for each in found for name in _names(each)]
        whose = ", ".join(each.patient for each in found if isinstance(each, Timeline))
        self.record(actor, "view", records=records, detail=whose)

    def entries(self, after: int = 0) -> Iterator[AuditEntry]:
        """Read the entries after a number, in order."""
        return self._log.entries(after)

    def verify(self, head: str | None = None) -> AuditVerdict:
        """Check the chain, and that a head noted earlier is still in it."""
        return self._log.verify(head)

    def _kept(self, query: str) -> str | None:
        if self._keep == "full":
            return query
        if self._keep == "none":
            return None
        return "sha256:" + hashlib.sha256(query.encode("utf-8", "replace")).hexdigest()[:_HASHED]


def _shown(result: SearchResult) -> tuple[str, ...]:
    """Name the records that a result shows, films first."""
    return (*map(_film, result.films), *map(_report, result.labs))


def _film(film: FilmHit | FilmRecord) -> str:
    return f"film:{film.id}"


def _report(panel: LabHit | PanelRecord) -> str:
    return f"report:{panel.report}"


def _names(found: FilmRecord | PanelRecord | Timeline) -> tuple[str, ...]:
    if isinstance(found, Timeline):
        return (*map(_film, found.films), *map(_report, found.panels))
    return (_film(found) if isinstance(found, FilmRecord) else _report(found),)
