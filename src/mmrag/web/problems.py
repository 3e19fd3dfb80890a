"""One shape for everything that goes wrong: RFC 9457, ``application/problem+json``."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from mmrag.errors import InputError, MmragError

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


def problem(status: int, detail: str, errors: list[dict[str, str]] | None = None) -> JSONResponse:
    """Answer with an error."""
    return _answer(Problem.of(status, detail, errors))


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


def _answer(content: Problem) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if content.status == 401 else None
    return JSONResponse(content.model_dump(), content.status, headers, media_type=MEDIA_TYPE)


async def _of_the_house(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, MmragError):
        raise error
    return _answer(of_the_house(error))


async def _of_the_fields(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = [
        {"field": ".".join(str(part) for part in each["loc"][1:]), "reason": str(each["msg"])}
        for each in error.errors()
    ]
    said = "; ".join(f"{each['field'] or 'body'}: {each['reason']}" for each in wrong[:3])
    return problem(422, said, wrong)


async def _of_http(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return problem(error.status_code, str(error.detail))


async def _of_ours(_: Request, _error: Exception) -> JSONResponse:
    return _answer(FAULT)
