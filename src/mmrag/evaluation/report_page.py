"""A report's page in a folder: text for readers, and between two marks what a command writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmrag.errors import InputError

END = "<!-- end of report -->"
FOLDER = "evaluation"
"""Below the page's folder: plots and figures."""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page.

    Attributes
    ----------
    name : str
        Of its file.
    title : str
        Heading of a page that is not there yet.
    begin : str
        Mark before the block.
    """

    name: str
    title: str
    begin: str

    def write(self, folder: Path, make: Callable[[Path], str]) -> Path:
        """Replace the page's block; all other text of a page that is there stays.

        Parameters
        ----------
        folder : pathlib.Path
            Made where it is absent.
        make : callable
            Writes what belongs beside the page into the folder that it is given, and returns
            the block.

        Returns
        -------
        pathlib.Path
            The page.

        Raises
        ------
        InputError
            When the folder cannot be written, or its page lacks the marks; nothing is made
            then.
        """
        page, beside = folder / self.name, folder / FOLDER
        try:
            text = page.read_text(encoding="utf-8") if page.is_file() else self._empty()
            if not self._block.search(text):
                raise InputError(
                    f"{page}: without {self.begin} and {END}: add them, or choose another --out"
                )
            beside.mkdir(parents=True, exist_ok=True)
            block = f"{self.begin}\n{make(beside)}{END}"
            page.write_text(self._block.sub(lambda _: block, text), encoding="utf-8")
        except OSError as error:
            raise InputError(f"{folder}: {error.strerror}: choose another --out") from error
        return page

    def _empty(self) -> str:
        return f"# {self.title}\n\n{self.begin}{END}\n"

    @property
    def _block(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.begin) + ".*?" + re.escape(END), re.DOTALL)
