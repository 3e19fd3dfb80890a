"""Whether a printed brief still holds: every kind of change is noticed and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmrag import Engine, InputError, QueryError, Settings
from mmrag.brief import Brief, Replay, compose, load_brief, render, replay, replay_text
from mmrag.sources.demo import DemoFolders
from mmrag.store.terms import RecordKey
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel, platelets

RESULT = answer(
    asking("Effusion"),
    (film(1, ("Effusion",)), film(2, ("Effusion", "Mass"))),
    (panel(1, leukocytes(), platelets()), panel(2, leukocytes(7.1, "N"))),
)


def printed(brief: Brief, **changes: Any) -> Brief:
    """The brief as it is read back from its printed form."""
    whole = json.loads(render(brief, "json")) | changes
    return Brief.model_validate_json(json.dumps(whole))


def replayed(change: Callable[[Shelf], None], today: Any = RESULT) -> Replay:
    shelf = Shelf(RESULT)
    brief = printed(compose(RESULT, shelf))
    change(shelf)
    return replay(brief, today, shelf)


def fallen(outcome: Replay) -> list[str]:
    return [claim.text for claim in outcome.claims if not claim.holds]


def test_an_untouched_store_bears_everything_out() -> None:
    outcome = replayed(lambda _: None)
    assert outcome.holds
    assert not fallen(outcome)
    assert not outcome.ranks
    assert {record.state for record in outcome.records} == {"unchanged"}
    words = replay_text(outcome)
    assert "Everything still holds." in words
    assert f"{len(outcome.claims)} of {len(outcome.claims)} hold" in words


def test_a_changed_value_takes_its_claims_with_it_and_is_named() -> None:
    outcome = replayed(lambda shelf: shelf.change_results(value=9.9, flag="N"))
    assert not outcome.holds
    assert any("Leukocytes" in text for text in fallen(outcome))
    assert not any("Film #1 is labelled" in text for text in fallen(outcome))
    assert {r.record for r in outcome.records if r.state == "changed"} >= {"lab:panel-1"}
    words = replay_text(outcome)
    assert "Not everything holds any more." in words
    assert "lab:panel-1 changed" in words


def test_a_changed_label_takes_its_claims_with_it() -> None:
    outcome = replayed(lambda shelf: shelf.change_film(findings=("Hernia",)))
    assert any("Film #1 is labelled Effusion" in text for text in fallen(outcome))
    assert all("Leukocytes" not in text for text in fallen(outcome))


def test_a_record_that_is_gone_is_called_gone() -> None:
    def lose(shelf: Shelf) -> None:
        del shelf.films[RecordKey("nih", RESULT.films[0].id)]

    outcome = replayed(lose)
    (gone,) = [record for record in outcome.records if record.state == "gone"]
    assert gone.record == f"film:{RESULT.films[0].id}"
    assert f"{gone.record} gone" in replay_text(outcome)


def test_new_ranks_and_figures_are_told() -> None:
    newcomer = film(1, ("Effusion",), id="new.png")
    later = answer(RESULT.query, (newcomer, RESULT.films[0]), RESULT.labs)
    moved = later.films[1].model_copy(update={"rank": 2})
    outcome = replayed(lambda _: None, later.model_copy(update={"films": (newcomer, moved)}))
    ranks = {(r.record, r.before, r.now) for r in outcome.ranks}
    assert ranks == {
        ("film:new.png", None, 1),
        (f"film:{RESULT.films[0].id}", 1, 2),
        (f"film:{RESULT.films[1].id}", 2, None),
    }
    words = replay_text(outcome)
    assert "new at #1: film:new.png" in words
    assert "no longer shown" in words
    assert not outcome.holds


def test_a_figure_of_the_search_that_is_another_today_fells_its_claim() -> None:
    films = RESULT.coverage.films.model_copy(update={"searched": 2000})
    coverage = RESULT.coverage.model_copy(update={"films": films})
    outcome = replayed(lambda _: None, RESULT.model_copy(update={"coverage": coverage}))
    assert len(fallen(outcome)) == 1
    assert "films searched: 1102 then, 2000 now" in replay_text(outcome)


def test_another_space_counts_and_another_version_is_only_told() -> None:
    shelf = Shelf(RESULT)
    brief = compose(RESULT, shelf)
    older = brief.made.model_copy(update={"version": "0.0.1"})
    outcome = replay(printed(brief.model_copy(update={"made": older})), RESULT, shelf)
    assert outcome.holds
    assert not outcome.same_version
    assert "0.0.1 then" in replay_text(outcome)
    space = RESULT.space.model_copy(update={"fingerprint": "compact:other:fp32"})
    outcome = replay(printed(brief), RESULT.model_copy(update={"space": space}), shelf)
    assert not outcome.holds
    assert "compact:other:fp32" in replay_text(outcome)


@pytest.mark.parametrize(
    "forge",
    [
        lambda claim: claim | {"text": "The patient has cancer."},
        lambda claim: claim | {"kind": "agreement"},
        lambda claim: claim | {"citations": claim["citations"][:1]},
    ],
)
def test_a_forged_claim_does_not_hold(forge: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    shelf = Shelf(RESULT)
    brief = compose(RESULT, shelf)
    claims = json.loads(render(brief, "json"))["claims"]
    at = next(n for n, c in enumerate(claims) if c["kind"] == "lab-abnormal")
    claims[at] = forge(claims[at])
    outcome = replay(printed(brief, claims=claims), RESULT, shelf)
    assert [claim.id for claim in outcome.claims if not claim.holds] == [claims[at]["id"]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"query": {"text": "a"}, "films": 3}',
        b"[" * 100_000,
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "brief.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match="not a brief") as refused:
        load_brief(file)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("name", ["absent.json", "."])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="mmrag brief --format json"):
        load_brief(tmp_path / name)


def test_a_real_brief_holds_over_its_own_store(engine: Engine) -> None:
    for question in ("pneumonia with pleural effusion", "leukocytes above 12", "rising sodium"):
        brief = printed(engine.brief(question, films=4, labs=4))
        outcome = engine.replay(brief)
        assert outcome.holds, replay_text(outcome)


def test_a_film_that_was_shown_has_to_be_shown_again(engine: Engine, made_up: DemoFolders) -> None:
    first, second = sorted((made_up.films / "images").iterdir())[:2]
    brief = printed(engine.brief("effusion", image=first, films=3, labs=0))
    assert engine.replay(brief, image=first).holds
    for wrong in (None, second):
        with pytest.raises(QueryError, match="SHA-256"):
            engine.replay(brief, image=wrong)
    with pytest.raises(QueryError, match="no film"):
        engine.replay(printed(engine.brief("effusion", films=1, labs=0)), image=first)


def test_the_same_data_from_another_folder_is_unchanged(
    own_copy: DemoFolders, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        engine.ingest("nih", own_copy.films)
        brief = printed(engine.brief("pleural effusion", films=3, labs=0))
        shutil.move(own_copy.films, moved)
        assert engine.ingest("nih", moved).films.changed > 0
        assert engine.replay(brief).holds
        assert engine.thumbnail(engine.search("pleural effusion", labs=0).films[0]) is not None


def test_a_label_that_changes_at_its_source_is_noticed(
    own_copy: DemoFolders, tmp_path: Path
) -> None:
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        engine.ingest("nih", own_copy.films)
        brief = printed(engine.brief("pleural effusion", films=3, labs=0))
        assert engine.replay(brief).holds
        (table,) = own_copy.films.glob("*.csv")
        table.write_text(table.read_text("utf-8").replace("Effusion", "Mass"), "utf-8")
        engine.ingest("nih", own_copy.films)
        outcome = engine.replay(brief)
    assert not outcome.holds
    assert any("labelled Effusion" in text for text in fallen(outcome))
    assert "changed" in {record.state for record in outcome.records}
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
