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


def test_questions_do_not_change_the_moment_and_writing_does(engine: Engine, store: Store) -> None:
    before = store.moment()
    engine.audit.asked("a test", "search", engine.search("effusion"), query="effusion")
    assert store.moment() == before
    with store._database.transaction() as connection:
        connection.execute("UPDATE film SET view = view")
        connection.execute("UPDATE film SET view = view")
        assert store.moment() == before  # not yet there for others
    assert store.moment() == before + 1


def test_every_table_of_records_notes_its_writers(store: Store) -> None:
    with store._database.transaction() as connection:
        tables = connection.execute(
            "SELECT relname, EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid "
            "AND tgname = 'note_writer') FROM pg_class c "
            "WHERE relkind = 'r' AND relnamespace = 'mmrag'::regnamespace"
        ).fetchall()
    of_no_record = {
        "migration",
        "dimension",
        "space",
        "token",
        "audit",
        "written",
        "label_name",
        "history_due",
    }
    assert {name for name, notes in tables if not notes} == of_no_record


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
    StoredRecords(store, UNFITTED, moment + 1).coverage(result)
    assert counted == ["labs", "labs"]
