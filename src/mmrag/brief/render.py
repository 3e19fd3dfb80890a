"""One brief, several forms."""

from __future__ import annotations

import unicodedata
from typing import Literal, get_args

from mmrag.brief.courses import Courses
from mmrag.brief.fhir import render_fhir
from mmrag.brief.heat_maps import HeatMap
from mmrag.brief.model import Brief
from mmrag.brief.render_html import Thumbnail, render_html
from mmrag.brief.render_markdown import render_markdown
from mmrag.brief.render_plain import render_plain
from mmrag.brief.render_text import render_text

BriefFormat = Literal["text", "plain", "markdown", "html", "json", "fhir"]
FORMATS: tuple[BriefFormat, ...] = get_args(BriefFormat)


def render(
    brief: Brief,
    format: BriefFormat,  # noqa: A002 (the command line's own word)
    *,
    width: int = 80,
    thumbnail: Thumbnail | None = None,
    courses: Courses | None = None,
    heat: HeatMap | None = None,
) -> str:
    """Write a brief in one of its forms.

    Parameters
    ----------
    brief : Brief
    format : {"text", "plain", "markdown", "html", "json", "fhir"}
    width : int
        Columns of the terminal; for text alone.
    thumbnail : callable, optional
        Gives the PNG or JPEG bytes of a film's thumbnail, or None; for HTML alone.
    courses : callable, optional
        Gives patients' own values of tests over time; for HTML alone.
    heat : callable, optional
        Gives a film's heat map for a finding, or None; for HTML alone.

    Returns
    -------
    str
    """
    match format:
        case "text":
            return render_text(brief, width)
        case "plain":
            return render_plain(brief)
        case "markdown":
            return render_markdown(brief)
        case "html":
            return render_html(brief, thumbnail, courses, heat)
        case "json":
            return render_json(brief)
        case "fhir":
            return render_fhir(brief)


def render_json(brief: Brief) -> str:
    """Write a brief as JSON that no terminal takes for a command.

    Invisible characters of records (control, format, line separators) are written as
    escapes; a reader of JSON gets them back unchanged.

    Parameters
    ----------
    brief : Brief

    Returns
    -------
    str
    """
    return "".join(
        c if c == "\n" or unicodedata.category(c)[0] not in "CZ" or c == " " else _escaped(c)
        for c in brief.model_dump_json(indent=2)
    )


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs)
