"""Made-up films and blood results of the same made-up people, for trying the program out.

The films are drawn, not photographed, and the blood is drawn from random numbers. They show
what the program does; nothing about medicine can be learnt or measured from them. Written in
the layouts of ChestX-ray14 and Synthea, they are read like any other data.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrag.sources.demo.anatomy import LEFT, RIGHT, build_scene, draw_body, for_view
from mmrag.sources.demo.exposure import expose
from mmrag.sources.demo.findings import draw, reshape
from mmrag.sources.demo.people import Person, Visit, make_people
from mmrag.sources.demo.tables import film_name, write_export, write_labels, write_manifest

__all__ = ["DemoFolders", "draw_film", "write_demo"]

DEFAULT_SEED = 14


@dataclass(frozen=True, slots=True)
class DemoFolders:
    """Where the demo's data lies.

    Attributes
    ----------
    films : pathlib.Path
        A source of the kind ``nih``.
    labs : pathlib.Path
        A source of the kind ``synthea``; its patients are those of the films.
    """

    films: Path
    labs: Path


def write_demo(
    folder: Path, seed: int = DEFAULT_SEED, films: int = 200, patients: int = 60
) -> DemoFolders:
    """Write made-up films and blood results.

    Parameters
    ----------
    folder : pathlib.Path
        ``films`` and ``labs`` are made in it; an earlier demo there is written over.
    seed : int
        The same seed gives the same files, byte for byte.
    films : int
        Number of films; from 14 patients with three films on, every finding occurs.
    patients : int
        Number of people; every twelfth has films only.

    Returns
    -------
    DemoFolders

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    folders = DemoFolders(folder / "films", folder / "labs")
    images = folders.films / "images"
    images.mkdir(parents=True, exist_ok=True)
    folders.labs.mkdir(parents=True, exist_ok=True)
    people = make_people(seed, films, patients)
    for person in people:
        for visit in person.visits:
            film = Image.fromarray(draw_film(person, visit, seed))
            film.save(images / film_name(person, visit), "PNG", compress_level=1)
    write_labels(folders.films / "Data_Entry_2017.csv", people)
    write_export(folders.labs, people, seed)
    write_manifest(folders.films)
    write_manifest(folders.labs)
    return folders


def draw_film(person: Person, visit: Visit, seed: int) -> NDArray[np.uint8]:
    """Draw one film.

    Parameters
    ----------
    person : Person
    visit : Visit
    seed : int

    Returns
    -------
    ndarray
        Shape (384, 384), dtype uint8.
    """
    # The body and the sides of its findings stay the same from film to film.
    constant = np.random.default_rng([seed, person.identifier, 2])
    body = draw_body(constant, person.visits[0].age, person.sex)
    side = RIGHT if constant.random() < 0.55 else LEFT
    rng = np.random.default_rng([seed, person.identifier, 3, visit.number])
    anatomy = for_view(body, visit.view, rng)
    for finding in visit.findings:
        anatomy = reshape(anatomy, finding, side, visit.severity)
    scene = build_scene(anatomy, rng)
    for finding in visit.findings:
        draw(scene, finding, side, visit.severity, rng)
    return expose(scene, visit.view, rng)
