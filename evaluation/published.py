"""The paper's main table: AI2-THOR in Unity, the reference's 809 entries, rules and formulas (arXiv 2503.21696v2).

The rows of 2B and 3B are from the project page. They stand beside figures of ours only in columns that say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from llamafactory_embodied.errors import SettingsError


@dataclass(frozen=True)
class Published:
    """One row, in percent: success overall, search efficiency and task completeness, then success by group."""

    success: float
    efficiency: float
    completeness: float
    search: float
    manipulate: float
    transport: float
    composite: float


PUBLISHED: Mapping[str, Published] = MappingProxyType(
    {
        "Qwen2.5-VL-7B-Instruct": Published(12.38, 10.87, 27.53, 6.45, 23.55, 7.56, 0.95),
        "Qwen2-VL-7B-Instruct": Published(14.79, 11.97, 38.67, 23.33, 25.50, 2.82, 0.00),
        "Qwen2.5-VL-72B-Instruct": Published(31.75, 22.61, 50.62, 52.14, 38.89, 21.90, 0.00),
        "Qwen2-VL-72B-Instruct": Published(39.00, 28.88, 54.56, 50.00, 52.36, 33.19, 0.00),
        "Claude-3.5-Sonnet": Published(45.35, 28.05, 64.12, 54.25, 50.51, 51.22, 3.84),
        "Qwen-VL-Max": Published(49.81, 36.28, 68.39, 63.87, 63.21, 45.16, 1.90),
        "GPT-4o": Published(66.67, 41.68, 79.07, 69.03, 79.26, 71.95, 14.42),
        "QVQ-72B-Preview": Published(7.54, 6.39, 36.33, 4.35, 7.50, 10.53, 0.00),
        "o3-mini": Published(56.55, 26.93, 67.41, 78.57, 59.32, 66.67, 0.00),
        "Gemini-2.0-Flash-Thinking": Published(56.74, 43.01, 71.70, 71.05, 75.60, 40.67, 8.89),
        "Claude-3.7-Sonnet-thinking": Published(67.70, 37.95, 78.63, 69.12, 75.88, 71.94, 13.79),
        "o1": Published(71.73, 43.06, 82.49, 78.42, 79.10, 67.36, 13.16),
        "Embodied-Interactor-7B": Published(25.46, 24.75, 53.67, 30.97, 27.09, 29.20, 3.81),
        "Embodied-Explorer-7B": Published(65.39, 46.25, 77.73, 60.00, 75.92, 72.24, 26.67),
        "Embodied-Reasoner-2B": Published(59.09, 40.05, 72.04, 64.52, 68.56, 63.20, 14.29),
        "Embodied-Reasoner-3B": Published(73.67, 50.88, 83.34, 65.16, 86.96, 77.60, 39.05),
        "Embodied-Reasoner-7B": Published(80.96, 55.07, 86.30, 65.16, 93.31, 87.20, 54.29),
    }
)
"""The rows by the paper's name of the model."""


def published_rows(names: Sequence[str]) -> dict[str, Published]:
    """The rows of some models.

    Raises:
        SettingsError: the paper has no such model.
    """
    unknown = [name for name in names if name not in PUBLISHED]
    if unknown:
        raise SettingsError(f"published={unknown[0]!r} is not in the paper's table; it has {', '.join(PUBLISHED)}.")
    return {name: PUBLISHED[name] for name in names}
