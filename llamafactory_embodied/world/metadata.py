"""A generated room written as AI2-THOR's `event.metadata`: every key that a recorded iTHOR scene has."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.catalog import Size
from llamafactory_embodied.world.room import Item, Room

AGENT_Y_M = 0.9009992  # height of AI2-THOR's agent's body above the floor
CAMERA_ABOVE_M = 0.675  # camera above the body of a standing agent
FOV_DEG = 90.0
_CORNERS = [(x, y, z) for x in (0.5, -0.5) for y in (0.5, -0.5) for z in (0.5, -0.5)]
_FLAGS = (
    "receptacle",
    "toggleable",
    "isToggled",
    "breakable",
    "canFillWithLiquid",
    "dirtyable",
    "canBeUsedUp",
    "cookable",
    "isHeatSource",
    "isColdSource",
    "sliceable",
    "openable",
    "pickupable",
    "moveable",
)
_STATES = (
    "visible",
    "isInteractable",
    "isBroken",
    "isFilledWithLiquid",
    "isDirty",
    "isUsedUp",
    "isCooked",
    "isSliced",
)


def scene_metadata(room: Room, name: str, start: tuple[float, float, float]) -> dict[str, Any]:
    """The whole scene.

    Args:
        room: The finished room.
        name: The scene's name.
        start: The agent's x and z in metres and its yaw in degrees.

    Returns:
        A dict of plain Python values in the shape of `event.metadata`.

    Raises:
        SceneError: Two objects would get the same id.
    """
    x, z, yaw = start
    ids = _object_ids(room.items)
    agent = _vector((x, AGENT_Y_M, z))
    height = room.height
    return {
        "objects": [_object(room, index, ids, (x, AGENT_Y_M, z)) for index in range(len(ids))],
        "isSceneAtRest": True,
        "agent": {
            "name": "agent",
            "position": agent,
            "rotation": _vector((0.0, yaw, 0.0)),
            "cameraHorizon": 0.0,
            "isStanding": True,
            "inHighFrictionArea": False,
        },
        "heldObjectPose": _held_pose(x, z, yaw),
        "arm": None,
        "fov": FOV_DEG,
        "cameraPosition": _vector((x, AGENT_Y_M + CAMERA_ABOVE_M, z)),
        "cameraOrthSize": 0.0,
        "thirdPartyCameras": [],
        "collided": False,
        "collidedObjects": [],
        "inventoryObjects": [],
        "sceneName": name,
        "lastAction": "Initialize",
        "errorMessage": "",
        "errorCode": None,
        "lastActionSuccess": True,
        "screenWidth": 300,
        "screenHeight": 300,
        "agentId": 0,
        "depthFormat": "Meters",
        "colors": None,
        "flatSurfacesOnGrid": [],
        "distances": [],
        "normals": [],
        "isOpenableGrid": [],
        "segmentedObjectIds": [],
        "objectIdsInBox": [],
        "actionIntReturn": 0,
        "actionFloatReturn": 0.0,
        "actionStringsReturn": None,
        "actionFloatsReturn": None,
        "actionVector3sReturn": None,
        "visibleRange": None,
        "currentTime": 0.0,
        "sceneBounds": _box((0.0, height / 2, 0.0), (room.width, height, room.depth)),
        "actionReturn": {"cameraNearPlane": 0.01, "cameraFarPlane": 20.0},
    }


def _object_ids(items: Sequence[Item]) -> list[str]:
    """AI2-THOR's ids: the type and the position in centimetres; a basin is named after its sink."""
    ids: list[str] = []
    for item in items:
        x, y, z = item.center
        own = f"{item.type}|{_metres(x)}|{_metres(y)}|{_metres(z)}"
        ids.append(f"{ids[item.parent]}|SinkBasin" if item.type == "SinkBasin" else own)
    if len(set(ids)) < len(ids):
        twice = sorted(name for name in set(ids) if ids.count(name) > 1)
        raise SceneError(f"object ids are not unique: {', '.join(twice)}")
    return ids


def _metres(value: float) -> str:
    return f"{round(value, 2) + 0.0:+06.2f}"  # adding 0.0 turns -0.0 into 0.0


def _object(room: Room, index: int, ids: Sequence[str], agent: Size) -> dict[str, Any]:
    item = room.items[index]
    kind = room.kinds[item.type]
    box = _box(item.center, item.extent)
    digest = hashlib.sha256(ids[index].encode()).hexdigest()[:8]
    holds = [ids[i] for i, other in enumerate(room.items) if other.parent == index and _stands(room, other)]
    return {
        "name": f"{item.type}_{digest}",
        "position": _vector(item.center),
        "rotation": _vector((0.0, float(item.frame.yaw + item.spin_deg) % 360, 0.0)),
        **{flag: flag in kind.flags for flag in _FLAGS},
        **dict.fromkeys(_STATES, False),
        "fillLiquid": None,
        "temperature": "RoomTemp",
        "isOpen": "isOpen" in kind.flags,
        "openness": 1.0 if "isOpen" in kind.flags else 0.0,
        "isPickedUp": False,
        "mass": kind.mass_kg,
        "salientMaterials": list(kind.materials) or None,
        "receptacleObjectIds": holds if "receptacle" in kind.flags else None,
        "distance": float(np.round(np.linalg.norm(np.subtract(item.center, agent)), 6)),
        "objectType": item.type,
        "objectId": ids[index],
        "assetId": "",
        "parentReceptacles": [ids[item.parent]] if _stands(room, item) else None,
        "controlledObjects": [ids[item.controls]] if item.controls >= 0 else None,
        "isMoving": False,
        "axisAlignedBoundingBox": box,
        "objectOrientedBoundingBox": _corners(item) if "pickupable" in kind.flags else None,
    }


def _corners(item: Item) -> dict[str, Any]:
    # A list of its own: who moves an object in place would otherwise move these corners twice.
    if not item.spin_deg:
        return {"cornerPoints": _box(item.center, item.extent)["cornerPoints"]}
    turn = np.deg2rad(item.frame.yaw + item.spin_deg)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    corners = []
    for share in _CORNERS:
        u, v, w = (part * side for part, side in zip(share, item.size, strict=True))
        shifts = (u * cos + w * sin, v, w * cos - u * sin)
        corners.append([round(c + shift, 6) for c, shift in zip(item.center, shifts, strict=True)])
    return {"cornerPoints": corners}


def _stands(room: Room, item: Item) -> bool:
    """Whether an item stands on a receptacle, rather than being built into its parent or free."""
    return item.parent >= 0 and "receptacle" in room.kinds[room.items[item.parent].type].flags


def _box(center: Size, size: Size) -> dict[str, Any]:
    corners = [[round(c + s * h, 6) for c, s, h in zip(center, size, half, strict=True)] for half in _CORNERS]
    return {"cornerPoints": corners, "center": _vector(center), "size": _vector(size)}


def _vector(values: Size) -> dict[str, float]:
    # Rounding to a micrometre keeps the last bits of sines and sums, which may differ between machines, out.
    return {axis: round(float(value), 6) + 0.0 for axis, value in zip("xyz", values, strict=True)}


def _held_pose(x: float, z: float, yaw: float) -> dict[str, Any]:
    """Where a held object is: 0.38 m before and 0.16 m below the camera."""
    angle = np.deg2rad(yaw)
    height = AGENT_Y_M + CAMERA_ABOVE_M - 0.16
    return {
        "position": _vector((x + 0.38 * float(np.sin(angle)), height, z + 0.38 * float(np.cos(angle)))),
        "rotation": _vector((0.0, yaw, 0.0)),
        "localPosition": _vector((0.0, -0.16, 0.38)),
        "localRotation": _vector((0.0, 0.0, 0.0)),
    }
