"""What became of the samples of a data set that are not simply trained on: which became windows, which were left out.

A batch reports beside its rows, in a column of its own: so a report lies in the cache of the preprocessed data, is
read again with it, and is the same however many processes made it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Column of the preprocessed data set that holds a batch's report, null in rows to train on. Taken out after the map.
REPORT = "embodied_report"


@dataclass(frozen=True)
class Report:
    """What became of the samples of a batch, or of a whole data set.

    Attributes:
        cut: Samples that were longer than `cutoff_len` and became windows.
        windows: The windows that they became.
        left_out: Id and reason of samples that are not trained on, or not as a whole.
    """

    cut: int = 0
    windows: int = 0
    left_out: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: Report) -> Report:
        return Report(self.cut + other.cut, self.windows + other.windows, self.left_out + other.left_out)

    def __bool__(self) -> bool:
        return self != Report()

    @classmethod
    def parse(cls, text: str) -> Report:
        """Reads what `str` gave."""
        content = json.loads(text)
        return cls(**content | {"left_out": tuple(map(tuple, content["left_out"]))})

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    def lines(self) -> list[str]:
        """Sentences for a log: a count of each, and the reason for each sample that is left out, which names it."""
        lines = [f"{self.cut} samples longer than cutoff_len became {self.windows} windows."] if self.cut else []
        if self.left_out:
            lines.append(f"{len(self.left_out)} samples are left out, as a whole or in part:")
        return [*lines, *(f"Left out: {reason}" for _, reason in self.left_out)]


def total(reports: Iterable[str | None]) -> Report:
    """Sums up the reports of a column."""
    return sum((Report.parse(text) for text in reports if text is not None), Report())


def with_report(columns: Mapping[str, list[Any]], filler: Mapping[str, Any], report: Report) -> dict[str, list[Any]]:
    """Adds a row that holds the report of a batch, if there is anything to report.

    Args:
        columns: The batch's rows by columns; may be empty.
        filler: A value for each column, for the row that holds the report.
        report: The report.
    """
    rows = len(next(iter(columns.values()), ()))
    if not report:
        return {**columns, REPORT: [None] * rows} if rows else {}
    filled = {name: [*columns.get(name, ()), value] for name, value in filler.items()}
    return filled | {REPORT: [None] * rows + [str(report)]}
