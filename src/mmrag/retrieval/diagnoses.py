"""Which stored conditions a question's diagnoses mean."""

from __future__ import annotations

from mmrag.clinical.question import ClinicalQuery, DiagnosisTerm
from mmrag.clinical.words import words_of
from mmrag.store import Store


def resolve_diagnoses(query: ClinicalQuery, store: Store) -> ClinicalQuery:
    """Fill in the names and codes of the stored conditions that are meant.

    A condition is meant when its display name holds every word of one of the term's names,
    in any order; case, accents, plurals and British spelling apart. "Diabetes" so means
    "Diabetes mellitus type 2" and not "Prediabetes".

    Parameters
    ----------
    query : ClinicalQuery
    store : Store

    Returns
    -------
    ClinicalQuery
        The same question; terms that no stored condition meets have no codes.
    """
    if not query.diagnoses:
        return query
    stored = [(code, name, _words(name)) for code, name in store.people.condition_names()]
    resolved = []
    for term in query.diagnoses:
        wanted = [_words(name) for name in term.names]
        meant = [(c, name) for c, name, words in stored if any(w and w <= words for w in wanted)]
        update = {
            "codes": tuple(dict.fromkeys(code for code, _ in meant)),
            "conditions": tuple(dict.fromkeys(name for _, name in meant)),
        }
        resolved.append(term.model_copy(update=update))
    return query.model_copy(update={"diagnoses": tuple(resolved)})


def unstored(query: ClinicalQuery) -> str | None:
    """Say which diagnoses of a resolved question no stored condition is called by."""
    said = [_said(term) for term in query.diagnoses if not term.codes]
    return "; ".join(said) or None


def _said(term: DiagnosisTerm) -> str:
    names = " or ".join(f"'{name}'" for name in term.names)
    effect = "it leaves no one out" if term.negated else "so no panel qualifies"
    return f"no stored condition is called {names}, {effect}"


def _words(name: str) -> frozenset[str]:
    return frozenset(word.folded for word in words_of(name))
