"""Learn what free words say of the findings, and write it as one table.

Run as ``python -m training.words [archive of Open-i reports] [--out FILE]``. Learns from
``wordings.toml``, from the terms of ``findings.toml`` and from the sentences of the reports. A
word's share is linear: what it says by itself, plus what words say that mean something alike, so
a word that no sentence holds still says what its neighbours in English do.
"""

from __future__ import annotations

import argparse
import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from mmrag.clinical.findings import load_findings
from mmrag.clinical.words import words_of
from mmrag.encoders.compact_meaning import CLASSES, SHIPPED, STEPS
from mmrag.encoders.compact_words import STOP_WORDS
from training.reports import OTHER, read_sentences
from training.vocabulary import Vocabulary, read_vocabulary

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT.parent / "shared" / "data" / "openi" / "NLMCXR_reports.tgz"
WORDINGS = ROOT / "training" / "wordings.toml"

STRENGTH = 3.0
"""Inverse of the penalty on squared weights."""

WORTH = {"written": 1.0, "report": 0.3, "other report": 0.1}
"""Of a sentence written for this purpose, of a report's, and of a report's that states no
finding: there are so many of these that they would say that nothing is ever meant."""


@dataclass(frozen=True)
class Lesson:
    """A sentence, what it means, and what that is worth."""

    text: str
    meant: str
    worth: float


def lessons(archive: Path) -> list[Lesson]:
    """Gather the sentences to learn from, those written for it first."""
    written = tomllib.loads(WORDINGS.read_text(encoding="utf-8"))["wordings"]
    taught = [
        Lesson(text, meant, WORTH["written"]) for meant, texts in written.items() for text in texts
    ]
    for name, finding in load_findings().findings.items():
        terms = (finding.display, finding.definition, *finding.synonyms, *finding.signs)
        taught += [Lesson(text, name, WORTH["written"]) for text in (*terms, *finding.positive)]
    for stated in read_sentences(archive):
        kind = "other report" if stated.finding == OTHER else "report"
        taught.append(Lesson(stated.text, stated.finding, WORTH[kind]))
    return taught


def fit(taught: Sequence[Lesson], vocabulary: Vocabulary) -> NDArray[np.float64]:
    """Fit each word's log-odds.

    Parameters
    ----------
    taught : sequence of Lesson
    vocabulary : Vocabulary

    Returns
    -------
    ndarray
        Shape (words + 1, classes); the last row is what is said before any word is.
    """
    counts = bags([lesson.text for lesson in taught], vocabulary)
    said = np.flatnonzero(np.asarray(counts.sum(axis=0)).ravel())
    weighted = counts.multiply(vocabulary.weights).tocsr()
    length = np.sqrt(np.maximum(np.asarray(weighted.sum(axis=1)).ravel(), 1e-9))[:, np.newaxis]
    alike = weighted @ vocabulary.directions / length
    itself = weighted[:, said].toarray() / length
    model = LogisticRegression(C=STRENGTH, max_iter=500)
    model.fit(
        np.hstack([alike, itself]),
        [lesson.meant for lesson in taught],
        sample_weight=[lesson.worth for lesson in taught],
    )
    order = [list(model.classes_).index(name) for name in CLASSES]
    weights = model.coef_[order].T
    width = vocabulary.directions.shape[1]
    table = vocabulary.directions @ weights[:width]
    table[said] += weights[width:]
    fitted: NDArray[np.float64] = np.vstack(
        [table * vocabulary.weights[:, np.newaxis], model.intercept_[order]]
    )
    return fitted


def bags(texts: Sequence[str], vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Tell which words each text holds, shape (texts, words), 0 or 1."""
    place = {word: column for column, word in enumerate(vocabulary.words)}
    rows, columns = [], []
    for row, text in enumerate(texts):
        for word in sorted({word.folded for word in words_of(text)} - STOP_WORDS):
            if word in place:
                rows.append(row)
                columns.append(place[word])
    shape = (len(texts), len(vocabulary.words))
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape)


def write(table: NDArray[np.float64], vocabulary: Vocabulary, file: Path) -> str:
    """Write the table in whole steps, with its hash beside it; returns the hash."""
    np.savez_compressed(
        file,
        words=np.array(vocabulary.words),
        log_odds=np.rint(table * STEPS).clip(-(2**15), 2**15 - 1).astype(np.int16),
        weights=np.rint(vocabulary.weights * STEPS).astype(np.int16),
    )
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_name(file.name + ".sha256").write_text(f"{digest}  {file.name}\n", encoding="ascii")
    return digest


def main() -> None:
    """Read the arguments, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", nargs="?", type=Path, default=REPORTS)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    taught = lessons(arguments.archive)
    vocabulary = read_vocabulary(lesson.text for lesson in taught)
    digest = write(fit(taught, vocabulary), vocabulary, arguments.out)
    print(
        f"{arguments.out.name}: {len(vocabulary.words)} words from {len(taught)} sentences, "
        f"{arguments.out.stat().st_size / 1e6:.1f} MB, {digest[:12]}"
    )


if __name__ == "__main__":
    main()
