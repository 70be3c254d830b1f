"""Arithmetic on AI2-THOR's axis-aligned boxes and on headings."""

import math
from collections.abc import Mapping
from typing import Any

Vector = Mapping[str, float]


def box_of(item: Mapping[str, Any]) -> tuple[Vector, Vector]:
    """Centre and size of an object's axisAlignedBoundingBox, metres."""
    box = item["axisAlignedBoundingBox"]
    return box["center"], box["size"]


def low_and_high(item: Mapping[str, Any]) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """The two extreme corners (x, y, z) of an object's box, metres."""
    center, size = box_of(item)
    return (
        (center["x"] - size["x"] / 2, center["y"] - size["y"] / 2, center["z"] - size["z"] / 2),
        (center["x"] + size["x"] / 2, center["y"] + size["y"] / 2, center["z"] + size["z"] / 2),
    )


def corner_points(center: Vector, size: Vector) -> list[list[float]]:
    """The eight corners in AI2-THOR's order."""
    half = {axis: size[axis] / 2 for axis in "xyz"}
    return [
        [center["x"] + sx * half["x"], center["y"] + sy * half["y"], center["z"] + sz * half["z"]]
        for sx in (1, -1)
        for sy in (1, -1)
        for sz in (1, -1)
    ]


def boxed(center: Vector, size: Vector) -> dict[str, Any]:
    """An object's `axisAlignedBoundingBox`."""
    return {"axisAlignedBoundingBox": {"cornerPoints": corner_points(center, size), "center": center, "size": size}}


def moved(item: Mapping[str, Any], dx: float, dy: float, dz: float) -> dict[str, Any]:
    """An object's `position` and boxes after a translation, metres."""
    shift = (dx, dy, dz)
    center, size = box_of(item)
    new_center = {axis: center[axis] + delta for axis, delta in zip("xyz", shift, strict=True)}
    changes: dict[str, Any] = {
        "position": {axis: item["position"][axis] + delta for axis, delta in zip("xyz", shift, strict=True)},
        **boxed(new_center, dict(size)),
    }
    oriented = item.get("objectOrientedBoundingBox")
    if oriented:
        points = [
            [value + delta for value, delta in zip(point, shift, strict=True)] for point in oriented["cornerPoints"]
        ]
        changes["objectOrientedBoundingBox"] = {"cornerPoints": points}
    return changes


def forward(yaw_deg: float) -> tuple[float, float]:
    """The unit vector (x, z) that a yaw looks along; 0 is +z, 90 is +x."""
    return math.sin(math.radians(yaw_deg)), math.cos(math.radians(yaw_deg))


def yaw_towards(start: Vector, end: Vector) -> float:
    """The yaw in degrees, 0 to 360, from one position to another."""
    return math.degrees(math.atan2(end["x"] - start["x"], end["z"] - start["z"])) % 360


def distance_to_box(point: Vector, item: Mapping[str, Any]) -> float:
    """Horizontal distance in metres from a position to an object's box; 0 above or below it."""
    low, high = low_and_high(item)
    dx = max(low[0] - point["x"], 0.0, point["x"] - high[0])
    dz = max(low[2] - point["z"], 0.0, point["z"] - high[2])
    return math.hypot(dx, dz)
