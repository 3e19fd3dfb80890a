"""Panels in words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.interpret import interpret
from mmrag.clinical.panel_text import panel_text
from mmrag.records import Observation

WBC, HB, PLT, K = "6690-2", "718-7", "777-3", "2823-3"


def seen(
    loinc: str,
    value: float | None,
    unit: str | None,
    name: str = "name 2021",
    category: str | None = "laboratory",
    text: str | None = None,
) -> Observation:
    return interpret(loinc, name, value, text, unit, category, 40, "F")


def test_worst_first_and_normal_called_normal() -> None:
    panel = [
        seen(HB, 13, "g/dL"),
        seen(WBC, 11.5, "10*3/uL"),
        seen(PLT, 60, "10*3/uL"),
        seen(K, 7.1, "mmol/L"),
    ]
    assert panel_text(panel) == (
        "critical hyperkalaemia; thrombocytopenia; leukocytosis; haemoglobin normal"
    )


def test_equal_panels_in_other_units_and_values_have_one_text() -> None:
    assert panel_text([seen(HB, 13, "g/dL")]) == panel_text([seen(HB, 131, "g/L")])


def test_an_analyte_without_a_word_for_its_state() -> None:
    assert panel_text([seen("4544-3", 30, "%")]) == "low haematocrit"


def test_nothing_personal_gets_in() -> None:
    panel = [
        seen("56799-0", None, None, "What address do you live at?", "laboratory", "1 High St"),
        seen("94531-1", None, None, "SARS-CoV-2 RNA Pnl", "laboratory", "Positive (qualifier)"),
        seen("0-0", None, None, "Blood culture [Presence]", "laboratory", "seen by Dr Who 1/2/21"),
    ]
    assert panel_text(panel) == "Blood culture; SARS-CoV- RNA Pnl positive"


def test_surveys_do_not_drown_results() -> None:
    survey = [seen(f"{n}-0", float(n), "{score}", f"Question {n}?", "survey") for n in range(99)]
    assert panel_text([*survey, seen(PLT, 60, "10*3/uL")]) == "thrombocytopenia"
    assert panel_text(survey).startswith("questionnaire")
    assert len(panel_text(survey)) < 200


def test_an_empty_panel_has_an_empty_text() -> None:
    assert panel_text([]) == ""


RESULTS = st.lists(
    st.tuples(st.sampled_from([WBC, HB, PLT, K, "4544-3", "0-0"]), st.floats(0, 500)), max_size=8
)


@given(RESULTS, st.randoms())
def test_no_numbers_and_no_order(results: list[tuple[str, float]], random: object) -> None:
    units = {WBC: "10*3/uL", HB: "g/dL", PLT: "10*3/uL", K: "mmol/L", "4544-3": "%", "0-0": "x"}
    panel = [seen(code, value, units[code]) for code, value in results]
    text = panel_text(panel)
    assert not any(character.isdigit() for character in text)
    assert panel_text(panel[::-1]) == text
