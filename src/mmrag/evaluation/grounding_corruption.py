"""A share of the store's rows is made wrong on purpose, and some people are made one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from mmrag.clinical.findings import finding_names
from mmrag.evaluation.grounding_rows import Row, StoredRows

SHARE = 0.10
"""Of the rows of each kind that are corrupted."""

LINKED = 0.25
"""Of the film patients that are declared to be somebody whose blood was measured."""

_FLAGS = ("LL", "L", "N", "H", "HH")

_TURNED = sql.SQL("UPDATE film_pixel_evidence SET {} WHERE film = {}").format(
    sql.SQL(", ").join(
        sql.SQL("{name} = 1 - {name}").format(name=sql.Identifier(name.lower()))
        for name in (*finding_names(), "no_finding")
    ),
    sql.Placeholder("film"),
)
"""What the pixels spoke for they speak against, and the other way round."""


def link_people(
    connection: psycopg.Connection[Any], rows: StoredRows, rng: np.random.Generator
) -> int:
    """Give some film patients the identity of a laboratory patient, by lot.

    Films and blood of different sources are never one person's; without this nothing could be
    said of one person, and no sentence could mix two.

    Returns
    -------
    int
        Films whose patient has blood in the store now.
    """
    films = sorted({str(film["patient"]) for film in rows.all_films if film["patient"]})
    labs = sorted({str(panel["patient"]) for panel in rows.all_panels})
    if not films or not labs:
        return 0
    chosen = rng.choice(films, size=round(LINKED * len(films)), replace=False)
    pairs = [(str(rng.choice(labs)), str(film)) for film in chosen]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany("UPDATE film SET patient = %s WHERE patient = %s", pairs)
    linked = {film for _, film in pairs}
    return sum(film["patient"] in linked for film in rows.all_films)


def corrupt(connection: psycopg.Connection[Any], rows: StoredRows, rng: np.random.Generator) -> int:
    """Change labels, patients and pixel evidence of films, people and results of panels.

    Parameters
    ----------
    connection : psycopg.Connection
        In autocommit.
    rows : StoredRows
        As they are before.
    rng : numpy.random.Generator

    Returns
    -------
    int
        How many rows are changed.
    """
    films = _chosen(rows.all_films, rng)
    panels = _chosen(rows.all_panels, rng)
    results = _chosen([r for of_one in rows.results.values() for r in of_one], rng)
    people = sorted({str(panel["patient"]) for panel in rows.all_panels})
    with connection.transaction(), connection.cursor() as cursor:
        for number, film in enumerate(films):
            if number % 3 == 0:
                patient = _other(people, film, rng)
                _set(cursor, "UPDATE film SET patient = %s WHERE key = %s", patient, film)
            elif number % 3 == 1:
                labels = _labels(film, rng)
                _set(cursor, "UPDATE film SET findings = %s WHERE key = %s", labels, film)
            else:
                cursor.execute(_TURNED, {"film": film["key"]})
        for panel in panels:
            patient = _other(people, panel, rng)
            _set(cursor, "UPDATE lab_report SET patient = %s WHERE key = %s", patient, panel)
        for number, result in enumerate(results):
            _spoil(cursor, result, rng, value=bool(number % 2))
    return len(films) + len(panels) + len(results)


def _chosen(found: Sequence[Row], rng: np.random.Generator) -> list[Row]:
    places = rng.permutation(len(found))[: round(SHARE * len(found))]
    return [found[place] for place in places.tolist()]


def _set(cursor: psycopg.Cursor[Any], statement: Any, value: Any, row: Row) -> None:
    cursor.execute(statement, (value, row["key"]))


def _labels(film: Row, rng: np.random.Generator) -> list[str]:
    """Take every label off and put another one on."""
    others = [name for name in finding_names() if name not in (film["findings"] or ())]
    return [str(rng.choice(others))]


def _other(people: Sequence[str], row: Row, rng: np.random.Generator) -> str:
    return str(rng.choice([person for person in people if person != row["patient"]]))


def _spoil(
    cursor: psycopg.Cursor[Any], result: Row, rng: np.random.Generator, *, value: bool
) -> None:
    place = (result["report"], result["ordinal"])
    if value and result["value"] is not None:
        factor = float(rng.choice([0.25, 0.5, 2.0, 4.0]))
        cursor.execute(
            "UPDATE lab_observation SET value = value * %s + 1, "
            "canonical_value = canonical_value * %s + 1 WHERE report = %s AND ordinal = %s",
            (factor, factor, *place),
        )
    else:
        flag = str(rng.choice([flag for flag in _FLAGS if flag != result["flag"]]))
        cursor.execute(
            "UPDATE lab_observation SET flag = %s WHERE report = %s AND ordinal = %s",
            (flag, *place),
        )
