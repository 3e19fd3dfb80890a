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
from mmrag.brief.wording import range_words, value_and_unit


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
    environment.globals |= {
        "disclaimer": DISCLAIMER,
        "bar_width": WIDTH,
        "course_size": (COURSE_WIDTH, COURSE_HEIGHT),
        "range_words": range_words,
        "value_and_unit": value_and_unit,
    }
    return environment


def _visible(value: object) -> object:
    """Strip what cannot be seen from stored strings; autoescape sees to the markup."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return plain(value, 20_000)
    return "" if value is None else value
