"""Questions that join both legs, over made-up patients with film and blood in one source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mmrag import Engine
from mmrag.clinical.query import compile_query
from mmrag.errors import SpaceMismatch
from mmrag.retrieval import search
from mmrag.retrieval.film_score import film_order
from mmrag.retrieval.joint import FAVOUR, favouring
from mmrag.retrieval.lab_words import constraint_words


def test_only_a_question_of_both_favours_anybody(engine: Engine) -> None:
    room = engine._opened.room
    for text, somebody in (
        ("pneumonia with leukocytes above 11", True),
        ("pneumonia with leukocytes above 90", False),
        ("pneumonia", False),
    ):
        query = compile_query(text)
        plain = film_order(query, room.model)
        order = favouring(plain, query, room.store)
        assert (order != plain) == somebody
        assert order.logic + order.likeness + order.similarity + order.favour == pytest.approx(1.0)
        assert order.favour == (FAVOUR if somebody else 0.0)


def test_the_favoured_are_the_people_of_the_panels_that_answer(engine: Engine) -> None:
    result = engine.search("pneumonia with leukocytes above 11", films=1000, labs=1000)
    people = {lab.patient for lab in result.labs}
    assert {film.patient for film in result.films if film.why.constraints} == people & {
        film.patient for film in result.films
    }


def test_alternatives_are_one_constraint_in_words() -> None:
    terms = compile_query("platelets below 100 and high WBC or CRP").labs
    assert constraint_words(terms)[0] == "platelets below 100 10*3/uL"
    assert " or " in constraint_words(terms)[1]


def test_a_store_that_became_another_space_is_not_searched(engine: Engine) -> None:
    room = engine._opened.room
    other = replace(room, space=replace(room.space, weights="0" * 64))
    with pytest.raises(SpaceMismatch, match="ask once more"):
        search(other, "effusion", image=None, films=1, labs=1)
