"""Where the fronts of built-in furniture are, for recordings.

AI2-THOR's `rotation.y` of cabinets and drawers is often 0 whichever way they face. But their `position` is the hinge,
at an edge of the front face, and a front needs free space before it; the two together tell the facing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .boxes import box_of, forward, low_and_high

BUILT_IN = frozenset({"Cabinet", "Drawer"})
DOOR_ONLY_M = 0.06
"""The box of a cabinet that is thinner is its door's alone: what is in it lies behind the box."""
_YAWS = (0.0, 90.0, 180.0, 270.0)
_BLOCKED_M = 0.3  # no front has something nearer before it
_HINGE_SHARE = 0.7  # of the way from the middle to a face, from which on a position is taken for a hinge on that face


def with_fronts(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The scene with the rotation of its built-in furniture set to where its fronts look; the rest is shared."""
    objects = [
        {**item, "rotation": {**item["rotation"], "y": front_yaw(item, metadata)}}
        if item["objectType"] in BUILT_IN
        else item
        for item in metadata["objects"]
    ]
    return {**metadata, "objects": objects}


def front_yaw(item: Mapping[str, Any], metadata: Mapping[str, Any]) -> float:
    """The yaw in degrees (a quarter turn) to which a built-in object's front looks.

    Of the faces on whose edge the object's position lies (the two sides of a box that is only a door), the one with
    most free space before it. Where the position is on none: the recorded rotation, or that of the most free space
    where something stands right before it.

    Args:
        item: metadata of the object.
        metadata: its scene, for the walls and what stands before the object.
    """
    recorded = 90.0 * (round(float(item["rotation"]["y"]) / 90.0) % 4)
    candidates = _through_door(item) or [yaw for yaw in _YAWS if _hinge_share(item, yaw) >= _HINGE_SHARE]
    solids = [low_and_high(other) for other in metadata["objects"] if other["objectType"] in (*BUILT_IN, "Fridge")]
    if not candidates:
        if _free_m(item, recorded, solids, metadata) > _BLOCKED_M:
            return recorded
        candidates = list(_YAWS)
    return max(candidates, key=lambda yaw: (_free_m(item, yaw, solids, metadata), yaw == recorded))


def _through_door(item: Mapping[str, Any]) -> list[float]:
    """The two sides of a box that is a door's alone; its hinge is at its edge and says nothing."""
    _, size = box_of(item)
    thin, wide = sorted("xz", key=lambda axis: size[axis])
    if size[thin] > DOOR_ONLY_M or size[wide] <= DOOR_ONLY_M:
        return []
    return [0.0, 180.0] if thin == "z" else [90.0, 270.0]


def _hinge_share(item: Mapping[str, Any], yaw: float) -> float:
    center, size = box_of(item)
    x, z = forward(yaw)
    offset = (item["position"]["x"] - center["x"]) * x + (item["position"]["z"] - center["z"]) * z
    half = (abs(x) * size["x"] + abs(z) * size["z"]) / 2
    return float(offset / half) if half else 0.0


def _free_m(
    item: Mapping[str, Any],
    yaw: float,
    solids: Sequence[tuple[tuple[float, float, float], tuple[float, float, float]]],
    metadata: Mapping[str, Any],
) -> float:
    """Metres from the middle of a face to the first solid or wall before it."""
    axis, sign = (2 if yaw % 180 == 0 else 0), (1.0 if yaw in (0.0, 90.0) else -1.0)
    across = 2 - axis
    low, high = low_and_high(item)
    face = high[axis] if sign > 0 else low[axis]
    middle = {1: (low[1] + high[1]) / 2, across: (low[across] + high[across]) / 2}
    bounds = metadata["sceneBounds"]
    name = "xyz"[axis]
    free = sign * (bounds["center"][name] - face) + bounds["size"][name] / 2
    for solid_low, solid_high in solids:
        if all(solid_low[k] < value < solid_high[k] for k, value in middle.items()):
            gap = (solid_low[axis] - face) if sign > 0 else (face - solid_high[axis])
            free = min(free, gap) if gap > -1e-3 else free
    return float(free)
