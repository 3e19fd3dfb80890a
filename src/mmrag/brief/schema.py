"""The JSON Schema by which a printed brief can be checked without this software."""

from __future__ import annotations

import json
from typing import Any

from mmrag.brief.model import Brief

SCHEMA_FILE = "brief.schema.json"
"""The published copy, beside this module; a test holds it equal to the model."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_IDENTITY = "urn:med-multimodal-rag:brief"


def brief_schema() -> dict[str, Any]:
    """Describe what ``mmrag brief --format json`` prints.

    Returns
    -------
    dict
        A JSON Schema of the 2020-12 dialect.
    """
    return {
        "$schema": _DIALECT,
        "$id": _IDENTITY,
        **Brief.model_json_schema(mode="serialization"),
    }


def render_schema() -> str:
    """Write the schema as the published file holds it, without the last line feed."""
    return json.dumps(brief_schema(), indent=2, ensure_ascii=False)
