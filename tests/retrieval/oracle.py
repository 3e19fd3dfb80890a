"""What the files say, read plainly: no code of the package, no database, no floats.

Ranges of worded questions are the package's own table, read as the file it is.
"""

from __future__ import annotations

import csv
import gzip
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

Answer = Callable[["World"], set[int]]
Test = Callable[[Fraction], bool]

TABLE: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[2] / "src/mmrag/clinical/analytes.toml").read_text(encoding="utf-8")
)["analytes"]
_KEY_OF = {code: key for key, row in TABLE.items() for code, _ in row["codes"]}
_FACTORS = {
    ("globulin", "g/L"): Fraction(1, 10),
    ("crp", "mg/dL"): Fraction(10),
    ("leukocytes", "/uL"): Fraction(1, 1000),
}
_NO_UNIT_OF = {("leukocytes", "g/dL")}
_SIDES = {"L": "low", "LL": "low", "N": "normal", "H": "high", "HH": "high"}


@dataclass
class Result:
    loinc: str
    value: Fraction | None
    unit: str | None
    own_flag: str | None = None
    own_range: tuple[Fraction | None, Fraction | None] | None = None

    @property
    def key(self) -> str | None:
        return _KEY_OF.get(self.loinc)

    @property
    def canonical(self) -> Fraction | None:
        if self.value is None or self.key is None or (self.key, self.unit) in _NO_UNIT_OF:
            return None
        return self.value * _FACTORS.get((self.key, self.unit or ""), Fraction(1))


@dataclass
class Panel:
    patient: str
    at: datetime
    results: list[Result] = field(default_factory=list)
    sex: str | None = None
    birth: date | None = None

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def age(self) -> float | None:
        if self.birth is None:
            return None
        years = self.day.year - self.birth.year
        if (self.day.month, self.day.day) < (self.birth.month, self.birth.day):
            years -= 1
        try:
            birthday = self.birth.replace(year=self.birth.year + years)
        except ValueError:
            birthday = date(self.birth.year + years, 3, 1)
        return years + (self.day - birthday).days / 365.25

    @property
    def content(self) -> tuple[Any, ...]:
        """By which a panel is known again: whose, when, and every number in it."""
        numbers = sorted((r.loinc, float(r.value)) for r in self.results if r.value is not None)
        return self.patient, self.at, len(self.results), tuple(numbers)


@dataclass
class World:
    panels: list[Panel] = field(default_factory=list)
    conditions: list[tuple[str, str, date, date | None]] = field(default_factory=list)

    def read(self) -> Iterator[tuple[int, Panel, Result]]:
        for number, panel in enumerate(self.panels):
            for result in panel.results:
                yield number, panel, result


def read_csv(folder: Path) -> World:
    world = World()
    people = {row["Id"]: row for row in _rows(folder / "patients.csv")}
    panels: dict[tuple[str, str, str], Panel] = {}
    for row in _rows(folder / "observations.csv"):
        key = row["PATIENT"], row["DATE"], row["ENCOUNTER"]
        if key not in panels:
            person = people[row["PATIENT"]]
            panels[key] = Panel(
                f"synthea:{row['PATIENT']}",
                datetime.fromisoformat(row["DATE"]).astimezone(UTC),
                sex=person["GENDER"],
                birth=date.fromisoformat(person["BIRTHDATE"]),
            )
        value = Fraction(row["VALUE"]) if row["TYPE"] == "numeric" else None
        panels[key].results.append(Result(row["CODE"], value, row["UNITS"]))
    world.panels = list(panels.values())
    for row in _rows(folder / "conditions.csv"):
        stop = date.fromisoformat(row["STOP"]) if row["STOP"] else None
        start = date.fromisoformat(row["START"])
        world.conditions.append((f"synthea:{row['PATIENT']}", row["DESCRIPTION"], start, stop))
    return world


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def read_fhir(files: Iterable[Path]) -> World:
    world = World()
    for file in files:
        written = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        bundle = json.loads(written, parse_float=str, parse_int=str)
        resources = [entry["resource"] for entry in bundle["entry"]]
        if any(r["resourceType"] == "Patient" for r in resources):
            _read_bundle(resources, world)
    return world


def _read_bundle(resources: list[dict[str, Any]], world: World) -> None:
    (person,) = (r for r in resources if r["resourceType"] == "Patient")
    patient = f"fhir:{person['id']}"
    sex = {"female": "F", "male": "M"}.get(person["gender"])
    report_of = {
        result["reference"].removeprefix("urn:uuid:"): r["id"]
        for r in resources
        if r["resourceType"] == "DiagnosticReport"
        for result in r.get("result", ())
    }
    panels: dict[tuple[Any, ...], Panel] = {}
    for r in resources:
        if r["resourceType"] == "Condition":
            ended = r.get("abatementDateTime")
            world.conditions.append(
                (
                    patient,
                    r["code"]["coding"][0]["display"],
                    date.fromisoformat(r["onsetDateTime"][:10]),
                    date.fromisoformat(ended[:10]) if ended else None,
                )
            )
        if r["resourceType"] != "Observation":
            continue
        at = datetime.fromisoformat(r["effectiveDateTime"]).astimezone(UTC)
        key = (at, r.get("encounter", {}).get("reference"), report_of.get(r["id"]))
        birth = date.fromisoformat(person["birthDate"])
        panel = panels.setdefault(key, Panel(patient, at, sex=sex, birth=birth))
        panel.results += [_result(node) for node in r.get("component", [r])]
    world.panels += panels.values()


def _result(node: dict[str, Any]) -> Result:
    quantity = node.get("valueQuantity", {})
    (loinc,) = (c["code"] for c in node["code"]["coding"] if c["system"] == "http://loinc.org")
    flags = [c["code"] for i in node.get("interpretation", ()) for c in i["coding"]]
    ranges = [
        tuple(_exact(stated.get(side, {}).get("value")) for side in ("low", "high"))
        for stated in node.get("referenceRange", ())
    ]
    return Result(
        loinc,
        _exact(quantity.get("value")),
        quantity.get("code") or quantity.get("unit"),
        flags[0] if flags else None,
        ranges[0] if ranges else None,  # type: ignore[arg-type]
    )


def side_of(panel: Panel, result: Result) -> str | None:
    """``low``, ``normal`` or ``high`` by the record's word, its range, or the table's."""
    if result.own_flag:
        return _SIDES[result.own_flag]
    bounds, value = result.own_range, result.value
    if bounds is None:
        bounds, value = _range_for(panel, result), result.canonical
    if bounds is None or value is None:
        return None
    low, high = bounds
    if low is not None and value < low:
        return "low"
    return "high" if high is not None and value > high else "normal"


def _range_for(panel: Panel, result: Result) -> tuple[Fraction | None, Fraction | None] | None:
    for row in TABLE[result.key].get("ranges", ()) if result.key else ():
        if panel.age is None or not _years(row.get("from", "0d")) <= panel.age:
            continue
        if "to" in row and not panel.age < _years(row["to"]):
            continue
        if row.get("sex") not in (None, panel.sex):
            continue
        if result.loinc in row.get("only", (result.loinc,)):
            factor = _FACTORS[result.key or "", row["unit"]] if "unit" in row else Fraction(1)
            low, high = _exact(row.get("low")), _exact(row.get("high"))
            return low and low * factor, high and high * factor
    return None


def _years(written: str) -> float:
    return (
        float(written[:-1]) * {"d": 1 / 365.25, "w": 7 / 365.25, "m": 1 / 12, "y": 1}[written[-1]]
    )


def _exact(number: float | str | None) -> Fraction | None:
    return None if number is None else Fraction(str(number))


# ------------------------------------------------------------------ what questions mean


def measured(*keys: str) -> Answer:
    return lambda world: {n for n, _, result in world.read() if result.key in keys}


def value(key: str, test: Test) -> Answer:
    return lambda world: {
        n
        for n, _, result in world.read()
        if result.key == key and result.canonical is not None and test(result.canonical)
    }


def flagged(sides: str, *keys: str) -> Answer:
    """At least one of the analytes on one of the sides."""
    return lambda world: {
        n
        for n, panel, result in world.read()
        if result.key in keys and (side_of(panel, result) or "-") in sides.split()
    }


def judged(*keys: str) -> Answer:
    """At least one of the analytes with a flag."""
    return flagged("low normal high", *keys)


def critical(key: str) -> Answer:
    """At or beyond a critical limit for adults."""
    (limits,) = TABLE[key]["critical"]

    def test(number: Fraction) -> bool:
        low, high = _exact(limits.get("low")), _exact(limits.get("high"))
        return (low is not None and number <= low) or (high is not None and number >= high)

    return both(value(key, test), adults)


def adults(world: World) -> set[int]:
    return {n for n, p in enumerate(world.panels) if p.age is not None and p.age >= 16}


def of(sex: str | None = None, age: Callable[[float], bool] = lambda age: True) -> Answer:
    return lambda world: {
        n
        for n, p in enumerate(world.panels)
        if sex in (None, p.sex) and p.age is not None and age(p.age)
    }


def during(*words: str) -> Answer:
    """On a day when a condition is active whose name holds all of the words."""

    def answer(world: World) -> set[int]:
        spans: dict[str, list[tuple[date, date]]] = {}
        for patient, name, start, stop in world.conditions:
            named = name.lower().replace("(", " ").replace(")", " ").split()
            if all(word in named for word in words):
                spans.setdefault(patient, []).append((start, stop or date.max))
        return {
            n
            for n, p in enumerate(world.panels)
            if any(start <= p.day <= stop for start, stop in spans.get(p.patient, ()))
        }

    return answer


def both(*answers: Answer) -> Answer:
    return lambda world: set.intersection(*(answer(world) for answer in answers))


def either(*answers: Answer) -> Answer:
    return lambda world: set.union(*(answer(world) for answer in answers))


def taken(first: int, last: int) -> Answer:
    """Taken in one of the years."""
    return lambda world: {n for n, p in enumerate(world.panels) if first <= p.day.year <= last}


def but_not(answer: Answer, *others: Answer) -> Answer:
    return lambda world: answer(world).difference(*(other(world) for other in others))


def latest(key: str, test: Test = lambda number: True, among: Answer | None = None) -> Answer:
    """Panels that hold a newest result of their patient, if the test holds for it."""

    def answer(world: World) -> set[int]:
        newest = {patient: times[-1] for patient, times in _series(world, key, among).items()}
        return {
            n
            for n, panel, result in world.read()
            if result.key == key
            and result.canonical is not None
            and panel.patient in newest
            and newest[panel.patient][0] == panel.at
            and (among is None or n in among(world))
            and test(result.canonical)
        }

    return answer


def trend(key: str, up: bool) -> Answer:
    """Panels whose newest value is beyond the mean of those of the time before."""

    def answer(world: World) -> set[int]:
        series = _series(world, key, None)
        found = set()
        for n, panel, result in world.read():
            if result.key != key or result.canonical is None:
                continue
            times = series[panel.patient]
            if times[-1][0] == panel.at and len(times) > 1:
                before = sum(times[-2][1]) / Fraction(len(times[-2][1]))
                if (result.canonical > before) if up else (result.canonical < before):
                    found.add(n)
        return found

    return answer


def _series(
    world: World, key: str, among: Answer | None
) -> dict[str, list[tuple[datetime, list[Fraction]]]]:
    chosen = None if among is None else among(world)
    values: dict[str, dict[datetime, list[Fraction]]] = {}
    for n, panel, result in world.read():
        if result.key == key and result.canonical is not None and (chosen is None or n in chosen):
            values.setdefault(panel.patient, {}).setdefault(panel.at, []).append(result.canonical)
    return {patient: sorted(times.items()) for patient, times in values.items()}
