"""Sentences of the Open-i reports, each with the one finding that it states."""

from __future__ import annotations

import re
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmrag.clinical.assertion import assess
from mmrag.clinical.lexicon import NORMAL, mentions_of
from mmrag.clinical.words import words_of

OTHER = "Other"
"""Stands for none of the 14 findings."""

FINDING_OF_TAG = {
    "Cardiomegaly": "Cardiomegaly",
    "Consolidation": "Consolidation",
    "Emphysema": "Emphysema",
    "Hernia, Hiatal": "Hernia",
    "Infiltrate": "Infiltration",
    "Mass": "Mass",
    "Nodule": "Nodule",
    "Pleural Effusion": "Effusion",
    "Pneumonia": "Pneumonia",
    "Pneumothorax": "Pneumothorax",
    "Pulmonary Atelectasis": "Atelectasis",
    "Pulmonary Edema": "Edema",
    "Pulmonary Emphysema": "Emphysema",
    "Pulmonary Fibrosis": "Fibrosis",
    "Thickening/pleura": "Pleural_Thickening",
}
"""Findings of the tags that the readers of Open-i gave (Demner-Fushman et al., JAMIA 2016)."""

_HIDDEN = "XXXX"
"""What stands in the reports for names and dates."""

_SENTENCE = re.compile(r"(?<=[.;])\s+")
_DENIES = re.compile(
    r"\b(clear|free|intact|negative|no|normal|not|resolved|unremarkable|without)\b"
)
_SHORTEST = 8


@dataclass(frozen=True)
class Stated:
    """A sentence, and the finding that it states (`OTHER` for none)."""

    text: str
    finding: str


def read_sentences(archive: Path) -> list[Stated]:
    """Read the sentences that state one finding, or none.

    A sentence counts for a finding when it names that one alone, does not deny it, and the
    readers tagged the report with it; for none when neither it nor a tag names any. Sentences
    with a denial anywhere are left out.

    Parameters
    ----------
    archive : pathlib.Path
        ``NLMCXR_reports.tgz``.

    Returns
    -------
    list of Stated
        In the order of the files' names.
    """
    stated: list[Stated] = []
    with tarfile.open(archive) as tar:
        members = sorted((m for m in tar if m.name.endswith(".xml")), key=lambda m: m.name)
        for member in members:
            stream = tar.extractfile(member)
            if stream is not None:
                stated.extend(_of_report(ET.parse(stream).getroot()))
    return stated


def _of_report(report: ET.Element) -> Iterator[Stated]:
    tags = {_finding(tag.text or "") for tag in report.iter("major")} - {None}
    for part in report.iter("AbstractText"):
        if part.get("Label") not in ("FINDINGS", "IMPRESSION"):
            continue
        for sentence in _SENTENCE.split(part.text or ""):
            text = sentence.replace(_HIDDEN, "").strip()
            if len(text) < _SHORTEST or _DENIES.search(text.casefold()):
                continue
            named = _named(text)
            if not named and not tags:
                yield Stated(text, OTHER)
            elif len(named) == 1 and named <= tags:
                yield Stated(text, named.pop())


def _finding(tag: str) -> str | None:
    heading, _, rest = tag.partition("/")
    return FINDING_OF_TAG.get(heading) or FINDING_OF_TAG.get(f"{heading}/{rest.split('/')[0]}")


def _named(text: str) -> set[str]:
    mentions = mentions_of(text, words_of(text))
    return {
        mention.finding
        for mention, assertion in zip(mentions, assess(text, mentions), strict=True)
        if assertion == "present" and mention.finding != NORMAL
    }
