"""What the page shows, as it stands in the address: a question, a film, a number of records."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Annotated, Self
from urllib.parse import urlencode

from fastapi import Query

from mmrag.clinical.query import LONGEST, compile_query
from mmrag.clinical.query_json import read_query
from mmrag.clinical.question import ClinicalQuery

FILMS, LABS = 12, 8
"""Records that the page shows of each leg: as many as can be looked through without paging."""

LONGEST_QUERY = 16_000
"""Characters of the longest compiled question in an address."""

_ADDRESS = "the question in the address"


@dataclass(frozen=True, slots=True)
class PageState:
    """Everything that an answer on the page follows from.

    Attributes
    ----------
    words : str
        The question as typed; empty where `edited` stands in its place.
    edited : ClinicalQuery or None
        A compiled question that chips or facets have changed.
    film : str or None
        ``source:identifier`` of a stored film that is asked with.
    image : str or None
        SHA-256 of a film that was sent, see `mmrag.web.asked.AskedFilms`.
    films, labs : int
        Records wanted of each leg.
    """

    words: str = ""
    edited: ClinicalQuery | None = None
    film: str | None = None
    image: str | None = None
    films: int = FILMS
    labs: int = LABS

    @property
    def asks(self) -> bool:
        """Whether there is anything to answer."""
        return bool(self.words.strip() or self.edited or self.film or self.image)

    @property
    def question(self) -> str | ClinicalQuery:
        """As the engine takes it."""
        return self.edited or self.words

    @property
    def query(self) -> ClinicalQuery:
        """The question compiled.

        Raises
        ------
        QueryError
            When the words cannot be compiled.
        """
        if self.edited is not None:
            return self.edited
        return compile_query(self.words) if self.words.strip() else ClinicalQuery(text="")

    def with_query(self, query: ClinicalQuery) -> Self:
        """Put another compiled question into this one's place."""
        nothing = query.model_copy(update={"text": "", "image": None}) == ClinicalQuery(text="")
        return replace(self, words="", edited=None if nothing else query)

    @property
    def parameters(self) -> dict[str, str]:
        """As parameters of an address; what is as by default is left out."""
        written = {
            "q": self.words,
            "query": "" if self.edited is None else compact(self.edited),
            "film": self.film or "",
            "image": self.image or "",
            "films": "" if self.films == FILMS else str(self.films),
            "labs": "" if self.labs == LABS else str(self.labs),
        }
        return {name: value for name, value in written.items() if value}

    @property
    def address(self) -> str:
        """Where the page shows it."""
        return f"/?{urlencode(self.parameters)}" if self.parameters else "/"


def compact(query: ClinicalQuery) -> str:
    """Write a compiled question as short as `read_query` reads it back."""
    content = query.model_dump(mode="json", exclude_defaults=True, exclude={"image"})
    for term in content.get("labs", ()):
        # the table of analytes knows them
        for known in ("name", "loinc"):
            term.pop(known, None)
    for term in content.get("diagnoses", ()):
        for resolved in ("conditions", "codes"):
            term.pop(resolved, None)
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def state_of(
    q: Annotated[str, Query(max_length=LONGEST, description="The question in words.")] = "",
    query: Annotated[
        str, Query(max_length=LONGEST_QUERY, description="A compiled question as JSON, instead.")
    ] = "",
    film: Annotated[
        str | None,
        Query(max_length=500, description="A stored film to ask with: source:identifier."),
    ] = None,
    image: Annotated[
        str | None,
        Query(pattern="^[0-9a-f]{64}$", description="SHA-256 of a film that was sent before."),
    ] = None,
    films: Annotated[int, Query(ge=0, le=100)] = FILMS,
    labs: Annotated[int, Query(ge=0, le=100)] = LABS,
) -> PageState:
    """Read the state from the address.

    Raises
    ------
    QueryError
        When the compiled question is none.
    """
    edited = read_query(query, _ADDRESS) if query.strip() else None
    words = "" if edited is not None else q
    return PageState(words, edited, film or None, image, films, labs)
