from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from mmrag.errors import DatabaseError, InputError
from mmrag.records import Film, LabelsBy, Provenance
from mmrag.settings import Settings
from mmrag.store import (
    FilmEntry,
    FilmEvidence,
    FilmFilter,
    PixelBatch,
    RecordKey,
    Store,
    film_search,
)
from mmrag.store.terms import Vectors
from mmrag.store.vectors import halved
from tests.store.conftest import (
    DIMENSION,
    Fingerprint,
    Server,
    evidence,
    index_scans,
    recipe,
    unit_vectors,
)

LABELS: list[tuple[str, ...] | None] = [
    None,
    (),
    ("Effusion",),
    ("Mass", "Effusion"),
    ("Mass",),
    ("Nodule",),
]


def film(number: int, source: str = "nih") -> Film:
    return Film(
        id=f"{number:08}_000.png",
        provenance=Provenance(source, f"/films/{number}.png", number + 2, number % 5 == 0),
        patient=f"{source}:{number // 2}",
        findings=LABELS[number % len(LABELS)],
        view="PA" if number % 3 else "AP",
        age=None if number % 11 == 0 else float(number % 90),
        sex=(None, "F", "M")[number % 3],
        follow_up=number % 4,
        width=2048,
        height=2500,
        pixel_spacing=(0.143, 0.139) if number % 2 else None,
        labels_by=get_args(LabelsBy)[number % 3],
    )


def entry(number: int, source: str = "nih") -> FilmEntry:
    return FilmEntry(film(number, source), f"{number:064x}", f"hash-{number}")


def fill(store: Store, rows: int = 120, source: str = "nih") -> tuple[list[FilmEntry], Vectors]:
    entries = [entry(number, source) for number in range(rows)]
    fused = unit_vectors(rows)
    store.films.write(entries, unit_vectors(rows, seed=1), fused, evidence(rows))
    return entries, fused


def expected(
    entries: list[FilmEntry],
    fused: Vectors,
    vector: Vectors,
    k: int,
    keep: Callable[[Film], bool] = lambda film: True,
) -> list[str]:
    similarity = halved(fused).astype(float) @ halved(vector).astype(float)
    chosen = [i for i, each in enumerate(entries) if keep(each.film)]
    chosen.sort(key=lambda i: (-similarity[i], entries[i].key))
    return [entries[i].film.id for i in chosen[:k]]


def test_a_film_comes_back_as_it_was_written(store: Store) -> None:
    entries, _ = fill(store, 12)
    for each in entries:
        assert store.films.get(each.key) == each.film
    assert store.films.get(RecordKey("nih", "absent.png")) is None


def test_unlabelled_and_no_finding_stay_apart(store: Store) -> None:
    fill(store, 2)
    assert [f.findings for n in (0, 1) for f in store.films.named(film(n).id)] == [None, ()]


def test_writing_again_changes_nothing(store: Store) -> None:
    entries, fused = fill(store, 30)
    before = store.films.search(fused[3], 30)
    fill(store, 30)
    after = store.films.search(fused[3], 30)
    assert store.films.count() == 30
    assert [(m.film, m.similarity) for m in after] == [(m.film, m.similarity) for m in before]
    assert store.films.known("nih") == {
        each.film.id: (each.sha256, each.record_hash) for each in entries
    }


def test_a_changed_film_replaces_the_old_one(store: Store) -> None:
    entries, fused = fill(store, 3)
    changed = replace(
        entries[1], film=replace(entries[1].film, findings=("Hernia",)), record_hash="new"
    )
    store.films.update_records([changed], -fused[1:2], evidence(1, seed=5))
    assert store.films.get(changed.key) == changed.film
    assert store.films.known("nih")[changed.film.id].record_hash == "new"
    found = {m.film.id: m for m in store.films.search(fused[1], 3)}
    assert found[changed.film.id].similarity == pytest.approx(-1, abs=1e-2)
    np.testing.assert_array_equal(found[changed.film.id].pixels, unit_vectors(3, seed=1)[1])


def test_one_identifier_may_be_in_two_sources(store: Store) -> None:
    fill(store, 2, "nih")
    fill(store, 2, "covid")
    assert store.films.count() == 4
    assert [f.provenance.source for f in store.films.named(film(1).id)] == ["covid", "nih"]
    assert set(store.films.known("covid")) == {film(0).id, film(1).id}


def test_a_batch_goes_in_whole_or_not_at_all(store: Store) -> None:
    entries = [entry(0), replace(entry(1), film=replace(film(1), sex="X"))]  # type: ignore[arg-type]
    with pytest.raises(Exception, match="film_sex_check"):
        store.films.write(entries, unit_vectors(2), unit_vectors(2), evidence(2))
    assert store.films.count() == 0


@pytest.mark.parametrize(
    "wrong", [unit_vectors(3), unit_vectors(2)[:, :8], np.full((2, DIMENSION), np.nan, np.float32)]
)
def test_vectors_that_do_not_fit_are_refused(store: Store, wrong: Vectors) -> None:
    with pytest.raises(InputError):
        store.films.write([entry(0), entry(1)], unit_vectors(2), wrong, evidence(2))
    assert store.films.count() == 0


def test_text_that_postgresql_cannot_hold_is_mended(store: Store) -> None:
    odd = replace(entry(1), film=replace(film(1), view="P\x00A", findings=("Ma\udcffss",)))
    store.films.write([odd], unit_vectors(1), unit_vectors(1), evidence(1))
    stored = store.films.get(odd.key)
    assert stored is not None
    assert (stored.view, stored.findings) == ("P\ufffdA", ("Ma?ss",))


def test_search_agrees_with_numpy(store: Store) -> None:
    entries, fused = fill(store)
    for seed in range(5):
        vector = unit_vectors(1, seed=100 + seed)[0]
        found = store.films.search(vector, 15)
        assert [m.film.id for m in found] == expected(entries, fused, vector, 15)
        exact = halved(fused).astype(float) @ halved(vector).astype(float)
        assert found[0].similarity == pytest.approx(exact.max(), abs=1e-5)


@pytest.mark.parametrize(
    ("where", "keep"),
    [
        (FilmFilter(sex="F"), lambda f: f.sex == "F"),
        (FilmFilter(age_min=20), lambda f: f.age is not None and f.age >= 20),
        (FilmFilter(age_min=20, age_max=20), lambda f: f.age == 20),
        (FilmFilter(view="AP"), lambda f: f.view == "AP"),
        (FilmFilter(source="covid"), lambda f: False),
        (FilmFilter(patient="nih:7"), lambda f: f.patient == "nih:7"),
        (
            FilmFilter(exclude=(RecordKey("nih", film(4).id), RecordKey("covid", film(5).id))),
            lambda f: f.id != film(4).id,
        ),
        (
            FilmFilter(any_of=("Mass", "Nodule")),
            lambda f: bool({"Mass", "Nodule"} & set(f.findings or ())),
        ),
        (FilmFilter(all_of=("Mass", "Effusion")), lambda f: f.findings == ("Mass", "Effusion")),
        (FilmFilter(none_of=("Mass",)), lambda f: "Mass" not in (f.findings or ())),
        (
            FilmFilter(any_of=("Effusion",), none_of=("Mass",)),
            lambda f: f.findings == ("Effusion",),
        ),
        (
            FilmFilter(none_of=("Mass", "Effusion"), labelled=True),
            lambda f: f.findings in ((), ("Nodule",)),
        ),
        (FilmFilter(labelled=False), lambda f: f.findings is None),
        (FilmFilter(labelled=True), lambda f: f.findings is not None),
    ],
)
def test_filters_leave_what_they_say(
    store: Store, where: FilmFilter, keep: Callable[[Film], bool]
) -> None:
    entries, fused = fill(store)
    vector = unit_vectors(1, seed=9)[0]
    found = store.films.search(vector, 1000, where)
    assert [m.film.id for m in found] == expected(entries, fused, vector, 1000, keep)
    assert store.films.count(where) == len(found)


def test_equal_films_come_in_order_of_their_names(store: Store) -> None:
    entries = [entry(number) for number in (5, 3, 9, 1)] + [entry(3, "covid")]
    same = np.repeat(unit_vectors(1), 5, axis=0)
    store.films.write(entries, same, same, evidence(5))
    found = store.films.search(same[0], 3)
    assert [(m.film.provenance.source, m.film.id) for m in found] == [
        ("covid", film(3).id),
        ("nih", film(1).id),
        ("nih", film(3).id),
    ]


def test_the_index_answers_in_full_and_in_order(
    server: Server,
    database: str,
    settings: Settings,
    no_seqscan: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(film_search, "EXACT_UP_TO", 10)
    with Store.open(settings, DIMENSION) as store:
        entries, fused = fill(store, 300)
        vector = unit_vectors(1, seed=77)[0]
        found = store.films.search(vector, 40)
        # With so few films the index finds them all.
        assert [m.film.id for m in found] == expected(entries, fused, vector, 40)
        filtered = store.films.search(vector, 60, FilmFilter(sex="F"))
        assert len(filtered) == 60
        assert all(m.film.sex == "F" for m in filtered)
        everything = store.films.search(vector, 300, FilmFilter(view="PA"))
        assert len(everything) == store.films.count(FilmFilter(view="PA"))
    assert index_scans(server, database, "film_vector_near") > 0


def test_the_exact_way_never_takes_the_index(
    server: Server, database: str, settings: Settings, no_seqscan: None
) -> None:
    with Store.open(settings, DIMENSION) as store:
        _, fused = fill(store, 50)
        assert len(store.films.search(fused[0], 10)) == 10
        assert len(store.films.search(fused[0], 10, FilmFilter(sex="F"))) == 10
    assert index_scans(server, database, "film_vector_near") == 0


def test_nothing_asked_is_nothing_found(store: Store) -> None:
    _, fused = fill(store, 3)
    assert store.films.search(fused[0], 0) == []


def test_pixel_vectors_come_back_to_the_bit(store: Store) -> None:
    entries, _ = fill(store, 25)
    pixels = unit_vectors(25, seed=1)
    found = store.films.pixels([entries[3].key, entries[17].key, RecordKey("nih", "absent")])
    assert set(found) == {entries[3].key, entries[17].key}
    np.testing.assert_array_equal(found[entries[17].key], pixels[17])


def test_refusing_reads_every_film_and_replaces_its_vector(store: Store) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    entries, _ = fill(store, 30)
    pixels = unit_vectors(30, seed=1)
    made = evidence(30, seed=7)
    seen: list[PixelBatch] = []

    def keep_pixels(batch: PixelBatch) -> tuple[Vectors, FilmEvidence]:
        seen.append(batch)
        return batch.vectors, made

    with store.bulk():
        assert store.films.refuse(recipe(1.0, 0.0), keep_pixels) == 30
    np.testing.assert_array_equal(np.concatenate([b.vectors for b in seen]), pixels)
    assert [k for b in seen for k in b.keys] == [each.key for each in entries]
    assert [f for b in seen for f in b.findings] == [each.film.findings for each in entries]
    match = store.films.search(pixels[11], 1)[0]
    assert match.film.id == film(11).id
    assert match.similarity == pytest.approx(1, abs=1e-2)
    assert store.space is not None
    assert (store.space.w_pixel, store.space.w_label) == (1.0, 0.0)
    assert store.space.evidence == recipe().evidence
    np.testing.assert_array_equal(match.probability, made.probability[11])
    np.testing.assert_array_equal(match.pixels_only, made.pixels_only[11])


def test_a_refuse_that_fails_changes_nothing(store: Store) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    _, fused = fill(store, 30)
    before = store.films.search(fused[0], 30)

    def fail(batch: PixelBatch) -> tuple[Vectors, FilmEvidence]:
        raise ArithmeticError

    with pytest.raises(ArithmeticError), store.bulk():
        store.films.refuse(recipe(1.0, 0.0), fail)
    after = store.films.search(fused[0], 30)
    assert [(m.film.id, m.similarity) for m in after] == [(m.film.id, m.similarity) for m in before]
    assert store.space is not None
    assert store.space.w_pixel == 0.7


def test_an_empty_store_cannot_be_refused(store: Store) -> None:
    with pytest.raises(DatabaseError, match="empty"):
        store.films.refuse(recipe(), lambda batch: (batch.vectors, evidence(0)))


@given(st.data())
@rules(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_film_comes_back_as_it_was_written(store: Store, data: st.DataObject) -> None:
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
    written = Film(
        id=data.draw(text),
        provenance=Provenance(
            data.draw(text), data.draw(text), data.draw(st.none() | st.integers(1, 2**31 - 1))
        ),
        patient=data.draw(st.none() | text),
        findings=data.draw(st.none() | st.lists(text, max_size=3).map(tuple)),
        view=data.draw(st.none() | text),
        age=data.draw(st.none() | st.floats(allow_nan=False)),
        pixel_spacing=data.draw(st.none() | st.tuples(st.floats(0, 9), st.floats(0, 9))),
        taken_on=data.draw(st.none() | st.dates()),
        day=data.draw(st.none() | st.floats(allow_nan=False)),
        stated=data.draw(st.none() | text),
        licence=data.draw(st.none() | text),
        note=data.draw(st.none() | text),
    )
    each = FilmEntry(written, "sha", "hash")
    store.films.write([each], unit_vectors(1), unit_vectors(1), evidence(1))
    assert store.films.get(each.key) == written
