"""How long trajectories are and how much they say: the mix of the paper's three training sets.

Source: arXiv 2503.21696v2, table 1 (trajectories, images, longest, actions) and figure 4 (kinds of thoughts and how
they follow each other). The paper gives means and maxima; between them image counts are drawn from a negative binomial
whose dispersion makes the paper's longest trajectory the expected longest of as many draws.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import nbinom

FEWEST_IMAGES = 2
"""The first view, and one action's."""
THOUGHT_TOKENS = 80.0
"""8 million thought tokens over 67,800 actions are 118 an action; `NEXT_THOUGHT` gives about 1.5 thoughts."""
TOKENS_OF_A_WORD = 1.3
"""Measured on these texts with Qwen's vocabulary."""
THOUGHT_SPREAD = 0.4
"""Deviation of the logarithm of a thought's length; not in the paper."""


@dataclass(frozen=True)
class TrainingSet:
    """One of the paper's training sets.

    Attributes:
        name: the paper's.
        share: of all trajectories.
        images: mean images of a trajectory.
        most_images: of its longest trajectory.
        dispersion: r of the negative binomial.
        refused: actions of a trajectory that give no image, the last one not counted.
    """

    name: str
    share: float
    images: float
    most_images: int
    dispersion: float
    refused: float


SETS = (
    TrainingSet("Train-1", 1128 / 9390, 4.11, 11, 10.18, 0.0),
    TrainingSet("Train-2", 6246 / 9390, 7.33, 26, 5.14, 0.0),
    TrainingSet("Train-3", 2016 / 9390, 6.85, 29, 2.39, 8.63 - 6.85),
)

NEXT_THOUGHT: Mapping[str, Mapping[str, float]] = {
    "begin": {"Observation": 1.0},
    "Observation": {"Planning": 0.55, "Thinking": 0.45},
    "Thinking": {"Planning": 0.75, "action": 0.19, "Verification": 0.06},
    "Planning": {"action": 1.0},
    "Reflection": {"action": 0.6, "Planning": 0.4},
    "Verification": {"action": 1.0},
    "action": {"Thinking": 0.42, "Reflection": 0.33, "Planning": 0.22, "Verification": 0.03},
}
"""Figure 4, the paper's five kinds under the names of their tags."""


@dataclass(frozen=True)
class Shape:
    """What one trajectory is to be like.

    Attributes:
        set: name of the training set.
        images: how many it has.
        refused: how many of its actions are answered without an image.
    """

    set: str
    images: int
    refused: int


def shapes(count: int, seed: int) -> list[Shape]:
    """The shapes of a mix, shuffled.

    Image counts are quantiles, not draws, so that few trajectories have the mean of many; the longest of each set is
    the paper's longest, so these are somewhat more frequent here than there.
    """
    rng = np.random.default_rng([seed, count])
    made = [shape for kind in SETS for shape in _shapes_of(kind, round(kind.share * count), rng)]
    return [made[index] for index in rng.permutation(len(made))]


def _shapes_of(kind: TrainingSet, count: int, rng: np.random.Generator) -> Iterator[Shape]:
    mean = kind.images - FEWEST_IMAGES
    levels = (np.arange(count) + 0.5) / count
    images = FEWEST_IMAGES + nbinom.ppf(levels, kind.dispersion, kind.dispersion / (kind.dispersion + mean))
    images[-1:] = kind.most_images
    for number in images:
        yield Shape(kind.name, int(number), int(rng.poisson(kind.refused)))


def thought_kinds(rng: np.random.Generator, first: bool) -> list[str]:
    """The thoughts before one action, by their tags."""
    kinds = []
    kind = "begin" if first else "action"
    while True:
        follows = NEXT_THOUGHT[kind]
        kind = str(rng.choice(list(follows), p=list(follows.values())))
        if kind == "action":
            return kinds
        kinds.append(kind)


def thought_words(mean: float, rng: np.random.Generator) -> int:
    """Length of a thought in words, of a mean length."""
    return int(rng.lognormal(np.log(mean) - THOUGHT_SPREAD**2 / 2, THOUGHT_SPREAD))
