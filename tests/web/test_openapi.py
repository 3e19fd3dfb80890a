"""Whatever the OpenAPI document allows to ask is answered as it says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mmrag import Engine
from mmrag.settings import Settings
from mmrag.web.app import create_app
from tests.web.local import URL

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
DOCUMENT = create_app(Engine(Settings())).openapi()
ROUTES = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


@pytest.fixture(scope="module")
def schema(engine: Engine) -> schemathesis.schemas.BaseSchema:
    here = {"host": urlsplit(URL).netloc}
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(engine), headers=here)


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_a_route_keeps_its_word(
    schema: schemathesis.schemas.BaseSchema, path: str, method: str
) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method.upper()].as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, base_url=URL)

    ask()


def test_every_route_says_what_can_go_wrong() -> None:
    for path, method in ROUTES:
        described = DOCUMENT["paths"][path][method]["responses"]
        if path.startswith("/v1"):
            assert {"401", "403", "429"} <= described.keys(), path
        for status, response in described.items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (path, status)
