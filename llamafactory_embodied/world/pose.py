"""Where to stand and how to look when going to an object."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .boxes import box_of, forward, low_and_high, yaw_towards
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
    if not positions:
        return []
    spots = np.array([(spot["x"], spot["z"]) for spot in positions])
    center, _ = box_of(item)
    low, high = low_and_high(item)
    outside = np.maximum(np.maximum([low[0], low[2]] - spots, spots - [high[0], high[2]]), 0.0)
    near = np.flatnonzero(np.hypot(outside[:, 0], outside[:, 1]) <= REACH_M)
    away = spots[near] - [center["x"], center["z"]]
    cost = np.abs(np.hypot(away[:, 0], away[:, 1]) - _ideal_distance(item, fov_deg, aspect))
    if not item["pickupable"]:
        sin, cos = forward(item["rotation"]["y"])
        cost += np.abs(away[:, 0] * cos - away[:, 1] * sin) + _BEHIND_PENALTY * (away @ [sin, cos] < 0)
    best = near[np.argsort(np.round(cost, 6), kind="stable")[:_TRIES]]
    aim = {"x": center["x"], "y": _aim_height(item), "z": center["z"]}
    return [_look(positions[int(number)], aim) for number in best]


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
