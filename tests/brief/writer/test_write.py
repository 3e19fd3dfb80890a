"""The whole way: claims leave, sentences come back, what does not hold is the template's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.brief import Brief, render
from mmrag.brief.writer.answer import offered_sentences
from mmrag.brief.writer.endpoint import Endpoint
from mmrag.brief.writer.steps import finished
from mmrag.brief.writer.verify import Told, objection
from mmrag.brief.writer.write import write
from mmrag.brief.writer.written import Written
from mmrag.errors import WriterError
from mmrag.settings import Settings
from tests.brief.writer.speaking import KEY, brief, lines, same_patient, serving, streaming, whole

BRIEF = brief()
TOLD = {c.id: Told(c.id, c.kind, c.section, c.text) for c in BRIEF.claims}


def id_of(start: str, made: Brief = BRIEF) -> str:
    return next(claim.id for claim in made.claims if claim.text.startswith(start))


FILM_1, FILM_2 = id_of("Film #1 is labelled"), id_of("Film #2 is labelled")
PANEL_1 = id_of("Panel #1 (2021-08-01): Leukocytes")


@dataclass
class Saying:
    """A model that says one thing, far away unless told otherwise."""

    answer: str
    here: bool = False
    identifiers: bool = False
    model: str = "made-up"
    host: str = "model.invalid"
    asked: str = ""

    def is_on_this_host(self) -> bool:
        return self.here

    def ask(self, messages: Sequence[Mapping[str, str]]) -> str:
        self.asked = json.dumps(list(messages), ensure_ascii=False)
        return self.answer


def written(answer: str, made: Brief = BRIEF) -> Written:
    result = finished(write(made, Saying(answer))).written
    assert result is not None
    return result


def carried(result: Written) -> list[str]:
    return [claim for sentence in result.sentences for claim in sentence.claims]


def test_the_models_sentences_stand_where_they_hold() -> None:
    text = "Film #1 is labelled Effusion, while film #2 is labelled Mass."
    result = written(lines((text, [FILM_1, FILM_2])))
    (sentence,) = result.by_model
    assert (sentence.text, sentence.claims, sentence.section) == (text, (FILM_1, FILM_2), "imaging")
    assert result.rejected == ()
    assert result.note is None


def test_every_claim_is_there_once_section_by_section() -> None:
    result = written(lines(("Film #1 is labelled Effusion.", [FILM_1])))
    assert sorted(carried(result)) == sorted(claim.id for claim in BRIEF.claims)
    sections = [sentence.section for sentence in result.sentences]
    assert sections == sorted(sections, key=["imaging", "laboratory", "context"].index)
    by_template = {s.claims[0]: s.text for s in result.sentences if s.by == "template"}
    assert by_template == {c.id: c.text for c in BRIEF.claims if c.id != FILM_1}


def test_what_is_rejected_is_said_with_its_reason() -> None:
    lie = "Panel #1: Leukocytes 99.9 10*3/uL, high."
    result = written(lines(("Film #1 is labelled Effusion.", [FILM_1]), (lie, [PANEL_1])))
    (rejected,) = result.rejected
    assert rejected.text == lie
    assert rejected.claims == (PANEL_1,)
    assert "99.9" in rejected.reason
    assert any(s.claims == (PANEL_1,) and s.by == "template" for s in result.sentences)


def test_a_claim_is_not_said_twice() -> None:
    line = ("Film #1 is labelled Effusion.", [FILM_1])
    result = written(lines(line, line))
    assert len(result.by_model) == 1
    assert "already" in result.rejected[0].reason


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I'm sorry, but I can't help with medical questions.",
        "{}",
        '{"text": 5, "claims": ["c1"]}',
        '{"text": "x", "claims": "c1"}',
        '{"text": "x", "claims": [1]}',
        "[" * 5000,
        '{"text": "Film #1 is labelled Effusion.", "claims": []}',
        "```json\n```",
    ],
)
def test_an_answer_without_a_usable_sentence_leaves_the_template(answer: str) -> None:
    result = written(answer)
    assert result.by_model == ()
    assert carried(result) == [
        c.id for s in ("imaging", "laboratory", "context") for c in BRIEF.claims if c.section == s
    ]
    assert result.note is not None
    assert "no sentence" in result.note


def test_only_claims_leave_under_other_names() -> None:
    made = same_patient()
    model = Saying("")
    finished(write(made, model))
    for secret in ("patient-77", "00000001_000", "panel-1", "2021-08-01", "6690-2", "file"):
        assert secret not in model.asked
    assert "P1" in model.asked
    assert made.query.text not in model.asked.partition("Claims:")[2].split('"')[0]


@pytest.mark.parametrize("fields", [{"here": True}, {"identifiers": True}])
def test_names_stay_where_they_may(fields: dict[str, Any]) -> None:
    model = Saying("", **fields)
    result = finished(write(same_patient(), model)).written
    assert "patient-77" in model.asked
    assert result is not None
    assert not result.pseudonymised


def test_names_come_back_in_the_sentence() -> None:
    made = same_patient()
    claim = next(c for c in made.claims if "patient-77 has film" in c.text)
    model = Saying("")
    finished(write(made, model))
    told = json.loads(model.asked)[1]["content"].splitlines()
    hidden = next(json.loads(line) for line in told[1:] if json.loads(line)["id"] == claim.id)
    result = written(lines((hidden["text"], [claim.id])), made)
    assert [s.text for s in result.by_model] == [claim.text]
    invented = hidden["text"].replace("P1", "P2")
    assert "P2" in written(lines((invented, [claim.id])), made).rejected[0].reason


SMUGGLED = {"not", "left", "severe", "recommend", "and", "15.3", "\x1b[2J", "<b>", "Mass"}
sentences = st.builds(
    lambda text, claims: json.dumps({"text": text, "claims": claims}),
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(
                sorted({word for c in BRIEF.claims for word in c.text.split()} | SMUGGLED)
            ),
            max_size=14,
        ).map(" ".join),
        st.sampled_from([c.text for c in BRIEF.claims]),
    ),
    st.lists(st.sampled_from([*TOLD, "c999", ""]), max_size=3),
)


@given(st.lists(st.one_of(sentences, st.text(max_size=80)), max_size=8).map("\n".join))
def test_whatever_comes_back_each_sentence_holds_or_is_the_templates(answer: str) -> None:
    result = finished(write(BRIEF, Saying(answer, here=True))).written
    assert result is not None
    assert set(carried(result)) == set(TOLD)
    for sentence in result.sentences:
        if sentence.by == "template":
            assert sentence.text == TOLD[sentence.claims[0]].text
        else:
            assert objection(sentence.text, sentence.claims, TOLD) is None


@pytest.mark.parametrize("speak", [streaming, whole])
def test_it_works_over_http(speak: Any) -> None:
    answer = lines(("Film #1 is labelled Effusion.", [FILM_1]))
    with serving(speak(answer)) as served:
        settings = Settings(writer_url=served.url, writer_model="tiny", writer_key=KEY)
        result = finished(write(BRIEF, Endpoint.of(settings)))
    assert result.written is not None
    assert [s.claims for s in result.written.by_model] == [(FILM_1,)]
    assert (result.written.model, result.written.host) == ("tiny", served.url[7:-3])
    assert KEY not in result.model_dump_json()


def test_an_endpoint_that_fails_leaves_the_brief_and_a_note() -> None:
    with serving(whole("x")) as served:
        settings = Settings(writer_url=served.url, writer_model="tiny")
    result = finished(write(BRIEF, Endpoint.of(settings)))
    assert result.claims == BRIEF.claims
    assert result.written is not None
    assert result.written.note is not None
    assert "connection failed" in result.written.note
    assert {s.by for s in result.written.sentences} == {"template"}


HOSTILE = lines(
    ("Film #1 is labelled <script>alert(1)</script>Effusion.", [FILM_1]),
    ("Film #1 is labelled \x1b[31mEffusion.", [FILM_1]),
    ("[click](http://evil.example)", [FILM_1, "<img src=x>"]),
    ("Film #2 is labelled Mass.", [FILM_2]),
)


@pytest.mark.parametrize("form", ["text", "plain", "markdown", "html", "json", "fhir"])
def test_every_form_shows_the_sentences_and_nothing_that_was_smuggled(form: Any) -> None:
    result = finished(write(BRIEF, Saying(HOSTILE)))
    page = render(result, form)
    assert "\x1b" not in page
    assert "made-up" in page
    if form != "json":
        for smuggled in ("<script>", "<img", "alert(1)", "evil.example"):
            assert smuggled not in page
        assert page.replace("\\", "").count("Film #2 is labelled Mass") >= 2
    else:
        assert json.loads(page)["written"]["rejected"][0]["reason"]
    assert "In a language model's words".casefold() in page.casefold() or form == "json"
    assert render(BRIEF, form).casefold().count("in a language model") == 0


def test_a_sentence_is_told_before_the_answer_is_whole() -> None:
    said = lines(("Film #1 is labelled Effusion.", [FILM_1]), ("A CT is recommended.", [FILM_2]))
    given: list[str] = []

    class Slowly(Saying):
        def ask(self, messages: Sequence[Mapping[str, str]]) -> Iterator[str]:  # type: ignore[override]
            for piece in re.findall(r"(?s).{1,9}", said):
                given.append(piece)
                yield piece

    steps = write(BRIEF, Slowly(""))
    first = next(steps)
    assert first.stage == "sentence"
    assert len("".join(given)) < len(said.splitlines()[0]) + 10
    assert next(steps).stage == "rejected"
    assert finished(steps).written == written(said)


def test_sentences_of_an_answer_that_breaks_off_are_taken_back() -> None:
    class Breaking(Saying):
        def ask(self, messages: Sequence[Mapping[str, str]]) -> Iterator[str]:  # type: ignore[override]
            yield lines(("Film #1 is labelled Effusion.", [FILM_1])) + "\n"
            raise WriterError("language model at model.invalid: the answer breaks off")

    steps = write(BRIEF, Breaking(""))
    assert next(steps).stage == "sentence"
    result = finished(steps).written
    assert result is not None
    assert result.by_model == ()
    assert result.note == "language model at model.invalid: the answer breaks off"


@given(st.text(alphabet='{}"text: claims[]\n\r\x85é', max_size=80), st.data())
def test_lines_are_the_same_however_an_answer_is_cut(answer: str, data: st.DataObject) -> None:
    pieces, rest = [], answer
    while rest:
        cut = data.draw(st.integers(1, len(rest)))
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert list(offered_sentences(pieces)) == list(offered_sentences([answer]))
