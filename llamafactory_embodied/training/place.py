"""Where in the data an error is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from ..errors import DataError


@dataclass(frozen=True)
class Place:
    """A sample of a data file.

    Attributes:
        file: What the file is called.
        sample: The sample's id.
    """

    file: str
    sample: str

    def fail(self, problem: str, index: int | None = None) -> NoReturn:
        """Raises the error.

        Args:
            problem: What came, what was expected, what to do.
            index: The message's place in the example's list of messages.

        Raises:
            DataError: Always. Names file, sample and message.
        """
        turn = "" if index is None else f", messages[{index}]"
        raise DataError(f"{self.file}: sample {self.sample!r}{turn}: {problem}")
