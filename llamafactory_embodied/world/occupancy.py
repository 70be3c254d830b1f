"""Where the agent can stand: a grid of free positions, from the boxes of what stands in the room."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .boxes import low_and_high
from .surfaces import Rectangle, footprint

AGENT_RADIUS_M = 0.2
"""The default agent's capsule, from AI2-THOR's agentMode `default`."""

_BODY_M = (
    0.2,
    1.4,
)  # heights between which a thing stands in the agent's way: rugs lie below, wall cabinets hang above
_BENT_COUNTER_M2, _DEEPEST_COUNTER_M = 1.6, 0.8  # the box of a larger and deeper one covers standing room
_KNOWN_M = 0.125  # around a recorded position, in x and z: half of AI2-THOR's usual grid
_NEVER_BLOCKING = frozenset({"Floor", "Window", "Curtains", "Blinds", "Painting", "Mirror", "LightSwitch", "Faucet"})

Array = npt.NDArray[np.float64]


class Occupancy:
    """Free standing room of one scene in its present state."""

    def __init__(
        self,
        objects: Sequence[Mapping[str, Any]],
        bounds: Mapping[str, Any],
        start: Mapping[str, float],
        known: Sequence[Mapping[str, float]] = (),
    ):
        """Collects what blocks.

        Args:
            objects: AI2-THOR object metadata.
            bounds: the scene's `sceneBounds`.
            start: a position that is known to be free, metres; a box that covers it or comes too near is cut back.
            known: positions that a simulator has told to be free, metres; what their neighbourhood holds is not asked.
        """
        center, size = bounds["center"], bounds["size"]
        self.low = np.array([center["x"] - size["x"] / 2, center["z"] - size["z"] / 2]) + AGENT_RADIUS_M
        self.high = np.array([center["x"] + size["x"] / 2, center["z"] + size["z"] / 2]) - AGENT_RADIUS_M
        boxes = [kept for item in objects if (box := _blocked(item)) and (kept := _kept_off(box, start))]
        self._known: Array = np.array([(spot["x"], spot["z"]) for spot in known], dtype=float).reshape(-1, 2)
        self.boxes: Array = np.array(boxes, dtype=float).reshape(-1, 4)

    def free(self, points: Array) -> npt.NDArray[np.bool_]:
        """Whether the agent can stand at each point.

        Args:
            points: [N, 2], x and z in metres.
        """
        if len(self._known):
            gaps = np.abs(points[:, None] - self._known[None]).max(axis=2)
            return np.asarray(gaps.min(axis=1) <= _KNOWN_M)
        inside = np.all((points >= self.low - 1e-6) & (points <= self.high + 1e-6), axis=1)
        low, high = self.boxes[:, 0::2], self.boxes[:, 1::2]
        gaps = np.maximum(np.maximum(low - points[:, None], points[:, None] - high), 0)  # [points, boxes, x and z]
        return np.asarray(inside & ((gaps * gaps).sum(axis=2) >= AGENT_RADIUS_M**2 - 1e-9).all(axis=1))

    def path_free(self, start: Array, end: Array) -> bool:
        """Whether a straight walk between two points [2] meets nothing."""
        steps = max(2, int(np.ceil(float(np.linalg.norm(end - start)) / 0.05)) + 1)
        return bool(self.free(start + np.linspace(0, 1, steps)[1:, None] * (end - start)).all())

    def reachable(self, start: Array, grid_m: float) -> Array:
        """All grid positions [M, 2] that the agent can walk to, sorted by x, then z."""
        low = np.ceil(self.low / grid_m).astype(int)
        high = np.floor(self.high / grid_m).astype(int)
        shape = tuple(np.maximum(high - low + 1, 0))
        if 0 in shape:
            return np.zeros((0, 2))
        cells = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), axis=-1).reshape(-1, 2)
        points = (cells + low) * grid_m
        free = self.free(points)
        if not free.any():
            return np.zeros((0, 2))
        nearest = int(np.where(free, np.linalg.norm(points - start, axis=1), np.inf).argmin())
        region = flood(free.reshape(shape), (int(cells[nearest][0]), int(cells[nearest][1])))
        return np.asarray(points[region.reshape(-1)])


def flood(free: npt.NDArray[np.bool_], seed: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The four-connected region of free cells around a seed cell."""
    region = np.zeros_like(free)
    region[seed] = True
    while True:
        grown = region.copy()
        grown[1:] |= region[:-1]
        grown[:-1] |= region[1:]
        grown[:, 1:] |= region[:, :-1]
        grown[:, :-1] |= region[:, 1:]
        grown &= free
        if (grown == region).all():
            return region
        region = grown


def _blocked(item: Mapping[str, Any]) -> Rectangle | None:
    """The blocking rectangle of one object, or None if one walks past it."""
    (_, low, _), (_, high, _) = low_and_high(item)
    if item["objectType"] in _NEVER_BLOCKING or item.get("isPickedUp") or high < _BODY_M[0] or low > _BODY_M[1]:
        return None
    area = footprint(item)
    depth, width = sorted((area.x_high - area.x_low, area.z_high - area.z_low))
    if item["objectType"] == "CounterTop" and width * depth > _BENT_COUNTER_M2 and depth > _DEEPEST_COUNTER_M:
        return None  # the cabinets and drawers below it, and what stands on it, block in its place
    return area


def _kept_off(box: Rectangle, point: Mapping[str, float]) -> Rectangle | None:
    """What is left of a box that comes nearer to a point than the agent's radius, cut where that takes least.

    AI2-THOR's boxes are upright: that of a turned bathtub or a bent counter covers places where agents have stood.
    """
    x, z = point["x"], point["z"]
    gap = math.hypot(max(box[0] - x, 0.0, x - box[1]), max(box[2] - z, 0.0, z - box[3]))
    if gap >= AGENT_RADIUS_M - 1e-6:
        return box
    cuts = (
        box._replace(x_high=min(box.x_high, x - AGENT_RADIUS_M)),
        box._replace(x_low=max(box.x_low, x + AGENT_RADIUS_M)),
        box._replace(z_high=min(box.z_high, z - AGENT_RADIUS_M)),
        box._replace(z_low=max(box.z_low, z + AGENT_RADIUS_M)),
    )
    left = [cut for cut in cuts if cut[0] < cut[1] and cut[2] < cut[3]]
    return max(left, key=lambda cut: (cut[1] - cut[0]) * (cut[3] - cut[2]), default=None)
