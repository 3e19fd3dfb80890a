from __future__ import annotations

import pytest

from mmrag.clinical.describe import constraints, describe
from mmrag.clinical.query import compile_query
from mmrag.clinical.question import ClinicalQuery, FindingTerm


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("big left efusion", "left pleural effusion; big"),
        (
            "only a large left effusion in women over sixty, AP",
            "large left pleural effusion; no other finding; female; aged over 60; AP view",
        ),
        ("airspace disease without pneumonia", "airspace disease; no pneumonia"),
        ("hernia with mass or nodule", "diaphragmatic hernia; lung mass or lung nodule"),
        ("atelectasis vs pneumonia", "possible atelectasis or possible pneumonia"),
        (
            "WBC above 12 or CRP 100-200 mg/L since 2019, no fever",
            "leukocytes above 12 or C-reactive protein between 100 and 200 mg/L; "
            "body temperature not high; since 2019-01-01",
        ),
        ("critically low latest potassium", "latest critically low potassium"),
        ("creatinine with a history of diabetes", "creatinine; diagnosed with diabetes"),
        ("clear lungs, portable", "normal chest; portable"),
    ],
)
def test_written_out(text: str, written: str) -> None:
    assert describe(compile_query(text)) == written


def test_a_group_that_is_not_whole_is_named_by_its_members() -> None:
    """Edited by hand, "airspace disease" may have lost a member without a reason."""
    query = ClinicalQuery(
        text="",
        findings=(
            FindingTerm(finding="Edema", group="airspace disease"),
            FindingTerm(finding="Pneumonia", group="airspace disease"),
        ),
    )
    assert constraints(query) == ("pulmonary edema or pneumonia",)
    assert describe(ClinicalQuery(text="")) == ""
