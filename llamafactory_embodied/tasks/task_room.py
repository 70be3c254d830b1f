"""What task generation asks of a scene: which things are unambiguous, what takes them, and which devices there are."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..world.compatibility import belongs
from ..world.resting import Load, come_to_rest
from ..world.scene import Scene
from ..world.support import find_spot
from .affordances import usual_places
from .process import PROCESSES
from .task import REPEATS, KeyAction, Task

Item = Mapping[str, Any]

_BEFOREHAND = 3  # looking around, going to where more is seen, and looking around there
_NO_DESTINATION = frozenset({"Floor", "Sink", "Toilet"})
NOT_SWITCHED = frozenset({"Candle", "LightSwitch", "StoveBurner", "StoveKnob"})
"""Switches that the reference system asks nobody to toggle."""


class Transport(NamedTuple):
    """A thing, the furniture that it lies in or on, and one that takes it.

    Attributes:
        shut: whether the source is closed.
        shut_place: whether the destination is.
    """

    item: Item
    source: Item
    place: Item
    shut: bool
    shut_place: bool


class TaskRoom:
    """A scene as tasks are drawn from it."""

    def __init__(self, scene: Scene):
        self.name, self.kind = scene.name, scene.room
        self.items: list[Item] = scene.metadata["objects"]
        self.by_id = {item["objectId"]: item for item in self.items}
        self.counts = Counter(item["objectType"] for item in self.items)

    # ---------------------------------------------------------------- things and places

    def targets(self, closed: bool) -> Iterator[tuple[Item, Item]]:
        """Unique pickupable objects with the furniture they lie in, which is closed or not."""
        for item in self.items:
            parent = self.furniture(item)
            if not item["pickupable"] or self.counts[item["objectType"]] != 1 or parent is None:
                continue
            if parent["objectType"] != "Floor" and _shut(parent) == closed:
                yield item, parent

    def furniture(self, item: Item) -> Item | None:
        """The only thing that an object lies in or on, unless that can be carried away."""
        parents = [self.by_id[name] for name in item.get("parentReceptacles") or [] if name in self.by_id]
        return parents[0] if len(parents) == 1 and not parents[0]["pickupable"] else None

    def switches(self) -> Iterator[tuple[Item, Item]]:
        """Unique things that are toggled where they are, with the furniture one goes to for them."""
        for item in self.items:
            kind = item["objectType"]
            if not item["toggleable"] or kind in NOT_SWITCHED or self.counts[kind] != 1:
                continue
            parent = self.furniture(item)
            if parent is None or parent["objectType"] == "Floor":
                yield item, item
            elif not parent["openable"]:
                yield item, parent

    def destinations(self, item: Item, source: Item, closed: bool = False) -> Iterator[Item]:
        """One instance of each type that takes an object and has room for it in every instance."""
        kinds = sorted({other["objectType"] for other in self.items if other["receptacle"]} - {source["objectType"]})
        for kind in kinds:
            instances = [other for other in self.items if other["objectType"] == kind]
            has_room = self._shut_with_room if closed else self._open_with_room
            if belongs(kind, item["objectType"]) and all(has_room(item, other) for other in instances):
                yield instances[0]

    def transports(self, shut: bool, shut_place: bool) -> Iterator[Transport]:
        """All transports whose source and destination are closed or not."""
        for item, source in self.targets(closed=shut):
            for place in self.destinations(item, source, closed=shut_place):
                yield Transport(item, source, place, shut, shut_place)

    def device(self, kind: str, item: Item) -> Item | None:
        """The only device of a process, if the room has it, it takes an object, and its switch is unique, too."""
        process = PROCESSES[kind]
        wanted = {process.device, process.switch or process.device}
        if any(self.counts[one] != 1 for one in wanted) or not belongs(process.device, item["objectType"]):
            return None
        device = next(one for one in self.items if one["objectType"] == process.device)
        has_room = self._shut_with_room if process.shut else self._open_with_room
        return device if has_room(item, device) else None

    def _open_with_room(self, item: Item, receptacle: Item) -> bool:
        if receptacle["openable"] or receptacle["pickupable"] or receptacle["objectType"] in _NO_DESTINATION:
            return False
        return find_spot(item, receptacle, self._contents(receptacle)) is not None

    def _shut_with_room(self, item: Item, receptacle: Item) -> bool:
        if not _shut(receptacle) or receptacle["pickupable"] or receptacle["objectType"] in _NO_DESTINATION:
            return False
        load = Load(item, [])
        return come_to_rest(load, [receptacle], self._contents(receptacle), [receptacle]) is not None

    def _contents(self, receptacle: Item) -> list[Item]:
        return [self.by_id[name] for name in receptacle.get("receptacleObjectIds") or [] if name in self.by_id]

    # ---------------------------------------------------------------- time

    def in_time(self, task: Task) -> bool:
        """Whether the limit is enough even if the right one of the furniture that is searched always comes last.

        What is closed is opened and closed again, and what is hidden is first looked for wherever it is likelier. An
        agent also looks around, once for every so many of a type in a row and at the start, and goes somewhere to see
        more.
        """
        steps = _BEFOREHAND + len(task.key_actions)
        for kind, shut, sought in _searched(task.key_actions, task.target_type):
            others = self.counts[kind] - 1
            steps += 3 * others + self._likelier(kind, sought) if shut else others + others // (REPEATS - 1)
        return steps <= task.max_steps

    def _likelier(self, place: str, sought: str) -> int:
        """How many steps it takes to go through the furniture in which one looks for a thing before another's."""
        prior = usual_places(sought, self.kind)
        rank = {kind: share / self.counts[kind] for kind, share in prior.items() if self.counts[kind]}
        before = [kind for kind in rank if rank[kind] > rank.get(place, 0.0)]
        shut = {item["objectType"] for item in self.items if _shut(item)}
        return sum(self.counts[kind] * (3 if kind in shut else 1) for kind in before)


def hides(item: Item) -> bool:
    """Whether what belongs to an object is hidden while it is closed; what stands on a closed toilet is not."""
    return bool(item["openable"]) and item["objectType"] != "Toilet"


def _shut(item: Item) -> bool:
    return hides(item) and not item["isOpen"]


def _searched(steps: Sequence[KeyAction], sought: str) -> Iterator[tuple[str, bool, str]]:
    """The types of what one goes to for what is there, and not to leave something; whether it is opened; for what."""
    for number, step in enumerate(steps):
        shut = steps[number + 1].action == "open" if step.action == "navigate to" else False
        then = steps[number + 1 + shut] if step.action == "navigate to" else step
        if then is not step and then.action in ("pickup", "toggle", "end"):
            yield step.object_type, shut, then.object_type or sought
