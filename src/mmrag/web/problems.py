"""One shape for everything that goes wrong: RFC 9457, ``application/problem+json``.

Whoever asks with a browser gets the same as a page.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from mmrag.errors import InputError, MmragError
from mmrag.web.headers import HEADERS
from mmrag.web.page_templates import page

MEDIA_TYPE = "application/problem+json"

_TITLES = {
    400: "bad input",
    401: "a token is needed",
    403: "not allowed",
    404: "not found",
    405: "method not allowed",
    409: "not possible now",
    413: "too large",
    415: "not this kind of file",
    422: "wrong fields",
    429: "too many requests",
    500: "internal error",
    503: "something outside failed",
}

_UNSAID = {
    404: "there is nothing at this address",
    405: "this address does not take that method",
}
"""What the framework says in one word."""


class Problem(BaseModel):
    """What an error looks like.

    Attributes
    ----------
    type : str
    title : str
        The kind, the same for every error of one status.
    status : int
    detail : str
        One line: what is wrong, and how to mend it.
    errors : list of dict
        For 422: each wrong field and why.
    """

    model_config = ConfigDict(extra="forbid")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = []

    @classmethod
    def of(cls, status: int, detail: str, errors: list[dict[str, str]] | None = None) -> Problem:
        """Describe an error of a status."""
        title = _TITLES.get(status, "error")
        return cls(title=title, status=status, detail=detail, errors=errors or [])


FAULT = Problem.of(500, "a fault of the program: its log says more")
"""Whatever nobody foresaw."""


def problem(
    request: Request, status: int, detail: str, errors: list[dict[str, str]] | None = None
) -> Response:
    """Answer a request with an error."""
    return _answer(request, Problem.of(status, detail, errors))


def is_a_person(request: Request) -> bool:
    """Whether a browser shows the answer to a person; programs that take JSON get JSON."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and "json" not in accepted


def of_the_house(error: MmragError) -> Problem:
    """Describe an error of the package: whoever asks can mend it (400), or something outside."""
    return Problem.of(400 if isinstance(error, InputError) else 503, str(error))


def answer_in_one_shape(app: FastAPI) -> None:
    """Let every error of a service be a `Problem`."""
    app.add_exception_handler(MmragError, _of_the_house)
    app.add_exception_handler(RequestValidationError, _of_the_fields)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_ours)


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": _TITLES[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in (400, 401, 403, 413, 415, 422, 429, 503)
}
"""Responses that any route may give, for the OpenAPI document."""


def may_miss(what: str) -> dict[int | str, dict[str, Any]]:
    """Describe a route's 404, for the OpenAPI document."""
    return {404: {**PROBLEMS[400], "description": f"no such {what}"}}


def _answer(request: Request, content: Problem) -> Response:
    answer: Response
    if is_a_person(request):
        title = content.title.capitalize()
        answer = page("problem.html.j2", content.status, title=title, why=content.detail, back="/")
    else:
        answer = JSONResponse(content.model_dump(), content.status, media_type=MEDIA_TYPE)
    if content.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def _of_the_house(request: Request, error: Exception) -> Response:
    if not isinstance(error, MmragError):
        raise error
    return _answer(request, of_the_house(error))


async def _of_the_fields(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = [
        {"field": ".".join(str(part) for part in each["loc"][1:]), "reason": str(each["msg"])}
        for each in error.errors()
    ]
    said = "; ".join(f"{each['field'] or 'body'}: {each['reason']}" for each in wrong[:3])
    return problem(request, 422, said, wrong)


async def _of_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status, detail = error.status_code, str(error.detail)
    if detail == HTTPStatus(status).phrase:
        detail = _UNSAID.get(status, detail)
    return problem(request, status, detail)


async def _of_ours(request: Request, _: Exception) -> Response:
    answer = _answer(request, FAULT)
    answer.headers.update(HEADERS)  # it goes out past the middleware that sets them
    return answer
