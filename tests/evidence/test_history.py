"""What labels of a patient's other films say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.prompts import NORMAL
from mmrag.evidence import NAMES, EvidenceModel, Weighing
from mmrag.evidence.history import (
    FIRMNESSES,
    fit_persistence,
    histories_of,
    shipped_persistence,
    usual_shares,
    write_persistence,
)
from mmrag.evidence.model import Heard, history_inputs
from mmrag.records import NO_HISTORY, History

N = len(NAMES)
EFFUSION, HERNIA, PNEUMONIA = (NAMES.index(name) for name in ("Effusion", "Hernia", "Pneumonia"))
names = st.none() | st.lists(st.sampled_from(NAMES[:-1]), unique=True, max_size=3).map(tuple)
films = st.lists(st.tuples(st.none() | st.sampled_from(("a", "b", "c")), names), max_size=12)
MODEL = EvidenceModel(
    name="made",
    centre=np.zeros(N),
    scale=np.ones(N),
    base_rate=np.full(N, 0.2),
    unlabelled=Weighing(np.full(N, -1.0), np.eye(N)),
    labelled=Weighing(np.full(N, -1.0), np.eye(N), 2 * np.eye(N)),
    similarity=0.1,
    history_rate=shipped_persistence().rate,
    heard=Heard(
        Weighing(np.full(N, -2.0), np.eye(N), history=np.full(N, 0.5)),
        Weighing(np.full(N, -2.0), np.eye(N), np.eye(N), np.full(N, 0.7)),
    ),
)


@given(films)
def test_a_history_is_what_every_other_film_of_the_patient_is_labelled(
    told: list[tuple[str | None, tuple[str, ...] | None]],
) -> None:
    counted = histories_of([patient for patient, _ in told], [labels for _, labels in told])
    ever = {name for _, labels in told for name in labels or ()}
    for row, (patient, _) in enumerate(told):
        others = [
            labels
            for other, (whose, labels) in enumerate(told)
            if patient is not None and whose == patient and other != row and labels is not None
        ]
        assert counted[row].films == len(others)
        assert counted[row].silent == (set(NAMES[:-1]) - ever if others else set())
        for name in NAMES:
            named = sum(name in (labels or (NORMAL,)) for labels in others)
            assert counted[row].named.get(name, 0) == named


@given(st.sampled_from(NAMES), st.integers(1, 50), st.data())
def test_more_of_the_same_speaks_louder_and_nobody_says_nothing(
    name: str, count: int, data: st.DataObject
) -> None:
    some = data.draw(st.integers(0, count - 1))
    place = NAMES.index(name)
    heard = shipped_persistence().log_odds(
        [NO_HISTORY, *(History(count, {name: each}) for each in (0, some, some + 1))]
    )
    assert (heard[0] == 0).all()
    assert heard[1, place] < 0
    assert heard[1, place] <= heard[2, place] < heard[3, place]
    assert np.isfinite(heard).all()


def test_what_is_usual_of_other_films_says_nothing() -> None:
    usual = usual_shares([History(10, {"Effusion": 4, NORMAL: 6}), History(100, {NORMAL: 100})])
    assert usual[EFFUSION] == pytest.approx(0.2, abs=0.03)
    assert ((usual > 0) & (usual < 1)).all()
    np.testing.assert_array_equal(usual_shares([NO_HISTORY]), shipped_persistence().rate)
    heard = shipped_persistence().log_odds([History(5, {"Effusion": 1})], np.full(N, 0.2))
    assert heard[0, EFFUSION] == pytest.approx(0, abs=1e-12)


def test_what_stays_is_told_from_what_passes() -> None:
    patients = [str(number // 4) for number in range(400)]
    stays = [("Hernia",) if number // 4 % 10 == 0 else () for number in range(400)]
    passes = [("Pneumonia",) if number % 10 == 0 else () for number in range(400)]
    labels = [(*one, *other) for one, other in zip(stays, passes, strict=True)]
    learnt = fit_persistence(patients, labels)
    np.testing.assert_allclose(learnt.rate[[HERNIA, PNEUMONIA]], 0.1)
    assert learnt.firmness[HERNIA] == FIRMNESSES[0]
    assert learnt.firmness[PNEUMONIA] == FIRMNESSES[-1]


def test_what_is_shipped_says_whence_and_knows_what_stays() -> None:
    shipped = shipped_persistence()
    assert '"source": "the table"' in write_persistence(shipped, "the table")
    pneumothorax = NAMES.index("Pneumothorax")
    assert shipped.firmness[pneumothorax] < shipped.firmness[PNEUMONIA]
    assert ((shipped.rate > 0) & (shipped.rate < 1)).all()
    # of labels on two films, the one that stays is believed more
    assert shipped.of_itself(2)[pneumothorax] > shipped.of_itself(2)[NAMES.index("Infiltration")]


def test_history_moves_a_film_and_leaves_what_its_pixels_say() -> None:
    scores = np.zeros((4, N))
    labels = [None, None, ("Mass",), ("Mass",)]
    histories = [NO_HISTORY, History(5, {"Effusion": 4, "Mass": 1})] * 2
    weighed = MODEL.weigh(scores, labels, None, histories)
    alone = MODEL.weigh(scores, labels)
    said = shipped_persistence().log_odds(histories)
    np.testing.assert_array_equal(weighed.pixels_only, alone.pixels_only)
    np.testing.assert_array_equal(weighed.log_odds[[0, 2]], alone.log_odds[[0, 2]])
    mass = np.eye(N)[NAMES.index("Mass")]
    np.testing.assert_allclose(weighed.log_odds[1], -2 + 0.5 * said[1], atol=1e-5)
    np.testing.assert_allclose(weighed.log_odds[3], -2 + mass + 0.7 * said[3], atol=1e-5)


def test_labels_that_never_name_a_finding_do_not_deny_it() -> None:
    scores, labels = np.zeros((1, N)), [("Mass",)]
    silent = History(30, {"Mass": 30}, frozenset({"Effusion"}))
    weighed = MODEL.weigh(scores, labels, None, [silent]).log_odds[0]
    alone = MODEL.weigh(scores, labels).log_odds[0]
    denied = MODEL.weigh(scores, labels, None, [History(30, {"Mass": 30})]).log_odds[0]
    assert weighed[EFFUSION] == alone[EFFUSION] > denied[EFFUSION]
    np.testing.assert_array_equal(np.delete(weighed, EFFUSION), np.delete(denied, EFFUSION))


def test_a_film_reported_without_finding_is_not_lifted_by_reports_of_others() -> None:
    histories = [History(8, {"Effusion": 8})] * 2 + [History(8, {NORMAL: 8})]
    heard = history_inputs(histories, [(), ("Mass",), ()], MODEL.history_rate)
    assert heard[0, EFFUSION] == 0
    assert heard[1, EFFUSION] > 0
    assert heard[0, HERNIA] < 0
    assert heard[2, NAMES.index(NORMAL)] > 0


def test_a_film_that_radiologists_read_has_no_need_of_history() -> None:
    scores, read = np.zeros((1, N)), [("Mass",)]
    told = MODEL.weigh(scores, read, ["radiologists"], [History(9, {"Effusion": 9})])
    alone = MODEL.weigh(scores, read, ["radiologists"])
    np.testing.assert_array_equal(told.log_odds, alone.log_odds)
