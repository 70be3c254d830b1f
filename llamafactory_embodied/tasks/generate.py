"""Solvable tasks from a scene's metadata: the reference system's ten types, and long-range ones.

Every task is sound: its targets are the only ones of their types, lie in or on furniture that is found within the step
limit, and its destinations take them and have room. The same scene, types and seed give the same tasks everywhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, zip_longest

import numpy as np

from ..errors import TaskError
from ..world.scene import Scene
from .composed import carried, chains, composed, disjoint, key_actions
from .task import LONG_RANGE, MAX_STEPS, ORDERED, Goal, KeyAction, Task
from .task_room import TaskRoom, Transport
from .wording import load_wordings

SIMPLE_TYPES = ("single_search", "single_pickup_from_closerep", "pickup_and_put")
"""One type of each kind; what the demo is made of."""


def generate_tasks(
    scene: Scene, types: Sequence[str], per_scene: int, seed: int, wordings: str = "plain"
) -> list[Task]:
    """Draws tasks of several types, evenly, from one scene.

    Args:
        scene: the room.
        types: task types.
        per_scene: how many tasks at most, over all types.
        seed: decides which, and how they are worded.
        wordings: `plain`, `varied`, or a file, see `load_wordings`.

    Raises:
        TaskError: a type is unknown.
        PromptError: the wordings cannot be used.
    """
    unknown = [kind for kind in types if kind not in _CANDIDATES]
    if unknown:
        raise TaskError(f"Unknown task type {unknown[0]!r}; known are {', '.join(_CANDIDATES)}.")
    worded, _ = load_wordings(wordings)
    rng = np.random.default_rng([seed, int(scene.digest[:8], 16)])
    room = TaskRoom(scene)
    pools = [_shuffled(kind, [task for task in _CANDIDATES[kind](room) if room.in_time(task)], rng) for kind in types]
    drawn: dict[tuple[str, ...], Task] = {}
    for task in (task for turn in zip_longest(*pools) for task in turn if task is not None):
        drawn.setdefault(task.meaning, task)
    return [replace(task, instruction=worded(task, rng)) for task in islice(drawn.values(), per_scene)]


def _shuffled(kind: str, tasks: list[Task], rng: np.random.Generator) -> list[Task]:
    """In random order; of what is composed, the variants in turn."""
    order = [tasks[index] for index in rng.permutation(len(tasks))]
    if kind not in (ORDERED, LONG_RANGE):
        return order
    variants: dict[str, list[Task]] = {}
    for task in order:
        variants.setdefault(task.id.split("-")[1] if kind == ORDERED else _shape(task), []).append(task)
    turns = zip_longest(*(variants[name] for name in rng.permutation(sorted(variants))))
    return [task for turn in turns for task in turn if task is not None]


def _shape(task: Task) -> str:
    return " ".join(goal.kind for goal in task.goals)


def _task(room: TaskRoom, kind: str, target_id: str, steps: Sequence[KeyAction], goal: Goal) -> Task:
    """A task with one goal, without words yet."""
    name = "-".join(filter(None, (kind, room.name, goal.object_type, goal.destination_type)))
    actions = (*steps, KeyAction("end"))
    place = goal.destination_type
    return Task(name, kind, room.name, "", goal.object_type, (target_id,), place, actions, (goal,), MAX_STEPS[kind])


def _at_hand(kind: str, shut: bool, goal_kind: str, room: TaskRoom) -> Iterator[Task]:
    """Searches and pickups: what is sought is in view, or held, at the end."""
    for item, source in room.targets(closed=shut):
        goal = Goal(goal_kind, item["objectType"])
        opened = [KeyAction.on("open", source)] if shut else []
        taken = [KeyAction.on("pickup", item)] if goal_kind == "held" else []
        closed = [KeyAction.on("close", source)] if shut and taken else []
        steps = [KeyAction.on("navigate to", source), *opened, *taken, *closed]
        yield _task(room, kind, item["objectId"], steps, goal)


def _toggles(room: TaskRoom) -> Iterator[Task]:
    for item, place in room.switches():
        goal = Goal("toggled_off" if item["isToggled"] else "toggled_on", item["objectType"])
        steps = [KeyAction.on("navigate to", place), KeyAction.on("toggle", item)]
        yield _task(room, "single_toggle", item["objectId"], steps, goal)


def _puts(kind: str, shut: bool, shut_place: bool, room: TaskRoom) -> Iterator[Task]:
    for one in room.transports(shut, shut_place):
        chain = carried(one)
        yield _task(room, kind, one.item["objectId"], key_actions(room, (chain,)), chain.goals[0])


def _ordered(room: TaskRoom) -> Iterator[Task]:
    """Two transports, the first before the second: each with the next few that share nothing with it."""
    singles = [one for shut in (False, True) for place in (False, True) for one in room.transports(shut, place)]
    for number, first in enumerate(singles):
        rest = [*singles[number + 1 :], *singles[:number]]
        for second in _few(other for other in rest if _apart(first, other)):
            variant = "".join(str(int(bit)) for one in (first, second) for bit in (one.shut, one.shut_place))
            yield composed(room, ORDERED, variant, (carried(first), carried(second)))


def _apart(first: Transport, second: Transport) -> bool:
    """Whether two transports share neither a type of thing or place, nor the furniture that they start from."""
    return disjoint(carried(first), carried(second)) and first.source is not second.source


def _few(transports: Iterable[Transport], most: int = 4) -> list[Transport]:
    """The first of each variant."""
    found: dict[tuple[bool, bool], Transport] = {}
    for one in transports:
        found.setdefault((one.shut, one.shut_place), one)
        if len(found) == most:
            break
    return list(found.values())


def _long_range(room: TaskRoom) -> Iterator[Task]:
    for parts in chains(room):
        yield composed(room, LONG_RANGE, "", parts)


_CANDIDATES: dict[str, Callable[[TaskRoom], Iterator[Task]]] = {
    "single_search": partial(_at_hand, "single_search", False, "in_view"),
    "single_search_from_closerep": partial(_at_hand, "single_search_from_closerep", True, "in_view"),
    "single_pickup": partial(_at_hand, "single_pickup", False, "held"),
    "single_pickup_from_closerep": partial(_at_hand, "single_pickup_from_closerep", True, "held"),
    "single_toggle": _toggles,
    "pickup_and_put": partial(_puts, "pickup_and_put", False, False),
    "pickup_and_put_in_closerep": partial(_puts, "pickup_and_put_in_closerep", False, True),
    "pickup_from_closerep_and_put": partial(_puts, "pickup_from_closerep_and_put", True, False),
    "pickup_from_closerep_and_put_in_closerep": partial(_puts, "pickup_from_closerep_and_put_in_closerep", True, True),
    ORDERED: _ordered,
    LONG_RANGE: _long_range,
}
TASK_TYPES = tuple(_CANDIDATES)
