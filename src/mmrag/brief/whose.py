"""Naming a patient in a sentence, and who is declared to be the same person."""

from __future__ import annotations

from mmrag.brief.plain import enumerated, plain
from mmrag.store import Persons


def whose(persons: Persons, patient: str, made_up: bool) -> str:
    """Name a person by all patients that are this person, the first of them as the patient.

    Parameters
    ----------
    persons : Persons
    patient : str
        ``source:identifier``.
    made_up : bool

    Returns
    -------
    str
        E.g. ``patient nih:61 (declared to be one person with synthea:7)``.
    """
    name, *others = sorted(persons.patients(patient))
    said = f"{'made-up patient' if made_up else 'patient'} {plain(name)}"
    same = enumerated([plain(other) for other in others])
    return f"{said} (declared to be one person with {same})" if others else said


def sentence(text: str) -> str:
    """Begin with a capital."""
    return text[:1].upper() + text[1:]
