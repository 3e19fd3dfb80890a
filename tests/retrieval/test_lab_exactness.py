"""Numeric and worded questions answer with exactly the panels that the files hold."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import replace
from fractions import Fraction as F  # noqa: N817 - so that the questions below stay readable
from typing import Any

import pytest

from mmrag import Engine
from mmrag.retrieval.results import LabHit, SearchResult
from tests.retrieval.oracle import (
    TABLE,
    Answer,
    World,
    both,
    but_not,
    critical,
    during,
    either,
    flagged,
    judged,
    latest,
    measured,
    of,
    side_of,
    taken,
    trend,
    value,
)

EVERY = 100_000
BLOOD_COUNT = (
    *("leukocytes", "erythrocytes", "haemoglobin", "haematocrit", "mcv", "mch", "mchc"),
    *("rdw", "rdw_sd", "platelets", "mpv", "pdw"),
)
COUNTED = ("leukocytes", "erythrocytes", "haemoglobin", "platelets")
LIVER = ("alt", "ast", "alp", "ggt", "bilirubin_total", "bilirubin_direct", "albumin")

QUESTIONS: list[tuple[str, Answer]] = [
    # bounds, at values that the files hold
    ("haemoglobin above 12.0", value("haemoglobin", lambda v: v > 12)),
    ("haemoglobin at least 12.0", value("haemoglobin", lambda v: v >= 12)),
    ("hemoglobin below 11.1 g/dL", value("haemoglobin", lambda v: v < F("11.1"))),
    ("Hb <= 11.1 g/dL", value("haemoglobin", lambda v: v <= F("11.1"))),
    ("WBC above 10.5", value("leukocytes", lambda v: v > F("10.5"))),
    ("WBC >= 10.5", value("leukocytes", lambda v: v >= F("10.5"))),
    ("white cells under 3.0", value("leukocytes", lambda v: v < 3)),
    ("leukocytes at most 3.0", value("leukocytes", lambda v: v <= 3)),
    ("platelets between 100 and 150", value("platelets", lambda v: 100 <= v <= 150)),
    ("platelets between 100.7 and 103", value("platelets", lambda v: F("100.7") <= v <= 103)),
    ("platelets over 449.5", value("platelets", lambda v: v > F("449.5"))),
    ("platelets no less than 449.5", value("platelets", lambda v: v >= F("449.5"))),
    ("potassium above 5.1", value("potassium", lambda v: v > F("5.1"))),
    ("potassium of 5.2 or more", value("potassium", lambda v: v >= F("5.2"))),
    ("sodium < 136.5 mmol/L", value("sodium", lambda v: v < F("136.5"))),
    ("creatinine greater than 3.4 mg/dL", value("creatinine", lambda v: v > F("3.4"))),
    ("creatinine 0.6 or less", value("creatinine", lambda v: v <= F("0.6"))),
    ("CRP above 12", value("crp", lambda v: v > 12)),
    ("C-reactive protein below 8.1 mg/L", value("crp", lambda v: v < F("8.1"))),
    ("procalcitonin at least 0.5", value("procalcitonin", lambda v: v >= F("0.5"))),
    ("oxygen saturation below 80%", value("oxygen_saturation", lambda v: v < 80)),
    ("SpO2 under 76", value("oxygen_saturation", lambda v: v < 76)),
    ("D-dimer over 10", value("d_dimer", lambda v: v > 10)),
    ("ferritin above 1000 ug/L", value("ferritin", lambda v: v > 1000)),
    ("heart rate above 180", value("heart_rate", lambda v: v > 180)),
    ("respiratory rate > 30", value("respiratory_rate", lambda v: v > 30)),
    ("NT-proBNP above 1000 pg/mL", value("nt_probnp", lambda v: v > 1000)),
    ("HbA1c over 7%", value("hba1c", lambda v: v > 7)),
    ("BMI over 33", value("bmi", lambda v: v > 33)),
    ("INR above 2", value("inr", lambda v: v > 2)),
    ("total protein above 12 g/dL", value("protein_total", lambda v: v > 12)),
    ("systolic blood pressure above 190", value("systolic_bp", lambda v: v > 190)),
    (
        "blood pressure above 180/110",
        both(value("systolic_bp", lambda v: v > 180), value("diastolic_bp", lambda v: v > 110)),
    ),
    ("WBC above 4 and below 5", value("leukocytes", lambda v: 4 < v < 5)),
    # other units
    ("haemoglobin under 110 g/L", value("haemoglobin", lambda v: v < 11)),
    ("haemoglobin below 7 mmol/L", value("haemoglobin", lambda v: v < 7 * F("1.61145"))),
    ("leukocytes < 4 x10^9/L", value("leukocytes", lambda v: v < 4)),
    ("WBC below 3000 /uL", value("leukocytes", lambda v: v < 3)),
    ("WBC at most 3.0 K/uL", value("leukocytes", lambda v: v <= 3)),
    ("platelets below 120 G/L", value("platelets", lambda v: v < 120)),
    ("platelets under 110,000 /uL", value("platelets", lambda v: v < 110)),
    ("glucose above 5.5 mmol/L", value("glucose", lambda v: v > F("5.5") * F("18.0156"))),
    ("creatinine over 265 umol/L", value("creatinine", lambda v: v > 265 * F("0.011312"))),
    ("cholesterol above 6.5 mmol/L", value("cholesterol_total", lambda v: v > F("251.329"))),
    ("temperature above 102.2 degF", value("body_temperature", lambda v: v > 39)),
    ("temperature above 39", value("body_temperature", lambda v: v > 39)),
    ("haematocrit under 0.35 L/L", value("haematocrit", lambda v: v < 35)),
    ("triglycerides over 4 mmol/L", value("triglycerides", lambda v: v > 4 * F("88.545"))),
    ("calcium below 2.15 mmol/L", value("calcium", lambda v: v < F("2.15") * F("4.0078"))),
    # words, by each patient's own range
    ("leukocytosis", flagged("high", "leukocytes")),
    ("leukopenia", flagged("low", "leukocytes")),
    ("low white cell count", flagged("low", "leukocytes")),
    ("anaemia", flagged("low", "haemoglobin")),
    ("anemic", flagged("low", "haemoglobin")),
    ("polycythaemia", flagged("high", "haemoglobin")),
    ("thrombocytopenia", flagged("low", "platelets")),
    ("thrombocytosis", flagged("high", "platelets")),
    ("normal platelets", flagged("normal", "platelets")),
    ("neutropenia", flagged("low", "neutrophils")),
    ("lymphopenia", flagged("low", "lymphocytes")),
    ("hyperkalaemia", flagged("high", "potassium")),
    ("hypokalemia", flagged("low", "potassium")),
    ("abnormal potassium", flagged("low high", "potassium")),
    ("fever", flagged("high", "body_temperature")),
    ("hypoxia", flagged("low", "oxygen_saturation")),
    ("high BMI", flagged("high", "bmi")),
    ("elevated CRP", flagged("high", "crp")),
    ("normal CRP", flagged("normal", "crp")),
    ("raised procalcitonin", flagged("high", "procalcitonin")),
    ("low HDL", flagged("low", "hdl_cholesterol")),
    ("tachycardia", flagged("high", "heart_rate")),
    ("critically high heart rate", critical("heart_rate")),
    ("critically low oxygen saturation", critical("oxygen_saturation")),
    ("obesity", value("bmi", lambda v: v >= 30)),
    (
        "pancytopenia",
        both(*(flagged("low", k) for k in ("haemoglobin", "leukocytes", "platelets"))),
    ),
    # groups
    ("abnormal blood count", flagged("low high", *BLOOD_COUNT)),
    ("low blood count", flagged("low", *COUNTED)),
    ("high blood count", flagged("high", *COUNTED)),
    (
        "normal blood count",
        but_not(judged(*BLOOD_COUNT), flagged("low high", *BLOOD_COUNT)),
    ),
    ("elevated liver enzymes", flagged("high", "alt", "ast")),
    ("abnormal inflammatory markers", flagged("low high", "crp", "esr", "procalcitonin")),
    ("liver enzymes above 59", value("alt", lambda v: v > 59)),
    ("cardiac markers", measured("troponin_i", "troponin_t", "creatine_kinase", "ck_mb")),
    # negation
    ("no leukopenia", but_not(judged("leukocytes"), flagged("low", "leukocytes"))),
    ("without thrombocytopenia", but_not(judged("platelets"), flagged("low", "platelets"))),
    ("no fever", but_not(judged("body_temperature"), flagged("high", "body_temperature"))),
    ("afebrile", but_not(judged("body_temperature"), flagged("high", "body_temperature"))),
    ("platelets not low", but_not(judged("platelets"), flagged("low", "platelets"))),
    (
        "anaemia without thrombocytopenia",
        both(
            flagged("low", "haemoglobin"),
            but_not(judged("platelets"), flagged("low", "platelets")),
        ),
    ),
    # two constraints
    ("anaemia and leukopenia", both(flagged("low", "haemoglobin"), flagged("low", "leukocytes"))),
    (
        "low platelets and WBC under 4",
        both(flagged("low", "platelets"), value("leukocytes", lambda v: v < 4)),
    ),
    (
        "fever with hypoxia",
        both(flagged("high", "body_temperature"), flagged("low", "oxygen_saturation")),
    ),
    (
        "creatinine above 2 and potassium above 5",
        both(value("creatinine", lambda v: v > 2), value("potassium", lambda v: v > 5)),
    ),
    # alternatives
    (
        "high CRP or WBC above 10",
        either(flagged("high", "crp"), value("leukocytes", lambda v: v > 10)),
    ),
    (
        "low platelets, anaemia or fever in women",
        both(
            either(
                flagged("low", "platelets"),
                flagged("low", "haemoglobin"),
                flagged("high", "body_temperature"),
            ),
            of("F"),
        ),
    ),
    ("WBC below 3.5 or above 10", value("leukocytes", lambda v: v < F("3.5") or v > 10)),
    # sex and age
    ("anaemia in women over 60", both(flagged("low", "haemoglobin"), of("F", lambda a: a > 60))),
    ("anaemia in men", both(flagged("low", "haemoglobin"), of("M"))),
    (
        "haemoglobin below 12 in women aged 40 to 60",
        both(value("haemoglobin", lambda v: v < 12), of("F", lambda a: 40 <= a <= 60)),
    ),
    (
        "leukopenia in patients 65 and older",
        both(flagged("low", "leukocytes"), of(age=lambda a: a >= 65)),
    ),
    (
        "low platelets and low WBC in women over 60",
        both(
            flagged("low", "platelets"),
            flagged("low", "leukocytes"),
            of("F", lambda a: a > 60),
        ),
    ),
    ("fever in children", both(flagged("high", "body_temperature"), of(age=lambda a: a < 18))),
    ("high BMI in boys under 10", both(flagged("high", "bmi"), of("M", lambda a: a < 10))),
    # time
    ("latest haemoglobin", latest("haemoglobin")),
    ("latest haemoglobin below 13", latest("haemoglobin", lambda v: v < 13)),
    ("most recent creatinine above 1.2", latest("creatinine", lambda v: v > F("1.2"))),
    (
        "latest platelets in women over 60",
        latest("platelets", among=of("F", lambda a: a > 60)),
    ),
    ("rising creatinine", trend("creatinine", up=True)),
    ("falling haemoglobin", trend("haemoglobin", up=False)),
    ("increasing platelets", trend("platelets", up=True)),
    ("falling eGFR", trend("egfr", up=False)),
    (
        "haemoglobin below 12 in 2019",
        both(value("haemoglobin", lambda v: v < 12), taken(2019, 2019)),
    ),
    ("WBC since 2018", both(measured("leukocytes"), taken(2018, 9999))),
    ("latest platelets before 2015", latest("platelets", among=taken(0, 2014))),
    # diagnoses
    ("blood counts in patients with pneumonia", both(measured(*BLOOD_COUNT), during("pneumonia"))),
    ("haemoglobin in patients with diabetes", both(measured("haemoglobin"), during("diabetes"))),
    ("platelets in diabetics", both(measured("platelets"), during("diabetes"))),
    (
        "haemoglobin below 12 in patients who have hypertension",
        both(value("haemoglobin", lambda v: v < 12), during("hypertension")),
    ),
    (
        "WBC in women diagnosed with chronic sinusitis",
        both(measured("leukocytes"), during("chronic", "sinusitis"), of("F")),
    ),
    (
        "HbA1c in people with a history of anaemia",
        both(measured("hba1c"), during("anemia")),
    ),
    (
        "platelets in patients with prediabetes and hypertension",
        both(measured("platelets"), during("prediabetes"), during("hypertension")),
    ),
    (
        "platelets in patients without hypertension",
        but_not(measured("platelets"), during("hypertension")),
    ),
    (
        "haemoglobin in patients with pneumothorax",
        both(measured("haemoglobin"), during("pneumothorax")),
    ),
]


def asked(engine: Engine, question: str) -> SearchResult:
    return engine.search(question, films=10, labs=EVERY)


def content(hit: LabHit) -> tuple[Any, ...]:
    numbers = sorted((o.loinc, o.value) for o in hit.observations if o.value is not None)
    return hit.patient, hit.effective_at, len(hit.observations), tuple(numbers)


def test_the_oracle_reads_the_same_panels(labs: Engine, world: World) -> None:
    assert asked(labs, "leukocytosis").coverage.labs.searched == len(world.panels)


@pytest.mark.parametrize(("question", "answer"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_the_panels_are_exactly_those_of_the_files(
    labs: Engine, world: World, question: str, answer: Answer
) -> None:
    result = asked(labs, question)
    wanted = Counter(world.panels[n].content for n in answer(world))
    assert Counter(content(hit) for hit in result.labs) == wanted
    assert result.coverage.labs.qualifying == wanted.total() == result.coverage.labs.returned


def test_the_bounds_asked_for_are_values_of_the_files(world: World) -> None:
    for key, bound in [("leukocytes", "10.5"), ("haemoglobin", "11.1"), ("platelets", "449.5")]:
        assert value(key, lambda v, b=F(bound): v == b)(world), key  # type: ignore[misc]


@pytest.mark.parametrize(
    "question",
    ["leukocytosis", "WBC above 10.5", "haemoglobin under 110 g/L", "normal platelets", "anaemia"],
)
def test_what_is_marked_as_matched_is_what_meets_the_question(
    labs: Engine, world: World, question: str
) -> None:
    answer = dict(QUESTIONS)[question]
    panels = {panel.content: panel for panel in world.panels}
    for hit in asked(labs, question).labs:
        panel = panels[content(hit)]
        for observation in hit.observations:
            kept = [r for r in panel.results if r.loinc == observation.loinc]
            alone = World([replace(panel, results=kept)])
            assert observation.matched == bool(answer(alone))


# ------------------------------------------------------------------------- coverage


def test_leukocytosis_is_not_found_and_the_highest_value_is_named(
    labs: Engine, world: World
) -> None:
    result = asked(labs, "leukocytosis")
    assert result.labs == ()
    assert result.films == ()
    (state,) = result.coverage.labs.states
    seen = [(p, r) for _, p, r in world.read() if r.key == "leukocytes"]
    sides = Counter(side_of(p, r) for p, r in seen)
    assert state.state == "leukocytosis"
    assert (state.measured, state.showing, state.in_range) == (len(seen), 0, sides["normal"])
    assert state.patients == len({p.patient for p, _ in seen})
    assert state.outermost is not None
    assert state.outermost.value == float(max(r.value for _, r in seen if r.value is not None))
    assert "10.5 10*3/uL" in (result.coverage.labs.nearest or "")
    assert state.outermost.report in (result.coverage.labs.nearest or "")


@pytest.mark.parametrize(
    ("question", "key", "far"),
    [
        ("WBC above 12", "leukocytes", max),
        ("haemoglobin under 70 g/L", "haemoglobin", min),
        ("platelets below 50", "platelets", min),
        ("creatinine over 20 mg/dL", "creatinine", max),
    ],
)
def test_what_nothing_meets_names_the_nearest_value(
    labs: Engine, world: World, question: str, key: str, far: Any
) -> None:
    result = asked(labs, question)
    (state,) = result.coverage.labs.states
    values = [r.value for _, _, r in world.read() if r.key == key and r.value is not None]
    assert result.labs == ()
    assert (state.measured, state.showing) == (len(values), 0)
    assert state.outermost is not None
    assert state.outermost.value == float(far(values))


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("anaemia", "haemoglobin"),
        ("platelets above 300", "platelets"),
        ("latest WBC", "leukocytes"),
    ],
)
def test_the_cohort_is_summarised_over_all_that_was_measured(
    labs: Engine, world: World, question: str, key: str
) -> None:
    (cohort,) = asked(labs, question).coverage.labs.cohort
    chosen = latest(key)(world) if "latest" in question else measured(key)(world)
    results = [(p, r) for n, p, r in world.read() if r.key == key and n in chosen]
    values = [float(r.canonical) for _, r in results if r.canonical is not None]
    quartiles = statistics.quantiles(values, n=4, method="inclusive")
    assert (cohort.analyte, cohort.unit) == (key, TABLE[key]["unit"])
    assert (cohort.values, cohort.minimum, cohort.maximum) == (
        len(values),
        min(values),
        max(values),
    )
    assert cohort.patients == len({p.patient for p, _ in results})
    assert [cohort.lower_quartile, cohort.median, cohort.upper_quartile] == pytest.approx(quartiles)
    sides = Counter(side_of(p, r) for p, r in results)
    assert cohort.abnormal == sides["low"] + sides["high"]
    assert cohort.share_abnormal == pytest.approx(cohort.abnormal / (len(values) - sides[None]))


def test_findings_alone_are_answered_by_what_bears_on_them(labs: Engine, world: World) -> None:
    result = labs.search("pneumonia with pleural effusion", labs=20)
    states = {state.state: state for state in result.coverage.labs.states}
    assert len(result.labs) == 20
    assert all(hit.why.bearing for hit in result.labs)
    assert (states["leukocytosis"].measured, states["leukocytosis"].showing) == (400, 0)
    for name, key, side in [
        ("fever", "body_temperature", "high"),
        ("hypoxaemia", "oxygen_saturation", "low"),
    ]:
        shown = [p for _, p, r in world.read() if r.key == key and side_of(p, r) == side]
        assert states[name].showing == len(shown)
        assert states[name].showing_patients == len({p.patient for p in shown})


def test_what_is_expected_on_one_side_ranks_before_what_may_be_on_either(labs: Engine) -> None:
    hits = labs.search("pleural effusion", labs=EVERY).labs
    undirected = ("abnormal protein", "abnormal lactate", "abnormal total protein")
    directed = [any(not w.startswith(undirected) for w in hit.why.bearing) for hit in hits]
    bearing = [bool(hit.why.bearing) for hit in hits]
    assert directed == sorted(directed, reverse=True)
    assert bearing == sorted(bearing, reverse=True)


def test_impossible_values_keep_their_flag_and_rank_last(labs: Engine) -> None:
    hits = asked(labs, "high total protein").labs
    marked = [[o.implausible for o in hit.observations if o.matched] for hit in hits]
    assert all(hit.why.abnormal == 0 for hit, m in zip(hits, marked, strict=True) if all(m))
    assert any(map(all, marked))


# ------------------------------------------------------------------------- what is not asked


def test_a_question_of_laboratory_words_asks_nothing_of_films(labs: Engine) -> None:
    films = asked(labs, "haemoglobin under 110 g/L").coverage.films
    assert (films.returned, films.qualifying) == (0, 0)
    assert films.note == "no word of the question says anything of films"
    assert asked(labs, "pleural effusion").coverage.films.note is None


@pytest.mark.parametrize("question", ["normal chest", "PA view", "no effusion"])
def test_a_question_of_films_alone_asks_nothing_of_panels(labs: Engine, question: str) -> None:
    coverage = asked(labs, question).coverage.labs
    assert (coverage.returned, coverage.qualifying) == (0, 0)
    assert coverage.note == "the question asks nothing of laboratory results"


def test_a_diagnosis_that_is_not_stored_is_named(labs: Engine) -> None:
    result = asked(labs, "haemoglobin in patients with pneumothorax")
    assert result.labs == ()
    assert result.coverage.labs.note == (
        "no stored condition is called 'pneumothorax', so no panel qualifies"
    )
    (term,) = asked(labs, "haemoglobin in patients with diabetes").query.diagnoses
    assert "Diabetes" in term.conditions
    assert "Prediabetes" not in term.conditions
    assert term.codes


def test_a_trend_says_what_was_before(labs: Engine) -> None:
    hits = asked(labs, "rising creatinine").labs
    assert all("creatinine" in change for hit in hits for change in hit.why.changes)
    assert all(hit.why.changes for hit in hits)
    sizes = [hit.why.abnormal for hit in hits]
    assert max(sizes) > 0
