"""The FHIR document: valid R4, whole in itself, and free of any diagnosis."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest
from fhirclient.models.bundle import Bundle
from fhirclient.models.fhirabstractbase import FHIRValidationError
from hypothesis import given
from hypothesis import strategies as st

from mmrag import Engine
from mmrag.brief import Brief, compose
from mmrag.brief.fhir import bundle, render_fhir
from mmrag.brief.writer.written import RejectedSentence, Written, WrittenSentence
from mmrag.clinical.question import ClinicalQuery, FindingTerm
from mmrag.retrieval.results import Measurement, StateCoverage
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel, platelets

XHTML = "{http://www.w3.org/1999/xhtml}"
CODES = {
    "Composition.status": {"final"},
    "Media.status": {"completed"},
    "Observation.status": {"preliminary", "unknown"},
    "Patient.gender": {"female", "male"},
}
"""The few of each required value set (hl7.org/fhir/R4/valuesets.html) that are written."""


def document(brief: Brief) -> dict[str, Any]:
    """The printed document, checked by the standard's structure and its rules for documents."""
    whole: dict[str, Any] = json.loads(render_fhir(brief))
    Bundle(whole)
    assert not list(broken_rules(whole))
    return whole


def broken_rules(whole: dict[str, Any]) -> Iterator[str]:
    """Rules of R4 that its structure alone does not hold: bdl-*, cmp-*, obs-*, ele-1, txt-*."""
    entries = whole["entry"]
    urls = [entry["fullUrl"] for entry in entries]
    if whole["type"] != "document" or entries[0]["resource"]["resourceType"] != "Composition":
        yield "bdl-11: the first entry of a document is its Composition"
    if not whole.get("identifier", {}).get("system") or not whole.get("timestamp"):
        yield "bdl-9, bdl-10: a document has an identifier and a timestamp"
    if len(set(urls)) != len(urls):
        yield "bdl-7: fullUrl is unique"
    pointed = {ref for entry in entries for ref in references(entry["resource"])}
    if pointed != set(urls[1:]):
        yield f"references and entries differ: {pointed ^ set(urls[1:])}"
    for path, value in leaves(whole):
        if value in ("", [], {}) or (isinstance(value, str) and not value.strip()):
            yield f"ele-1: {path} is empty"
    for entry in entries:
        resource = entry["resource"]
        kind = resource["resourceType"]
        for name in ("status", "gender"):
            if resource.get(name) not in {*CODES.get(f"{kind}.{name}", ()), None}:
                yield f"{kind}.{name} is {resource[name]}"
        if kind == "Observation":
            yield from broken_observation(resource)
        if kind == "Composition":
            for section in resource["section"]:
                yield from broken_xhtml(section["text"]["div"])
            yield from broken_xhtml(resource["text"]["div"])


def broken_observation(resource: dict[str, Any]) -> Iterator[str]:
    values = [name for name in resource if name.startswith("value")]
    if len(values) > 1 or (values and "dataAbsentReason" in resource):
        yield "obs-6: one value, or the reason why there is none"
    for bounds in resource.get("referenceRange", []):
        if not {"low", "high", "text"} & bounds.keys():
            yield "obs-3: a range has a bound or words"
    value = resource.get("valueQuantity")
    if value and ("code" in value) != ("system" in value):
        yield "qty-3: a unit's code comes with its system"


def broken_xhtml(div: str) -> Iterator[str]:
    root = ElementTree.fromstring(div)
    allowed = {XHTML + tag for tag in ("div", "p", "ul", "li")}
    if root.tag != XHTML + "div" or any(e.tag not in allowed or e.attrib for e in root.iter()):
        yield "txt-1: only plain XHTML"
    if not "".join(root.itertext()).strip():
        yield "txt-2: the narrative says something"


def references(node: Any) -> Iterator[str]:
    for path, value in leaves(node):
        if path.endswith(".reference"):
            yield value


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    children: list[tuple[str, Any]] = []
    if isinstance(node, dict) and node:
        children = [(f"{path}.{name}", each) for name, each in node.items()]
    elif isinstance(node, list) and node:
        children = [(path, each) for each in node]
    if not children:
        yield path, node
    for name, each in children:
        yield from leaves(each, name)


def resources(whole: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in whole["entry"] if e["resource"]["resourceType"] == kind]


def laboratory(whole: dict[str, Any]) -> list[dict[str, Any]]:
    return [r for r in resources(whole, "Observation") if "derivedFrom" not in r]


def brief_of(*observations: Any, query: Any = None, films: Any = (), **hit: Any) -> Brief:
    labs = (panel(1, *observations, **hit),) if observations else ()
    result = answer(query or asking("Pneumonia", "Effusion"), films, labs)
    return compose(result, Shelf(result))


def test_a_full_brief_is_a_valid_document() -> None:
    films = (
        film(1, ("Pneumonia", "Effusion", "Pleural_Thickening"), taken_on=date(2020, 1, 2)),
        film(2, None, view=None, patient=None, sex=None),
        film(3, (), stated="COVID-19", licence="CC BY 4.0"),
    )
    whole = document(brief_of(leukocytes(), platelets(), films=films))
    assert [len(resources(whole, k)) for k in ("Composition", "Device", "Media")] == [1, 1, 3]
    labels = [r for r in resources(whole, "Observation") if "derivedFrom" in r]
    assert len(labels) == 2  # the unlabelled film has none
    assert [c["code"]["text"] for c in labels[0]["component"]] == [
        *("Pneumonia", "Effusion", "Pleural_Thickening"),
    ]
    assert labels[1]["valueString"] == "No Finding"
    assert resources(whole, "Media")[0]["createdDateTime"] == "2020-01-02"
    assert "subject" not in resources(whole, "Media")[1]


def test_labels_are_named_by_who_gave_them() -> None:
    films = (film(1), film(2, labels_by="radiologists"), film(3, labels_by="source"))
    labels = resources(document(brief_of(films=films)), "Observation")
    assert [each["code"]["text"] for each in labels] == [
        *("Film: text-mined label", "Film: read by radiologists", "Film: label as given"),
    ]


def test_a_result_carries_code_unit_range_and_flag() -> None:
    (count, *_) = laboratory(document(brief_of(leukocytes(15.2, "H"))))
    assert count["code"]["coding"] == [{"system": "http://loinc.org", "code": "6690-2"}]
    assert count["valueQuantity"] == {
        "value": 15.2,
        "unit": "10*3/uL",
        "system": "http://unitsofmeasure.org",
        "code": "10*3/uL",
    }
    (bounds,) = count["referenceRange"]
    assert (bounds["low"]["value"], bounds["high"]["value"]) == (4.5, 11.0)
    assert "A cited table of ranges" in bounds["text"]
    assert count["interpretation"][0]["coding"][0]["code"] == "H"
    assert count["effectiveDateTime"] == "2021-08-01T03:26:50Z"
    assert count["subject"]["reference"].startswith("urn:uuid:")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"value": None, "flag": None, "text": "positive"}, {"valueString": "positive 10*3/uL"}),
        ({"unit": "bananas"}, {"valueQuantity": {"value": 15.2, "unit": "bananas"}}),
        ({"unit": None}, {"valueQuantity": {"value": 15.2}}),
        ({"unit": "\u200b"}, {"valueQuantity": {"value": 15.2}}),
        ({"low": None, "high": None, "range_source": None}, {"referenceRange": None}),
        ({"low": None, "high": float("inf")}, {}),
        ({"loinc": "no code", "name": "Eiwei\u00df \u03b1\u2081"}, {}),
        ({"name": "\x00\x1b"}, {}),
    ],
)
def test_awkward_results_stay_valid(result: dict[str, Any], expected: dict[str, Any]) -> None:
    whole = document(brief_of(leukocytes(**{"value": 15.2, "flag": "H", **result})))
    (written, *_) = laboratory(whole)
    assert {name: written.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [(float("nan"), "not-a-number"), (float("inf"), "positive-infinity"), (None, "unknown")],
)
def test_a_value_that_fhir_cannot_hold_has_its_reason(value: float | None, reason: str) -> None:
    result = answer(asking("Pneumonia"), (), (panel(1, leukocytes(1.0)),))
    brief = compose(result, Shelf(result))
    odd = result.labs[0].model_copy(update={"observations": (leukocytes(value, None),)})
    (written, *_) = laboratory(document(brief.model_copy(update={"labs": (odd,)})))
    assert written["dataAbsentReason"]["coding"][0]["code"] == reason


def test_days_without_dates_are_told_in_a_note() -> None:
    brief = brief_of(leukocytes(), effective_at=None, day=3.0)
    (written, *_) = laboratory(document(brief))
    assert "effectiveDateTime" not in written
    assert "day 3" in written["note"][-1]["text"]


def test_vital_signs_are_filed_where_r4_wants_them() -> None:
    brief = brief_of(leukocytes(loinc="9279-1", name="Respiratory rate", unit="/min"))
    (written, *_) = laboratory(document(brief))
    assert written["category"][0]["coding"][0]["code"] == "vital-signs"


def test_the_nearest_value_of_the_store_is_evidence_too() -> None:
    near = Measurement(
        report="far", source="synthea", patient="synthea:z", effective_at=None, loinc="6690-2",
        name="Leukocytes", value=10.5, unit="10*3/uL", flag="N",
    )  # fmt: skip
    state = StateCoverage(
        state="leukocytosis", analytes=("leukocytes",), measured=5, patients=2, showing=0,
        showing_patients=0, in_range=5, outermost=near,
    )  # fmt: skip
    result = answer(asking("Pneumonia"))
    labs = result.coverage.labs.model_copy(update={"states": (state,)})
    result = result.model_copy(
        update={"coverage": result.coverage.model_copy(update={"labs": labs})}
    )
    brief = compose(result, Shelf(result))
    cited = {r for claim in brief.claims for r in claim.records}
    found = laboratory(document(brief))
    assert [o["valueQuantity"]["value"] for o in found] == ([10.5] if "lab:far" in cited else [])


def test_nothing_found_is_a_document_too() -> None:
    whole = document(brief_of())
    assert {e["resource"]["resourceType"] for e in whole["entry"]} == {"Composition", "Device"}
    assert len(resources(whole, "Composition")[0]["section"]) == 3


def test_a_language_models_sentences_have_a_section_and_an_author_of_their_own() -> None:
    brief = brief_of(leukocytes(), films=(film(1),))
    sentence = {"section": "imaging", "text": "<Film> #1 & more.", "claims": ("c1", "c2")}
    written = Written(
        sentences=(
            WrittenSentence(**sentence, by="model"),
            WrittenSentence(
                section="context", text="In its own words.", claims=("c3",), by="template"
            ),
        ),
        rejected=(RejectedSentence(text="It is cancer.", claims=("c1",), reason="a diagnosis"),),
        model="llama",
        host="localhost:1",
        pseudonymised=False,
    )
    whole = document(brief.model_copy(update={"written": written}))
    (composition,) = resources(whole, "Composition")
    *claims, prose = composition["section"]
    assert [s["title"] for s in claims] == [s["title"] for s in sections_of(brief)]
    assert "language model" in prose["title"]
    assert prose["text"]["status"] == "additional"
    assert all(s["text"]["status"] == "generated" for s in claims)
    said = prose["text"]["div"]
    assert "&lt;Film&gt; #1 &amp; more. [c1, c2]" in said
    assert "by llama at localhost:1" in said
    assert "In their own words below: c3." in said
    assert "cancer" not in said
    devices = {r["type"]["text"]: r for r in resources(whole, "Device")}
    assert devices["language model"]["deviceName"][0]["name"] == "llama"
    assert composition["author"] != prose["author"]


def sections_of(brief: Brief) -> list[dict[str, Any]]:
    (composition,) = resources(document(brief), "Composition")
    found: list[dict[str, Any]] = composition["section"]
    return found


def test_nobody_is_named_and_nothing_is_diagnosed() -> None:
    whole = document(brief_of(leukocytes(), films=(film(1),)))
    for person in resources(whole, "Patient"):
        assert person.keys() <= {"resourceType", "meta", "identifier", "gender"}
    kinds = {e["resource"]["resourceType"] for e in whole["entry"]}
    assert kinds == {"Composition", "Device", "Patient", "Media", "Observation"}
    assert not re.search(r'"(conclusion|conclusionCode|diagnosis)"', json.dumps(whole))
    assert "For research only" in json.dumps(whole)


@pytest.mark.parametrize(("made_up", "tagged"), [((True, True), True), ((True, False), False)])
def test_made_up_people_are_tagged(made_up: tuple[bool, bool], tagged: bool) -> None:
    films = (film(1, made_up=made_up[0], source="demo"), film(2, made_up=made_up[1]))
    whole = document(brief_of(films=films))
    media = resources(whole, "Media")
    codes = [[tag["code"] for tag in each["meta"].get("tag", [])] for each in (whole, *media)]
    assert codes == [["HTEST"] * tagged, ["HTEST"], ["HTEST"] * made_up[1]]
    assert all(r["meta"]["security"][0]["code"] == "HRESCH" for r in (whole, *media))


def test_the_same_brief_gives_the_same_names_and_other_records_others() -> None:
    brief = brief_of(leukocytes(), films=(film(1), film(2)))
    assert bundle(brief) == bundle(brief)
    again = brief_of(leukocytes(), films=(film(1), film(2, source="demo")))
    one, other = ({e["fullUrl"] for e in bundle(b)["entry"]} for b in (brief, again))
    assert one & other
    assert one - other


def test_names_of_one_identifier_in_two_sources_do_not_meet() -> None:
    films = (film(1, id="a.png"), film(2, id="a.png", source="demo"))
    assert len(resources(document(brief_of(films=films)), "Media")) == 2


def test_a_broken_document_is_noticed() -> None:
    whole = bundle(brief_of(leukocytes()))
    del whole["entry"][0]["resource"]["title"]
    with pytest.raises(FHIRValidationError):
        Bundle(whole)
    whole["entry"].pop()
    assert list(broken_rules(whole))


@pytest.mark.parametrize(
    "question",
    ["pneumonia with pleural effusion", "platelets below 1", "haemoglobin low", "no effusion"],
)
def test_real_briefs_are_valid_documents(engine: Engine, question: str) -> None:
    whole = document(engine.brief(question, films=5, labs=5))
    assert whole["meta"]["tag"][0]["code"] == "HTEST"


@given(text=st.text(max_size=40))
def test_any_string_of_a_record_leaves_the_document_valid(text: str) -> None:
    query = ClinicalQuery(text=text, findings=(FindingTerm(finding="Mass"),), free_text=text)
    stored = text.encode("utf-8", "replace").decode() or "-"
    same = {"source": stored, "patient": f"{stored}:{stored}"}
    results = (
        leukocytes(loinc=stored, name=stored, unit=stored, range_source=stored),
        leukocytes(None, None, text=stored, name=stored, matched=True),
    )
    films = (film(1, ("Mass", stored), id=stored, view=stored, stated=stored, **same),)
    result = answer(query, films, (panel(1, *results, report=stored, **same),))
    document(compose(result, Shelf(result)))
