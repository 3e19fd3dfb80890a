"""JSON files, resource by resource, without holding a file in memory.

A bundle is read entry by entry and a bulk export line by line. Numbers stay as written
(`Numeral`) until they are read as measurements.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from mmrag.errors import BadRecord
from mmrag.sources.tables import open_bytes

CHUNK = 1 << 18
"""Characters read at a time."""

LARGEST_RESOURCE = 1 << 26
"""Characters of the longest resource that is read; none in practice comes near."""

_BLANK = " \t\r\n"

Json = dict[str, Any]


class Numeral(str):
    """A JSON number, as written."""

    __slots__ = ()


class NoNumber(str):
    """``NaN``, ``Infinity`` or ``-Infinity``, which JSON does not know."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_float=Numeral, parse_int=Numeral, parse_constant=NoNumber)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands.

    Attributes
    ----------
    line : int or None
        Line of a bulk export.
    entry : int or None
        Position in its bundle, counted from 0 as in FHIRPath's ``entry[0]``.
    """

    line: int | None = None
    entry: int | None = None

    def __str__(self) -> str:
        return "" if self.entry is None else f"entry[{self.entry}]"


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of a file: a resource and the address it goes by in its bundle.

    `content` is what stands there; it need not be a resource, nor even an object.
    """

    place: Place
    content: object
    url: object = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stretch of a file that is no JSON."""

    place: Place
    reason: str


def read_file(file: Path) -> Iterator[Found | Unreadable]:
    """Yield the resources of a file, plain or gzip.

    Parameters
    ----------
    file : pathlib.Path
        Lines of JSON where its name ends in ``.ndjson`` or ``.jsonl`` (also ``.gz``);
        otherwise bundles, resources or a list of resources.

    Yields
    ------
    Found or Unreadable
        A broken line costs itself alone; broken JSON elsewhere costs the rest of the file.
    """
    try:
        with open_bytes(file) as stream:
            if {".ndjson", ".jsonl"} & set(file.suffixes):
                yield from _lines(stream)
            else:
                text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
                yield from _documents(_Cursor(text))
    except (OSError, EOFError, zlib.error) as error:
        yield Unreadable(Place(), f"breaks off ({error}): what stands before went in")


def _lines(stream: Any) -> Iterator[Found | Unreadable]:
    for number, line in enumerate(stream, start=1):
        text = line.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff").strip(_BLANK)
        if not text:
            continue
        place = Place(line=number)
        try:
            content = _DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            yield Unreadable(place, f"no JSON ({_reason(error)})")
        else:
            yield from _opened(Found(place, content))


def _documents(cursor: _Cursor) -> Iterator[Found | Unreadable]:
    entry = _Counter()
    try:
        while (character := cursor.peek()) is not None:
            if character == "[":
                for content in cursor.elements():
                    yield from _opened(Found(Place(entry=entry.take()), content))
            else:
                yield from _document(cursor, entry)
    except BadRecord as error:
        place = Place(entry=entry.next or None)
        yield Unreadable(place, f"no JSON from here on ({error}): what stands before went in")


def _document(cursor: _Cursor, entry: _Counter) -> Iterator[Found]:
    """Read one top-level object; entries of a bundle come out as they are read."""
    resource: Json = {}
    bundle = False
    for key in cursor.fields():
        kind = resource.get("resourceType", "Bundle")
        if key == "entry" and kind == "Bundle" and cursor.peek() == "[":
            bundle = True
            for content in cursor.elements():
                yield from _entry(content, Place(entry=entry.take()))
        else:
            resource[key] = cursor.value()
    if not bundle:
        yield from _opened(Found(Place(), resource))


def _opened(found: Found) -> Iterator[Found]:
    """Yield what is found, or the entries of a bundle in its stead."""
    content = found.content
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        yield found
        return
    entries = content.get("entry")
    if entries is not None and not isinstance(entries, list):
        yield found
        return
    for number, inner in enumerate(entries or ()):
        yield from _entry(inner, Place(found.place.line, number))


def _entry(content: object, place: Place) -> Iterator[Found]:
    if isinstance(content, dict):
        yield from _opened(Found(place, content.get("resource"), content.get("fullUrl")))
    else:
        yield Found(place, content)


@dataclass(slots=True)
class _Counter:
    next: int = 0

    def take(self) -> int:
        self.next += 1
        return self.next - 1


@dataclass(slots=True)
class _Cursor:
    """A place in a stream of JSON text, with as much of the text as is being read."""

    stream: TextIO
    _buffer: str = ""
    _at: int = 0
    _ended: bool = field(default=False)

    def peek(self) -> str | None:
        """Skip blanks and return the next character; None at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in _BLANK:
                    return self._buffer[self._at]
                self._at += 1
            if not self._more():
                return None

    def value(self) -> Any:
        """Read one whole value."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise BadRecord(_reason(error)) from error
            except (ValueError, RecursionError) as error:
                raise BadRecord(_reason(error)) from error
            else:
                # A number that ends with the buffer may go on behind it.
                if end < len(self._buffer) or not self._more():
                    self._at = end
                    return value

    def fields(self) -> Iterator[str]:
        """Go through an object; the caller reads each value before the next key."""
        self._expect("{")
        more = self.peek() != "}"
        while more:
            key = self.value()
            if type(key) is not str:
                raise BadRecord("a key is no text")
            self._expect(":")
            self.peek()
            yield key
            more = self._goes_on()
        self._expect("}")

    def elements(self) -> Iterator[Any]:
        """Go through a list."""
        self._expect("[")
        more = self.peek() != "]"
        while more:
            yield self.value()
            more = self._goes_on()
        self._expect("]")

    def _goes_on(self) -> bool:
        """Step over a comma; False where there is none."""
        if self.peek() != ",":
            return False
        self._at += 1
        return True

    def _expect(self, character: str) -> None:
        found = self.peek()
        if found != character:
            raise BadRecord(f"{character!r} expected, {found or 'the end'!r} found")
        self._at += 1

    def _more(self) -> bool:
        """Take in more text, as much again as is being read; False at the end."""
        if self._ended:
            return False
        self._buffer = self._buffer[self._at :]
        self._at = 0
        if len(self._buffer) > LARGEST_RESOURCE:
            raise BadRecord("a resource beyond 64 million characters, or one that never closes")
        chunk = self.stream.read(max(CHUNK, len(self._buffer)))
        self._ended = not chunk
        self._buffer += chunk
        return not self._ended


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
