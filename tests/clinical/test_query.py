from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.query import LONGEST, compile_query
from mmrag.clinical.question import ClinicalQuery, PatientTerm
from mmrag.errors import QueryError


def findings(text: str) -> dict[str, str]:
    return {term.finding: term.assertion for term in compile_query(text).findings}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pleural effusion", {"Effusion": "present"}),
        ("pneumonia with pleural effusion", {"Pneumonia": "present", "Effusion": "present"}),
        ("effusion without pneumothorax", {"Effusion": "present", "Pneumothorax": "absent"}),
        ("no effusion but cardiomegaly", {"Effusion": "absent", "Cardiomegaly": "present"}),
        ("rule out pneumonia", {"Pneumonia": "uncertain"}),
        ("normal heart size", {"Cardiomegaly": "absent"}),
        ("heart size is not normal", {"Cardiomegaly": "present"}),
        ("sharp costophrenic angles", {"Effusion": "absent"}),
        ("no collapsed lung", {"Pneumothorax": "absent"}),
        ("hydropneumothorax", {"Effusion": "present", "Pneumothorax": "present"}),
        (
            "airspace disease without pneumonia",
            {
                "Consolidation": "present",
                "Infiltration": "present",
                "Edema": "present",
                "Pneumonia": "absent",
            },
        ),
        ("lung nodule, lung lesion", {"Nodule": "present"}),  # a nodule is such a lesion
        ("effusion or effusion", {"Effusion": "present"}),
        ("pericardial effusion", {}),
        ("leg oedema", {}),
        ("BMI over 30", {}),
    ],
)
def test_findings(text: str, expected: dict[str, str]) -> None:
    assert findings(text) == expected


def test_members_of_a_wider_word_are_alternatives() -> None:
    query = compile_query("cardiomegaly, lung lesion")
    assert {t.finding: t.group for t in query.findings} == {
        "Cardiomegaly": None,
        "Mass": "lung lesion",
        "Nodule": "lung lesion",
    }


def test_findings_laboratory_patient_and_view_in_one_sentence() -> None:
    query = compile_query("AP film: pleural effusion with leukocytosis in men over 60, no PTX")
    assert query.present == ("Effusion",)
    assert query.absent == ("Pneumothorax",)
    assert [(t.analyte, t.comparison, t.flag) for t in query.labs] == [
        ("leukocytes", "flagged", "high")
    ]
    assert query.patient == PatientTerm(sex="M", age_min=60, age_min_inclusive=False)
    assert query.view == "AP"
    assert query.free_text is None


@pytest.mark.parametrize(
    ("text", "analyte", "value"),
    [
        ("WBC above 12 in a woman over 60", "leukocytes", 12.0),
        ("platelets over 60", "platelets", 60.0),
    ],
)
def test_a_laboratory_number_is_no_age(text: str, analyte: str, value: float) -> None:
    query = compile_query(text)
    assert [(t.analyte, t.value) for t in query.labs] == [(analyte, value)]
    assert query.patient.age_min == (60 if "woman" in text else None)


@pytest.mark.parametrize("text", ["pneumonia without leukocytosis", "no leukocytosis or effusion"])
def test_a_denied_laboratory_state_is_not_asked_for(text: str) -> None:
    (term,) = compile_query(text).labs
    assert term.negated


def test_denial_reaches_over_a_laboratory_term() -> None:
    assert findings("no leukocytosis or effusion") == {"Effusion": "absent"}


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("normal chest", True),
        ("No Finding", True),
        ("clear lungs", True),
        ("unremarkable chest x-ray", True),
        ("no acute cardiopulmonary disease in women", True),
        ("normal chest without effusion", True),
        ("not a normal chest", False),
        ("clear lungs with cardiomegaly", False),
        ("no abnormality other than effusion", False),
        ("normal platelets", False),
    ],
)
def test_normal_chest(text: str, normal: bool) -> None:
    assert compile_query(text).normal_chest is normal


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("show me all chest films with effusion", None),
        ("left effusion after CABG", "after CABG"),
        ("bronchiectasis", "bronchiectasis"),
        ("pneumonia with a pacemaker, no leads", "pacemaker no leads"),
        ("effusion, PA view, women over 60", None),
        ("effusion, not in children", "not children"),
        ("PA and lateral", "PA lateral"),
        ("\u80ba\u708e", "\u80ba\u708e"),
        ("???", None),
    ],
)
def test_what_nothing_reads_is_free_text(text: str, free: str | None) -> None:
    assert compile_query(text).free_text == free


@pytest.mark.parametrize(
    "text", ["effusion, not in children", "pneumonia excluding women", "non-AP"]
)
def test_a_denied_patient_or_view_is_never_asked_for(text: str) -> None:
    query = compile_query(text)
    assert query.patient.sex is None
    assert query.patient.age_max is None
    assert query.view is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("haemoglobin above 12 mmHg", r"cannot be in mm\[Hg\]: ask in g/dL or g/L"),
        ("WBC above 12 mg/dL with effusion", "leukocytes cannot be in mg/dL"),
        ("haemoglobin above 7 mmol", "cannot be in mmol"),
        ("CRP > 5 mg", "cannot be in mg: ask in mg/L"),
        ("platelets below 100 g/L", "cannot be in g/L"),
        ("WBC outside 4 to 11", "'WBC outside 4' is not understood"),
        ("creatinine twice the upper limit", "is not understood"),
        ("haemoglobin down to 7", "is not understood"),
        ("latest haemoglobin since 2019-03-01 below 12", "is not understood"),
        ("pancytopenia or fever", "ask for one"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message) as error:
        compile_query(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "diagnoses", "findings", "free"),
    [
        ("blood counts in patients with pneumonia", ["pneumonia"], ["Pneumonia"], None),
        ("haemoglobin in patients with diabetes", ["diabetes"], [], None),
        ("effusion in patients with pneumonia", ["pneumonia"], ["Effusion", "Pneumonia"], None),
        ("patients with pneumonia and low platelets", [], ["Pneumonia"], None),
        ("women with diabetes and low platelets", ["diabetes"], [], None),
        ("haemoglobin in patients with anaemia", [], [], None),
        ("haemoglobin in patients diagnosed with anaemia", ["anaemia"], [], None),
        ("WBC in patients with fever and pneumonia", ["pneumonia"], ["Pneumonia"], None),
        ("history of pneumonia, effusion", ["pneumonia"], ["Effusion"], None),
        ("h/o heart failure presents with effusion", ["heart failure"], ["Effusion"], None),
        ("patients with a history of pneumonia", ["pneumonia"], ["Pneumonia"], None),
    ],
)
def test_diagnoses_beside_findings_and_results(
    text: str, diagnoses: list[str], findings: list[str], free: str | None
) -> None:
    query = compile_query(text)
    assert [name for term in query.diagnoses for name in term.names] == diagnoses
    assert [term.finding for term in query.findings] == findings
    assert query.free_text == free


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("high WBC but not in patients with pneumonia", True),
        ("high WBC, no h/o pneumonia", True),
        ("no fever in patients with pneumonia", False),
    ],
)
def test_a_denied_population_is_not_asked_for(text: str, negated: bool) -> None:
    (diagnosis,) = compile_query(text).diagnoses
    assert (diagnosis.names, diagnosis.negated) == (("pneumonia",), negated)


def test_a_period_is_of_results_alone() -> None:
    query = compile_query("haemoglobin below 10 in 2020")
    assert query.period is not None
    assert (str(query.period.since), str(query.period.until)) == ("2020-01-01", "2020-12-31")
    assert compile_query("effusion in 2020").period is None


@pytest.mark.parametrize("text", ["", " \t\n ", "\x00\x07", "\u200b\ufeff"])
def test_an_empty_question_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="empty") as error:
        compile_query(text)
    assert "\n" not in str(error.value)


def test_the_longest_question_is_read_and_a_longer_one_refused() -> None:
    text = "effusion " * 222 + "a" * (LONGEST - 9 * 222)
    assert compile_query(text).present == ("Effusion",)
    with pytest.raises(QueryError, match=r"2001 characters.*shorten"):
        compile_query(text + "a")


def test_control_and_invisible_characters_do_not_hide_a_word() -> None:
    query = compile_query("pleural\x00effu\u00adsion\ud800 \u202ewomen\u202c")
    assert query.present == ("Effusion",)
    assert query.patient.sex == "F"
    assert query.text == "pleural effusion  women"


@pytest.mark.parametrize("label", ["Effusion|Infiltration", "Pleural_Thickening", "Mass|Nodule"])
def test_labels_of_the_nih_table_are_questions(label: str) -> None:
    assert compile_query(label).present == tuple(label.split("|"))


def test_every_label_of_the_real_table_means_itself(shared_data: Path) -> None:
    with (shared_data / "nih" / "Data_Entry_2017.csv").open(newline="") as file:
        labels = {row["Finding Labels"] for row in csv.DictReader(file)} - {"No Finding"}
    for label in labels:
        assert set(compile_query(label).present) == set(label.split("|"))


def test_real_clinical_notes_compile(shared_data: Path) -> None:
    with (shared_data / "covid" / "metadata.csv").open(newline="", encoding="utf-8") as file:
        notes = [row["clinical_notes"][:LONGEST] for row in csv.DictReader(file)]
    refused = [note for note in filter(str.strip, notes) if not _compiles(note)]
    assert len(refused) <= len(notes) / 10
    assert all("<250" in note or "CD4 count less than" in note for note in refused)


@given(st.text(max_size=300))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    _compiles(text)


WORDS = [
    *("no", "without", "not", "but", "with", "effusion", "pneumonia", "women", "over", "60"),
    *("aged", "40", "to", "50", "years", "old", "PA", "view", "WBC", "above", "12", "platelets"),
    *("low", "leukocytosis", "airspace", "disease", "normal", "chest", ",", ".", "?", "except"),
]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=30))
def test_any_mix_of_known_words_compiles_or_is_refused(words: list[str]) -> None:
    """Refused only where a number is not understood or a finding asked for is ruled out too."""
    numbered = any(word.isdigit() for word in words)
    assert _compiles(" ".join(words), "" if numbered else "ruled out")


def _compiles(text: str, refusal: str | None = None) -> bool:
    """Check a question; False where it is refused, unless with the words that are allowed."""
    try:
        query = compile_query(text)
    except QueryError as error:
        return refusal is not None and refusal in str(error)
    _check(query)
    return True


def _check(query: ClinicalQuery) -> None:
    assert compile_query(query.text) == query
    assert ClinicalQuery.model_validate_json(query.model_dump_json()) == query
    assert all(term.written in query.text for term in query.findings)
    outright = {term.finding for term in query.findings if term.group is None}
    assert not outright & {term.finding for term in query.findings if term.group is not None}
    if query.patient.age_min is not None and query.patient.age_max is not None:
        assert query.patient.age_min <= query.patient.age_max
