"""A language model's sentences in the forms that a brief has."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from mmrag.brief.plain import plain
from mmrag.brief.writer.written import Written

TITLE = "In a language model's words"
_REASONS = 8
_REASON = 100  # characters of a reason


def text_lines(written: Written, width: int) -> Iterator[str]:
    """Give the lines for a terminal.

    Parameters
    ----------
    written : Written
    width : int
        Columns.

    Yields
    ------
    str
    """
    yield ""
    yield f"── {TITLE.upper()} ".ljust(width, "─")
    for paragraph in _paragraphs(written):
        yield from textwrap.wrap(plain(paragraph, 4000), width, subsequent_indent="  ")


def markdown_lines(written: Written) -> Iterator[str]:
    """Give the lines of Markdown, not yet escaped: a heading, then paragraphs."""
    yield TITLE
    yield from _paragraphs(written)


def _paragraphs(written: Written) -> Iterator[str]:
    yield written.statement
    for sentence in written.by_model:
        yield f"{sentence.text} [{', '.join(sentence.claims)}]"
    if written.by_model and written.left_to_template:
        yield f"In their own words below: {', '.join(written.left_to_template)}."
    yield from (f"Not printed: {line}." for line in rejected_lines(written))


def rejected_lines(written: Written) -> Iterator[str]:
    """Say why sentences are not printed, the commonest reasons first."""
    for reason, count in written.rejections[:_REASONS]:
        times = f" ({count} times)" if count > 1 else ""
        yield f"{plain(reason, _REASON)}{times}"
    if len(written.rejections) > _REASONS:
        yield f"{len(written.rejections) - _REASONS} other reasons"
