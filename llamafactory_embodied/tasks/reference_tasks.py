"""Tasks as the reference system's generator makes them of a scene, in its own format: what its published set is from.

The filters are the reference's (TaskGenerate.py; numbers in parentheses are its lines), with their slips: a thing's
furniture is the last of its parents, in the order of their names; what a thing is brought to is the first object of
its type, whichever was looked at. Use `generate` for tasks that can all be done.

Search, pickup and toggle follow from the scene. Where a thing is brought to is drawn: two runs of the reference agree
in no more than the things.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..errors import TaskError
from ..world.compatibility import COMPATIBLE, MENDED
from ..world.scene import Scene
from .task import KeyAction, Task
from .task_room import NOT_SWITCHED

Item = Mapping[str, Any]
Entry = dict[str, Any]

_BASINS = {"Sink": "SinkBasin"}


def reference_entries(scene: Scene, kind: str, seed: int) -> list[Entry]:
    """All tasks of a type, as the reference writes them.

    Args:
        scene: the room; for the reference's own output a recorded one.
        kind: one of `REFERENCE_TYPES`.
        seed: draws where things are brought to.

    Returns:
        Records with `taskname`, `tasktype`, `metadatapath`, `actions` (each with `action`, `objectId`, `objectType`,
        `baseaction`, `reward` and `relatedObject`) and `totalreward`.

    Raises:
        TaskError: the type is unknown.
    """
    if kind not in _KINDS:
        raise TaskError(f"The reference system generates no {kind!r}; choose one of {', '.join(_KINDS)}.")
    rng = np.random.default_rng([seed, int(scene.digest[:8], 16)])
    room = _Room(scene.metadata["objects"])
    return [
        {
            "taskname": name,
            "tasktype": kind,
            "metadatapath": scene.source,
            "actions": actions,
            "totalreward": len(actions),
        }
        for name, actions in _KINDS[kind](room, rng)
    ]


def as_reference(task: Task, metadata_path: str) -> Entry:
    """A task as the reference system writes one.

    Args:
        task: of any type.
        metadata_path: where the reference would find the scene.
    """
    actions = [
        {
            "action": step.action,
            "objectId": step.object_id,
            "objectType": step.object_type,
            "baseaction": "",
            "reward": 1,
            "relatedObject": list(dict.fromkeys(filter(None, (step.object_id, *_related(task, step))))),
        }
        for step in task.key_actions
    ]
    return {
        "taskname": task.instruction,
        "tasktype": task.type,
        "metadatapath": metadata_path,
        "actions": actions,
        "totalreward": len(actions),
    }


def _related(task: Task, step: KeyAction) -> tuple[str, ...]:
    """What the reference lists beside what one goes to, and at the end: the things that the task is about."""
    return task.target_ids if step.action in ("navigate to", "end") else ()


class _Room:
    """The reference's predicates (48-122) over a scene's objects, in the scene's order."""

    def __init__(self, items: Sequence[Item]):
        self.items = items
        self.by_id = {item["objectId"]: item for item in items}

    def first_of_type(self) -> Iterator[Item]:
        """The first object of each type (22)."""
        met: set[str] = set()
        for item in self.items:
            if item["objectType"] not in met:
                met.add(item["objectType"])
                yield item

    def parent(self, item: Item) -> Item | None:
        """The last of its parents."""
        parents = item.get("parentReceptacles") or []
        return self.by_id.get(parents[-1]) if parents else None

    def stands_free(self, item: Item) -> bool:
        """Whether an object has no parents, or a floor among them (72, 98-122)."""
        parents = item.get("parentReceptacles")
        return not parents or any(name.startswith("Floor") for name in parents)

    def on_furniture(self, item: Item, closed: bool) -> Item | None:
        """What an object lies in or on, if that stands free and is closed, or not."""
        parent = self.parent(item)
        if parent is None or self.stands_free(item) or not self.stands_free(parent) or _closed(parent) != closed:
            return None
        return parent


_Made = Iterator[tuple[str, list[Entry]]]


def _closed(item: Item) -> bool:
    return bool(item["openable"] and not item["isOpen"])


def _searches(room: _Room, _: np.random.Generator) -> _Made:
    for item in room.items:
        place = room.on_furniture(item, closed=False) if item["pickupable"] else None
        if place is not None:
            yield f"Find the {item['objectType']} in the room.", [_go(place, item), _end(place, item)]


def _searches_closed(room: _Room, _: np.random.Generator) -> _Made:
    for item in room.first_of_type():
        place = room.on_furniture(item, closed=True) if item["pickupable"] else None
        if place is not None and place["objectType"] != "Toilet":
            steps = [_go(place, item), _do("open", place), _end(place, item)]
            yield f"Find the {item['objectType']} in the room.", steps


def _pickups(closed: bool, room: _Room, _: np.random.Generator) -> _Made:
    for item in room.first_of_type():
        place = room.on_furniture(item, closed) if item["pickupable"] else None
        if place is not None:
            taken = _taken(item, place, closed)
            yield f"Take one {item['objectType']} from the room.", [_go(place, item), *taken, _end(place, item)]


def _toggles(room: _Room, _: np.random.Generator) -> _Made:
    for item in room.first_of_type():
        if not item["toggleable"] or item["objectType"] in NOT_SWITCHED:
            continue
        place = room.on_furniture(item, closed=False)
        if place is not None:
            state = "off" if item["isToggled"] else "on"
            steps = [_go(place, item), _do("toggle", item), _end(place, item)]
            yield f"Switch {state} the {item['objectType']}.", steps


def _transports(closed: bool, closed_place: bool, room: _Room, rng: np.random.Generator) -> _Made:
    for item in room.first_of_type():
        parents = [name for name in item.get("parentReceptacles") or [] if item["objectType"] not in name]
        source = room.by_id.get(parents[-1]) if parents else None
        if source is None or not item["pickupable"] or _closed(source) != closed:
            continue
        place = _destination(room, item, source, closed_place, rng)
        if place is None:
            continue
        carrier = place if room.stands_free(place) else room.parent(place) or place
        opened = [_do("open", place)] if closed_place else []
        steps = [_go(source, item), *_taken(item, source, closed), _go(carrier, place), *opened, _do("put", place)]
        renamed = [step | {"objectType": _BASINS.get(step["objectType"], step["objectType"])} for step in steps]
        yield f"put the {item['objectType']} in the {place['objectType']}", [*renamed, _end(place, item)]


def _destination(room: _Room, item: Item, source: Item, closed: bool, rng: np.random.Generator) -> Item | None:
    """The first receptacle of a type drawn from those that take an object (637-672)."""
    mended = {place for kind, place in MENDED if kind == item["objectType"]}
    takes = [place for place in COMPATIBLE.get(item["objectType"], ()) if place not in mended]
    kinds = []
    for kind in takes:
        fitting = (
            one for one in room.items if one["objectType"] == kind and _closed(one) == closed and one["receptacle"]
        )
        first = next(fitting, None)
        if kind == _kind(source) or first is None:
            continue
        parents = first.get("parentReceptacles") or []
        carrier = room.by_id.get(parents[0]) if parents else None
        if carrier is None or not carrier["openable"]:
            kinds.append(kind)
    if not kinds:
        return None
    drawn = kinds[int(rng.integers(len(kinds)))]
    return next(one for one in room.items if one["objectType"] == drawn)


def _kind(item: Item) -> str:
    """A sink counts as its basin where things are carried."""
    kind: str = item["objectType"]
    return _BASINS.get(kind, kind)


def _taken(item: Item, place: Item, closed: bool) -> list[Entry]:
    if not closed:
        return [_do("pickup", item)]
    return [_do("open", place), _do("pickup", item), _do("close", place)]


def _go(place: Item, wanted: Item) -> Entry:
    return _action("navigate to", place, [place["objectId"], wanted["objectId"]])


def _do(action: str, item: Item) -> Entry:
    return _action(action, item, [item["objectId"]])


def _end(place: Item, item: Item) -> Entry:
    related = [place["objectId"], item["objectId"]]
    return {"action": "end", "objectId": "", "objectType": "", "baseaction": "", "reward": 1, "relatedObject": related}


def _action(action: str, item: Item, related: Sequence[str]) -> Entry:
    return {
        "action": action,
        "objectId": item["objectId"],
        "objectType": item["objectType"],
        "baseaction": "",
        "reward": 1,
        "relatedObject": list(related),
    }


_KINDS: Mapping[str, Callable[[_Room, np.random.Generator], _Made]] = {
    "single_search": _searches,
    "single_search_from_closerep": _searches_closed,
    "single_pickup": partial(_pickups, False),
    "single_pickup_from_closerep": partial(_pickups, True),
    "single_toggle": _toggles,
    "pickup_and_put": partial(_transports, False, False),
    "pickup_and_put_in_closerep": partial(_transports, False, True),
    "pickup_from_closerep_and_put": partial(_transports, True, False),
    "pickup_from_closerep_and_put_in_closerep": partial(_transports, True, True),
}
REFERENCE_TYPES = tuple(_KINDS)
