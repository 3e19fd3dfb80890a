"""Patients whose name is near to one that nobody has."""

from __future__ import annotations

from collections.abc import Iterable

from mmrag.clinical.spelling import distance

_MOST = 3
_LONG = 8
"""From this many characters on a slip leaves an identifier recognisable: nearly every short
number is one digit away from another patient's."""
_CUT_OFF = 6
"""So many first characters of a longer identifier point at it."""
_SLIPS = 2


def near_names(written: str, stored: Iterable[str]) -> tuple[str, ...]:
    """Give the patients who may have been meant.

    Parameters
    ----------
    written : str
        A name that no patient has, with or without its source.
    stored : iterable of str
        All names, ``source:identifier``.

    Returns
    -------
    tuple of str
        Three at most: first those whose identifier is the same but for its source, case or
        leading zeros, then the beginnings and misspellings of a long identifier.
    """
    wanted = _folded(written)
    near = ((_away(wanted, _folded(name)), name) for name in stored)
    ranked = sorted((away, name) for away, name in near if away is not None)
    return tuple(name for _, name in ranked[:_MOST])


def _folded(name: str) -> tuple[str, str]:
    source, colon, identifier = name.casefold().partition(":")
    if not colon:
        source, identifier = "", source
    return source.strip(), identifier.strip().lstrip("0")


def _away(wanted: tuple[str, str], known: tuple[str, str]) -> int | None:
    """Say how far off a name is; None for one that is not meant."""
    (source, identifier), (known_source, known_identifier) = wanted, known
    if identifier == known_identifier:
        return 0 if source == known_source else 1
    if source not in ("", known_source) or not identifier:
        return None
    if len(identifier) >= _CUT_OFF and known_identifier.startswith(identifier):
        return 2
    if min(len(identifier), len(known_identifier)) < _LONG:
        return None
    if abs(len(identifier) - len(known_identifier)) > _SLIPS:
        return None
    # a slip leaves one end as it was; to compare everything would take its time
    if identifier[:4] != known_identifier[:4] and identifier[-4:] != known_identifier[-4:]:
        return None
    slips = distance(identifier, known_identifier)
    return 2 + slips if slips <= _SLIPS else None
