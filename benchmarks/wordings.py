"""How far our wordings of tasks overlap with the benchmark's own, and how many there are of each type.

    EMBODIED_THOR_DATA=FOLDER python -m benchmarks.wordings [wordings=varied] [draws=400]

FOLDER holds `test_tasks_313.json`; its `taskquery`s are read here and nowhere else. Both sides are compared without
case, punctuation and the names of things, which would differ anyway: `could you take the X`. What is counted is how
many of ours are word for word among the benchmark's, and which share of our word n-grams is in them, n from 2 to 4.
"""

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from llamafactory_embodied.tasks.names import plain
from llamafactory_embodied.tasks.task import Goal, Task
from llamafactory_embodied.tasks.wording import load_wordings

FILE = "test_tasks_313.json"
_PLACED = (Goal("placed", "Egg", "SinkBasin"), Goal("placed", "Mug", "CounterTop"))
_GOALS = {
    "single_search": (Goal("in_view", "Apple"),),
    "single_search_from_closerep": (Goal("in_view", "Apple"),),
    "single_pickup": (Goal("held", "Apple"),),
    "single_pickup_from_closerep": (Goal("held", "Apple"),),
    "single_toggle": (Goal("toggled_on", "DeskLamp"),),
    "pickup_and_put": _PLACED[:1],
    "pickup_and_put_in_closerep": _PLACED[:1],
    "pickup_from_closerep_and_put": _PLACED[1:],
    "pickup_from_closerep_and_put_in_closerep": _PLACED[1:],
    "ordered_pickup_two_object_and_put": _PLACED,
    "long-range tasks with dependency relationships": (Goal("washed", "Apple"), *_PLACED),
}


def drawn(kind: str, wordings: str, draws: int) -> Counter[str]:
    """The wordings of a type, and how often each came."""
    goals = _GOALS[kind]
    task = Task("", kind, "", "", goals[0].object_type, (), goals[-1].destination_type, (), goals, 0)
    return Counter(load_wordings(wordings)[0](task, np.random.default_rng(seed)) for seed in range(draws))


def bare(text: str, things: set[str]) -> tuple[str, ...]:
    """The words of a text, without case and punctuation, `x` for each thing."""
    low = re.sub(r"[^a-z0-9' ]", " ", text.lower())
    for name in sorted(things, key=lambda name: (-len(name), name)):
        low = re.sub(rf"\b{re.escape(name)}\b", "x", low)
    return tuple(low.split())


def grams(texts: set[tuple[str, ...]], size: int) -> set[tuple[str, ...]]:
    return {text[at : at + size] for text in texts for at in range(len(text) - size + 1)}


def theirs(file: Path) -> set[tuple[str, ...]]:
    """The benchmark's own wordings, bare."""
    tasks = json.loads(file.read_text(encoding="utf-8"))
    named = {step["objectType"] for task in tasks for step in task["task_metadata"]["actions"]} - {""}
    named |= {
        name.split("|")[0]
        for task in tasks
        for step in task["task_metadata"]["actions"]
        for name in step["relatedObject"]
    }
    things = {form for kind in named for form in (kind.lower(), plain(kind))}
    return {bare(task["taskquery"], things) for task in tasks if task.get("taskquery")}


def main() -> None:
    given = {"wordings": "varied", "draws": "400"} | dict(word.split("=", 1) for word in sys.argv[1:])
    file = Path(os.environ.get("EMBODIED_THOR_DATA", "")) / FILE
    own = theirs(file) if file.is_file() else None
    if own is None:
        print(f"No {FILE} in EMBODIED_THOR_DATA: wordings are counted, the overlap is not computed.")
    things = {plain(name) for name in ("Apple", "DeskLamp", "Egg", "Mug", "SinkBasin", "CounterTop")}
    for kind in _GOALS:
        texts = drawn(kind, given["wordings"], int(given["draws"]))
        line = f"{kind:46} {len(texts):4} wordings in {texts.total()} draws, the most frequent {max(texts.values())}"
        if own is not None:
            ours = {bare(text, things) for text in texts}
            shares = [len(grams(ours, size) & grams(own, size)) / len(grams(ours, size)) for size in (2, 3, 4)]
            line += f"; {len(ours & own)} theirs; n-grams " + ", ".join(f"{100 * share:.0f}%" for share in shares)
        print(line)


if __name__ == "__main__":
    main()
