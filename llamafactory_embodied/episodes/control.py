"""Controls: the same tasks with frames that show less, or something else, or with the target where nobody expects it.

They tell how much of what a policy does comes from seeing, and how much from knowing where things usually are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import SettingsError
from ..tasks.affordances import usual_places
from ..tasks.task import Task
from ..world.action import Action
from ..world.boxes import low_and_high, moved
from ..world.controller import open_controller
from ..world.hints import NO_HINTS, Hints
from ..world.household import Household
from ..world.outcome import Frame, Outcome
from ..world.scene import Scene

CONTROLS = ("none", "blind", "text", "swap", "moved")


class Twin:
    """What the policy sees in place of the household's frames; here, those frames."""

    def frames(self, action: Action | None, outcome: Outcome) -> Sequence[Frame]:
        """The frames to show after an action."""
        return outcome.frames

    def close(self) -> None:
        """Called once, when the episode has ended."""


class Blind(Twin):
    """Black frames, as many and as large."""

    def frames(self, action: Action | None, outcome: Outcome) -> Sequence[Frame]:
        """Black ones."""
        return tuple(np.zeros_like(frame) for frame in outcome.frames)


class Text(Twin):
    """No frames at all: what is left is the task, one's own words, and feedback."""

    def frames(self, action: Action | None, outcome: Outcome) -> Sequence[Frame]:
        """None."""
        return ()


class Swap(Twin):
    """The frames of a twin room, where the same actions are done and every small thing stands where another stood."""

    def __init__(self, household: Household, scene: Scene, hints: Hints):
        controller = open_controller(household.backend, household.frame)
        self._twin = Household(controller, household.frame, household.backend, household.rules.name)
        self._first = self._twin.reset(swap_contents(scene), hints)
        self._newest = self._first.frames

    def frames(self, action: Action | None, outcome: Outcome) -> Sequence[Frame]:
        """What the twin shows; where the twin refuses what the household did, its newest frame again."""
        if action is None:
            return self._first.frames if outcome.frames else ()
        done = self._twin.step(action)
        shown = done.frames or self._newest[-1:]
        self._newest = shown
        count = len(outcome.frames)
        return tuple((list(shown) * count)[:count])

    def close(self) -> None:
        """Stops the twin's simulator."""
        self._twin.controller.stop()


def make_twin(control: str, household: Household, scene: Scene, hints: Hints = NO_HINTS) -> Twin:
    """The control by name.

    Raises:
        SettingsError: there is no such control.
    """
    if control in ("none", "moved"):
        return Twin()
    if control == "blind":
        return Blind()
    if control == "text":
        return Text()
    if control == "swap":
        return Swap(household, scene, hints)
    raise SettingsError(f"control={control!r} is unknown; choose one of {', '.join(CONTROLS)}.")


def move_target(scene: Scene, task: Task) -> Scene | None:
    """The same room with what a task is about where it usually is not, in exchange for the thing that lies there.

    Args:
        scene: the room.
        task: its first target is moved.

    Returns:
        None where the target cannot be carried, or nothing lies in a place of another type.
    """
    objects = {item["objectId"]: item for item in scene.metadata["objects"]}
    target = objects[task.target_ids[0]]
    place = _furniture(target, objects)
    if not target["pickupable"] or place is None:
        return None
    prior = usual_places(target["objectType"], scene.room)
    others = [
        (prior.get(there, 0.0), item["objectId"])
        for item in objects.values()
        if item["pickupable"] and (there := _furniture(item, objects)) not in (None, place, task.destination_type)
    ]
    if not others:
        return None
    return move_round(scene, [target["objectId"], min(others)[1]])


def _furniture(item: Mapping[str, Any], objects: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The type of the only furniture that an object lies in or on."""
    parents = [objects[name] for name in item.get("parentReceptacles") or () if name in objects]
    fixed = [parent["objectType"] for parent in parents if not parent["pickupable"]]
    return str(fixed[0]) if len(parents) == len(fixed) == 1 and fixed[0] != "Floor" else None


def swap_contents(scene: Scene) -> Scene:
    """The same room with every small thing moved to the place of the next one, in a fixed random round."""
    objects = scene.metadata["objects"]
    small = [item["objectId"] for item in objects if item["pickupable"] and item.get("parentReceptacles")]
    return move_round(scene, np.random.default_rng(int(scene.digest[:8], 16)).permutation(small).tolist())


def move_round(scene: Scene, names: Sequence[str]) -> Scene:
    """The same room with each of some small things moved to the place of the next, the last to that of the first.

    Args:
        scene: the room.
        names: objectIds of things that lie in or on something.
    """
    before = {item["objectId"]: item for item in scene.metadata["objects"]}
    places = {name: before[place] for name, place in zip(names, [*names[1:], *names[:1]], strict=True)}
    after = [
        item | _moved_to(item, places[item["objectId"]]) if item["objectId"] in places else dict(item)
        for item in scene.metadata["objects"]
    ]
    taken: dict[str, list[str]] = {}
    for item in after:
        for parent in item["parentReceptacles"] if item["objectId"] in places else ():
            taken.setdefault(parent, []).append(item["objectId"])
    for item in after:
        if item.get("receptacleObjectIds"):
            kept = [name for name in item["receptacleObjectIds"] if name not in places]
            item["receptacleObjectIds"] = kept + taken.get(item["objectId"], [])
    return Scene(scene.metadata | {"objects": after}, f"{scene.source}, contents moved")


def _moved_to(item: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    """Stands an object on the spot where another stands."""
    low, high = low_and_high(item)
    there_low, there_high = low_and_high(place)
    dx = (there_low[0] + there_high[0] - low[0] - high[0]) / 2
    dz = (there_low[2] + there_high[2] - low[2] - high[2]) / 2
    return moved(item, dx, there_low[1] - low[1], dz) | {"parentReceptacles": place["parentReceptacles"]}
