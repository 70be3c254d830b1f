"""How tasks are asked for: plain ones, of three wordings a type, or many by a grammar; none is the benchmark's own."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from ..errors import PromptError
from ..grammar import Grammar, load_grammar
from .names import inside, plain, with_article
from .task import LONG_RANGE, ORDERED, Goal, Task

_SEARCH = ("Find the {target}.", "Look for the {target}.", "Where is the {target}? Go and find it.")
_PICKUP = ("Pick up the {target}.", "Get {a_target}.", "Fetch the {target} and hold it.")
_PUT = (
    "Put the {target} {on} the {destination}.",
    "Place the {target} {on} the {destination}.",
    "Bring the {target} to the {destination} and leave it there.",
)
_PHRASES = {
    **dict.fromkeys(("single_search", "single_search_from_closerep"), _SEARCH),
    **dict.fromkeys(("single_pickup", "single_pickup_from_closerep"), _PICKUP),
    **dict.fromkeys(("pickup_and_put", "pickup_and_put_in_closerep"), _PUT),
    **dict.fromkeys(("pickup_from_closerep_and_put", "pickup_from_closerep_and_put_in_closerep"), _PUT),
    "single_toggle": (
        "Turn the {target} {switch}.",
        "I want the {target} {switch}, please.",
        "See to it that the {target} is {switch}.",
    ),
}
_PARTS = {
    "washed": ("wash the {target}", "rinse the {target} under the faucet"),
    "heated": ("heat the {target} in the microwave", "warm the {target} up in the microwave"),
    "cooked": ("cook the {target} in the microwave",),
    "cooled": ("cool the {target} in the fridge", "chill the {target} in the fridge"),
    "brewed": ("make coffee in the {target}", "fill the {target} with coffee"),
    "placed": ("put the {target} {on} the {destination}", "bring the {target} to the {destination}"),
    "toggled_on": ("turn the {target} on", "switch the {target} on"),
    "toggled_off": ("turn the {target} off", "switch the {target} off"),
}
_JOINED = {
    ORDERED: (
        "First {0}. Then {1}.",
        "Start with this: {0}. After that, {1}.",
        "Before anything else {0}; next, {1}.",
    ),
    LONG_RANGE: ("{0}.", "Please {0}.", "Here is what is to be done: {0}."),
}


Worded = Callable[[Task, np.random.Generator], str]
"""Draws one of the wordings of a task."""


@dataclass(frozen=True)
class Varied:
    """Many wordings, by the grammar `wordings.yaml`, and of a further file, if there is one, every other time.

    Attributes:
        shipped: the package's own.
        further: the user's.
    """

    shipped: Grammar
    further: Grammar

    def __call__(self, task: Task, rng: np.random.Generator) -> str:
        """One of the wordings of a task."""
        grammar = (self.shipped, self.further)[int(rng.integers(2))]
        text = self._write(grammar, task, rng) or self._write(self.shipped, task, rng)
        assert text is not None, f"wordings.yaml has no text for {task.type}"
        return text

    def _write(self, grammar: Grammar, task: Task, rng: np.random.Generator) -> str | None:
        if task.type not in _JOINED:
            return grammar.write(task.type, _facts(task.goals[0]), (task.type,), rng)
        draws = (grammar.write("part", _facts(goal), (goal.kind,), rng) for goal in task.goals)
        parts = [part for part in draws if part is not None]
        if len(parts) < len(task.goals):
            return None
        joined = ", then ".join(parts)
        return grammar.write(task.type, {"first": parts[0], "second": parts[-1], "all": joined}, (), rng)


@cache
def load_wordings(name: str) -> tuple[Worded, str]:
    """How tasks are worded, and the name and hash of that.

    Args:
        name: `plain`, `varied`, or a YAML file of further texts for the rules of `wordings.yaml`.

    Raises:
        PromptError: the file cannot be read, has no rule that is known, or a text names what no task has.
    """
    if name == "plain":
        return worded, name
    own = str(resources.files(__package__) / "wordings.yaml")
    shipped, further = load_grammar(own), load_grammar(own if name == "varied" else name)
    if not further.facts <= shipped.facts:
        raise PromptError(
            f"Wordings {name!r}: {sorted(further.facts - shipped.facts)} are no facts; "
            f"tasks have {', '.join(sorted(shipped.facts))}."
        )
    if not further.rules & shipped.rules:
        raise PromptError(f"Wordings {name!r}: no rule is known; expected some of {', '.join(sorted(shipped.rules))}.")
    read = b"".join(Path(file).read_bytes() for file in dict.fromkeys((own, own if name == "varied" else name)))
    label = f"{Path(name).stem}@{hashlib.sha256(read).hexdigest()[:8]}"
    return Varied(shipped, further), label


def worded(task: Task, rng: np.random.Generator) -> str:
    """One of the plain wordings of a task."""
    if task.type not in _JOINED:
        return phrase(task.type, task.goals[0], rng)
    parts = [_draw(_PARTS[goal.kind], goal, rng) for goal in task.goals]
    forms = _JOINED[task.type]
    text = forms[int(rng.integers(len(forms)))].format(*(parts if task.type == ORDERED else [", then ".join(parts)]))
    return text[0].upper() + text[1:]


def phrase(kind: str, goal: Goal, rng: np.random.Generator) -> str:
    """One of the wordings of a type with one goal.

    Args:
        kind: task type.
        goal: what is asked for.
        rng: draws the wording.
    """
    return _draw(_PHRASES[kind], goal, rng)


def _draw(phrases: tuple[str, ...], goal: Goal, rng: np.random.Generator) -> str:
    return phrases[int(rng.integers(len(phrases)))].format_map(_facts(goal))


def _facts(goal: Goal) -> dict[str, str]:
    hollow = goal.destination_type is not None and inside(goal.destination_type)
    return {
        "target": plain(goal.object_type),
        "a_target": with_article(goal.object_type),
        "destination": plain(goal.destination_type) if goal.destination_type else "",
        "on": "in" if hollow else "on",
        "onto": "into" if hollow else "onto",
        "switch": "on" if goal.kind == "toggled_on" else "off",
    }
