"""Where a film's mined label and its pixels contradict each other.

How strongly pixels speak is told by a likelihood ratio: the odds of a finding on this film by
its pixels alone, over its odds on an average film. A ratio of 5 and more, or of a fifth and
less, shifts a probability enough to matter; nearer to 1 the shift is small (Jaeschke, Guyatt
and Sackett, Users' Guides to the Medical Literature III, JAMA 1994;271:703). What is rare may
be five times as probable and improbable still, so pixels say that a finding is there only
where they also make it more probable than not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mmrag.brief.claims import Draft, cite_label, film_key
from mmrag.brief.model import FILM, Citation
from mmrag.brief.plain import enumerated, plain
from mmrag.brief.rows import Records, Rows
from mmrag.brief.wording import NO_PROOF, film_subject, is_mined, label_words
from mmrag.clinical.prompts import NORMAL
from mmrag.retrieval.film_leg import LIKELY
from mmrag.retrieval.results import FilmHit, SearchResult
from mmrag.store import EVIDENCE
from mmrag.store.terms import RecordKey

STRONG = 5.0
"""Likelihood ratio from which on pixels speak for a finding; its inverse, against it."""

Said = Literal["there", "not there"]


def pixels_say(probability: float, average: float) -> Said | None:
    """Read what the pixels alone say of a finding.

    Parameters
    ----------
    probability : float
        Of the finding on this film by its pixels, 0 to 1.
    average : float
        Of the finding on an average film, above 0 and below 1.

    Returns
    -------
    {"there", "not there"} or None
        None where they do not speak clearly.
    """
    odds, usual = probability * (1.0 - average), average * (1.0 - probability)
    if probability >= LIKELY and odds >= STRONG * usual:
        return "there"
    return "not there" if odds * STRONG <= usual else None


@dataclass(frozen=True, slots=True)
class PixelsContradict:
    """A mined label says one thing of a finding, the stored evidence of the pixels the other.

    Attributes
    ----------
    film : RecordKey
    finding : str
        Canonical name, or ``No Finding``.
    """

    film: RecordKey
    finding: str

    def holds(self, rows: Rows) -> bool:
        """Read label, its origin and evidence again, and compare anew."""
        film = rows.film(self.film)
        probability = rows.pixels(self.film).get(self.finding)
        average = rows.averages.get(self.finding)
        if film is None or film.findings is None or probability is None or average is None:
            return False
        return is_mined(film.labels_by, film.provenance.made_up) and pixels_say(
            probability, average
        ) == _against(film.findings, self.finding)


def _against(labels: tuple[str, ...], finding: str) -> Said:
    """Say what pixels would have to say to contradict the labels."""
    return "not there" if finding in (labels or (NORMAL,)) else "there"


def pixel_claims(result: SearchResult, records: Records) -> Iterator[Draft]:
    """Name each mined label of the films shown that their pixels contradict.

    Only labels that software mined from reports are held against pixels: one that a
    radiologist read off the film is a better witness of it than any evidence of ours. Every
    label counts, since all are shown. What the labels lack counts where the question names
    it, and where they say that there is nothing at all, or the pixels do.
    """
    mined = [hit for hit in result.films if is_mined(hit.labels_by, hit.made_up)]
    averages = records.averages()
    pixels = records.read_pixels(list(map(film_key, mined))) if mined and averages else {}
    for hit in mined:
        known = pixels.get(film_key(hit), {})
        if hit.findings is None or not known:
            continue
        for finding in _compared(hit, hit.findings):
            if pixels_say(known[finding], averages[finding]) == _against(hit.findings, finding):
                yield _draft(hit, hit.findings, finding, known[finding], averages[finding])


def _compared(hit: FilmHit, labels: tuple[str, ...]) -> Iterator[str]:
    named = {each.finding for each in hit.why.evidence if each.wanted != "alike"}
    return (f for f in EVIDENCE if not labels or f in labels or f in named or f == NORMAL)


def _draft(
    hit: FilmHit, labels: tuple[str, ...], finding: str, probability: float, average: float
) -> Draft:
    key = film_key(hit)
    return Draft(
        kind="contradiction",
        section="imaging",
        text=_sentence(
            hit, labels, finding, f"{probability:.3f}, on an average film {average:.3f}"
        ),
        citations=(
            *cite_label(hit),
            _cited(hit, finding, "pixels_only", probability),
            _cited(hit, finding, "average", average),
        ),
        check=PixelsContradict(key, finding),
        films=(key,),
    )


def _sentence(hit: FilmHit, labels: tuple[str, ...], finding: str, figures: str) -> str:
    subject, named = film_subject(hit), plain(finding)
    if finding in (labels or (NORMAL,)):
        return (
            f"{subject} is labelled {named} ({label_words(hit)}); its pixels alone say otherwise "
            f"(probability {figures})."
        )
    every = enumerated([plain(label) for label in labels or (NORMAL,)])
    caution = "" if finding == NORMAL else f"; {NO_PROOF}"
    return (
        f"The pixels of {subject[0].lower()}{subject[1:]} alone say {named} (probability "
        f"{figures}); it is labelled {every} ({label_words(hit)}{caution})."
    )


def _cited(hit: FilmHit, finding: str, name: str, value: float) -> Citation:
    return Citation(record=FILM + hit.id, field=f"evidence[{finding}].{name}", value=value)
