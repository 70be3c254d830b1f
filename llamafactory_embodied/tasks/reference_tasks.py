"""Tasks as the reference system's generator makes them of a scene, in its own format: what its published set is from.

The filters are the reference's (TaskGenerate.py; numbers in parentheses are its lines), with their slips: a thing's
furniture is the last of its parents, in the order of their names; a thing whose parents all bear its name is fetched
from where the one before it was; what something was brought to on other furniture is its own parent from then on.
Use `generate` for tasks that can all be done.

Search, pickup and toggle follow from the scene. Where things are brought to, what comes second in an order, and the
words are drawn: two runs of the reference agree in no more than the first things, and even one of a fixed seed hangs
on the order of a set, which every process has its own of. Here the seed alone decides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ..errors import TaskError
from ..world.compatibility import BENCHMARK, COMPATIBLE, MENDED
from ..world.scene import Scene
from .reference_tables import NO_TRANSPORT, ORDERED_PICKUPS, ORDERED_PLACES, ORDERED_STRICT, PATTERNS
from .task import ORDERED, Task
from .task_room import NOT_SWITCHED

Item = Mapping[str, Any]
Entry = dict[str, Any]
_T = TypeVar("_T")

_BASINS = {"Sink": "SinkBasin"}
_NOWHERE = {"objectId": "", "objectType": "", "openable": False, "isOpen": False}


def reference_entries(scene: Scene, kind: str, seed: int) -> list[Entry]:
    """All tasks of a type, as the reference writes them.

    Args:
        scene: the room; for the reference's own output a recorded one.
        kind: one of `REFERENCE_TYPES`.
        seed: draws words, where things are brought to, and what comes second.

    Returns:
        Records with `taskname`, `tasktype`, `metadatapath`, `actions` (each with `action`, `objectId`, `objectType`,
        `baseaction`, `reward` and `relatedObject`) and `totalreward`. The type of an ordered task ends in a bit for
        the first source, the first destination, and the second ones: 1 where it is closed.

    Raises:
        TaskError: the type is unknown.
    """
    if kind not in _KINDS:
        raise TaskError(f"The reference system generates no {kind!r}; choose one of {', '.join(_KINDS)}.")
    room = _Room(scene, np.random.default_rng([seed, int(scene.digest[:8], 16)]))
    return [_entry(name, kind + bits, scene.source, actions) for name, bits, actions in _KINDS[kind](room)]


def as_reference(task: Task, metadata_path: str) -> Entry:
    """A task as the reference system writes one; what is gone to is beside what the task is about, as is the end.

    Args:
        task: of any type.
        metadata_path: where the reference would find the scene.
    """
    actions = []
    for step in task.key_actions:
        about = task.target_ids if step.action in ("navigate to", "end") else ()
        related = dict.fromkeys(filter(None, (step.object_id, *about)))
        actions.append(_action(step.action, {"objectId": step.object_id, "objectType": step.object_type}, related))
    return _entry(task.instruction, task.type, metadata_path, actions)


class _Room:
    """The reference's predicates (48-122) over a scene's objects, in the scene's order, and what it draws."""

    def __init__(self, scene: Scene, rng: np.random.Generator):
        self.kind, self.rng = scene.room, rng
        self.items: list[Item] = [
            item | {"parentReceptacles": list(item.get("parentReceptacles") or [])}
            for item in scene.metadata["objects"]
        ]
        self.by_id = {item["objectId"]: item for item in self.items}

    def of_type(self, kind: str) -> list[Item]:
        """The objects of a type."""
        return [item for item in self.items if item["objectType"] == kind]

    def first_of_type(self) -> Iterator[Item]:
        """The first object of each type (22)."""
        return (self.of_type(kind)[0] for kind in dict.fromkeys(item["objectType"] for item in self.items))

    def parents(self, item: Item) -> list[Item]:
        """What it lies in or on; the last counts."""
        return [self.by_id[name] for name in item["parentReceptacles"] if name in self.by_id]

    def stands_free(self, item: Item) -> bool:
        """Whether an object has no parents, or a floor among them (72, 98-122)."""
        parents = item["parentReceptacles"]
        return not parents or any(name.startswith("Floor") for name in parents)

    def on_furniture(self, item: Item, closed: bool) -> Item | None:
        """What an object lies in or on, if that stands free and is closed, or not."""
        parents = self.parents(item)
        if not parents or self.stands_free(item) or not self.stands_free(parents[-1]):
            return None
        return parents[-1] if _closed(parents[-1]) == closed else None

    def way(self, place: Item) -> tuple[Item, list[str]]:
        """What one goes to for a place, which may stand on other furniture, and what that is related to."""
        if self.stands_free(place):
            return place, [place["objectId"]]
        carrier = (self.parents(place) or [place])[-1]
        return carrier, [*place["parentReceptacles"], place["objectId"]]

    def draw(self, choices: Iterable[_T]) -> _T:
        """One of some things."""
        listed = list(choices)
        return listed[int(self.rng.integers(len(listed)))]


_Made = Iterator[tuple[str, str, list[Entry]]]
"""A wording, the bits of an order, and actions."""


def _closed(item: Item) -> bool:
    return bool(item["openable"] and not item["isOpen"])


def _at_hand(does: str, closed: bool, room: _Room) -> _Made:
    """Searches, pickups and toggles."""
    for item in room.first_of_type() if does != "search" or closed else room.items:
        place = room.on_furniture(item, closed)
        unfit = item["objectType"] in NOT_SWITCHED if does == "toggle" else not item["pickupable"]
        if place is None or unfit or (does == "toggle" and not item["toggleable"]):
            continue
        if does == "search" and closed and place["objectType"] == "Toilet":
            continue
        both = [place["objectId"], item["objectId"]]
        go = _action("navigate to", place, both[:1] if does == "pickup" and closed else both)
        opened = [_action("open", place)] if closed else []
        done = [] if does == "search" else [_action(does, item)]
        shut = [_action("close", place)] if closed and done else []
        state = "off" if item["isToggled"] else "on"
        name = room.draw(PATTERNS.get(does) or PATTERNS[state]).format(item["objectType"], state)
        yield name, "", [go, *opened, *done, *shut, _end(both)]


def _transports(closed: bool, closed_place: bool, room: _Room) -> _Made:
    source: Item = _NOWHERE
    for item in room.first_of_type():
        if not item["pickupable"] or not item["parentReceptacles"]:
            continue
        parents = [one for one in room.parents(item) if item["objectType"] not in one["objectId"]]
        source = parents[-1] if parents else source
        renamed = {**source, "objectType": _BASINS.get(source["objectType"], source["objectType"])}
        place = _destination(room, item, renamed, closed_place) if _closed(source) == closed else None
        if place is None:
            continue
        carrier, way = room.way(place)
        related = [source["objectId"], item["objectId"]]
        base = "put" if len(way) > 1 and not closed_place else ""
        put = [_action("open", place)] if closed_place else []
        put.append(_action("put", place, way if base else None, base))
        taken = _taken(renamed, item, closed, "pickup")
        steps = [_action("navigate to", renamed, related), *taken, _action("navigate to", carrier, way), *put]
        yield (
            f"put the {item['objectType']} in the {place['objectType']}",
            "",
            [*steps, _end(dict.fromkeys([*related, *way]))],
        )
        if len(way) > 1:
            place["parentReceptacles"].append(place["objectId"])  # as theirs, from now on (738)


def _destination(room: _Room, item: Item, source: Item, closed: bool) -> Item | None:
    """The first receptacle of a type drawn from those that take an object (637-672)."""
    kinds = []
    for kind in () if item["objectType"] in NO_TRANSPORT else _takes(item):
        fitting = [one for one in room.of_type(kind) if _closed(one) == closed and one["receptacle"]]
        if (
            kind != source["objectType"]
            and fitting
            and not any(one["openable"] for one in room.parents(fitting[0])[:1])
        ):
            kinds.append(kind)
    return room.of_type(room.draw(kinds))[0] if kinds else None


def _takes(item: Item) -> list[str]:
    """Where the reference's table says that a thing belongs."""
    kind = item["objectType"]
    return [place for place in COMPATIBLE.get(kind, ()) if (kind, place) not in MENDED]


def _ordered(room: _Room) -> _Made:
    """Two transports, one after the other (1489-2316).

    Each thing that comes first is taken off the list that is being read, so that the next is passed over.
    """
    kinds = ORDERED_PICKUPS[room.kind].split()
    for kind in kinds:
        first = _only(room, kind)
        if first is None:
            continue
        kinds.remove(kind)
        rest = [one for one in (_only(room, other) for other in kinds) if one is not None]
        second = room.draw(rest) if rest else None
        pairs = [(item, _ordered_place(room, item)) for item in (first, second) if item is not None]
        found = [(item, place) for item, place in pairs if place is not None]
        if len(found) < 2:
            continue
        one, other = (f"place {item['objectType']} on {place['objectType']}" for item, place in found)
        parts = [_carried(room, item, place, item is second) for item, place in found]
        bits = "".join(bit for bit, _ in parts)
        yield f"First, {one}, then, {other}. ", bits, [*parts[0][1], *parts[1][1], _end([])]


def _only(room: _Room, kind: str) -> Item | None:
    """The object of a type, if there is one alone and it lies in or on furniture."""
    items = room.of_type(kind)
    return items[0] if len(items) == 1 and room.parents(items[0]) and not room.stands_free(items[0]) else None


def _ordered_place(room: _Room, item: Item) -> Item | None:
    """The last receptacle of a type drawn from those that take an object (1416-1489), whether the room has it or not.

    That the room is not asked first is inferred: only so come ordered tasks out as rarely outside of kitchens as they
    do there (facts of a run over 119 scenes). What does not fit is taken off the list that is being read.
    """
    parents, kind = room.parents(item), item["objectType"]
    source = parents[-1]
    above = {source["objectId"], *source["parentReceptacles"]}
    takes = ORDERED_STRICT.get((room.kind, kind)) or [
        *_takes(item),
        *(place for one, place in BENCHMARK if one == kind),
    ]
    allowed = set(ORDERED_PLACES[room.kind].split()) - {one["objectType"] for one in parents}
    kinds = [place for place in takes if place in allowed]
    room.rng.shuffle(kinds)
    for place_type in kinds:
        for place in room.of_type(place_type)[-1:]:
            inside = any(one["openable"] for one in room.parents(place))
            if inside or place["objectId"] in above or source["objectId"] in place["parentReceptacles"]:
                kinds.remove(place_type)
    found = room.of_type(room.draw(kinds)) if kinds else []
    return found[-1] if found else None


def _carried(room: _Room, item: Item, place: Item, last: bool) -> tuple[str, list[Entry]]:
    """The bits and actions of one transport of an order.

    The bit of a destination is that of the first of its type (1836). Of what is openable and open nothing is fetched,
    and its bit is missing (1740).
    """
    source = room.parents(item)[-1]
    bit, steps = "", []
    if not source["openable"] or _closed(source):
        bit = str(int(_closed(source)))
        carrier, way = room.way(source)
        go = _action("navigate to", carrier, way if bit == "1" else [*way, item["objectId"]])
        steps = [go, *_taken(source, item, bit == "1")]
    carrier, way = room.way(place)
    closed = _closed(room.of_type(place["objectType"])[0])
    steps += [
        _action("navigate to", carrier, way),
        *([_action("open", place)] if closed else []),
        _action("put", place),
    ]
    steps += [_action("close", place)] if closed and not last else []
    return f"{bit}{int(closed)}", steps


def _taken(place: Item, item: Item, closed: bool, base: str = "") -> list[Entry]:
    pickup = _action("pickup", item, None, base)
    return [_action("open", place), pickup, _action("close", place, None, base)] if closed else [pickup]


def _end(related: Iterable[str]) -> Entry:
    return _action("end", _NOWHERE, related)


def _action(action: str, item: Item, related: Iterable[str] | None = None, base: str = "") -> Entry:
    return {
        "action": action,
        "objectId": item["objectId"],
        "objectType": item["objectType"],
        "baseaction": base,
        "reward": 1,
        "relatedObject": [item["objectId"]] if related is None else list(related),
    }


def _entry(name: str, kind: str, path: str, actions: list[Entry]) -> Entry:
    return {
        "taskname": name,
        "tasktype": kind,
        "metadatapath": path,
        "actions": actions,
        "totalreward": len(actions),
    }


_KINDS: Mapping[str, Callable[[_Room], _Made]] = {
    "single_search": partial(_at_hand, "search", False),
    "single_search_from_closerep": partial(_at_hand, "search", True),
    "single_pickup": partial(_at_hand, "pickup", False),
    "single_pickup_from_closerep": partial(_at_hand, "pickup", True),
    "single_toggle": partial(_at_hand, "toggle", False),
    "pickup_and_put": partial(_transports, False, False),
    "pickup_and_put_in_closerep": partial(_transports, False, True),
    "pickup_from_closerep_and_put": partial(_transports, True, False),
    "pickup_from_closerep_and_put_in_closerep": partial(_transports, True, True),
    ORDERED: _ordered,
}
REFERENCE_TYPES = tuple(_KINDS)
