"""Whether a printed brief still holds: its claims, its records and its ranks, against today."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mmrag.brief.claims import figure
from mmrag.brief.compose import compose
from mmrag.brief.model import COVERAGE, FILM, Brief, CitedRecord, Claim, Made
from mmrag.brief.provenance import film_states, made_now, report_states
from mmrag.brief.rows import Records, Rows
from mmrag.errors import InputError
from mmrag.retrieval.results import SearchResult, SpaceInfo
from mmrag.store.terms import RecordKey

RecordState = Literal["unchanged", "changed", "picture changed", "gone"]
Leg = Literal["films", "labs"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClaimReplay(_Part):
    """One claim, checked again.

    Attributes
    ----------
    why : tuple of str
        Where it no longer holds: what is known of the reason; empty where it holds.
    """

    id: str
    text: str
    holds: bool
    why: tuple[str, ...] = ()


class RecordReplay(_Part):
    """What became of a cited record.

    Attributes
    ----------
    state : str
        ``changed`` when the store holds something else of it;
        ``picture changed`` when the film's pixels are others too.
    """

    record: str
    source: str
    state: RecordState


class RankReplay(_Part):
    """A record that ranks elsewhere today.

    Attributes
    ----------
    before, now : int or None
        None where it was not, or is no longer, among the records asked for.
    """

    leg: Leg
    record: str
    source: str
    before: int | None
    now: int | None


class Replay(_Part):
    """A printed brief held against today's store.

    Attributes
    ----------
    holds : bool
        Every claim holds, no cited record changed, the same records rank in the same order,
        in the same space. Another version of the software is told, but does not count.
    asked : str
    claims : tuple of ClaimReplay
    records : tuple of RecordReplay
    ranks : tuple of RankReplay
        Only what differs.
    same_space, same_version : bool
    space, space_now : SpaceInfo
    made, now : Made
    """

    holds: bool
    asked: str
    claims: tuple[ClaimReplay, ...]
    records: tuple[RecordReplay, ...]
    ranks: tuple[RankReplay, ...]
    same_space: bool
    same_version: bool
    space: SpaceInfo
    space_now: SpaceInfo
    made: Made
    now: Made


def load_brief(path: Path) -> Brief:
    """Read a brief that ``mmrag brief --format json`` printed.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Brief

    Raises
    ------
    InputError
        When the file cannot be read or is no brief.
    """
    mend = "give a file that mmrag brief --format json wrote"
    try:
        return Brief.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}: {mend}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{path}: not a brief: {place}: {first['msg']}: {mend}") from error


def replay(brief: Brief, today: SearchResult, records: Records) -> Replay:
    """Hold a printed brief against the store.

    The claims are made anew from what the brief prints, and checked against the stored rows
    as any other claim is. A claim holds when that gives the very same claim, and when the
    figures of the search that it cites are today's.

    Parameters
    ----------
    brief : Brief
        As read back from its printed form.
    today : SearchResult
        Answer of the same compiled question, now.
    records : Records

    Returns
    -------
    Replay
    """
    states = tuple(_record_states(brief.records, Rows(records, today)))
    anew = compose(brief, records).claims
    claims = tuple(_claim(claim, anew, today, states) for claim in brief.claims)
    ranks = tuple(_ranks("films", brief, today)) + tuple(_ranks("labs", brief, today))
    now = made_now()
    same_space = brief.space == today.space
    return Replay(
        holds=(
            all(claim.holds for claim in claims)
            and all(record.state == "unchanged" for record in states)
            and not ranks
            and same_space
        ),
        asked=brief.query.text,
        claims=claims,
        records=states,
        ranks=ranks,
        same_space=same_space,
        same_version=brief.made.version == now.version,
        space=brief.space,
        space_now=today.space,
        made=brief.made,
        now=now,
    )


def _record_states(cited: Sequence[CitedRecord], rows: Rows) -> Iterator[RecordReplay]:
    films = film_states([_key(c) for c in cited if c.record.startswith(FILM)], rows)
    reports = report_states([_key(c) for c in cited if not c.record.startswith(FILM)], rows)
    now = {(each.record, each.source): each for each in (*films, *reports)}
    for each in cited:
        state = _state(each, now.get((each.record, each.source)))
        yield RecordReplay(record=each.record, source=each.source, state=state)


def _key(cited: CitedRecord) -> RecordKey:
    return RecordKey(cited.source, cited.record.partition(":")[2])


def _state(cited: CitedRecord, now: CitedRecord | None) -> RecordState:
    if now is None:
        return "gone"
    if now.sha256 != cited.sha256:
        return "picture changed"
    return "unchanged" if now.record_hash == cited.record_hash else "changed"


def _claim(
    claim: Claim, anew: Iterable[Claim], today: SearchResult, states: Sequence[RecordReplay]
) -> ClaimReplay:
    figures = tuple(_figures_changed(claim, today))
    holds = not figures and any(_same(claim, other) for other in anew)
    why = () if holds else (*_records_changed(claim, states), *figures, *_reworded(claim, anew))
    if not holds and not why:
        why = ("its records have the same hash, but this is no longer said of them",)
    return ClaimReplay(id=claim.id, text=claim.text, holds=holds, why=why)


def _same(one: Claim, other: Claim) -> bool:
    return _basis(one) == _basis(other) and one.text == other.text


def _basis(claim: Claim) -> tuple[object, ...]:
    return claim.kind, claim.section, claim.citations


def _figures_changed(claim: Claim, today: SearchResult) -> Iterator[str]:
    for citation in claim.citations:
        if citation.record.startswith(COVERAGE):
            leg = citation.record.removeprefix(COVERAGE)
            now = figure(today.coverage, leg, citation.field)
            if now != citation.value:
                name = re.sub(r"\W+", " ", citation.field).strip()
                yield f"{leg} {name}: {citation.value} then, {now} now"


def _records_changed(claim: Claim, states: Sequence[RecordReplay]) -> Iterator[str]:
    together = claim.value("records")
    named = {*claim.records, *(together if isinstance(together, list) else ())}
    return (
        f"{each.record} {each.state}"
        for each in states
        if each.record in named and each.state != "unchanged"
    )


def _reworded(claim: Claim, anew: Iterable[Claim]) -> Iterator[str]:
    return (
        f"worded differently today: {other.text}"
        for other in anew
        if _basis(other) == _basis(claim) and other.text != claim.text
    )


def _ranks(leg: Leg, brief: Brief, today: SearchResult) -> Iterator[RankReplay]:
    before, now = _ranked(leg, brief), _ranked(leg, today)
    for key in sorted({*before, *now}, key=lambda k: now.get(k, len(now) + before.get(k, 0))):
        if before.get(key) != now.get(key):
            source, record = key
            yield RankReplay(
                leg=leg,
                record=record,
                source=source,
                before=before.get(key),
                now=now.get(key),
            )


def _ranked(leg: Leg, result: SearchResult) -> Mapping[tuple[str, str], int]:
    if leg == "films":
        return {(hit.source, FILM + hit.id): hit.rank for hit in result.films}
    return {(hit.source, f"lab:{hit.report}"): hit.rank for hit in result.labs}
