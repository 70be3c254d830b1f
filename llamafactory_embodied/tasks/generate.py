"""Solvable tasks from a scene's metadata: three of the reference system's types so far.

Every task is sound: its target is the only one of its type, lies in or on furniture that is found within the step
limit, and its destination takes it and has room. The same scene, types and seed give the same tasks in every process.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import TaskError
from ..world.compatibility import belongs
from ..world.scene import Scene
from ..world.support import find_spot
from .names import plain, with_article
from .task import MAX_STEPS, REPEATS, Goal, KeyAction, Task

Item = Mapping[str, Any]

_PHRASES = {
    "single_search": ("Find the {target}.", "Look for the {target}.", "Where is the {target}? Go and find it."),
    "single_pickup_from_closerep": ("Pick up the {target}.", "Get {a_target}.", "Fetch the {target} and hold it."),
    "pickup_and_put": (
        "Put the {target} {on} the {destination}.",
        "Place the {target} {on} the {destination}.",
        "Bring the {target} to the {destination} and leave it there.",
    ),
}
_BEFOREHAND = 3  # looking around, going to where more is seen, and looking around there
_HOLLOW = frozenset({"GarbageCan", "SinkBasin", "Sink", "Box", "Bowl", "Pot", "Pan"})


def generate_tasks(scene: Scene, types: Sequence[str], per_scene: int, seed: int) -> list[Task]:
    """Draws tasks of several types, evenly, from one scene.

    Args:
        scene: the room.
        types: task types.
        per_scene: how many tasks at most, over all types.
        seed: decides which, and how they are worded.

    Raises:
        TaskError: a type is unknown.
    """
    unknown = [kind for kind in types if kind not in _CANDIDATES]
    if unknown:
        raise TaskError(f"Unknown task type {unknown[0]!r}; known are {', '.join(_CANDIDATES)}.")
    rng = np.random.default_rng([seed, int(scene.digest[:8], 16)])
    room = _Room(scene)
    pools = [_shuffled([task for task in _CANDIDATES[kind](room) if room.in_time(task)], rng) for kind in types]
    drawn = [pool[turn] for turn in range(max(map(len, pools), default=0)) for pool in pools if turn < len(pool)]
    return [_worded(task, rng) for task in drawn[:per_scene]]


def _shuffled(tasks: list[Task], rng: np.random.Generator) -> list[Task]:
    return [tasks[index] for index in rng.permutation(len(tasks))]


def _worded(task: Task, rng: np.random.Generator) -> Task:
    return replace(task, instruction=phrase(task.type, task.target_type, task.destination_type, rng))


def phrase(kind: str, target_type: str, destination_type: str | None, rng: np.random.Generator) -> str:
    """One of the wordings of a task.

    Args:
        kind: task type.
        target_type: AI2-THOR's objectType.
        destination_type: likewise, for transports.
        rng: draws the wording.
    """
    phrases = _PHRASES[kind]
    return phrases[int(rng.integers(len(phrases)))].format(
        target=plain(target_type),
        a_target=with_article(target_type),
        destination=plain(destination_type) if destination_type else "",
        on="in" if destination_type in _HOLLOW else "on",
    )


class _Room:
    """The questions that task generation asks of a scene."""

    def __init__(self, scene: Scene):
        self.name = scene.name
        self.items: list[Item] = scene.metadata["objects"]
        self.by_id = {item["objectId"]: item for item in self.items}
        self.counts = Counter(item["objectType"] for item in self.items)

    def targets(self, closed: bool) -> Iterator[tuple[Item, Item]]:
        """Unique pickupable objects with the furniture they lie in, which is closed or not."""
        for item in self.items:
            parents = [self.by_id[name] for name in item.get("parentReceptacles") or [] if name in self.by_id]
            if not item["pickupable"] or self.counts[item["objectType"]] != 1 or len(parents) != 1:
                continue
            parent = parents[0]
            shut = bool(parent["openable"] and not parent["isOpen"])
            if parent["objectType"] != "Floor" and not parent["pickupable"] and shut == closed:
                yield item, parent

    def destinations(self, item: Item, source: Item) -> Iterator[Item]:
        """One instance of each type that takes an object and has room for it in every instance."""
        kinds = sorted({other["objectType"] for other in self.items if other["receptacle"]} - {source["objectType"]})
        for kind in kinds:
            instances = [other for other in self.items if other["objectType"] == kind]
            if belongs(kind, item["objectType"]) and all(self._open_with_room(item, other) for other in instances):
                yield instances[0]

    def _open_with_room(self, item: Item, receptacle: Item) -> bool:
        if receptacle["openable"] or receptacle["pickupable"] or receptacle["objectType"] in ("Floor", "Sink"):
            return False
        contents = [self.by_id[name] for name in receptacle.get("receptacleObjectIds") or [] if name in self.by_id]
        return find_spot(item, receptacle, contents) is not None

    def in_time(self, task: Task) -> bool:
        """Whether the limit is enough even if the right one of the furniture of the first step's type comes last.

        An agent also looks around, once for every so many of a type in a row and at the start, and goes somewhere to
        see more.
        """
        others = self.counts[task.key_actions[0].object_type] - 1
        return _BEFOREHAND + others + others // (REPEATS - 1) + len(task.key_actions) <= task.max_steps

    def task(self, kind: str, item: Item, steps: Sequence[KeyAction], goal: Goal) -> Task:
        """A task without words yet."""
        name = "-".join(filter(None, (kind, self.name, item["objectType"], goal.destination_type)))
        target = item["objectType"]
        ids = (item["objectId"],)
        key_actions = (*steps, KeyAction("end"))
        destination = goal.destination_type
        return Task(name, kind, self.name, "", target, ids, destination, key_actions, (goal,), MAX_STEPS[kind])


def _step(action: str, item: Item) -> KeyAction:
    return KeyAction(action, item["objectType"], item["objectId"])


def _searches(room: _Room) -> Iterator[Task]:
    for item, parent in room.targets(closed=False):
        yield room.task("single_search", item, [_step("navigate to", parent)], Goal("in_view", item["objectType"]))


def _pickups_from_closed(room: _Room) -> Iterator[Task]:
    for item, parent in room.targets(closed=True):
        steps = [_step("navigate to", parent), _step("open", parent), _step("pickup", item), _step("close", parent)]
        yield room.task("single_pickup_from_closerep", item, steps, Goal("held", item["objectType"]))


def _puts(room: _Room) -> Iterator[Task]:
    for item, parent in room.targets(closed=False):
        for place in room.destinations(item, parent):
            steps = [
                _step("navigate to", parent),
                _step("pickup", item),
                _step("navigate to", place),
                _step("put", place),
            ]
            yield room.task("pickup_and_put", item, steps, Goal("placed", item["objectType"], place["objectType"]))


_CANDIDATES: dict[str, Callable[[_Room], Iterator[Task]]] = {
    "single_search": _searches,
    "single_pickup_from_closerep": _pickups_from_closed,
    "pickup_and_put": _puts,
}
TASK_TYPES = tuple(_CANDIDATES)
