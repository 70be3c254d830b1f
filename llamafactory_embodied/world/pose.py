"""Where to stand and how to look when going to an object."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .boxes import box_of, distance_to_box, forward, low_and_high, yaw_towards
from .legality import REACH_M
from .support import support_height

EYE_M = 1.576
"""Camera height of AI2-THOR's default agent, standing."""

_HORIZON_DEG = (-30.0, 60.0)
_FILL = 0.8  # share of the picture's width that the whole of a receptacle may take
_NEAREST_M = 0.45
_BEHIND_PENALTY = 2.0
_TRIES = 12


@dataclass(frozen=True)
class Pose:
    """An agent pose: position in metres, yaw and horizon in degrees (positive looks down), standing."""

    x: float
    z: float
    yaw_deg: float
    horizon_deg: float


def poses_for(
    item: Mapping[str, Any], positions: Sequence[Mapping[str, float]], fov_deg: float, aspect: float
) -> list[Pose]:
    """Poses from which an object is seen well, best first.

    The best is square in front of it, as near as the whole of it fits into the picture.

    Args:
        item: AI2-THOR object metadata.
        positions: where the agent can stand.
        fov_deg: vertical field of view.
        aspect: frame width over height.

    Returns:
        At most twelve poses within reach; empty when nothing reachable is near enough.
    """
    near = [spot for spot in positions if distance_to_box(spot, item) <= REACH_M]
    center, _ = box_of(item)
    ideal = _ideal_distance(item, fov_deg, aspect)
    facing = forward(item["rotation"]["y"])

    def cost(spot: Mapping[str, float]) -> tuple[float, float, float]:
        dx, dz = spot["x"] - center["x"], spot["z"] - center["z"]
        along, aside = dx * facing[0] + dz * facing[1], abs(dx * facing[1] - dz * facing[0])
        total = abs(math.hypot(dx, dz) - ideal)
        if not item["pickupable"]:
            total += aside + (_BEHIND_PENALTY if along < 0 else 0.0)
        return round(total, 6), spot["x"], spot["z"]

    aim = {"x": center["x"], "y": _aim_height(item), "z": center["z"]}
    return [_look(spot, aim) for spot in sorted(near, key=cost)[:_TRIES]]


def _aim_height(item: Mapping[str, Any]) -> float:
    center, _ = box_of(item)
    if item["receptacle"] and not item["openable"]:
        return support_height(item)
    return float(center["y"])


def _ideal_distance(item: Mapping[str, Any], fov_deg: float, aspect: float) -> float:
    """Horizontal distance in metres to the object's middle at which it fills most of the picture."""
    low, high = low_and_high(item)
    tall = math.tan(math.radians(fov_deg) / 2)
    width, height = max(high[0] - low[0], high[2] - low[2]), high[1] - low[1]
    slant = max(width / (2 * _FILL * tall * aspect), height / (2 * _FILL * tall) if item["openable"] else 0.0)
    drop = EYE_M - _aim_height(item)
    depth = min(high[0] - low[0], high[2] - low[2]) / 2
    return max(depth + _NEAREST_M, math.sqrt(max(slant**2 - drop**2, 0.0)))


def _look(spot: Mapping[str, float], aim: Mapping[str, float]) -> Pose:
    flat = max(math.hypot(aim["x"] - spot["x"], aim["z"] - spot["z"]), 1e-3)
    down = math.degrees(math.atan2(EYE_M - aim["y"], flat))
    horizon = min(max(down, _HORIZON_DEG[0]), _HORIZON_DEG[1])
    return Pose(spot["x"], spot["z"], round(yaw_towards(spot, aim), 3), round(horizon, 3))


def corner_pose(metadata: Mapping[str, Any], positions: Sequence[Mapping[str, float]]) -> Pose:
    """The start of every episode: the position nearest to a corner of the room, looking inward, level.

    This is the reference evaluator's start; of two equally near positions the first in order is taken.
    """
    bounds = metadata["sceneBounds"]
    center, size = bounds["center"], bounds["size"]
    choices = []
    for sx, sz in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        x, z = center["x"] + sx * size["x"] / 2, center["z"] + sz * size["z"] / 2
        yaw = math.degrees(math.atan2(-sx, -sz)) % 360
        choices += [(math.hypot(spot["x"] - x, spot["z"] - z), spot["x"], spot["z"], yaw) for spot in positions]
    _, x, z, yaw = min(choices)
    return Pose(x, z, yaw, 0.0)
