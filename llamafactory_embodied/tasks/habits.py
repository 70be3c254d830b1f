"""How a searcher goes about its tasks, beyond the shortest way that what it has seen allows.

The reference system plans trajectories without, with one and with two wrong places before the right one; the paper's
data also look around, step forward and check before they end. What is asked of a searcher is drawn for each episode;
what the episode came to is measured from its record (episodes/account.py).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..errors import SettingsError
from ..settings import option


@dataclass(frozen=True)
class Habits:
    """What is asked of a searcher in one episode.

    Attributes:
        detours: how many misses it does not avoid: it goes to plausible places before its best guess until then.
        looks: share of its guesses that a look around comes before, while likely places are not in sight.
        steps: share of approaches to a thing straight ahead that are a step forward, not a walk to its furniture.
        check: whether it looks once more before it ends.
        mends: whether it mends what a slip did, or who acted before it: puts back what was placed and taken out again,
            closes what was opened and is still within reach, ends a search for what it holds.
        seed: decides which.
    """

    detours: int = 0
    looks: float = 0.0
    steps: float = 0.0
    check: bool = False
    mends: bool = False
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """As an episode record holds it."""
        return asdict(self)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Habits":
        """Those of an episode record; one of another policy has none."""
        return cls(**record.get("habits", {}))

    def rng(self, episode: str, turn: int, what: str) -> np.random.Generator:
        """Draws for one question at one turn of one episode."""
        return np.random.default_rng([self.seed, turn, *f"{what} {episode}".encode()])


NO_HABITS = Habits()
"""The shortest way that what was seen allows."""


@dataclass(frozen=True)
class HabitShares:
    """How often the searcher does more than is shortest."""

    detours: tuple[float, ...] = option((1.0,), "shares of episodes with no, one, two ... misses asked for")
    looks: float = option(0.0, "share of guesses after a look around, while likely places are not in sight", least=0)
    steps: float = option(0.0, "share of approaches by a step forward, where a thing is straight ahead", least=0)
    checks: float = option(0.0, "share of episodes with one more look before the end", least=0)
    mends: bool = option(False, "mend what slips do to doors and placed things; the demo's data were made without")

    def draw(self, episode: str, seed: int) -> Habits:
        """The habits of one episode.

        Raises:
            SettingsError: shares are negative, or those of the detours do not add up to 1.
        """
        if min(self.detours, default=-1.0) < 0 or abs(sum(self.detours) - 1) > 1e-6:
            raise SettingsError(
                f"detours={list(self.detours)}: expected shares that add up to 1, such as 0.6,0.3,0.1."
            )
        rng = Habits(seed=seed).rng(episode, 0, "habits")
        detours = int(rng.choice(len(self.detours), p=self.detours))
        habits = Habits(detours, self.looks, self.steps, bool(rng.random() < self.checks), self.mends)
        return habits if habits == NO_HABITS else replace(habits, seed=seed)
