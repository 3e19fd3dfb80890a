"""The fourteen findings as typed records, read once from ``findings.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

Direction = Literal["high", "low", "any"]
"""Where a result bears on a finding: above its range, below it, or at any value."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """A laboratory result that bears on a finding.

    Attributes
    ----------
    analyte : str
        Key of ``analytes.toml``.
    direction : {"high", "low", "any"}
    source : str
        Citation.
    """

    analyte: str
    direction: Direction
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of the chest film.

    Attributes
    ----------
    name : str
        Canonical name, as the NIH ChestX-ray14 table writes it.
    display : str
        Name for reading, e.g. ``pleural effusion``.
    definition : str
    synonyms, signs : tuple of str
        Other names; what is seen on the film and stands for it.
    denied_by : tuple of str
        Phrases that say the finding is not there, e.g. ``normal heart size``.
    parents : tuple of str
        Names of the groups that hold it.
    positive, negative : tuple of str
        Prompts that describe films with and without it, for encoders of the CLIP kind.
    bears_on : tuple of Bearing
    sources : tuple of str
        Citations.
    radlex, snomed : str or None
        Codes; None where none could be confirmed.
    note : str or None
        A choice that had to be made, and why.
    """

    name: str
    display: str
    definition: str
    synonyms: tuple[str, ...]
    signs: tuple[str, ...]
    denied_by: tuple[str, ...]
    parents: tuple[str, ...]
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    bears_on: tuple[Bearing, ...]
    sources: tuple[str, ...]
    radlex: str | None = None
    snomed: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A wider word; any one of its children answers it.

    Attributes
    ----------
    name : str
    children : tuple of str
        Canonical names of findings.
    terms : tuple of str
        Other names of the group.
    sources : tuple of str
        Citations.
    """

    name: str
    children: tuple[str, ...]
    terms: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compound:
    """Words that name several findings at once; all of them are meant."""

    terms: tuple[str, ...]
    findings: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingTable:
    """Everything that ``findings.toml`` says.

    Attributes
    ----------
    findings : mapping of str to Finding
        By canonical name, in the order of the NIH table.
    groups : mapping of str to Group
    compounds : tuple of Compound
    normal_terms : tuple of str
        Phrases for a chest with nothing to report.
    normal_prompts : tuple of str
        Prompts that describe such a film.
    exclusions : tuple of str
        Phrases that hold a word of a finding and mean something else.
    skippable : frozenset of str
        Words that may stand between the words of a term.
    protected : frozenset of str
        Words that are never taken for a misspelling.
    """

    findings: Mapping[str, Finding]
    groups: Mapping[str, Group]
    compounds: tuple[Compound, ...]
    normal_terms: tuple[str, ...]
    normal_prompts: tuple[str, ...]
    exclusions: tuple[str, ...]
    skippable: frozenset[str]
    protected: frozenset[str]


@cache
def load_findings() -> FindingTable:
    """Read the table; the file is read once.

    Returns
    -------
    FindingTable
    """
    file = resources.files("mmrag.clinical") / "findings.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    sources: dict[str, str] = content["sources"]
    groups = {entry["name"]: _group(entry, sources) for entry in content["group"]}
    findings = {
        entry["name"]: _finding(entry, tuple(groups.values()), sources)
        for entry in content["finding"]
    }
    return FindingTable(
        findings=MappingProxyType(findings),
        groups=MappingProxyType(groups),
        compounds=tuple(
            Compound(tuple(c["terms"]), tuple(c["findings"]), _cite(c, sources))
            for c in content["compound"]
        ),
        normal_terms=tuple(content["normal"]["terms"]),
        normal_prompts=tuple(content["normal"]["prompts"]),
        exclusions=(
            *content["normal"]["not_normal"],
            *(phrase for entry in content["exclusion"] for phrase in _excluded(entry)),
        ),
        skippable=frozenset(content["reading"]["skippable"]),
        protected=frozenset(content["reading"]["protected"]),
    )


def finding_names() -> tuple[str, ...]:
    """Give the canonical names.

    Returns
    -------
    tuple of str
    """
    return tuple(load_findings().findings)


def _finding(entry: dict[str, Any], groups: tuple[Group, ...], sources: dict[str, str]) -> Finding:
    return Finding(
        name=entry["name"],
        display=entry["display"],
        definition=entry["definition"],
        synonyms=tuple(entry["synonyms"]),
        signs=tuple(entry["signs"]),
        denied_by=tuple(entry.get("denied_by", ())),
        parents=tuple(group.name for group in groups if entry["name"] in group.children),
        positive=tuple(entry["prompts"]["positive"]),
        negative=tuple(entry["prompts"]["negative"]),
        bears_on=tuple(
            Bearing(b["analyte"], b["direction"], sources[b["source"]]) for b in entry["bears_on"]
        ),
        sources=_cite(entry, sources),
        radlex=entry.get("radlex"),
        snomed=entry.get("snomed"),
        note=entry.get("note"),
    )


def _group(entry: dict[str, Any], sources: dict[str, str]) -> Group:
    return Group(
        name=entry["name"],
        children=tuple(entry["children"]),
        terms=tuple(entry["terms"]),
        sources=_cite(entry, sources),
    )


def _cite(entry: dict[str, Any], sources: dict[str, str]) -> tuple[str, ...]:
    return tuple(sources[key] for key in entry["sources"])


def _excluded(entry: dict[str, Any]) -> tuple[str, ...]:
    heads = entry.get("heads", ())
    before = tuple(f"{word} {head}" for head in heads for word in entry.get("before", ()))
    after = tuple(
        f"{head} {preposition} {site}"
        for head in heads
        for site in entry.get("after", ())
        for preposition in ("of", "in")
    )
    return (*before, *after, *entry.get("phrases", ()))
