"""Whether what lies in a room is seen and in reach from where an agent ends up that goes to its furniture.

A thing may have a pose from which it is seen and yet lie behind another for who stands before its shelf, or on the far
side of a bed. Nobody put it there in a household that is lived in.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.legality import REACH_M
from llamafactory_embodied.world.scene import check_scene
from llamafactory_embodied.world.sight import sightings
from llamafactory_embodied.world.surfaces import stretches

_FRAME = FrameSettings(200, 112, seen_px=2)  # of the default's shape; two of these pixels are more than its 20


def out_of_sight(metadata: dict[str, Any]) -> set[str]:
    """The objectIds of the things on furniture that are not seen, or single and out of reach, when one is there.

    Args:
        metadata: of a generated scene.

    Raises:
        SceneError: one cannot go to some furniture, or open it.
    """
    household = Household(open_controller("embedded", _FRAME), _FRAME)
    household.reset(check_scene(metadata, "a generated room"))
    counts = Counter(item["objectType"] for item in metadata["objects"])
    known = {item["objectId"]: item for item in metadata["objects"]}
    lost: set[str] = set()
    for place in metadata["objects"]:
        if place["receptacle"] and not place["pickupable"] and place["objectType"] != "Floor":
            seen = dict(sorted(_seen_at(household, place), key=itemgetter(1), reverse=True))
            contents = [known[name] for name in place["receptacleObjectIds"] or () if known[name]["pickupable"]]
            for item in contents:
                far = seen.get(item["objectId"], math.inf)
                if far == math.inf or (far > REACH_M and counts[item["objectType"]] == 1):
                    lost.add(item["objectId"])
    household.controller.stop()
    return lost


def _seen_at(household: Household, place: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """What is in view, and how far away (metres), where one goes to furniture, opened if it holds anything."""
    kind = place["objectType"]
    for _ in stretches(place, household.metadata["objects"]):
        household.rules.known = {place["objectId"]: kind}
        _must(household, Action("navigate to", kind))
        shut = bool(place["openable"] and not place["isOpen"] and place["receptacleObjectIds"])
        if shut:
            _must(household, Action("open", kind))
        visible = {item["objectId"] for item in household.metadata["objects"] if item["visible"]}
        sights = sightings(household.controller.last_event, _FRAME.seen_px)
        yield from ((sight.object_id, sight.distance_m) for sight in sights if sight.object_id in visible)
        if shut:
            _must(household, Action("close", kind))


def _must(household: Household, action: Action) -> None:
    outcome = household.step(action)
    if not outcome.success:
        raise SceneError(f"nobody can {action.name} the {action.target}: {outcome.feedback}")
