"""Keeps a report readable: the first problems of a kind by name, the rest as a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mmrag.records import Problem

LISTED = 20
"""Problems of one kind that are listed one by one."""


@dataclass(slots=True)
class ProblemLedger:
    """Lists the first `LISTED` problems of a kind and counts the others.

    Parameters
    ----------
    file : str
        What the closing lines speak of, usually the table.
    closing : mapping of str to str
        For each kind, the words that follow the number in its closing line.
    """

    file: str
    closing: Mapping[str, str]
    _seen: Counter[str] = field(default_factory=Counter)

    def admit(self, problem: Problem) -> Iterator[Problem]:
        """Yield the problem while its kind is still listed one by one.

        Parameters
        ----------
        problem : Problem
            With a count of 1.

        Yields
        ------
        Problem
        """
        self._seen[problem.kind] += 1
        if self._seen[problem.kind] <= LISTED:
            yield problem

    def close(self) -> Iterator[Problem]:
        """Yield one line for each kind that had more than `LISTED`.

        Yields
        ------
        Problem
            Its count is the number of problems that were not listed.
        """
        for kind, seen in self._seen.items():
            if seen > LISTED:
                more = seen - LISTED
                words = self.closing.get(kind, f"problems of the kind {kind}")
                yield Problem(self.file, f"and {more:,} more {words}", kind=kind, count=more)
