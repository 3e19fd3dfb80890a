"""From claims to sentences: the model's where they hold, the template's everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from mmrag.brief.model import Brief, Claim, Section
from mmrag.brief.plain import plain
from mmrag.brief.writer.answer import offered_sentences
from mmrag.brief.writer.prompt import messages
from mmrag.brief.writer.pseudonyms import Pseudonyms
from mmrag.brief.writer.steps import Step, Steps
from mmrag.brief.writer.verify import Told, objection
from mmrag.brief.writer.written import RejectedSentence, Written, WrittenSentence
from mmrag.errors import WriterError

_SECTIONS: tuple[Section, ...] = ("imaging", "laboratory", "context")
_SHOWN = 300  # characters of a rejected sentence


class Model(Protocol):
    """A language model that can be asked; `mmrag.brief.writer.endpoint.Endpoint` is one."""

    @property
    def model(self) -> str:
        """Its name."""
        ...

    @property
    def host(self) -> str:
        """Where it is."""
        ...

    @property
    def identifiers(self) -> bool:
        """Whether identifiers may leave this host."""
        ...

    def is_on_this_host(self) -> bool:
        """Whether it runs on this host."""
        ...

    def ask(self, messages: Sequence[Mapping[str, str]]) -> Iterable[str]:
        """Give the answer piece by piece; raises `WriterError` where it is not whole."""
        ...


def write(brief: Brief, model: Model) -> Steps:
    """Let a language model put the claims of a brief into sentences, one after the other.

    Only the claims' identifiers, kinds, sections and texts leave; identifiers of patients,
    films and panels and days leave under other names, unless the model runs on this host or
    the settings allow more. Quoted notes never leave: free text may hold anything, names and
    instructions among it. Each sentence that comes back is held against the claims that it
    cites. A claim that no sentence carries stands in its own words. Closing the generator
    ends the model's answer.

    Parameters
    ----------
    brief : Brief
    model : Model

    Yields
    ------
    Step
        Each sentence as soon as it is whole and held against its claims.

    Returns
    -------
    Brief
        The same with ``written``; a model that fails leaves the template's sentences, also
        where some of its own were yielded before, and a note that says why.
    """
    pseudonymised = not (model.identifiers or model.is_on_this_host())
    names = Pseudonyms(brief) if pseudonymised else None
    told = {c.id: _told(c, names) for c in brief.claims if c.kind != "note"}
    kept: list[WrittenSentence] = []
    rejected: list[RejectedSentence] = []
    note = None
    try:
        for outcome in _read(model.ask(messages(told.values())), told, names):
            if isinstance(outcome, WrittenSentence):
                kept.append(outcome)
                yield Step("sentence", outcome)
            else:
                rejected.append(outcome)
                yield Step("rejected", outcome)
        if not kept:
            note = f"language model at {model.host}: no sentence of its answer can be printed"
    except WriterError as error:
        kept, rejected, note = [], [], str(error)
    written = Written(
        sentences=tuple(_balanced(brief.claims, kept)),
        rejected=tuple(rejected),
        model=plain(model.model),
        host=model.host,
        pseudonymised=pseudonymised,
        note=note,
    )
    return brief.model_copy(update={"written": written})


def _told(claim: Claim, names: Pseudonyms | None) -> Told:
    text = claim.text if names is None else names.hide(claim.text)
    return Told(claim.id, claim.kind, claim.section, text)


def _read(
    answer: Iterable[str], told: Mapping[str, Told], names: Pseudonyms | None
) -> Iterator[WrittenSentence | RejectedSentence]:
    carried: set[str] = set()
    for offered in offered_sentences(answer):
        claims = tuple(dict.fromkeys(offered.claims))
        reason = "it has not the form asked for"
        if offered.readable:
            reason = objection(offered.text, claims, told) or _said_before(claims, carried)
        text = offered.text if names is None else names.show(offered.text)
        if reason:
            shown = tuple(plain(claim, 20) for claim in claims[:20])
            yield RejectedSentence(text=plain(text, _SHOWN), claims=shown, reason=reason)
        else:
            carried.update(claims)
            section = next(s for s in _SECTIONS if s == told[claims[0]].section)
            yield WrittenSentence(section=section, text=text, claims=claims, by="model")


def _said_before(claims: Iterable[str], carried: set[str]) -> str:
    again = next((claim for claim in claims if claim in carried), None)
    return "" if again is None else f"another sentence carries {again} already"


def _balanced(
    claims: Sequence[Claim], kept: Sequence[WrittenSentence]
) -> Iterator[WrittenSentence]:
    """Give every claim its sentence, in the order of the brief, section by section."""
    place_of = {claim: n for n, sentence in enumerate(kept) for claim in sentence.claims}
    printed: set[int] = set()
    for section in _SECTIONS:
        for claim in claims:
            if claim.section != section:
                continue
            place = place_of.get(claim.id)
            if place is None:
                yield WrittenSentence(
                    section=section, text=claim.text, claims=(claim.id,), by="template"
                )
            elif place not in printed:
                printed.add(place)
                yield kept[place]
