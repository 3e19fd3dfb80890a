"""How long work tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the advance of one piece of work after another."""

    def begin(self, what: str, total: int | None) -> None:
        """Start a piece of work; `total` is None where it is not known."""
        ...

    def advance(self, count: int = 1) -> None:
        """Count finished items of the piece of work that began last."""
        ...


class Silent:
    """Says nothing: the default of the Python interface."""

    def begin(self, what: str, total: int | None) -> None:
        """Say nothing."""

    def advance(self, count: int = 1) -> None:
        """Say nothing."""
