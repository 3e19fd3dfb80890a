"""What the films show by their labels, and what is near without such a label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mmrag.brief import checks
from mmrag.brief.claims import (
    Draft,
    cite_coverage,
    cite_film,
    cite_history,
    cite_label,
    film_key,
)
from mmrag.brief.model import Citation
from mmrag.brief.plain import enumerated, plain
from mmrag.brief.wording import (
    NO_PROOF,
    counted,
    film_subject,
    label_origin,
    label_words,
    numbered,
)
from mmrag.clinical.question import ClinicalQuery
from mmrag.retrieval.results import FilmHit, SearchResult


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that the question looks for on a film.

    Attributes
    ----------
    words : str
        The finding, or the wider word that it was asked for by.
    any_of : tuple of str
        Canonical names; one of them is enough.
    """

    words: str
    any_of: tuple[str, ...]

    def on(self, hit: FilmHit) -> bool:
        """Whether the film is labelled so."""
        return bool(set(self.any_of) & set(hit.findings or ()))


def wanted(query: ClinicalQuery) -> tuple[Wanted, ...]:
    """Give what the question looks for, certain or not; findings of one group together."""
    by_words: dict[str, list[str]] = {}
    for term in query.findings:
        if term.assertion != "absent":
            by_words.setdefault(term.group or term.finding, []).append(term.finding)
    return tuple(Wanted(words, tuple(dict.fromkeys(f))) for words, f in by_words.items())


def asked_for(query: ClinicalQuery) -> tuple[str, ...]:
    """Give every finding that answers the question, each once."""
    return tuple(dict.fromkeys(f for one in wanted(query) for f in one.any_of))


def imaging_claims(result: SearchResult) -> Iterator[Draft]:
    """Make the claims of the imaging section, best evidence first."""
    sought, asked = wanted(result.query), asked_for(result.query)
    ruled_out = tuple(dict.fromkeys(result.query.absent))
    yield from _cohort(result, sought)
    yield from _not_found(result.films, sought)
    yield from (_shown(hit, asked) for hit in result.films if _carried(hit, asked))
    yield from _ruled_out_but_carried(result.films, ruled_out)
    yield from _lacking(result.films, sought, ruled_out)
    yield from (_no_finding(hit) for hit in result.films if hit.findings == ())
    yield from (_near_without_label(hit, asked) for hit in result.films if _only_near(hit, asked))


def _carried(hit: FilmHit, asked: Sequence[str]) -> tuple[str, ...]:
    """Pick the film's labels that answer the question; all of them when it asks for none."""
    labels = hit.findings or ()
    return tuple(f for f in labels if f in asked) if asked else labels


def _only_near(hit: FilmHit, asked: Sequence[str]) -> bool:
    return hit.findings is None or (bool(hit.findings) and not _carried(hit, asked))


def _names(findings: Iterable[str], last: str = "and") -> str:
    return enumerated([plain(finding) for finding in findings], last)


def _shown(hit: FilmHit, asked: Sequence[str]) -> Draft:
    findings = _carried(hit, asked)
    others = [label for label in hit.findings or () if label not in findings]
    besides = f"; also labelled {_names(others)}" if others else ""
    return Draft(
        kind="finding-shown",
        section="imaging",
        text=f"{film_subject(hit)} is labelled {_names(findings)} ({label_words(hit)}{besides}).",
        citations=cite_label(hit),
        check=checks.Labelled(film_key(hit), (*findings, *others)),
        films=(film_key(hit),),
    )


def _ruled_out_but_carried(films: Sequence[FilmHit], ruled_out: Sequence[str]) -> Iterator[Draft]:
    for hit in films:
        findings = tuple(f for f in hit.findings or () if f in ruled_out)
        if findings:
            yield Draft(
                kind="finding-shown",
                section="imaging",
                text=f"{film_subject(hit)} is labelled {_names(findings)}, which the question "
                f"rules out ({label_words(hit)}).",
                citations=cite_label(hit),
                check=checks.Labelled(film_key(hit), findings),
                films=(film_key(hit),),
            )


def _lacking(
    films: Sequence[FilmHit], sought: Sequence[Wanted], ruled_out: Sequence[str]
) -> Iterator[Draft]:
    """Name labels that are missing, in one sentence for all films that miss the same."""
    asked = [finding for one in sought for finding in one.any_of]
    answering = [hit for hit in films if hit.findings and _carried(hit, asked)]
    labelled = [hit for hit in films if hit.findings]
    also = {
        one.any_of: tuple(hit for hit in answering if not one.on(hit))
        for one in sought
        if any(one.on(hit) for hit in films)  # otherwise it is named among what was not found
    }
    out: dict[tuple[str, ...], tuple[FilmHit, ...]] = {
        (finding,): tuple(hit for hit in labelled if finding not in (hit.findings or ()))
        for finding in ruled_out
    }
    yield from _absent("also asked for", also)
    yield from _absent("which the question rules out", out)


def _absent(why: str, lacking: Mapping[tuple[str, ...], tuple[FilmHit, ...]]) -> Iterator[Draft]:
    missing: dict[tuple[int, ...], list[str]] = {}
    films = {hit.rank: hit for hits in lacking.values() for hit in hits}
    for names, hits in lacking.items():
        for ranks in _by_origin(hits):
            missing.setdefault(ranks, []).extend(names)
    for ranks, findings in missing.items():
        group = [films[rank] for rank in ranks]
        keys = tuple(film_key(hit) for hit in group)
        noun = "made-up film" if group[0].made_up else "film"
        origin = label_origin(group[0].labels_by, group[0].made_up)
        yield Draft(
            kind="finding-absent",
            section="imaging",
            text=f"{_names(findings)}, {why}, {'is' if len(findings) == 1 else 'are'} not among "
            f"the labels of {numbered(noun, ranks)} ({origin}; {NO_PROOF}).",
            citations=tuple(c for hit in group for c in cite_label(hit)),
            check=checks.LabelsLack(keys, tuple(findings)),
            films=keys,
        )


def _by_origin(films: Sequence[FilmHit]) -> Iterable[tuple[int, ...]]:
    ranks: dict[str, list[int]] = {}
    for hit in films:
        ranks.setdefault(label_origin(hit.labels_by, hit.made_up), []).append(hit.rank)
    return map(tuple, ranks.values())


def _no_finding(hit: FilmHit) -> Draft:
    return Draft(
        kind="finding-absent",
        section="imaging",
        text=f"{film_subject(hit)} is labelled No Finding ({label_words(hit)}; {NO_PROOF}).",
        citations=cite_label(hit),
        check=checks.NoFinding(film_key(hit)),
        films=(film_key(hit),),
    )


def _near_without_label(hit: FilmHit, asked: Sequence[str]) -> Draft:
    key = film_key(hit)
    history = _history(hit, asked)
    if hit.findings is None:
        stated = f" of the fourteen; its source says “{plain(hit.stated)}”" if hit.stated else ""
        by = f"pixels and {history} rank" if history else "pixels alone rank"
        text = f"{film_subject(hit)} has no label{stated}; its {by} it #{hit.rank}."
        check: checks.Check = checks.Unlabelled(key)
    else:
        # Pixels have no say in the evidence of a film that radiologists read, nor has history.
        is_read = hit.labels_by == "radiologists"
        if is_read or not any(_others_labelled(hit, finding) for finding in asked):
            history = None
        by = f"its pixels and by {history} only" if history else "its pixels only"
        near = "was not read so" if is_read else f"is near by {by}"
        text = (
            f"{film_subject(hit)} {near}: its labels are "
            f"{_names(hit.findings)}, without {_names(asked, 'or')} "
            f"({label_words(hit)})."
        )
        check = checks.AllOf(
            (checks.LabelsLack((key,), tuple(asked)), checks.Labelled(key, hit.findings))
        )
    return Draft(
        kind="limit",
        section="imaging",
        text=text,
        citations=(*cite_label(hit), *(cite_history(hit, asked) if history else ())),
        check=check,
        films=(key,),
    )


def _history(hit: FilmHit, asked: Sequence[str]) -> str | None:
    """Say how many of the patient's other films are labelled as asked; None without others."""
    history = hit.why.history
    if history is None:
        return None
    said = [f"{plain(finding)} on {_others_labelled(hit, finding)}" for finding in asked]
    of = f"{enumerated(said)} of {history.films}" if said else f"{history.films}"
    return f"the labels of its patient's other films ({of} that have labels)"


def _others_labelled(hit: FilmHit, finding: str) -> int:
    return 0 if hit.why.history is None else hit.why.history.named.get(finding, 0)


def _not_found(films: Sequence[FilmHit], sought: Sequence[Wanted]) -> Iterator[Draft]:
    missing = [one.any_of for one in sought if not any(one.on(hit) for hit in films)]
    if not films or not missing:
        return
    keys = tuple(film_key(hit) for hit in films)
    shown = (
        "The one film shown is not labelled"
        if len(films) == 1
        else f"None of the {len(films)} films shown is labelled"
    )
    yield Draft(
        kind="nothing-found",
        section="imaging",
        text=f"{shown} {_names((f for any_of in missing for f in any_of), 'or')}.",
        citations=_cite_all(films, "findings"),
        check=checks.AllOf(tuple(checks.LabelCount(keys, (any_of,), 0) for any_of in missing)),
        films=keys,
    )


def _cohort(result: SearchResult, sought: Sequence[Wanted]) -> Iterator[Draft]:
    figures, films = result.coverage.films, result.films
    if not films:
        return
    keys = tuple(film_key(hit) for hit in films)
    shares: list[str] = []
    counts: list[checks.Check] = []
    for one in sought:
        labelled = sum(one.on(hit) for hit in films)
        shares.append(f"{labelled} labelled {plain(one.words)}")
        counts.append(checks.LabelCount(keys, (one.any_of,), labelled))
    if len(sought) > 1:
        labelled = sum(all(one.on(hit) for one in sought) for hit in films)
        shares.append(f"{labelled} labelled {'both' if len(sought) == 2 else 'all of these'}")
        counts.append(checks.LabelCount(keys, tuple(one.any_of for one in sought), labelled))
    unlabelled = sum(hit.findings is None for hit in films)
    if unlabelled:
        shares.append(f"{unlabelled} without a label")
        counts.append(checks.UnlabelledCount(keys, unlabelled))
    of_these = f", of these {enumerated(shares)}" if shares else ""
    yield Draft(
        kind="cohort",
        section="imaging",
        text=f"{counted(figures.searched, 'film')} searched, {figures.qualifying} "
        f"{'qualifies' if figures.qualifying == 1 else 'qualify'}, {len(films)} shown{of_these}.",
        citations=(
            *cite_coverage(result.coverage, "films", "searched", "qualifying", "returned"),
            *_cite_all(films, "findings"),
        ),
        check=checks.AllOf((checks.LegLooked("films"), *counts)),
        films=keys,
    )


def _cite_all(films: Sequence[FilmHit], *names: str) -> tuple[Citation, ...]:
    return tuple(citation for hit in films for citation in cite_film(hit, *names))
