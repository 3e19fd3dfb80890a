from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mmrag.clinical.findings import finding_names, load_findings

TABLE = load_findings()
FINDINGS = list(TABLE.findings.values())

ANALYTES = {
    *("leukocytes", "neutrophils", "neutrophils_percent", "lymphocytes", "erythrocytes"),
    *("haemoglobin", "haematocrit", "platelets", "crp", "procalcitonin", "troponin_i"),
    *("nt_probnp", "bnp", "d_dimer", "albumin", "protein_total", "ldh", "creatinine"),
    *("oxygen_saturation", "po2_arterial", "body_temperature", "respiratory_rate"),
    *("eosinophils", "esr", "ferritin"),
}


def test_fourteen_findings() -> None:
    assert len(finding_names()) == 14


def test_names_are_those_of_the_nih_table(shared_data: Path) -> None:
    with (shared_data / "nih" / "Data_Entry_2017.csv").open(newline="") as file:
        labels = {
            label for row in csv.DictReader(file) for label in row["Finding Labels"].split("|")
        }
    assert labels - {"No Finding", ""} == set(finding_names())


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda f: f.name)
def test_each_finding_is_complete(finding) -> None:  # type: ignore[no-untyped-def]
    assert finding.definition.endswith(".")
    assert finding.synonyms
    assert finding.signs
    assert finding.sources
    assert len(finding.positive) >= 4
    assert len(finding.negative) >= 3
    assert finding.bears_on
    assert {bearing.analyte for bearing in finding.bears_on} <= ANALYTES
    assert all(bearing.direction in {"high", "low", "any"} for bearing in finding.bears_on)
    assert all(len(bearing.source) > 20 for bearing in finding.bears_on)


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda f: f.name)
def test_codes_have_their_form(finding) -> None:  # type: ignore[no-untyped-def]
    assert finding.radlex is None or finding.radlex.removeprefix("RID").isdigit()
    assert finding.snomed is None or _verhoeff(finding.snomed)


def test_no_two_findings_share_a_code() -> None:
    for code in ("radlex", "snomed"):
        codes = [getattr(f, code) for f in FINDINGS if getattr(f, code) is not None]
        assert len(codes) == len(set(codes))


def test_parents_mirror_children() -> None:
    for group in TABLE.groups.values():
        assert set(group.children) <= set(finding_names())
        for child in group.children:
            assert group.name in TABLE.findings[child].parents


def test_prompts_are_not_shared() -> None:
    prompts = [p for f in FINDINGS for p in (*f.positive, *f.negative)] + list(TABLE.normal_prompts)
    assert len(prompts) == len(set(prompts))


def _verhoeff(code: str) -> bool:
    """Check digit of a SNOMED CT identifier (Verhoeff's dihedral scheme)."""
    multiply = [
        [
            (i + j) % 5 if i < 5 and j < 5 else (i - j) % 5 if i >= 5 and j >= 5 else 0
            for j in range(10)
        ]
        for i in range(10)
    ]
    for i in range(10):
        for j in range(10):
            if i < 5 <= j:
                multiply[i][j] = 5 + (i + j) % 5
            elif j < 5 <= i:
                multiply[i][j] = 5 + (i - 5 - j) % 5
    permute = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
    for _ in range(6):
        permute.append([permute[-1][permute[1][k]] for k in range(10)])
    check = 0
    for position, digit in enumerate(reversed(code)):
        check = multiply[check][permute[position % 8][int(digit)]]
    return check == 0
