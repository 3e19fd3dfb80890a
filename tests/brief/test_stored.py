"""What the checker takes from the search, and when it counts again."""

from __future__ import annotations

from typing import Any

import pytest

from mmrag import Engine
from mmrag.brief import StoredRecords, stored
from mmrag.evidence import evidence_model_for
from mmrag.store import Store

UNFITTED = evidence_model_for("none", "")


@pytest.fixture
def store(engine: Engine) -> Any:
    opened = Store.open_existing(engine._settings)
    assert opened is not None
    with opened:
        yield opened


def test_reading_does_not_change_the_moment_and_writing_does(engine: Engine, store: Store) -> None:
    before = store.moment()
    engine.search("effusion")
    assert store.moment() == before
    with store._database.transaction() as connection:
        connection.execute("SELECT pg_current_xact_id()")  # as any write takes one
    assert store.moment() != before


def test_figures_are_counted_again_only_where_something_was_written(
    engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    moment = store.moment()
    result = engine.search("leukocytosis")

    def counting(*_: Any, **__: Any) -> Any:
        counted.append("labs")
        return result.coverage.labs

    monkeypatch.setattr(stored, "cover_labs", counting)
    assert StoredRecords(store, UNFITTED, moment).coverage(result) is result.coverage
    assert not counted
    StoredRecords(store, UNFITTED).coverage(result)
    StoredRecords(store, UNFITTED, "another moment").coverage(result)
    assert counted == ["labs", "labs"]
