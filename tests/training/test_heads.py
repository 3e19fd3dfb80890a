from __future__ import annotations

import numpy as np
from training.heads import Heads, standardise


def test_standardised_scores_of_unseen_films_are_centred_and_order_as_before() -> None:
    random = np.random.default_rng(0)
    unseen = random.normal(3.0, 2.0, (200, 9)).astype(np.float32)
    heads = Heads(random.normal(size=(9, 4)), random.normal(size=4))
    before, after = heads.scores(unseen), standardise(heads, unseen).scores(unseen)
    assert np.allclose(after.mean(axis=0), 0.0, atol=1e-6)
    assert np.allclose(after.std(axis=0), 1.0, atol=1e-6)
    assert (np.argsort(before, axis=0) == np.argsort(after, axis=0)).all()
