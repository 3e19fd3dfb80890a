from __future__ import annotations

import pytest

from mmrag.clinical.words import words_of
from mmrag.encoders.compact_analytes import named_analytes


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("leukocytosis", [("leukocytes", "high")]),
        ("high white cells", [("leukocytes", "high")]),
        ("white cell count is raised", [("leukocytes", "high")]),
        ("haemoglobin normal", [("haemoglobin", "normal")]),
        ("hemoglobin normal", [("haemoglobin", "normal")]),
        ("platelets", [("platelets", None)]),
        ("low platelets and high WBC", [("platelets", "low"), ("leukocytes", "high")]),
        ("haemoglobin; low platelets", [("haemoglobin", None), ("platelets", "low")]),
        ("pleural effusion", []),
        ("", []),
    ],
)
def test_analytes_and_their_states(text: str, named: list[tuple[str, str | None]]) -> None:
    assert named_analytes(words_of(text)) == named
