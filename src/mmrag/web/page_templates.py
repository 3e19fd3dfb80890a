"""Templates of the page: escaped, and free of what cannot be seen."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mmrag.brief.bars import WIDTH
from mmrag.brief.model import DISCLAIMER
from mmrag.brief.plain import plain
from mmrag.brief.sparkline import HEIGHT as COURSE_HEIGHT
from mmrag.brief.sparkline import WIDTH as COURSE_WIDTH
from mmrag.brief.wording import counted, range_words, value_and_unit


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Answer with a page or a part of one.

    Parameters
    ----------
    template : str
        File below ``templates/page``.
    status : int
    **values
        What the template shows.

    Returns
    -------
    HTMLResponse
    """
    return HTMLResponse(part(template, **values), status)


def part(template: str, **values: Any) -> str:
    """Write a part of a page; parameters as for `page`."""
    return _environment().get_template(f"page/{template}").render(values)


def signed(figure: float) -> str:
    """Print what is added or taken away, to two decimals.

    >>> signed(0.21), signed(-0.001)
    ('+0.21', '0.00')
    """
    written = f"{figure:+.2f}"
    return "0.00" if float(written) == 0 else written.replace("-", "\N{MINUS SIGN}")


def sentence(words: str) -> str:
    """Make a sentence of words that stood after a colon.

    >>> sentence("no stored condition is called 'x'"), sentence("pH above 8: none")
    ("No stored condition is called 'x'.", 'pH above 8: none.')
    """
    begins = words[:1].upper() if words[1:2].islower() else words[:1]
    return f"{begins}{words[1:].rstrip('.')}."


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mmrag.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"signed": signed, "sentence": sentence}
    environment.globals |= {
        "disclaimer": DISCLAIMER,
        "bar_width": WIDTH,
        "course_size": (COURSE_WIDTH, COURSE_HEIGHT),
        "counted": counted,
        "range_words": range_words,
        "value_and_unit": value_and_unit,
    }
    return environment


def _visible(value: object) -> object:
    """Strip what cannot be seen from stored strings; autoescape sees to the markup."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return plain(value, 20_000)
    return "" if value is None else value
