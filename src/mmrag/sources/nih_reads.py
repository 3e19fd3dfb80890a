"""What a row of radiologists' reads says: YES or NO for every finding, and for the whole film.

The layout is that of the "all findings" reads of ChestX-ray14 films, each the majority of
three out of five radiologists (Nabulsi et al., Scientific Reports 2021;11:15523).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mmrag.sources.nih_cells import FINDINGS, shown

ABNORMAL = "Abnormal"
COLUMNS = {name: name.replace("_", " ") for name in FINDINGS}
"""Column of each finding, by its canonical name."""


@dataclass(frozen=True, slots=True)
class Read:
    """A film as radiologists read it.

    Attributes
    ----------
    findings : frozenset of str
        Canonical names of what they saw.
    abnormal : bool
        Whether there is anything to report, of the findings or not.
    """

    findings: frozenset[str]
    abnormal: bool


def parse_read(cell: Callable[[str], str | None]) -> Read:
    """Read a row.

    Parameters
    ----------
    cell : callable
        Gives what stands in a column, None where the row is too short.

    Returns
    -------
    Read

    Raises
    ------
    ValueError
        When a cell is neither YES nor NO: a finding of which nothing is said was not
        denied, so the row as a whole is no read.
    """

    def is_yes(column: str) -> bool:
        text = cell(column)
        if text not in ("YES", "NO"):
            raise ValueError(f"{column} is {shown(text or '')}: write YES or NO")
        return text == "YES"

    findings = frozenset(name for name, column in COLUMNS.items() if is_yes(column))
    return Read(findings, is_yes(ABNORMAL))


def labels_of(read: Read) -> tuple[tuple[str, ...] | None, str | None]:
    """Turn a read into a film's labels, and into its own words where labels cannot say it.

    A film that is abnormal without one of the findings (a fracture, a device, scoliosis) is
    not "No Finding", which tells whoever reads it that there is nothing to report, and no
    label says what it shows. So it stays unlabelled, with the word of the table beside it.

    Parameters
    ----------
    read : Read

    Returns
    -------
    findings : tuple of str or None
        In the order of `FINDINGS`; ``()`` for "No Finding".
    stated : str or None
    """
    if not read.findings and read.abnormal:
        return None, ABNORMAL
    return tuple(name for name in FINDINGS if name in read.findings), None
