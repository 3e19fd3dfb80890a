"""The parameters that come with the package."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmrag.encoders import open_encoder
from mmrag.errors import InputError
from mmrag.evidence import NAMES, evidence_model_for, probability
from mmrag.evidence.fit import fit_evidence
from mmrag.evidence.shipped import LABELS_ONLY, parse_model, write_model
from tests.evidence.made import made_reads


def test_the_shipped_encoder_has_parameters_of_its_own() -> None:
    shipped = open_encoder("compact").fingerprint
    model = evidence_model_for(shipped.name, shipped.weights)
    assert model.name == f"{shipped.name}:{shipped.weights}"
    assert 0 <= model.similarity < 0.5
    assert (np.diag(model.unlabelled.pixels) > 0).all()


@pytest.mark.parametrize(("encoder", "weights"), [("compact", "0" * 64), ("biomedclip", "x")])
def test_other_weights_are_weighed_by_labels_alone(encoder: str, weights: str) -> None:
    model = evidence_model_for(encoder, weights)
    assert model.name == LABELS_ONLY
    assert not model.unlabelled.pixels.any()
    assert not model.labelled.pixels.any()


@pytest.mark.parametrize("weights", ["x", None])
def test_a_label_speaks_for_its_finding(weights: str | None) -> None:
    fingerprint = open_encoder("compact").fingerprint
    model = evidence_model_for(fingerprint.name, weights or fingerprint.weights)
    average = np.tile(model.centre, (2, 1))
    for column, name in enumerate(NAMES[:-1]):
        told, nothing = probability(model.weigh(average, [(name,), ()]).log_odds)
        assert told[column] > nothing[column], name


def test_a_file_gives_back_what_was_written() -> None:
    model = fit_evidence(made_reads(), "made:1", 0.25)
    text = write_model(model)
    again = parse_model(text, "made.json")
    assert write_model(again) == text
    np.testing.assert_allclose(again.labelled.pixels, model.labelled.pixels, atol=1e-4)


def test_what_is_no_parameters_is_refused() -> None:
    whole = json.loads(write_model(fit_evidence(made_reads(), "made:1", 0.25)))
    for spoilt in (
        "{",
        "[]",
        json.dumps(whole | {"centre": [1.0]}),
        json.dumps(whole | {"names": ["Effusion"]}),
        json.dumps({key: value for key, value in whole.items() if key != "labelled"}),
    ):
        with pytest.raises(InputError, match="fit"):
            parse_model(spoilt, "spoilt.json")
