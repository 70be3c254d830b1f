"""A small room written by hand: the agent stands in its middle, furniture along the far wall, some on the left."""

from typing import Any

from llamafactory_embodied.world.boxes import corner_points
from llamafactory_embodied.world.controller import FrameSettings, open_controller

FRAME = FrameSettings(64, 64, 90.0, 4)
BEHIND_M = 0.3
"""Half the depth of the furniture."""


def thing(
    name: str, center: tuple[float, float, float], size: tuple[float, float, float], **more: Any
) -> dict[str, Any]:
    """An object's metadata; `name` is its id, and its type up to the bar."""
    middle, extent = (dict(zip("xyz", values, strict=True)) for values in (center, size))
    flags = ("receptacle", "openable", "isOpen", "pickupable", "toggleable", "isToggled", "isPickedUp")
    return {
        "objectId": name,
        "objectType": name.partition("|")[0],
        "position": middle,
        "rotation": {"x": 0.0, "y": more.pop("yaw", 180.0), "z": 0.0},
        "axisAlignedBoundingBox": {"center": middle, "size": extent, "cornerPoints": corner_points(middle, extent)},
        "objectOrientedBoundingBox": None,
        **dict.fromkeys(flags, False),
        "openness": 0.0,
        "parentReceptacles": None,
        "receptacleObjectIds": None,
        **more,
    }


def room(*objects: dict[str, Any], name: str = "Embodied-toy-1", side: float = 4.0) -> dict[str, Any]:
    """A scene of these objects; what names a parent is listed by it."""
    for item in objects:
        for parent in item["parentReceptacles"] or ():
            owner = next(other for other in objects if other["objectId"] == parent)
            owner["receptacleObjectIds"] = [*(owner["receptacleObjectIds"] or []), item["objectId"]]
    agent = {
        "position": {"x": 0.0, "y": 0.9009992, "z": 0.5},
        "rotation": {"x": 0.0, "y": 0.0, "z": 0.0},
        "cameraHorizon": 30.0,
        "isStanding": True,
    }
    bounds = {"center": {"x": 0.0, "y": 1.25, "z": 0.0}, "size": {"x": side, "y": 2.5, "z": side}, "cornerPoints": []}
    return {"sceneName": name, "objects": list(objects), "agent": agent, "sceneBounds": bounds}


def kitchen() -> dict[str, Any]:
    """A counter with a drawer below it, a closed fridge, a microwave; an apple, a plate, a spoon and an egg."""
    wall = 2.0 - BEHIND_M
    counter, drawer, fridge = "CounterTop|1", "Drawer|1", "Fridge|1"
    return room(
        thing("Floor|1", (0, -0.05, 0), (4, 0.1, 4), receptacle=True),
        thing(counter, (0.2, 0.88, wall), (1.4, 0.04, 0.6), receptacle=True),
        thing(drawer, (0.2, 0.75, wall), (0.6, 0.2, 0.6), receptacle=True, openable=True),
        thing(fridge, (-1.0, 0.6, wall), (0.7, 1.2, 0.6), receptacle=True, openable=True),
        thing("Microwave|1", (1.3, 1.1, wall), (0.6, 0.4, 0.4), receptacle=True, openable=True, toggleable=True),
        thing("Apple|1", (0.0, 0.95, wall), (0.1, 0.1, 0.1), pickupable=True, parentReceptacles=[counter]),
        thing("Plate|1", (0.5, 0.91, wall), (0.2, 0.02, 0.2), pickupable=True, receptacle=True)
        | {"parentReceptacles": [counter]},
        thing("Spoon|1", (0.2, 0.67, wall), (0.15, 0.02, 0.03), pickupable=True, parentReceptacles=[drawer]),
        thing("Egg|1", (-1.0, 0.6, wall), (0.06, 0.06, 0.06), pickupable=True, parentReceptacles=[fridge]),
    )


def opened(metadata: dict[str, Any], **options: Any) -> Any:
    """AI2-THOR's Controller in a scene."""
    controller = open_controller("embedded", FRAME, **options)
    controller.reset(metadata)
    return controller


def found(event: Any, object_id: str) -> dict[str, Any]:
    """An object's metadata in an event."""
    return next(item for item in event.metadata["objects"] if item["objectId"] == object_id)
