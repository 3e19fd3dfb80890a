from __future__ import annotations

import numpy as np

from mmrag.clinical.prompts import anchor_prompts
from mmrag.clinical.query import compile_query
from mmrag.clinical.question import ClinicalQuery
from mmrag.encoders.compact_text import encode
from mmrag.evidence import evidence_model_for
from mmrag.fusion import Anchors, anchors_from_prompts
from mmrag.retrieval.film_score import film_order
from mmrag.retrieval.meaning import read_for_films

ANCHORS = anchors_from_prompts(anchor_prompts(), encode)
WORDS = "liquid sits at the bottom of the chest cavity"


def read(question: str) -> ClinicalQuery:
    return read_for_films(compile_query(question), ANCHORS, encode)[0]


def test_words_that_name_no_finding_are_read() -> None:
    guesses = read(WORDS).meant
    assert guesses[0].finding == "Effusion"
    shares = [guess.probability for guess in guesses]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1.0 + 1e-9


def test_what_is_read_is_ranked_by_its_evidence() -> None:
    order = film_order(read(WORDS), evidence_model_for("none", "none"))
    assert dict(order.alike)["Effusion"] > 0.5
    assert order.logic == 0.0
    assert order.likeness > 0.0


def test_named_findings_are_all_that_is_meant() -> None:
    assert read(f"cardiomegaly, {WORDS}").meant == ()
    assert read("normal chest").meant == ()


def test_words_about_something_else_mean_nothing() -> None:
    assert read("pacemaker leads").meant == ()


def test_words_about_something_else_would_order_films_at_random() -> None:
    def silent(question: str) -> bool:
        return read_for_films(compile_query(question), ANCHORS, encode)[1] is None

    assert silent("pacemaker leads")
    assert not silent(WORDS)
    assert not silent("pacemaker leads in women")
    assert not silent("pacemaker leads, effusion")


def test_in_a_space_whose_anchors_lean_together_no_share_is_told() -> None:
    leaning = {name: v + 0.5 for name, v in ANCHORS.by_finding.items()}
    cone = Anchors({name: v / np.linalg.norm(v) for name, v in leaning.items()})
    query = compile_query(WORDS)
    read_query, vector = read_for_films(query, cone, encode)
    assert read_query is query
    assert vector is not None
