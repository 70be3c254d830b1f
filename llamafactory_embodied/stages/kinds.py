"""Which kinds of thoughts a turn has: a table of transitions decides, the paper's by default (its figure 4).

Two kinds need an occasion: reflection a miss, a surprise or a failure; verification an end. Where they have one they
are drawn so much more often that over all turns they are as frequent as the table says. Where occasions are too few
for that, they are drawn whenever there is one; the data card says how far that is from the table.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import yaml

from ..errors import PromptError
from .turn import Turn

BEGIN, ACTION = "Begin", "Action"
"""The states beside the kinds: the start of an episode; an action, which one thinks before, and after."""
ORDER = ("Observation", "Thinking", "Reflection", "Verification", "Planning")
"""The kinds by their tags, in the order in which they may follow each other within a turn."""

Table = Mapping[str, Mapping[str, float]]
"""State -> what follows it -> its share."""

PAPER: Table = MappingProxyType(
    {
        BEGIN: {"Observation": 1.0},
        "Observation": {"Planning": 0.55, "Thinking": 0.45},
        "Thinking": {"Planning": 0.75, ACTION: 0.19, "Verification": 0.06},
        "Planning": {ACTION: 1.0},
        "Reflection": {ACTION: 0.60, "Planning": 0.40},
        "Verification": {ACTION: 1.0},
        ACTION: {"Thinking": 0.42, "Reflection": 0.33, "Planning": 0.22, "Verification": 0.03},
    }
)
_MISSES = frozenset({"missed", "tidy", "lost", "failed"})
_LOOKS = frozenset({"navigate to", "open", "close", "observe", "move forward"})


class Occasion(NamedTuple):
    """What a turn gives occasion to."""

    begins: bool
    reflects: bool
    ends: bool

    @classmethod
    def of(cls, turn: Turn) -> "Occasion":
        """The occasion of a turn."""
        begins = turn.number == 1
        looked = bool(turn.before) and turn.before[-1][0].name in _LOOKS
        missed = looked and turn.occasion in _MISSES and not turn.holding
        ends = turn.action.name == "end" or turn.occasion == "check"
        return cls(begins, not begins and (missed or turn.failure is not None), ends)

    def allows(self, state: str) -> bool:
        """Whether a kind has its occasion."""
        return {"Reflection": self.reflects, "Verification": self.ends}.get(state, True)


def load_table(name: str) -> Table:
    """A table of transitions.

    Args:
        name: `paper`, or a YAML file with a row for `Begin`, `Action` and each kind.

    Raises:
        PromptError: the file cannot be read; a row is missing, does not add up to 1, or leads back in `ORDER`.
    """
    if name == "paper":
        return PAPER
    try:
        value = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
        table = {str(state): {str(to): float(share) for to, share in row.items()} for state, row in value.items()}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise PromptError(f"Transitions {name!r}: expected `paper` or a YAML file of shares; {error}.") from error
    if set(table) != {BEGIN, ACTION, *ORDER}:
        raise PromptError(f"Transitions {name!r}: expected the rows {[BEGIN, ACTION, *ORDER]}, got {list(table)}.")
    for number, state in enumerate((BEGIN, *ORDER)):
        if not set(table[state]) <= {*ORDER[number:], ACTION}:
            raise PromptError(f"Transitions {name!r}: {state} may lead to {[*ORDER[number:], ACTION]} only.")
    for state, row in table.items():
        if abs(sum(row.values()) - 1) > 1e-6 or min(row.values()) < 0 or (state in (BEGIN, ACTION) and ACTION in row):
            raise PromptError(f"Transitions {name!r}: the row {state} must be shares that add up to 1: {row}.")
    return table


class Kinds:
    """Draws the kinds of each turn's thoughts."""

    def __init__(self, table: Table, occasions: Iterable[Occasion]):
        """Works out how often each kind follows where it may.

        Args:
            table: shares over all turns.
            occasions: of all turns that are written.
        """
        self._rows: dict[tuple[str, Occasion], tuple[list[str], list[float]]] = {}
        every = [Occasion(*bits) for bits in product((False, True), repeat=3)]
        masses = {state: dict.fromkeys(every, 0.0) for state in (BEGIN, ACTION, *ORDER)}
        for occasion, count in Counter(occasions).items():
            masses[BEGIN if occasion.begins else ACTION][occasion] += count
        for state, mass_of in masses.items():
            for occasion, mass in mass_of.items():
                row = _row(table[state], occasion, mass_of)
                self._rows[state, occasion] = (list(row), list(row.values()))
                for to, share in row.items():
                    if to != ACTION:
                        masses[to][occasion] += mass * share

    def draw(self, occasion: Occasion, rng: np.random.Generator) -> list[str]:
        """The tags of one turn's thoughts, in order; at least one."""
        tags: list[str] = []
        state = BEGIN if occasion.begins else ACTION
        while not tags or state != ACTION:
            names, shares = self._rows[state, occasion]
            state = names[int(rng.choice(len(names), p=shares))]
            if state != ACTION:
                tags.append(state)
        return tags


def _row(shares: Mapping[str, float], occasion: Occasion, mass: Mapping[Occasion, float]) -> dict[str, float]:
    """What follows a state in turns of one occasion, so that over all turns it is as the table says."""
    total = sum(mass.values())
    row: dict[str, float] = {}
    for to in ("Reflection", "Verification"):
        if shares.get(to) and occasion.allows(to):
            allowed = sum(count for one, count in mass.items() if one.allows(to))
            row[to] = min(1.0, shares[to] * total / allowed) if allowed else shares[to]
    taken = sum(row.values())
    if taken > 1:
        row, taken = {to: share / taken for to, share in row.items()}, 1.0
    others = {to: share for to, share in shares.items() if to not in ("Reflection", "Verification") and share}
    left = sum(others.values())
    if taken < 1:
        row |= {to: share / left * (1 - taken) for to, share in others.items()} if left else {"Planning": 1 - taken}
    return row


def transitions(chains: Iterable[Sequence[str]], first: Iterable[bool]) -> dict[str, dict[str, float]]:
    """The shares that thoughts have in fact.

    Args:
        chains: the tags of each turn.
        first: whether the turn is an episode's first.
    """
    counts: dict[str, Counter[str]] = {}
    for chain, begins in zip(chains, first, strict=True):
        for state, to in zip((BEGIN if begins else ACTION, *chain), (*chain, ACTION), strict=True):
            counts.setdefault(state, Counter())[to] += 1
    return {state: {to: count / row.total() for to, count in row.items()} for state, row in counts.items()}
