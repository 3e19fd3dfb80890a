"""Counts by field agree with counting the records one by one."""

from __future__ import annotations

from collections import Counter

import pytest

from mmrag import Engine
from mmrag.clinical.query import compile_query
from mmrag.clinical.question import AmongTerm, ClinicalQuery

QUESTIONS = ("effusion", "no pneumothorax", "women over 60", "WBC above 9", "cardiomegaly in men")


def counted(engine: Engine, query: ClinicalQuery) -> Counter[tuple[str, str]]:
    return Counter({(each.field, each.value): each.count for each in engine.facets(query)})


@pytest.mark.parametrize("question", QUESTIONS)
def test_facets_count_what_a_search_finds(engine: Engine, question: str) -> None:
    query = compile_query(question)
    found = engine.search(query, films=200, labs=500)
    counts = counted(engine, query)
    if found.coverage.films.note is None:
        expected: Counter[tuple[str, str]] = Counter()
        for film in found.films:
            expected["source", film.source] += 1
            expected["labelled", str(film.findings is not None).lower()] += 1
            if film.view:
                expected["view", film.view] += 1
            if film.sex:
                expected["sex", film.sex] += 1
            if film.age is not None:
                expected["age", str(int(film.age // 20 * 20))] += 1
            for finding in ("No Finding",) if film.findings == () else film.findings or ():
                expected["finding", finding] += 1
        fields = {"finding", "view", "sex", "age", "source", "labelled"}
        assert {k: n for k, n in counts.items() if k[0] in fields} == dict(expected)
    if query.labs:
        panels = [lab.observations for lab in found.labs]
        high = sum(
            any(o.analyte == "leukocytes" and o.flag in {"H", "HH"} for o in p) for p in panels
        )
        assert counts["high", "leukocytes"] == high
        assert counts["analyte", "leukocytes"] == len(panels)


def test_chosen_sources_and_labels_are_the_only_ones_left(engine: Engine) -> None:
    query = compile_query("effusion")
    for labelled in (True, False):
        narrowed = query.model_copy(update={"among": AmongTerm(labelled=labelled)})
        counts = counted(engine, narrowed)
        assert ("labelled", str(not labelled).lower()) not in counts
        brief = engine.brief(narrowed, films=50, labs=0)
        assert all((film.findings is not None) == labelled for film in brief.films)
        assert engine.replay(brief).holds
    nowhere = query.model_copy(update={"among": AmongTerm(films="nowhere", labs="nowhere")})
    assert counted(engine, nowhere) == Counter()
