"""The brief repeats every constraint that the question was compiled to."""

from __future__ import annotations

import pytest

from mmrag.brief.reading import reading
from mmrag.clinical.query import compile_query


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        (
            "pleural effusion in women over 60",
            ["Effusion (", "female", "aged over 60"],
        ),
        ("cardiomegaly in children under 12", ["Cardiomegaly present", "aged under 12"]),
        ("haemoglobin under 110 g/L", ["haemoglobin below 110.0 g/L"]),
        ("high WBC or high CRP", ["leukocytes high or C-reactive protein high"]),
        ("platelets in patients with diabetes", ["diabetes on the patient's list of conditions"]),
        ("leukocytes above 12 in 2020", ["sampled on 2020-01-01 or later"]),
    ],
)
def test_every_constraint_is_repeated(question: str, shown: list[str]) -> None:
    said = list(reading(compile_query(question)))
    for words in shown:
        assert any(line.startswith(words) for line in said), said
