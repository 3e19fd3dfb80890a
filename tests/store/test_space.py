from __future__ import annotations

import numpy as np
import psycopg
import pytest

from mmrag.errors import SpaceMismatch
from mmrag.settings import Settings
from mmrag.store import EvidenceName, Store, schema
from tests.store.conftest import (
    DIMENSION,
    Fingerprint,
    Server,
    evidence,
    recipe,
    unit_vectors,
)
from tests.store.test_films import entry

OURS = EvidenceName("compact:" + "0" * 64, "a" * 64)


def test_an_empty_store_has_no_space_and_takes_the_first(store: Store) -> None:
    assert store.space is None
    claimed = store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    assert store.space == claimed
    assert (claimed.w_pixel, claimed.w_label) == (0.7, 0.3)
    assert claimed.fingerprint == "compact:000000000000:fp32"


def test_the_stored_weights_win(store: Store, settings: Settings) -> None:
    first = store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    with Store.open(settings, DIMENSION) as other:
        assert other.claim_space(Fingerprint(), DIMENSION, 0.1, 0.9) == first


@pytest.mark.parametrize(
    ("other", "dimension", "named"),
    [
        (Fingerprint(name="biomedclip"), DIMENSION, "biomedclip:000000000000:fp32"),
        (Fingerprint(weights="f" * 64), DIMENSION, "compact:ffffffffffff:fp32"),
        (Fingerprint(precision="int8"), DIMENSION, "compact:000000000000:int8"),
        (Fingerprint(), 768, "length 768"),
    ],
)
def test_another_space_is_refused_by_name(
    store: Store, other: Fingerprint, dimension: int, named: str
) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    with pytest.raises(SpaceMismatch) as caught:
        store.claim_space(other, dimension, 0.7, 0.3)
    assert named in str(caught.value)
    assert "compact:000000000000:fp32" in str(caught.value)
    assert "mmrag ingest KIND PATH --again" in str(caught.value)
    assert "another MMRAG_HOME" in str(caught.value)


def test_an_empty_store_takes_vectors_of_another_length(server: Server) -> None:
    settings = Settings(dsn=server.dsn(server.new_database()))
    with Store.open(settings, DIMENSION) as first, Store.open(settings, 3) as second:
        second.claim_space(Fingerprint(name="short"), 3, 0.7, 0.3)
        vectors = np.eye(3, dtype=np.float32)
        second.films.write([entry(n) for n in range(3)], vectors, vectors, evidence(3))
        assert [m.film.id for m in second.films.search(vectors[1], 1)] == [entry(1).film.id]
        with pytest.raises(SpaceMismatch, match=r"length 3\).*length 16\)"):
            first.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)


def test_a_store_without_films_takes_any_evidence(store: Store) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    assert store.claim_evidence(EvidenceName("labels", "b" * 64), "soft").fusion == "soft"
    space = store.claim_evidence(OURS, "hard")
    assert (space.evidence, space.fusion) == (OURS, "hard")
    assert store.space == space


def test_other_evidence_is_refused_by_name_once_films_are_there(store: Store) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    first = store.claim_evidence(OURS, "soft")
    store.films.write([entry(1)], unit_vectors(1), unit_vectors(1), evidence(1))
    assert store.claim_evidence(OURS, "hard") == first  # the kind of fusion stays, too
    with pytest.raises(SpaceMismatch, match="run mmrag refuse") as caught:
        store.claim_evidence(OURS._replace(hash="c" * 64), "soft")
    assert "compact:000000000000:aaaaaaaaaaaa" in str(caught.value)
    assert "compact:000000000000:cccccccccccc" in str(caught.value)


def test_an_older_store_keeps_its_films_and_knows_of_no_evidence(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, every = Settings(dsn=server.dsn(server.new_database())), schema.migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [m for m in every if m.number < 5])
    Store.open(settings, DIMENSION).close()
    assert settings.dsn is not None
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO mmrag.space (encoder, weights, precision, dimension, w_pixel, w_label) "
            "VALUES ('compact', %s, 'fp32', %s, 0.7, 0.3)",
            ("0" * 64, DIMENSION),
        )
        connection.execute(
            "INSERT INTO mmrag.film (source, id, file, made_up, sha256, record_hash) "
            "VALUES ('nih', '1.png', '/1.png', false, 'x', 'y')"
        )
    monkeypatch.undo()
    with Store.open(settings, DIMENSION) as store:
        space = store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
        assert (space.evidence, space.fusion) == (None, "hard")
        assert [film.id for film in store.films.named("1.png")] == ["1.png"]
        with pytest.raises(SpaceMismatch, match="mmrag refuse"):
            store.claim_evidence(OURS, "soft")


def test_films_of_before_there_was_evidence_want_to_be_weighed(
    store: Store, server: Server, database: str
) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    store.films.write([entry(n) for n in range(9)], unit_vectors(9), unit_vectors(9), evidence(9))
    with server.connect(database) as connection:  # as the migration leaves an older store
        connection.execute("TRUNCATE mmrag.film_evidence, mmrag.film_pixel_evidence")
    with pytest.raises(SpaceMismatch, match="have no evidence yet: run mmrag refuse"):
        store.claim_evidence(recipe().evidence, "hard")
    made = evidence(9, seed=3)
    with store.bulk():
        store.films.refuse(recipe(), lambda batch: (batch.vectors, made))
    assert store.claim_evidence(recipe().evidence, "hard").evidence == recipe().evidence
    assert len(store.films.search(unit_vectors(1)[0], 20)) == 9
