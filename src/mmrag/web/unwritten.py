"""Answers that a page has just shown, kept until its language model puts them into words."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from mmrag.brief import Brief

MOST = 32
SECONDS = 60.0
"""A page asks for the words of its answer as soon as it is there."""


class Unwritten:
    """The last answers that were shown, in memory alone; each is given once, to who asked.

    Parameters
    ----------
    most : int
        Answers that are kept; the oldest go first.
    seconds : float
        How long one is kept.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        most: int = MOST,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], tuple[float, Brief]] = OrderedDict()

    def keep(self, caller: str, brief: Brief) -> str:
        """Keep an answer.

        Parameters
        ----------
        caller : str
            Who asked, as the audit log names them.
        brief : Brief

        Returns
        -------
        str
            What it is taken by; nobody can guess it.
        """
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._let_go()
            self._answers[caller, name] = (self._clock() + self._seconds, brief)
            if len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return name

    def take(self, caller: str, name: str) -> Brief | None:
        """Give an answer to who asked, and keep it no longer; None where it is not kept."""
        with self._lock:
            self._let_go()
            _, brief = self._answers.pop((caller, name), (0.0, None))
            return brief

    def _let_go(self) -> None:
        now = self._clock()
        while self._answers and next(iter(self._answers.values()))[0] <= now:
            self._answers.popitem(last=False)
