"""Figures in a document: what stands between two marks is written by a command."""

from __future__ import annotations

from pathlib import Path

END = "<!-- end of figures -->"


def write_into(page: Path, begin: str, text: str) -> None:
    """Replace what stands between a page's mark `begin` and `END`."""
    head, rest = page.read_text(encoding="utf-8").split(begin)
    _, tail = rest.split(END)
    page.write_text(f"{head}{begin}\n{text}\n{END}{tail}", encoding="utf-8")
