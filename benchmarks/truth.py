"""What was so in an episode: it is played again in the embedded simulator, each look noted from its masks and boxes.

Nothing here reads the record's `sights`, or what thoughts were written from: a thing is in view where a mask of it has
a pixel, at one side by the middle of its mask, near another by the distance of their boxes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from llamafactory_embodied.episodes.selection import recordings
from llamafactory_embodied.stages.claims import NEAR_M, Claim
from llamafactory_embodied.tasks.task import Task
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.boxes import distance_to_box, low_and_high
from llamafactory_embodied.world.controller import FrameSettings
from llamafactory_embodied.world.legality import REACH_M
from llamafactory_embodied.world.profiles import PROFILES
from llamafactory_embodied.world.rooms import generate_room
from llamafactory_embodied.world.scene import Scene, check_scene, load_scene

from .watched import Watched

MIDDLE = (0.25, 0.75)
FRONT = (0.2, 0.8)
_AFTER_OBSERVE = {"left": 0, "right": 1, "behind": 2}

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """What one look shows.

    Attributes:
        across: objectId -> middle of its mask, from 0 at the left edge to 1.
        objects: AI2-THOR's metadata of every object then, by objectId.
        agent: where the agent stood, metres.
    """

    across: Mapping[str, float]
    objects: Mapping[str, Item]
    agent: Mapping[str, float]

    @property
    def types(self) -> set[str]:
        """The types of which the frame has a pixel."""
        return {self.objects[name]["objectType"] for name in self.across}

    def of(self, kinds: Sequence[str]) -> list[Item]:
        """The objects of some types in the frame."""
        return [self.objects[name] for name in self.across if self.objects[name]["objectType"] in kinds]


class Truth(Watched):
    """A household whose looks are kept with all that was so."""

    def __init__(self, frame: FrameSettings, rules: str):
        super().__init__(frame, rules)
        self.shown: list[Shown] = []

    def note(self, event: Any) -> None:
        """Keeps a look."""
        super().note(event)
        objects = {item["objectId"]: dict(item) for item in event.metadata["objects"]}
        columns = np.linspace(0, 1, event.frame.shape[1])
        pixels = {name: mask.sum(axis=0) for name, mask in event.instance_masks.items()}
        across = {name: float(count @ columns / count.sum()) for name, count in pixels.items()}
        self.shown.append(Shown(across, objects, dict(event.metadata["agent"]["position"])))


@lru_cache(maxsize=1)
def _generated(profile: str, seed: int) -> Scene:
    return check_scene(generate_room(seed, PROFILES[profile]), f"seed {seed}")


def scene_of(record: Mapping[str, Any]) -> Scene:
    """The room that an episode was played in; episodes of one room follow each other."""
    about = record["scene"]
    if about["kind"] == "generated":
        return _generated(about["profile"], about["seed"])
    folder = recordings()
    if folder is None:
        raise FileNotFoundError(f"Set EMBODIED_THOR_DATA: episode {record['id']} plays in a recorded scene.")
    return load_scene(folder / f"{about['name']}.json")


def replay(record: Mapping[str, Any], scene: Scene) -> list[list[Shown]]:
    """The looks after each step of an episode; after a step that showed nothing new, the last one ahead.

    After `observe` they are those to the left, right and back, and the one ahead, which is as it was.

    Raises:
        ValueError: it did not come out as recorded.
    """
    size = {key: record["frame"][key] for key in ("width_px", "height_px", "fov_deg", "seen_px")}
    truth = Truth(FrameSettings(**size), record["rules"])
    try:
        return _play(truth, record, scene)
    finally:
        truth.controller.stop()


def _play(truth: Truth, record: Mapping[str, Any], scene: Scene) -> list[list[Shown]]:
    ahead: list[Shown] = []
    after = []
    for step in record["steps"]:
        start = len(truth.shown)
        if step["action"] == "init":
            truth.reset(scene, Task.from_json(record["task"]).guidance)
        elif step["action"] != "unparseable":
            outcome = truth.step(Action(step["action"], step["target"]))
            if outcome.feedback != step["feedback"] or outcome.object_id != step["object_id"]:
                raise ValueError(f"Episode {record['id']}, step {step['index']}: {outcome.feedback}, not as recorded.")
        looks = truth.shown[start:]
        ahead = looks[-1:] if looks and step["action"] != "observe" else ahead
        after.append([*looks, *ahead] if len(looks) > 1 else looks or ahead)
    return after


def is_true(claim: Claim, looks: Sequence[Shown]) -> bool:
    """Whether what is claimed was so, by masks, boxes and states."""
    if claim.relation == "hand":
        return any(item["isPickedUp"] for item in _anywhere(claim.subject, looks)) == claim.holds
    if claim.relation == "in":
        things = [item for look in looks for item in look.of(claim.subject)] or _anywhere(claim.subject, looks)
        return any(_lies_in(item, claim.object, looks[-1].objects) for item in things) == claim.holds
    return any(_holds(claim, number, look, len(looks)) for number, look in enumerate(looks)) == claim.holds


def _anywhere(kinds: Sequence[str], looks: Sequence[Shown]) -> list[Item]:
    return [item for item in looks[-1].objects.values() if item["objectType"] in kinds]


def _lies_in(item: Item, kinds: Sequence[str], objects: Mapping[str, Item]) -> bool:
    return any(objects[name]["objectType"] in kinds for name in item["parentReceptacles"] or () if name in objects)


def _holds(claim: Claim, number: int, look: Shown, looks: int) -> bool:
    things = look.of(claim.subject)
    if claim.relation in ("near", "left of", "right of"):
        pairs = [(one, other) for one in things for other in look.of(claim.object) if one is not other]
        return any(_compares(claim.relation, one, other, look) for one, other in pairs)
    if number < looks - 1 and claim.relation in ("left", "right", "behind", "front", "middle", "here"):
        return bool(things) and _AFTER_OBSERVE.get(claim.relation) == number
    return any(_is(claim.relation, item, look) for item in things)


def _compares(relation: str, one: Item, other: Item, look: Shown) -> bool:
    if relation == "near":
        return distance_between(one, other) <= NEAR_M
    here, there = look.across[one["objectId"]], look.across[other["objectId"]]
    return here < there if relation == "left of" else here > there


def distance_between(one: Item, other: Item) -> float:
    """Horizontal distance between two boxes, metres; 0 where one is above the other."""
    (low, high), (least, most) = low_and_high(one), low_and_high(other)
    gaps = [max(least[axis] - high[axis], low[axis] - most[axis], 0.0) for axis in (0, 2)]
    return float(np.hypot(*gaps))


def _is(relation: str, item: Item, look: Shown) -> bool:
    across, distance = look.across[item["objectId"]], distance_to_box(look.agent, item)
    answers = {
        "left": across < 0.5,
        "right": across > 0.5,
        "middle": MIDDLE[0] <= across <= MIDDLE[1],
        "front": FRONT[0] <= across <= FRONT[1],
        "here": True,
        "behind": False,
        "reach": distance <= REACH_M,
        "far": distance > REACH_M,
        "open": item["openable"] and item["isOpen"],
        "closed": item["openable"] and not item["isOpen"],
        "on": item["toggleable"] and item["isToggled"],
        "off": item["toggleable"] and not item["isToggled"],
    }
    return bool(answers[relation])
