"""Where in the data an error is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from ..errors import DataError

Spot = int | str
"""A part of a sample: a message's place in the list of messages, or the name of a column."""


@dataclass(frozen=True)
class Place:
    """A sample of a data file.

    Attributes:
        file: What the file is called.
        sample: The sample's id.
    """

    file: str
    sample: str

    def fail(self, problem: str, spot: Spot | None = None) -> NoReturn:
        """Raises the error.

        Args:
            problem: What came, what was expected, what to do.
            spot: What is wrong in the sample.

        Raises:
            DataError: Always. Names file, sample and message or column.
        """
        part = f", messages[{spot}]" if isinstance(spot, int) else f", {spot}" if spot else ""
        raise DataError(f"{self.file}: sample {self.sample!r}{part}: {problem}")
