"""An OpenAI-compatible endpoint: one question, one bounded answer, given on as it comes."""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit, urlunsplit

from mmrag.errors import InputError, MissingExtra, WriterError
from mmrag.settings import Settings

if TYPE_CHECKING:
    import httpx2

MOST_BYTES = 1_000_000
"""Bytes of an answer that are read, with everything that the protocol puts around it."""

_CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the language model is, and how long it may take.

    Attributes
    ----------
    url : str
        Base of the API, e.g. ``http://localhost:11434/v1``.
    model : str
    key : str or None
        Never printed.
    timeout_s : float
        For the whole answer, in seconds.
    identifiers : bool
        Whether identifiers may leave this host.
    loopback : str or None
        The address to connect to where every address that the name resolves to is the loopback
        interface's: what the name resolves to later has no say in it.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 120.0
    identifiers: bool = False
    loopback: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read the settings.

        Raises
        ------
        InputError
            When address or model are missing, or the address is none.
        MissingExtra
            When the HTTP client is not installed.
        """
        if settings.writer_url is None or settings.writer_model is None:
            raise InputError(
                "no language model to write with: set MMRAG_WRITER_URL "
                "(e.g. http://localhost:11434/v1) and MMRAG_WRITER_MODEL"
            )
        try:
            parts = urlsplit(settings.writer_url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise InputError("MMRAG_WRITER_URL is no address: write e.g. http://localhost:11434/v1")
        _client_library()
        key = settings.writer_key
        return cls(
            url=settings.writer_url.rstrip("/"),
            model=settings.writer_model,
            key=None if key is None else key.get_secret_value(),
            timeout_s=settings.writer_timeout,
            identifiers=settings.writer_identifiers,
            loopback=_loopback(parts.hostname or "", parts.port),
        )

    @property
    def host(self) -> str:
        """Host and port as they may be shown, without user or password."""
        parts = urlsplit(self.url)
        name = parts.hostname or ""
        name = f"[{name}]" if ":" in name else name
        return f"{name}:{parts.port}" if parts.port else name

    def is_on_this_host(self) -> bool:
        """Whether nothing leaves this host on the way to the model."""
        return self.loopback is not None

    def ask(self, messages: Sequence[Mapping[str, str]]) -> Iterator[str]:
        """Ask the model; leaving the answer half read hangs up.

        Parameters
        ----------
        messages : sequence of mapping
            As chat completions take them.

        Yields
        ------
        str
            The answer, cut anywhere; one piece where the endpoint does not stream.

        Raises
        ------
        WriterError
            When there is no whole and usable answer in time. The message holds nothing that
            the endpoint said, and no key.
        """
        httpx2 = _client_library()
        ends = time.monotonic() + self.timeout_s
        wait = httpx2.Timeout(self.timeout_s, connect=min(_CONNECT_S, self.timeout_s))
        try:
            # a proxy would carry what is meant for this host alone to another one
            with (
                httpx2.Client(
                    follow_redirects=False, timeout=wait, trust_env=not self.loopback
                ) as client,
                client.stream(
                    "POST",
                    f"{self._connected_url()}/chat/completions",
                    headers=self._headers(),
                    json={
                        "model": self.model,
                        "messages": list(messages),
                        "temperature": 0,
                        "stream": True,
                    },
                ) as response,
            ):
                yield from self._read(response, ends)
        except httpx2.TimeoutException:
            raise self._late() from None
        except httpx2.HTTPError as error:
            raise self._failed(f"the connection failed ({type(error).__name__})") from None
        except (httpx2.InvalidURL, UnicodeError, ValueError):
            raise self._failed("the request cannot be sent: check MMRAG_WRITER_*") from None

    def _connected_url(self) -> str:
        parts = urlsplit(self.url)
        if self.loopback is None or parts.scheme == "https":  # a certificate is for the name
            return self.url
        address = f"[{self.loopback}]" if ":" in self.loopback else self.loopback
        return urlunsplit(parts._replace(netloc=f"{address}:{parts.port or 80}"))

    def _headers(self) -> dict[str, str]:
        headers = {
            "Host": self.host,
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",  # what is not packed cannot swell
        }
        return headers if not self.key else {**headers, "Authorization": f"Bearer {self.key}"}

    def _read(self, response: httpx2.Response, ends: float) -> Iterator[str]:
        if response.is_redirect:
            raise self._failed("it redirects elsewhere, which is not followed: set its own address")
        if response.status_code in (401, 403):
            raise self._failed(f"HTTP {response.status_code}: check MMRAG_WRITER_KEY")
        if response.status_code != 200:
            raise self._failed(f"HTTP {response.status_code}: check address and MMRAG_WRITER_MODEL")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            yield from self._streamed(self._lines(response, ends))
        elif kind == "application/json":
            body = "\n".join(self._lines(response, ends))
            yield self._content(self._json(body), "message")[0]
        else:
            raise self._failed("it answers neither JSON nor an event stream: is it a chat API?")

    def _lines(self, response: httpx2.Response, ends: float) -> Iterator[str]:
        """Give whole lines; bounded in size and time, since a line may never end."""
        size, rest = 0, b""
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > MOST_BYTES:
                raise self._failed(f"its answer is longer than {MOST_BYTES:,} bytes")
            if time.monotonic() > ends:
                raise self._late()
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in lines)
        yield rest.decode("utf-8", "replace")

    def _streamed(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            data = line.strip().removeprefix("data:").strip()
            if not line.startswith("data:") or not data:
                continue
            if data == "[DONE]":
                return
            content, finished = self._content(self._json(data), "delta")
            yield content
            if finished:
                return
        raise self._failed("the answer breaks off")

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self._failed("its answer is no JSON") from None

    def _content(self, said: Any, name: str) -> tuple[str, bool]:
        """Read one choice; the last piece of a stream says why it ends."""
        try:
            if "error" in said:
                raise self._failed("it reports an error of its own")
            if not said["choices"] and name == "delta":  # usage figures come without a choice
                return "", False
            choice = said["choices"][0]
            part = choice.get(name) or {}
            if part.get("refusal"):
                raise self._failed("the model refuses")
            content = part.get("content") or ""
            finished = choice.get("finish_reason") is not None
        except (AttributeError, IndexError, KeyError, TypeError):
            raise self._failed("its answer is no chat completion") from None
        if not isinstance(content, str):
            raise self._failed("its answer is no chat completion")
        return content, finished

    def _failed(self, why: str) -> WriterError:
        return WriterError(f"language model at {self.host}: {why}")

    def _late(self) -> WriterError:
        return self._failed(
            f"no whole answer within {self.timeout_s:g} s: raise MMRAG_WRITER_TIMEOUT, or take a "
            "smaller model"
        )


def _client_library() -> Any:
    try:
        import httpx2
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "httpx2", "writer") from error
    return httpx2


def _loopback(name: str, port: int | None) -> str | None:
    try:
        found = socket.getaddrinfo(name, port or 80, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    addresses = [str(address[4][0]) for address in found]
    if not all(ipaddress.ip_address(a.partition("%")[0]).is_loopback for a in addresses):
        return None
    return next(iter(addresses), None)
