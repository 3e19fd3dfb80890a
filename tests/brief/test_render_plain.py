"""Text for a report field: seven bits, short lines, the headings such systems know."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag import Engine
from mmrag.brief import DISCLAIMER, render
from mmrag.brief.render_plain import WIDTH, render_plain, seven_bit
from tests.brief.test_render import HOSTILE, brief_with, full_brief

HEADINGS = [
    "CLINICAL QUESTION:",
    "SEARCH:",
    "FINDINGS: IMAGING:",
    "FINDINGS: LABORATORY:",
    "SUMMARY:",
    "LIMITS:",
    "REFERENCES:",
]


def fits_a_report_field(text: str) -> bool:
    return all(
        re.fullmatch(r"[ -~]*", line) and len(line) <= WIDTH and line == line.rstrip()
        for line in text.split("\n")
    )


def test_the_headings_stand_in_their_order() -> None:
    lines = render_plain(full_brief()).split("\n")
    assert [line for line in lines if line in HEADINGS] == HEADINGS
    assert lines.count(DISCLAIMER) == 2


def test_every_claim_points_at_numbered_records_that_are_named_at_the_end() -> None:
    brief = full_brief()
    text = render_plain(brief)
    named = dict(re.findall(r"^\[(\d+)\] +(\S+)$", text, re.MULTILINE))
    assert set(named.values()) == {record for claim in brief.claims for record in claim.records}
    said = re.sub(r"\n {6}", " ", text)
    for claim in brief.claims:
        (cited,) = re.findall(rf"^{claim.id} .*\[([\d, .]+)\]$", said, re.MULTILINE)
        numbers = [n for n in cited.replace("...", "").split(", ") if n]
        assert tuple(named[n] for n in numbers) == claim.records[: len(numbers)]


def test_no_diagnosis_is_stated_in_the_summary() -> None:
    text = render_plain(full_brief())
    summary = text[text.index("SUMMARY:") : text.index("LIMITS:")]
    assert "no diagnosis is stated" in summary
    assert "Abnormal: 1 result." in summary
    assert "Pneumonia" not in summary


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_hostile_strings_fit_the_field(text: str) -> None:
    assert fits_a_report_field(render(brief_with(text), "plain"))


@given(text=st.text(max_size=60))
def test_any_string_is_spelled_in_seven_bits(text: str) -> None:
    assert re.fullmatch(r"[ -~]*", seven_bit(text))


def test_accents_fall_and_signs_are_spelled() -> None:
    assert seven_bit("Jos\u00e9 Nu\u00f1ez \u2013 12 \u00b5g \u2265 \u00df") == (
        "Jose Nunez - 12 ug >= ss"
    )
    assert seven_bit("\u80ba") == "?"


def test_a_real_brief_fits_the_field(engine: Engine) -> None:
    brief = engine.brief("pneumonia with pleural effusion", films=4, labs=4)
    assert fits_a_report_field(render(brief, "plain"))
