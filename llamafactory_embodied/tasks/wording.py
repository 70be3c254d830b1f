"""How tasks are asked for: several wordings of each type, drawn by a seed; none is one of the benchmark's own."""

import numpy as np

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


def worded(task: Task, rng: np.random.Generator) -> str:
    """One of the wordings of a task."""
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
    return phrases[int(rng.integers(len(phrases)))].format(
        target=plain(goal.object_type),
        a_target=with_article(goal.object_type),
        destination=plain(goal.destination_type) if goal.destination_type else "",
        on="in" if goal.destination_type and inside(goal.destination_type) else "on",
        switch="on" if goal.kind == "toggled_on" else "off",
    )
