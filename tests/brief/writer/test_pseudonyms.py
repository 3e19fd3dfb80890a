"""No identifier and no day leaves, and all of them come back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmrag.brief.writer.pseudonyms import Pseudonyms
from tests.brief.writer.speaking import brief, same_patient


def test_every_identifier_and_day_is_replaced_and_comes_back() -> None:
    made = same_patient()
    names = Pseudonyms(made)
    for claim in made.claims:
        hidden = names.hide(claim.text)
        for secret in ("covid:patient-77", "patient-77", "00000001_000", "panel-1", "2021-08-01"):
            assert secret not in hidden
        assert names.show(hidden) == claim.text


def test_an_identifier_within_a_sentence_is_found_in_all_its_forms() -> None:
    names = Pseudonyms(same_patient())
    assert names.hide("patient covid:patient-77") == "patient P1"
    assert names.hide("patient patient-77, film 00000001_000.") == "patient P1, film F1."
    assert names.hide("of 00000001_000.png and panel-1") == "of F1 and L1"
    assert names.hide("panel-12 is another") == "panel-12 is another"


def test_days_are_numbered_in_the_order_of_time() -> None:
    names = Pseudonyms(brief())
    assert names.hide("2021-08-02 after 2021-08-01") == "D2 after D1"


def test_a_name_that_a_claim_holds_already_is_passed_over() -> None:
    made = same_patient()
    text = f"{made.claims[0].text} P1 stands here already."
    changed = made.claims[0].model_copy(update={"text": text})
    names = Pseudonyms(made.model_copy(update={"claims": (changed, *made.claims[1:])}))
    assert names.hide("covid:patient-77") == "P2"
    assert names.show("P1 P2") == "P1 covid:patient-77"


@given(st.text(max_size=80))
def test_what_names_no_record_stays_as_it_is(text: str) -> None:
    made = same_patient()
    names = Pseudonyms(made)
    secrets = ("patient-77", "00000001_000", "panel-1", "2021")
    if not any(secret in text for secret in secrets):
        assert names.hide(text) == text
