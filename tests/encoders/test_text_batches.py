from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmrag.encoders.text_batches import BATCH, batches

ROWS = st.lists(st.lists(st.integers(1, 30_000), min_size=1, max_size=60), max_size=80)


@given(ROWS)
def test_every_text_is_in_one_batch_and_only_padded(rows: list[list[int]]) -> None:
    seen: list[int] = []
    for chosen, ids in batches(rows, context=60, pad=0):
        assert len(chosen) == len(ids) <= BATCH
        assert ids.shape[1] <= 60
        longest = max(len(rows[row]) for row in chosen)
        assert ids.shape[1] - longest < 8
        for row, line in zip(chosen, ids, strict=True):
            text = rows[row]
            assert list(line[: len(text)]) == text
            assert not line[len(text) :].any()
        seen += list(chosen)
    assert sorted(seen) == list(range(len(rows)))


def test_short_texts_do_not_wait_for_long_ones() -> None:
    rows = [[1] * 3] * BATCH + [[1] * 200] * BATCH
    lengths = [ids.shape[1] for _, ids in batches(rows, context=256, pad=0)]
    assert lengths == [8, 200]
