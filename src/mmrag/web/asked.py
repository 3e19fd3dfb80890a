"""Films that somebody asks with, kept for a while so that an address can name them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from mmrag.errors import InputError
from mmrag.web.uploads import film_file

MOST = 32
MOST_BYTES = 128 * 2**20

GONE = (
    "the film that this address asks with is no longer here: films asked with are kept for a "
    "while only, and not over a restart: give the film again"
)


class AskedFilms:
    """The last films that were asked with, in memory alone.

    Parameters
    ----------
    most : int
        Films that are kept.
    most_bytes : int
        Bytes that they may have together; the oldest go first.
    """

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._films: OrderedDict[str, bytes] = OrderedDict()

    def keep(self, content: bytes) -> str:
        """Keep a film.

        Parameters
        ----------
        content : bytes
            As it was sent.

        Returns
        -------
        str
            Its SHA-256 in hexadecimal, by which it is found again.

        Raises
        ------
        BadFilm
            When it is no PNG or JPEG, or too large.
        """
        with film_file(content):
            pass  # what cannot be one is refused before it is kept
        name = hashlib.sha256(content).hexdigest()
        with self._lock:
            self._films[name] = content
            self._films.move_to_end(name)
            while len(self._films) > self._most or self._bytes() > self._most_bytes:
                self._films.popitem(last=False)
        return name

    def get(self, name: str) -> bytes:
        """Give a film back.

        Raises
        ------
        InputError
            When it is not kept any more.
        """
        with self._lock:
            if name not in self._films:
                raise InputError(GONE)
            self._films.move_to_end(name)
            return self._films[name]

    def _bytes(self) -> int:
        return sum(map(len, self._films.values()))
