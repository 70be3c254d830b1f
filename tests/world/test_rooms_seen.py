"""Demo kitchens in pictures: one close-up of a receptacle shows each of its contents over at least a visual token."""

import copy

import numpy as np

from llamafactory_embodied.world.raycast import Camera, cast
from llamafactory_embodied.world.rooms import PROFILES, generate_room, room_seeds
from llamafactory_embodied.world.shapes import object_primitives, room_primitives

EYE_M = 1.576
FRAME = (60.0, 140, 140)
TOKEN_PX = 28
DRAWER_TRAVEL = 0.8


def facing(obj):
    yaw = np.deg2rad(obj["rotation"]["y"])
    return np.array([np.sin(yaw), 0.0, np.cos(yaw)])


def depth_m(obj):
    size = obj["axisAlignedBoundingBox"]["size"]
    return abs(facing(obj) @ [size["x"], 0.0, size["z"]])


def center(obj):
    return np.array([obj["axisAlignedBoundingBox"]["center"][axis] for axis in "xyz"])


def opened(metadata, receptacle_id):
    """The scene with one receptacle open; what lies in a drawer has come out with its tray."""
    scene = copy.deepcopy(metadata)
    known = {obj["objectId"]: obj for obj in scene["objects"]}
    receptacle = known[receptacle_id]
    if receptacle["openable"]:
        receptacle.update(isOpen=True, openness=1.0)
    if receptacle["objectType"] == "Drawer":
        for inside in receptacle["receptacleObjectIds"]:
            shift(known[inside], facing(receptacle) * depth_m(receptacle) * DRAWER_TRAVEL)
    return scene, receptacle, [known[inside] for inside in receptacle["receptacleObjectIds"]]


def shift(obj, way):
    box = obj["axisAlignedBoundingBox"]
    box["center"] = dict(zip("xyz", center(obj) + way, strict=True))
    corners = (np.array(box["cornerPoints"]) + way).tolist()
    box["cornerPoints"] = corners
    obj["objectOrientedBoundingBox"] = {"cornerPoints": corners}


def close_up(receptacle, contents):
    """Someone stands 0.55 m before the front, but no nearer than 0.75 m to the middle, and looks at the contents."""
    flat = max(0.55 + depth_m(receptacle) / 2, 0.75)
    aim = np.mean([center(obj) for obj in contents], axis=0)
    eye = center(receptacle) + facing(receptacle) * flat
    eye[1] = EYE_M
    dx, dy, dz = aim - eye
    horizon = min(np.rad2deg(np.arctan2(-dy, np.hypot(dx, dz))), 60.0)
    return Camera(tuple(eye), float(np.rad2deg(np.arctan2(dx, dz))) % 360, float(horizon), *FRAME)


def close_ups(seed):
    """(object id, its pixels, longer side of its bounding box in pixels) of all small objects of a room."""
    metadata = generate_room(seed, PROFILES["demo"])
    for obj in metadata["objects"]:
        if obj["objectType"] in ("Floor", "Chair", "Stool") or obj["pickupable"]:
            continue
        scene, receptacle, contents = opened(metadata, obj["objectId"]) if obj["receptacle"] else (None, None, [])
        small = [inside for inside in contents if inside["pickupable"]]
        if not small:
            continue
        primitives = list(room_primitives(scene))
        for index, each in enumerate(scene["objects"]):
            primitives += object_primitives(each, index)
        owners = cast(primitives, close_up(receptacle, small)).owners
        for inside in small:
            rows, columns = np.nonzero(owners == scene["objects"].index(inside))
            longer = max(np.ptp(rows), np.ptp(columns)) + 1 if len(rows) else 0
            yield inside["objectId"], len(rows), longer


def test_a_close_up_shows_each_object_of_a_demo_kitchen_over_at_least_one_visual_token():
    seen = [found for seed in room_seeds("train", 7) for found in close_ups(seed)]
    assert len(seen) >= 100
    assert not [found for found in seen if found[1] < 100]
    large = [found for found in seen if found[1] >= 400 and found[2] >= TOKEN_PX]
    assert len(large) / len(seen) >= 0.9, sorted(set(seen) - set(large))
