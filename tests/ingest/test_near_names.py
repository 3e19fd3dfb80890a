from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.ingest.near_names import near_names

STORED = [
    "nih:61",
    "nih:62",
    "covid:61",
    "synthea:7bada3c7-8555-848f-93a6-9b001c97e7a7",
    "synthea:0631752e-5548-7414-3303-3c1fb7ab9b7b",
    "fhir:MRN-000123",
]


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("nih:00000061", ("nih:61", "covid:61")),
        ("61", ("covid:61", "nih:61")),
        ("NIH:61 ", ("nih:61", "covid:61")),
        ("dicom:62", ("nih:62",)),
        ("nih:63", ()),  # every short number is near another
        ("synthea:7bada3c7", ("synthea:7bada3c7-8555-848f-93a6-9b001c97e7a7",)),
        ("7bada3c7-8555-848f-93a6-9b001c97e7b7", ("synthea:7bada3c7-8555-848f-93a6-9b001c97e7a7",)),
        ("fhir:mrn-000124", ("fhir:MRN-000123",)),
        ("nih:MRN-000124", ()),
        (":", ()),
        ("", ()),
    ],
)
def test_who_may_have_been_meant(written: str, near: tuple[str, ...]) -> None:
    assert near_names(written, STORED) == near


@given(st.text(max_size=40))
def test_anything_may_be_written(written: str) -> None:
    assert set(near_names(written, STORED)) <= set(STORED)
