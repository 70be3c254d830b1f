"""Where the reference evaluator stands for an object: before a large one, next to a small one.

The constants are the reference's; its slips (the facing line with x and z exchanged, the sides of two yaws mixed up)
are not repeated.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

from .agent import Agent
from .boxes import box_of, forward, low_and_high, yaw_towards
from .pose import EYE_M, Pose

POSE_RADIUS_M = 1.5
CROUCH_BELOW_M = 0.44
"""The agent crouches for what ends this much or more below the middle of its body."""

_ALIGNED_M = (-1.0, 0.1, 0.2, 0.3, 0.4, 0.5)
_SAME_M = 0.1
_BATCH = 12  # places asked about at once
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
    stands = agent.position["y"] <= low_and_high(item)[1][1] + CROUCH_BELOW_M
    for group in _groups(item, [spot for spot in agent.positions if _distance(item, spot) <= POSE_RADIUS_M]):
        spots = _interactable(agent, item, group)
        while spots:
            spot = _choose(item, spots)
            if agent.teleport(_look_from(agent, spot, item, stands), stands):
                if not stands and not agent.object(item["objectId"])["visible"]:
                    agent.do("Stand")
                return True
            spots.remove(spot)
    return False


def _groups(item: Item, near: Sequence[Spot]) -> Iterator[Sequence[Spot]]:
    """Places to be tried together, the preferred ones first: straight before it, straight behind it, the nearest."""
    if not _fits(item, _SMALL):
        for side, (inner, outer) in product((1, -1), pairwise(_ALIGNED_M)):
            placed = ((spot, *_from_front(item, spot)) for spot in near)
            yield [spot for spot, ahead, aside in placed if ahead * side > 0 and inner < aside <= outer]
    nearest = sorted(near, key=lambda spot: _distance(item, spot))
    yield from (nearest[start : start + _BATCH] for start in range(0, len(nearest), _BATCH))


def _interactable(agent: Agent, item: Item, spots: Sequence[Spot]) -> list[Spot]:
    """Those places from which AI2-THOR says that the object can be handled."""
    if not spots:
        return []
    poses = agent.ask("GetInteractablePoses", objectId=item["objectId"], positions=list(spots)) or []
    return list({(pose["x"], pose["z"]): pose for pose in poses}.values())


def _distance(item: Item, spot: Spot) -> float:
    return math.hypot(spot["x"] - item["position"]["x"], spot["z"] - item["position"]["z"])


def _from_front(item: Item, spot: Spot) -> tuple[float, float]:
    """How far a place is before the object's middle, along its facing, and how far aside, metres."""
    center, _ = box_of(item)
    sin, cos = forward(_SNAP_DEG * round(item["rotation"]["y"] / _SNAP_DEG))
    dx, dz = spot["x"] - center["x"], spot["z"] - center["z"]
    return dx * sin + dz * cos, abs(dx * cos - dz * sin)


def _choose(item: Item, spots: Sequence[Spot]) -> Spot:
    """Of places in one group: the nearest for what is small, a middling or a far one for what is large."""
    nearest = min(spots, key=lambda spot: _distance(item, spot))
    offsets = [_from_front(item, spot)[1] for spot in spots]
    if _fits(item, _MEDIUM) or min(offsets) > _ALIGNED_M[-1]:
        return nearest
    line = [spot for spot, offset in zip(spots, offsets, strict=True) if offset <= min(offsets) + _SAME_M]
    close = [spot for spot in sorted(line, key=lambda one: _distance(item, one)) if _distance(item, spot) <= _NEAR_M]
    if not close:
        return min(line, key=lambda spot: _distance(item, spot))
    return close[len(close) // 2] if _fits(item, _LARGE) else close[-1]


def _fits(item: Item, limits: tuple[float, float]) -> bool:
    """Whether an object's volume and largest face are within limits."""
    _, size = box_of(item)
    short, middle, long = sorted((size["x"], size["y"], size["z"]))
    return short * middle * long <= limits[0] and middle * long <= limits[1]


def _look_from(agent: Agent, spot: Spot, item: Item, stands: bool) -> Pose:
    """Towards the middle of the object's box, the yaw a multiple of 45 degrees."""
    center, _ = box_of(item)
    eye = EYE_M if stands else agent.position["y"]
    flat = max(math.hypot(center["x"] - spot["x"], center["z"] - spot["z"]), 1e-3)
    down = math.degrees(math.atan2(eye - center["y"], flat))
    yaw = _SNAP_DEG * round(yaw_towards(spot, center) / _SNAP_DEG) % 360
    return Pose(spot["x"], spot["z"], yaw, round(min(max(down, _HORIZON_DEG[0]), _HORIZON_DEG[1]), 3))
