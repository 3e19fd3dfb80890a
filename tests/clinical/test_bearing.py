"""What bears on a finding: one table for the search and the brief."""

from __future__ import annotations

import pytest

from mmrag.clinical.analytes import analytes
from mmrag.clinical.bearing import expectations
from mmrag.clinical.findings import finding_names


def test_findings_share_an_analyte_and_direction_each_with_its_source() -> None:
    leukocytes = next(
        e for e in expectations(["Pneumonia", "Effusion"]) if e.analyte == "leukocytes"
    )
    assert leukocytes.findings == ("Pneumonia", "Effusion")
    assert leukocytes.direction == "high"
    assert leukocytes.flags == frozenset({"H", "HH"})
    assert leukocytes.state == "leukocytosis"
    assert leukocytes.sources[0].startswith("Metlay")
    assert leukocytes.sources[1].startswith("Roberts")


def test_either_side_counts_where_the_table_names_none() -> None:
    ldh = next(e for e in expectations(["Effusion"]) if e.analyte == "ldh")
    assert not ldh.is_directed
    assert ldh.flags == {"L", "LL", "H", "HH"}


def test_nothing_bears_on_a_name_that_is_not_in_the_table() -> None:
    assert expectations(["Gout"]) == ()


@pytest.mark.parametrize("finding", finding_names())
def test_every_bearing_names_a_known_analyte_and_a_source(finding: str) -> None:
    for expected in expectations([finding]):
        assert expected.analyte in analytes()
        assert len(expected.sources) == len(expected.findings) == 1
        assert expected.sources[0]
