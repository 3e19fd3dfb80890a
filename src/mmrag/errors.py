"""One tree of errors.

::

    MmragError                  anything this package raises on purpose
    ├── InputError              wrong use or bad input                 exit code 2
    │   ├── QueryError          a question that cannot be compiled
    │   ├── SourceError         a folder or file that cannot be a source
    │   ├── BadFilm             one image that cannot be read
    │   ├── BadRecord           one record of a source that cannot be read
    │   └── UnknownUnit         a unit the analyte's table does not know
    └── OutsideError            something outside failed               exit code 3
        ├── DatabaseError       PostgreSQL missing, unreachable, too old
        ├── SpaceMismatch       two embedding spaces would be mixed
        ├── EncoderError        weights missing, damaged or unfit
        ├── WriterError         a language model gave no usable answer
        └── MissingExtra        an optional package is not installed

Every message is one line that says what happened and how to mend it.
"""

from __future__ import annotations

__all__ = [
    "BadFilm",
    "BadRecord",
    "DatabaseError",
    "EncoderError",
    "InputError",
    "MissingExtra",
    "MmragError",
    "OutsideError",
    "QueryError",
    "SourceError",
    "SpaceMismatch",
    "UnknownUnit",
    "WriterError",
]


class MmragError(Exception):
    """Anything this package raises on purpose.

    Attributes
    ----------
    exit_code : int
        What the command line exits with.
    """

    exit_code = 1


class InputError(MmragError):
    """Wrong use or bad input: the caller can mend it."""

    exit_code = 2


class QueryError(InputError):
    """A question that cannot be compiled."""


class SourceError(InputError):
    """A folder or file that cannot be read as the named source."""


class BadFilm(InputError):
    """One image that cannot be read as a film."""


class BadRecord(InputError):
    """One record of a source that cannot be read; sources report it and go on."""


class UnknownUnit(InputError):
    """A unit that the analyte's table does not know; it is never guessed."""


class OutsideError(MmragError):
    """Something outside this program failed."""

    exit_code = 3


class DatabaseError(OutsideError):
    """PostgreSQL is missing, unreachable, too old or lacks pgvector."""


class SpaceMismatch(OutsideError):
    """Vectors of two embedding spaces would be mixed."""


class EncoderError(OutsideError):
    """An encoder's weights are missing, damaged or do not fit."""


class WriterError(OutsideError):
    """A language model gave no usable answer."""


class MissingExtra(OutsideError):
    """An optional package is not installed.

    Parameters
    ----------
    package : str
        The package that could not be imported.
    extra : str
        The extra of this distribution that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed: run pip install 'med-multimodal-rag[{extra}]'"
        )
