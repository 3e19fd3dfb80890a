"""Laboratory words become constraints, and nothing else does."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.analytes import analytes, groups
from mmrag.clinical.lab_terms import find_lab_terms
from mmrag.clinical.question import LabTerm


def terms(text: str) -> list[LabTerm]:
    return [mention.term for mention in find_lab_terms(text)]


def only(text: str) -> LabTerm:
    found = terms(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "analyte", "comparison", "value", "upper", "unit", "assumed"),
    [
        ("WBC above 12", "leukocytes", "above", 12, None, "10*3/uL", True),
        ("leukocytes > 12 x10^9/L", "leukocytes", "above", 12, None, "10*9/L", False),
        ("wbc>12K/uL", "leukocytes", "above", 12, None, "10*3/uL", False),
        ("WBC over 12k", "leukocytes", "above", 12, None, "10*3/uL", False),
        ("WBC above 12000", "leukocytes", "above", 12000, None, "/uL", True),
        (
            "white cells above 12,000 per microlitre",
            "leukocytes",
            "above",
            12000,
            None,
            "/uL",
            False,
        ),
        ("haemoglobin under 110 g/L", "haemoglobin", "below", 110, None, "g/L", False),
        ("hemoglobin below 110", "haemoglobin", "below", 110, None, "g/L", True),
        ("Hb < 11", "haemoglobin", "below", 11, None, "g/dL", True),
        ("platelets between 50 and 100", "platelets", "between", 50, 100, "10*3/uL", True),
        ("platelets from 50 to 100 x10*9/L", "platelets", "between", 50, 100, "10*9/L", False),
        ("platelets between 100 and 50", "platelets", "between", 50, 100, "10*3/uL", True),
        ("Hgb 7-8", "haemoglobin", "between", 7, 8, "g/dL", True),
        ("WBC >= 12", "leukocytes", "at-least", 12, None, "10*3/uL", True),
        ("WBC ≥12", "leukocytes", "at-least", 12, None, "10*3/uL", True),
        ("WBC at least 12", "leukocytes", "at-least", 12, None, "10*3/uL", True),
        ("WBC of at least 12", "leukocytes", "at-least", 12, None, "10*3/uL", True),
        ("WBC equal to or above 12", "leukocytes", "at-least", 12, None, "10*3/uL", True),
        ("WBC count of more than 12", "leukocytes", "above", 12, None, "10*3/uL", True),
        ("leukocytes > 12 000 /uL", "leukocytes", "above", 12000, None, "/uL", False),
        ("platelets within 50 to 100", "platelets", "between", 50, 100, "10*3/uL", True),
        ("haemoglobin fell below 8", "haemoglobin", "below", 8, None, "g/dL", True),
        ("haemoglobin has fallen under 8", "haemoglobin", "below", 8, None, "g/dL", True),
        ("fever over 39", "body_temperature", "above", 39, None, "Cel", True),
        ("fever over 39 degrees", "body_temperature", "above", 39, None, "Cel", True),
        ("diastolic BP > 100", "diastolic_bp", "above", 100, None, "mm[Hg]", True),
        ("WBC 12 or more", "leukocytes", "at-least", 12, None, "10*3/uL", True),
        ("WBC not below 12", "leukocytes", "at-least", 12, None, "10*3/uL", True),
        ("WBC greater than or equal to 12", "leukocytes", "at-least", 12, None, "10*3/uL", True),
        ("platelets no more than 100", "platelets", "at-most", 100, None, "10*3/uL", True),
        ("platelets ≤ 100", "platelets", "at-most", 100, None, "10*3/uL", True),
        ("platelets 100 or less", "platelets", "at-most", 100, None, "10*3/uL", True),
        ("no platelets below 100", "platelets", "at-least", 100, None, "10*3/uL", True),
        ("haemoglobin falling below 8", "haemoglobin", "below", 8, None, "g/dL", True),
        (
            "the white blood cell count is above 12",
            "leukocytes",
            "above",
            12,
            None,
            "10*3/uL",
            True,
        ),
        ("WBC 12000", "leukocytes", "between", 11500, 12500, "/uL", True),
        ("WBC 12.1", "leukocytes", "between", 12.05, 12.15, "10*3/uL", True),
        ("WBC = 12", "leukocytes", "between", 12, 12, "10*3/uL", True),
        ("creatinine > 120", "creatinine", "above", 120, None, "umol/L", True),
        ("creatinine > 1.2", "creatinine", "above", 1.2, None, "mg/dL", True),
        ("glucose above 11", "glucose", "above", 11, None, "mmol/L", True),
        ("temperature above 100.4", "body_temperature", "above", 100.4, None, "[degF]", True),
        ("fever above 39", "body_temperature", "above", 39, None, "Cel", True),
        ("HbA1c above 48 mmol/mol", "hba1c", "above", 48, None, "mmol/mol", False),
        ("sats below 92", "oxygen_saturation", "below", 92, None, "%", True),
        ("neutrophils above 75%", "neutrophils_percent", "above", 75, None, "%", False),
        ("neutrophils < 500", "neutrophils", "below", 500, None, "/uL", True),
        ("PaO2 below 8 kPa", "po2_arterial", "below", 8, None, "kPa", False),
        ("K above 6", "potassium", "above", 6, None, "mmol/L", True),
        ("PT above 15 s", "prothrombin_time", "above", 15, None, "s", False),
        ("obesity", "bmi", "at-least", 30, None, "kg/m2", False),
        ("blood pressure below 90", "systolic_bp", "below", 90, None, "mm[Hg]", True),
        ("eGFR < 60 mL/min/1.73m2", "egfr", "below", 60, None, "mL/min", False),
    ],
)
def test_numbers(
    text: str,
    analyte: str,
    comparison: str,
    value: float,
    upper: float | None,
    unit: str,
    assumed: bool,
) -> None:
    term = only(text)
    assert (term.analyte, term.comparison, term.value, term.upper) == (
        analyte,
        comparison,
        value,
        upper,
    )
    assert (term.unit, term.unit_assumed, term.flag, term.negated) == (unit, assumed, None, False)


@pytest.mark.parametrize(
    ("text", "analyte", "flag"),
    [
        ("leukocytosis", "leukocytes", "high"),
        ("leucocytosis", "leukocytes", "high"),
        ("leukopenia", "leukocytes", "low"),
        ("thrombocytopenia", "platelets", "low"),
        ("anaemia", "haemoglobin", "low"),
        ("anemia", "haemoglobin", "low"),
        ("neutropenia", "neutrophils", "low"),
        ("hyperkalaemia", "potassium", "high"),
        ("hypokalemia", "potassium", "low"),
        ("hyponatraemia", "sodium", "low"),
        ("hypoxia", "oxygen_saturation", "low"),
        ("hypoxemia", "oxygen_saturation", "low"),
        ("fever", "body_temperature", "high"),
        ("tachycardia", "heart_rate", "high"),
        ("hyperglycaemia", "glucose", "high"),
        ("high BMI", "bmi", "high"),
        ("low platelets", "platelets", "low"),
        ("elevated CRP", "crp", "high"),
        ("normal platelets", "platelets", "normal"),
        ("potassium out of range", "potassium", "abnormal"),
        ("sodium above the normal range", "sodium", "high"),
        ("CRP within normal limits", "crp", "normal"),
        ("haemoglobin is low", "haemoglobin", "low"),
        ("elevation of CRP", "crp", "high"),
        ("low oxygen", "oxygen_saturation", "low"),
        ("high blood sugar", "glucose", "high"),
    ],
)
def test_states(text: str, analyte: str, flag: str) -> None:
    term = only(text)
    assert (term.analyte, term.comparison, term.flag, term.negated) == (
        analyte,
        "flagged",
        flag,
        False,
    )


@pytest.mark.parametrize(
    ("text", "analyte"),
    [
        ("no leukocytosis", "leukocytes"),
        ("without anaemia", "haemoglobin"),
        ("afebrile", "body_temperature"),
        ("platelets not low", "platelets"),
        ("leukocytosis absent", "leukocytes"),
    ],
)
def test_denied_states(text: str, analyte: str) -> None:
    term = only(text)
    assert (term.analyte, term.comparison, term.negated) == (analyte, "flagged", True)


def test_a_denial_reaches_over_or_but_not_over_a_new_assertion() -> None:
    assert [t.negated for t in terms("no fever or leukocytosis")] == [True, True]
    assert [t.negated for t in terms("no fever, elevated CRP")] == [True, False]
    assert [t.negated for t in terms("no fever but leukocytosis")] == [True, False]


def test_a_denied_word_leaves_the_denial_outside() -> None:
    (mention,) = find_lab_terms("no leukocytosis or effusion")
    assert (mention.start, mention.end) == (3, 15)


def test_women_over_60_are_no_platelets_over_60() -> None:
    found = terms("low platelets and high WBC in women over 60")
    assert [(t.analyte, t.comparison, t.flag) for t in found] == [
        ("platelets", "flagged", "low"),
        ("leukocytes", "flagged", "high"),
    ]
    assert only("low platelets over 60").value is None
    assert only("leukocytosis over 60").value is None
    assert only("WBC above 12 in a woman over 60").value == 12
    assert only("high WBC over 60 years").value is None
    assert only("women over 60 with platelets under 100").value == 100
    assert only("age over 60, WBC above 12").value == 12


def test_time_and_trend() -> None:
    latest = only("latest haemoglobin")
    assert (latest.comparison, latest.time) == ("named", "latest")
    assert only("most recent platelet count").time == "latest"
    rising = only("rising creatinine")
    assert (rising.comparison, rising.trend) == ("named", "rising")
    assert only("drop in haemoglobin").trend == "falling"
    assert only("platelets are falling").trend == "falling"
    both = only("latest low haemoglobin")
    assert (both.flag, both.time) == ("low", "latest")


def test_critical() -> None:
    assert only("critically low potassium").critical
    assert only("critically low potassium").flag == "low"
    assert only("critical haemoglobin").flag == "abnormal"


def test_lists_share_what_is_said_once() -> None:
    assert [(t.analyte, t.flag) for t in terms("high WBC and CRP")] == [
        ("leukocytes", "high"),
        ("crp", "high"),
    ]
    assert [(t.analyte, t.flag) for t in terms("ALT and AST are elevated")] == [
        ("alt", "high"),
        ("ast", "high"),
    ]
    found = terms("high WBC and platelets below 100")
    assert [(t.analyte, t.comparison) for t in found] == [
        ("leukocytes", "flagged"),
        ("platelets", "below"),
    ]


def test_groups() -> None:
    abnormal = only("abnormal blood count")
    assert (abnormal.analyte, abnormal.flag) == ("blood count", "abnormal")
    assert abnormal.keys == groups()["blood count"].analytes
    assert set(analytes()["platelets"].loinc) <= set(abnormal.loinc)
    low = only("low blood count")
    assert low.keys == ("leukocytes", "erythrocytes", "haemoglobin", "platelets")
    assert only("electrolytes").comparison == "named"
    assert only("deranged LFTs").analyte == "liver function"
    assert only("CBC above 12").comparison == "named"
    assert only("elevated troponin").keys == ("troponin_i", "troponin_t")
    assert [(t.analyte, t.value) for t in terms("BP above 140/90")] == [
        ("systolic_bp", 140),
        ("diastolic_bp", 90),
    ]


def test_two_bounds() -> None:
    assert [(t.comparison, t.value) for t in terms("WBC above 4 and below 11")] == [
        ("above", 4),
        ("below", 11),
    ]


def test_one_word_for_three_lines() -> None:
    assert [(t.analyte, t.flag) for t in terms("pancytopenia")] == [
        ("haemoglobin", "low"),
        ("leukocytes", "low"),
        ("platelets", "low"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "the PT has an effusion",
        "pt seen in clinic",
        "calcium deposits in the lung",
        "differential diagnosis of effusion",
        "weight loss",
        "lipid pneumonia",
        "pleural effusion",
        "women over 60",
        "cardiomegaly without oedema",
        "increased bone density",
        "ACR guidance",
        "no change",
        "",
        "12 > 11",
    ],
)
def test_plain_words_are_no_results(text: str) -> None:
    assert terms(text) == []


def test_every_name_is_found_as_its_own_analyte() -> None:
    for known in analytes().values():
        for name in {*known.names, *known.abbreviations, known.name} - set(known.guarded):
            assert only(name).analyte == known.key, name
        for word in known.guarded:
            assert only(f"abnormal {word}").analyte == known.key, word
        for flag, words in (("high", known.high), ("low", known.low)):
            for word in words:
                term = only(word)
                assert (term.analyte, term.flag) == (known.key, flag), word
    for group in groups().values():
        for name in (*group.names, *group.abbreviations):
            assert only(name).analyte == group.name, name


WORDS = """no without low high latest rising WBC platelets haemoglobin K PT BP leukocytosis anaemia
CRP above below between and or , 12 1e400 12,000 110 g/L x10^9/L % 140/90 > ≥ in women over 60 years
not critically is are normal range ( ) blood count fever 1.2.3 - to"""
PIECES = st.sampled_from(WORDS.split())


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map(" ".join)))
def test_any_text_is_read_in_order_without_overlap(text: str) -> None:
    mentions = find_lab_terms(text)
    places = list(dict.fromkeys((m.start, m.end) for m in mentions))
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(places))
    assert all(m.term.written == text[m.start : m.end] for m in mentions)
