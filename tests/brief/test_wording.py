"""Figures in as many decimals as they are worth."""

from __future__ import annotations

import pytest

from mmrag.brief.wording import in_decimals


@pytest.mark.parametrize(
    ("value", "analyte", "printed"),
    [
        (12.1000000001, "leukocytes", "12.1"),
        (250.5, "platelets", "250"),
        (12.125, "no such analyte", "12.125"),
    ],
)
def test_a_figure_has_the_decimals_of_its_analyte(value: float, analyte: str, printed: str) -> None:
    assert in_decimals(value, analyte) == printed
