"""A file or folder of FHIR R4 as a source."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmrag.errors import BadRecord, SourceError
from mmrag.records import Problem
from mmrag.sources.base import Item, read_manifest
from mmrag.sources.fhir.documents import Found, Json, Unreadable, read_file
from mmrag.sources.fhir.elements import children, text, url_identifier
from mmrag.sources.fhir.entry import Entry, Losses
from mmrag.sources.fhir.observations import read_observation
from mmrag.sources.fhir.resources import (
    read_condition,
    read_encounter,
    read_patient,
    read_report,
    read_study,
)
from mmrag.sources.panels import Outlet, briefly, label_of
from mmrag.sources.spool import Spool

ENDINGS = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")

_READERS: dict[str, Callable[[Entry, Spool], None]] = {
    "Patient": read_patient,
    "Encounter": read_encounter,
    "Condition": read_condition,
    "ImagingStudy": read_study,
    "DiagnosticReport": read_report,
    "Observation": read_observation,
}


class FhirSource:
    """Patients, conditions, imaging studies and panels of FHIR R4 resources.

    A panel is what one DiagnosticReport groups, or else all results of one patient, one
    encounter and one time; results of one report that were taken at several times are
    several panels. Resources may come in any order and refer to each other across files:
    they are sorted through a temporary file on disk (see `mmrag.sources.spool`), so memory
    grows neither with the number of files nor with a file's length.

    Parameters
    ----------
    path : pathlib.Path
        A folder, searched to its depths, or one file: bundles, resources or lists of
        resources in JSON, or a bulk export in NDJSON; plain or gzip.

    Raises
    ------
    SourceError
        When there is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        if not self._path.exists():
            raise SourceError(f"{path}: no such file or folder: check the path")
        if self._path.is_file():
            self._files = [self._path]
        else:
            self._files = sorted(
                file
                for file in self._path.rglob("*")
                if file.name.lower().endswith(ENDINGS) and file.is_file()
            )
        if not self._files:
            raise SourceError(
                f"{path}: holds no FHIR: name a file or folder of {', '.join(ENDINGS)}"
            )
        folder = self._path if self._path.is_dir() else self._path.parent
        self._manifest = read_manifest(folder, "fhir")

    @property
    def name(self) -> str:
        """First half of every patient identifier."""
        return self._manifest.name

    @property
    def size(self) -> int | None:
        """Unknown: how many panels the files make shows when they are sorted."""
        return None

    def read(self) -> Iterator[Item]:
        """Yield problems as files are read, then patients, conditions, studies and panels.

        Beyond 20 of a kind, problems are counted in one line.
        """
        return briefly(self._items(), self._path.name)

    def _items(self) -> Iterator[Item]:
        with Spool() as spool:
            intake = _Intake(spool, self._path)
            for file in self._files:
                yield from intake.read(file)
            spool.settle_references()
            yield from intake.closing_lines()
            yield from Outlet(self._manifest, self._path).read(spool)


@dataclass(slots=True)
class _Intake:
    """Puts the resources of one file after another into the spool."""

    spool: Spool
    root: Path
    losses: Losses = field(default_factory=Losses)
    other_types: Counter[str] = field(default_factory=Counter)
    repeated: int = 0

    def read(self, file: Path) -> Iterator[Problem]:
        """Read one file; yield what of it cannot go in."""
        label = label_of(file, self.root)
        for found in read_file(file):
            if isinstance(found, Unreadable):
                message = f"{found.place} {found.reason}".strip()
                yield Problem(label, message, found.place.line, "broken-file")
                continue
            try:
                self._take(found, str(file), label)
            except BadRecord as error:
                message = f"{found.place} {error}".strip()
                yield Problem(label, message, found.place.line)
            yield from self.losses.problems
            self.losses.problems.clear()

    def closing_lines(self) -> Iterator[Problem]:
        """Yield what is counted instead of listed."""
        missing, foreign = self.spool.loose_members()
        for kind, count, message in (
            ("other-type", self.other_types.total(),
             f"resources of types that are not read: {_numbers(self.other_types)}"),
            ("withdrawn", self.losses.withdrawn.total(),
             f"resources taken back by their source: {_numbers(self.losses.withdrawn)}"),
            ("absent-value", self.losses.absent.total(),
             f"results absent by their own statement: {_numbers(self.losses.absent)}"),
            ("repeated", self.repeated, "resources stated again, word for word"),
            ("missing-result", missing, "results that a report lists are nowhere stated"),
            ("foreign-result", foreign,
             "results that a report lists are another patient's: not grouped by it"),
        ):  # fmt: skip
            if count:
                yield Problem(self.root.name, f"{count:,} {message}", kind=kind, count=count)

    def _take(self, found: Found, file: str, label: str) -> None:
        resource = found.content
        if not isinstance(resource, dict):
            raise BadRecord("no resource: an object with a resourceType is expected")
        kind = text(resource, "resourceType")
        if kind is None:
            raise BadRecord("no resourceType: not a FHIR resource")
        if kind == "Bundle":
            raise BadRecord("a Bundle whose entry is no list")
        if kind not in _READERS:
            self.other_types[kind[:60]] += 1
            return
        identifier = self._identify(resource, kind, found.url)
        entry = Entry(file, label, found.place, kind, identifier, resource, self.losses, identifier)
        if self._read(entry):
            self._take_contained(entry)

    def _identify(self, resource: Json, kind: str, url: object) -> str | None:
        """Name a resource by its id, or else by its address in the bundle."""
        identifier = text(resource, "id")
        address = text({"fullUrl": url}, "fullUrl")
        other = url_identifier(address) if address else None
        if identifier is not None and other is not None and other != identifier:
            self.spool.put_alias(kind, other, identifier)
        return identifier or other

    def _read(self, entry: Entry) -> bool:
        """Read one resource; False when it came before or cannot go in."""
        if entry.id is not None:
            content = hashlib.blake2b(repr(entry.resource).encode("utf-8", "backslashreplace"))
            first = self.spool.first_time(entry.kind, entry.id, content.digest())
            if first is False:
                self.repeated += 1
                return False
            if first is None:
                entry.lost("stated twice with different content: the first counts", "duplicate-id")
                return False
        try:
            _READERS[entry.kind](entry, self.spool)
        except BadRecord as error:
            entry.lost(str(error))
            return False
        return True

    def _take_contained(self, outer: Entry) -> None:
        """Read resources inside another; where they do not say whose they are, they share its."""
        for inner in children(outer.resource, "contained"):
            kind = text(inner, "resourceType")
            identifier = text(inner, "id")
            if kind not in _READERS or identifier is None:
                self.other_types[(kind or "contained without id")[:60]] += 1
                continue
            shared = {"subject": outer.resource.get("subject")} if kind != "Patient" else {}
            self._read(
                Entry(
                    file=outer.file,
                    label=outer.label,
                    place=outer.place,
                    kind=kind,
                    id=f"{outer.container or ''}#{identifier}",
                    resource=shared | inner,
                    losses=self.losses,
                    container=outer.container,
                )
            )


def _numbers(counts: Counter[str]) -> str:
    """Write counts, largest first."""
    listed = [f"{kind} {count:,}" for kind, count in counts.most_common(12)]
    more = len(counts) - len(listed)
    return ", ".join(listed) + (f" and {more} more kinds" if more > 0 else "")
