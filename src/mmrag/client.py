"""The engine of another process, over HTTP: the same methods, the same records."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from mmrag.brief import Brief
from mmrag.errors import InputError, MissingExtra, OutsideError
from mmrag.ingest.report import IngestReport
from mmrag.retrieval.lookup import FilmRecord, PanelRecord, Timeline
from mmrag.retrieval.results import SearchResult
from mmrag.status import Status

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 60.0
_WATCH_S = 0.5


class Client:
    """Asks a running service (``mmrag serve``).

    Parameters
    ----------
    url : str
        Where the service is.
    token : str, optional
        From ``mmrag token create``; a service on this machine's own address wants none.

    Raises
    ------
    MissingExtra
        When the HTTP client is not installed.

    Examples
    --------
    >>> with Client("http://127.0.0.1:8000") as client:        # doctest: +SKIP
    ...     client.brief("pneumonia with pleural effusion")
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        try:
            import httpx2
        except ModuleNotFoundError as error:
            raise MissingExtra("httpx2", "client") from error
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT_S)
        self._failures = httpx2.HTTPError

    def search(
        self,
        text: str = "",
        *,
        image: str | Path | None = None,
        films: int = 10,
        labs: int = 10,
    ) -> SearchResult:
        """Search both legs; as `Engine.search`."""
        path, sent = _asking("search", text, image, films, labs)
        return SearchResult.model_validate_json(self._send("POST", path, **sent).content)

    def brief(
        self,
        text: str = "",
        *,
        image: str | Path | None = None,
        films: int = 10,
        labs: int = 10,
        writer: bool = False,
    ) -> Brief:
        """Search, and write the Clinical Brief; as `Engine.brief`.

        Parameters
        ----------
        writer : bool
            Let the service's language model put the claims into sentences, too. However long
            that takes, the service says in the meantime that it is at it.
        """
        path, sent = _asking("brief", text, image, films, labs)
        if writer:
            sent["data" if image is not None else "json"]["writer"] = True
            return Brief.model_validate_json(self._done(path, **sent))
        return Brief.model_validate_json(self._send("POST", path, **sent).content)

    def film(self, id_: str, source: str | None = None) -> FilmRecord | None:
        """Find a stored film; as `Engine.film`."""
        found = self._looked_up("films", id_, source)
        return None if found is None else FilmRecord.model_validate_json(found)

    def panel(self, id_: str, source: str | None = None) -> PanelRecord | None:
        """Find a stored laboratory panel; as `Engine.panel`."""
        found = self._looked_up("labs", id_, source)
        return None if found is None else PanelRecord.model_validate_json(found)

    def timeline(self, patient: str) -> Timeline | None:
        """Collect what is stored of a patient; as `Engine.timeline`."""
        found = self._looked_up("patients", patient, None, "/timeline")
        return None if found is None else Timeline.model_validate_json(found)

    def status(self) -> Status:
        """Say what is stored; as `Engine.status`."""
        return Status.model_validate_json(self._send("GET", "/v1/status").content)

    def ingest(self, kind: str, path: str | Path) -> IngestReport:
        """Let the service ingest a folder of its own machine, and wait until it has.

        Parameters
        ----------
        kind : str
            As for `Engine.ingest`.
        path : path
            On the service's machine, in a folder that it may ingest from.

        Raises
        ------
        InputError
            When the service refuses it, or the ingest fails or is stopped.
        """
        job = self._send("POST", "/v1/ingest", json={"kind": kind, "path": str(path)}).json()
        while job["ended_at"] is None:
            time.sleep(_WATCH_S)
            job = self._send("GET", f"/v1/ingest/{job['id']}").json()
        if job["report"] is None:
            raise InputError(job["error"] or f"the ingest of {path} was stopped")
        return IngestReport.model_validate(job["report"])

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _looked_up(self, family: str, id_: str, source: str | None, rest: str = "") -> bytes | None:
        parameters = {} if source is None else {"source": source}
        path = f"/v1/{family}/{quote(id_, safe='')}{rest}"
        answer = self._send("GET", path, params=parameters, may_miss=True)
        return None if answer.status_code == 404 else answer.content

    def _send(
        self, method: str, path: str, *, may_miss: bool = False, **what: Any
    ) -> httpx2.Response:
        with self._answering():
            answer = self._http.request(method, path, **what)
        if answer.is_success or (may_miss and answer.status_code == 404):
            return answer
        raise _refusal(answer.status_code, _detail(answer))

    def _done(self, path: str, **what: Any) -> bytes:
        """Ask for events, and wait for the last one."""
        headers = {"Accept": "text/event-stream"}
        with (
            self._answering(),
            self._http.stream("POST", path, headers=headers, **what) as answer,
        ):
            if not answer.is_success:
                answer.read()
                raise _refusal(answer.status_code, _detail(answer))
            for name, data in read_events(answer.iter_bytes()):
                if name == b"done":
                    return data
                if name == b"error":
                    said = json.loads(data)
                    raise _refusal(said["status"], said["detail"])
        raise OutsideError(f"{self._http.base_url}: the answer breaks off: ask again")

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            raise OutsideError(
                f"{self._http.base_url}: no answer ({type(error).__name__}): is mmrag serve "
                "running there?"
            ) from error


def read_events(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Read server-sent events as this service writes them; comments are left out.

    Parameters
    ----------
    chunks : iterable of bytes
        Cut anywhere.

    Yields
    ------
    tuple of bytes
        Name and data of each event that is whole.
    """
    begun: list[bytes] = []
    name, data = b"", []
    for chunk in chunks:
        begun.append(chunk)
        if b"\n" not in chunk:
            continue
        *lines, rest = b"".join(begun).split(b"\n")
        begun = [rest]
        for line in lines:
            field, _, value = line.partition(b": ")
            if field == b"event":
                name = value
            elif field == b"data":
                data.append(value)
            elif not line and data:
                yield name, b"\n".join(data)
                name, data = b"", []


def _asking(
    route: str, text: str, image: str | Path | None, films: int, labs: int
) -> tuple[str, dict[str, Any]]:
    """Give a question's path and what is sent there."""
    if image is None:
        return f"/v1/{route}", {"json": {"text": text, "films": films, "labs": labs}}
    try:
        content = Path(image).read_bytes()
    except OSError as error:
        raise InputError(f"{image}: {error.strerror}: check the path") from error
    fields = {"text": text, "films": str(films), "labs": str(labs)}
    return f"/v1/{route}/film", {"data": fields, "files": {"film": ("film", content)}}


def _refusal(status: int, said: str) -> InputError | OutsideError:
    return InputError(said) if status < 500 else OutsideError(said)


def _detail(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.url}: status {answer.status_code}: is this an mmrag service?"
