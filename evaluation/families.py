"""The two families of figures: `true` (metrics.py) and `paper` (paper.py), each with what tables call its figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evaluation.metrics import EpisodeMetrics, Record, measure
from evaluation.paper import PaperMetrics, measure_as_paper


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes:
        name: `true` or `paper`.
        titles: figure of an episode -> what tables call its mean; `success` is in each.
        measure: from a record to the figures.
    """

    name: str
    titles: Mapping[str, str]
    measure: Callable[[Record], EpisodeMetrics | PaperMetrics]

    def figures(self, record: Record) -> dict[str, float]:
        """The figures of one episode that tables show; raises as `measure`."""
        measured = self.measure(record)
        return {name: float(getattr(measured, name)) for name in self.titles}


_TRUE = {
    "success": "success rate",
    "search_efficiency": "search efficiency",
    "goal_conditions": "goal conditions",
    "ordered_completeness": "ordered completeness",
    "repeated_exploration": "repeated exploration",
}
_PAPER = {
    "success": "success rate",
    "efficiency": "search efficiency",
    "completeness": "task completeness",
    "ordered_completeness": "ordered completeness",
    "repetition_rate": "repetition rate",
}
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {"true": Family("true", _TRUE, measure), "paper": Family("paper", _PAPER, measure_as_paper)}
)
"""The families by name, the true one first."""
