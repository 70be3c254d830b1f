"""Distributions as numbers and as bars."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_BARS = 24


@dataclass(frozen=True)
class Distribution:
    """How a quantity is spread over samples.

    Attributes:
        name: Of the quantity.
        values: One for each sample, sorted.
    """

    name: str
    values: tuple[int, ...]

    @property
    def total(self) -> int:
        """The sum."""
        return sum(self.values)

    @property
    def mean(self) -> float:
        """The mean, 0 of nothing."""
        return self.total / len(self.values) if self.values else 0.0

    def quantile(self, share: float) -> int:
        """The smallest value that at least this share of all values does not exceed; 0 of nothing."""
        if not self.values:
            return 0
        return self.values[max(math.ceil(share * len(self.values)) - 1, 0)]


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram.

    Attributes:
        low: Smallest value it stands for.
        high: Greatest value it stands for.
        count: Samples in it.
    """

    low: int
    high: int
    count: int


def histogram(values: Sequence[int]) -> list[Bar]:
    """Sorts whole numbers into at most 24 bars of equal width; every value is in exactly one."""
    if not values:
        return []
    low, high = min(values), max(values)
    width = math.ceil((high - low + 1) / _BARS)
    counts = [0] * ((high - low) // width + 1)
    for value in values:
        counts[(value - low) // width] += 1
    starts = [low + width * place for place in range(len(counts))]
    return [Bar(start, min(start + width - 1, high), count) for start, count in zip(starts, counts, strict=True)]
