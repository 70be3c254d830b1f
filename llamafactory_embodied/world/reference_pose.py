"""Where the reference evaluator stands for an object: before a large one, next to a small one.

The constants are the reference's; its slips (the facing line with x and z exchanged, the sides of two yaws mixed up)
are not repeated.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .agent import Agent
from .boxes import box_of, forward, low_and_high, yaw_towards
from .pose import EYE_M, Pose

POSE_RADIUS_M = 1.5
CROUCH_BELOW_M = 0.44
"""The agent crouches for what ends this much or more below the middle of its body."""

_ALIGNED_M = (0.1, 0.2, 0.3, 0.4, 0.5)
_SAME_M = 0.1
_NEAR_M = 1.0
_SNAP_DEG = 45.0
_HORIZON_DEG = (-30.0, 60.0)
_SMALL = (0.1, 1.0)  # volume in m3 and largest face in m2 up to which one stands next to a thing
_MEDIUM = (0.2, 0.5)  # up to which one stands close before it
_LARGE = (1.0, 1.0)  # up to which one stands at a middling distance before it

Item = Mapping[str, Any]
Spot = Mapping[str, Any]


def stand_for(agent: Agent, item: Item) -> bool:
    """Stands so that an object can be seen and handled; whether there is a place."""
    spots = _spots(agent, item)
    while spots:
        spot = _choose(item, spots)
        if agent.teleport(_look_from(agent, spot, item), _stands(agent, item)):
            if not agent.object(item["objectId"])["visible"] and not _stands(agent, item):
                agent.do("Stand")
            return True
        spots.remove(spot)
    return False


def _spots(agent: Agent, item: Item) -> list[Spot]:
    """Places within reach from which AI2-THOR says that the object can be handled."""
    near = [spot for spot in agent.positions if _distance(item, spot) <= POSE_RADIUS_M]
    if not near:
        return []
    poses = agent.ask("GetInteractablePoses", objectId=item["objectId"], positions=near) or []
    return list({(pose["x"], pose["z"]): pose for pose in poses}.values())


def _distance(item: Item, spot: Spot) -> float:
    return math.hypot(spot["x"] - item["position"]["x"], spot["z"] - item["position"]["z"])


def _choose(item: Item, spots: Sequence[Spot]) -> Spot:
    nearest = min(spots, key=lambda spot: _distance(item, spot))
    if _fits(item, _SMALL):
        return nearest
    aligned = _aligned(item, spots)
    if not aligned:
        return nearest
    best = min(offset for offset, _ in aligned)
    line = sorted((spot for offset, spot in aligned if offset <= best + _SAME_M), key=lambda one: _distance(item, one))
    close = [spot for spot in line if _distance(item, spot) <= _NEAR_M] or line[:1]
    if _fits(item, _MEDIUM):
        return line[0]
    return close[len(close) // 2] if _fits(item, _LARGE) else close[-1]


def _fits(item: Item, limits: tuple[float, float]) -> bool:
    """Whether an object's volume and largest face are within limits."""
    _, size = box_of(item)
    short, middle, long = sorted((size["x"], size["y"], size["z"]))
    return short * middle * long <= limits[0] and middle * long <= limits[1]


def _aligned(item: Item, spots: Sequence[Spot]) -> list[tuple[float, Spot]]:
    """Spots straight before the object with their distance from its facing line, else those straight behind it."""
    center, _ = box_of(item)
    sin, cos = forward(_SNAP_DEG * round(item["rotation"]["y"] / _SNAP_DEG))
    placed = [
        (dx * sin + dz * cos, abs(dx * cos - dz * sin), spot)
        for spot in spots
        for dx, dz in [(spot["x"] - center["x"], spot["z"] - center["z"])]
    ]
    for side in (1, -1):
        for width in _ALIGNED_M:
            found = [(offset, spot) for ahead, offset, spot in placed if ahead * side > 0 and offset <= width]
            if found:
                return found
    return []


def _stands(agent: Agent, item: Item) -> bool:
    return bool(agent.position["y"] <= low_and_high(item)[1][1] + CROUCH_BELOW_M)


def _look_from(agent: Agent, spot: Spot, item: Item) -> Pose:
    """Towards the middle of the object's box, the yaw a multiple of 45 degrees."""
    center, _ = box_of(item)
    eye = EYE_M if _stands(agent, item) else agent.position["y"]
    flat = max(math.hypot(center["x"] - spot["x"], center["z"] - spot["z"]), 1e-3)
    down = math.degrees(math.atan2(eye - center["y"], flat))
    yaw = _SNAP_DEG * round(yaw_towards(spot, center) / _SNAP_DEG) % 360
    return Pose(spot["x"], spot["z"], yaw, round(min(max(down, _HORIZON_DEG[0]), _HORIZON_DEG[1]), 3))
