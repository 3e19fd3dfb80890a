"""What a source tells of a patient in free text, quoted beside that patient's film and blood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from mmrag.brief import checks
from mmrag.brief.claims import Draft, cite_film, cite_patient, cite_time, film_key
from mmrag.brief.model import FILM, Citation
from mmrag.brief.plain import enumerated, plain
from mmrag.brief.rows import Records
from mmrag.brief.whose import sentence, whose
from mmrag.brief.wording import film_day, numbered
from mmrag.retrieval.results import FilmHit
from mmrag.store import Persons

LONGEST = 1000
"""Characters of a note that a sentence quotes; its citation holds all of it."""


def note_claims(
    persons: Persons, patient: str, films: Sequence[FilmHit], records: Records
) -> Iterator[Draft]:
    """Quote the notes of one patient's films, the earliest first, each text once.

    A note is the source's own statement about the case and may name a diagnosis; it is
    quoted as that, with the film that it came with, and never put into other words.
    """
    stored = records.read_films(list(map(film_key, films)))
    with_note: dict[str, list[FilmHit]] = {}
    for hit in sorted(films, key=_in_time):
        note = stored[film_key(hit)].note if film_key(hit) in stored else None
        if note is not None and plain(note):
            with_note.setdefault(note, []).append(hit)
    yield from (_draft(persons, patient, note, hits) for note, hits in with_note.items())


def _in_time(hit: FilmHit) -> tuple[float, float, int]:
    """Dated films by date, then those of a counted day, then the rest by rank."""
    taken_on = inf if hit.taken_on is None else hit.taken_on.toordinal()
    return taken_on, inf if hit.day is None else hit.day, hit.rank


def _draft(persons: Persons, patient: str, note: str, hits: list[FilmHit]) -> Draft:
    keys = tuple(map(film_key, hits))
    made_up = all(hit.made_up for hit in hits)
    days = enumerated(list(dict.fromkeys(map(film_day, hits))))
    return Draft(
        kind="note",
        section="context",
        text=f"{sentence(whose(persons, patient, made_up))}: the source's note with "
        f"{numbered('film', [hit.rank for hit in hits])} ({days}) reads “{plain(note, LONGEST)}”",
        citations=(
            *cite_patient(persons, patient, hits, []),
            *(c for hit in hits for c in (*cite_film(hit, "rank", "made_up"), *cite_time(hit))),
            *(Citation(record=FILM + hit.id, field="note", value=note) for hit in hits),
        ),
        check=checks.OnePatient(patient, keys, ()),
        films=keys,
    )
