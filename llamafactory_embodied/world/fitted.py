"""Shapes of which a scene tells more than the object's own box: open shelves, and how high seats and table tops are.

AI2-THOR gives a television stand or a shelving unit one box and each Shelf in it a box of its own: the room above the
board. What lies there is seen from the front, so the furniture is its box less those of its shelves. And the box of a
sofa says nothing of its seat, but what lies on it does: it would be hidden in a seat that is drawn higher.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .boxes import low_and_high
from .frames import Frame, object_frame
from .furniture_shapes import SURFACES, rack
from .palette import DARK_WOOD
from .parts import Part, box
from .surfaces import Rectangle, cells

_CASES = frozenset({"Dresser", "SideTable", "ShelvingUnit", "TVStand"})
_INSIDE_SHARE = 0.8  # of a shelf's box, from which on it is part of the furniture
_BACK_M = 0.02
_LIFT_M = 0.01  # by which a thing lies clear of the surface under it
_UNDER_M = 0.1  # above the floor: what lies lower lies under the furniture
_LEVEL_M = 0.15  # between boards that things lie on
_RACKS = frozenset({"CoffeeTable", "ShelvingUnit", "SideTable", "TVStand"})
_AT_WALL_M = 0.35  # furniture nearer to a wall has a back; other is open to both sides

Item = Mapping[str, Any]


def fitted_shapes(metadata: Mapping[str, Any]) -> dict[str, Sequence[Part]]:
    """objectId -> parts, in fractions of the box, for what a scene tells more about."""
    bottoms: dict[str, list[float]] = {}
    for item in metadata["objects"]:
        for parent in item.get("parentReceptacles") or ():
            bottoms.setdefault(parent, []).append(low_and_high(item)[0][1])
    told = {
        item["objectId"]: open_case(item, metadata) or _surface(item, bottoms.get(item["objectId"], []))
        for item in metadata["objects"]
    }
    return {object_id: parts for object_id, parts in told.items() if parts}


def _surface(item: Item, bottoms_m: Sequence[float]) -> list[Part]:
    """The parts of furniture on which something lies lower than its surface is drawn; empty for everything else."""
    kind = item["objectType"]
    drawn = SURFACES.get(kind)
    if drawn is None and kind not in _RACKS:
        return []
    (_, bottom, _), (_, top, _) = low_and_high(item)
    half = max((top - bottom) / 2, 1e-3)
    usual = drawn.usual(2 * half) if drawn else 1.0
    heights = [min((low - bottom - _LIFT_M) / half - 1, usual) for low in bottoms_m if low > bottom + _UNDER_M]
    levels: list[float] = []
    for height in sorted(heights):
        levels += [height] if not levels or height > levels[-1] + _LEVEL_M / half else []
    if len(levels) > 1 and kind in _RACKS:
        return rack(levels)
    return drawn.parts(levels[0]) if drawn and levels and levels[0] < usual - _LIFT_M / half else []


def open_case(item: Item, metadata: Mapping[str, Any]) -> list[Part]:
    """The parts of furniture that has shelves in it, in fractions of its box; empty for everything else.

    Args:
        item: AI2-THOR object metadata.
        metadata: its scene, for the shelves and the walls.
    """
    if item["objectType"] not in _CASES:
        return []
    shelves = [other for other in metadata["objects"] if other["objectType"] == "Shelf" and _holds(item, other)]
    if not shelves:
        return []
    frame = object_frame(item)
    depth = 0 if frame.half[0] < frame.half[2] else 2
    holes = [_front(frame, shelf, 2 - depth) for shelf in shelves]
    solid = cells([Rectangle(-1.0, 1.0, -1.0, 1.0)], holes)
    side = _wall_side(frame, depth, metadata["sceneBounds"])
    thin = _BACK_M / float(frame.half[depth])
    back = [_panel(hole, depth, (side * 1.0, side * (1.0 - thin)), DARK_WOOD) for hole in holes if side]
    return [*(_panel(part, depth, (-1.0, 1.0), None) for part in solid), *back]


def _holds(item: Item, shelf: Item) -> bool:
    (low, high), (inner_low, inner_high) = (np.array(low_and_high(one)) for one in (item, shelf))
    shared = np.maximum(np.minimum(high, inner_high) - np.maximum(low, inner_low), 0.0).prod()
    return bool(shared >= _INSIDE_SHARE * (inner_high - inner_low).prod() > 0)


def _front(frame: Frame, shelf: Item, across: int) -> Rectangle:
    """Where a shelf's opening is in the front of its furniture: across it, then upwards."""
    corners = np.array(shelf["axisAlignedBoundingBox"]["cornerPoints"], np.float64).reshape(-1, 3)
    local = np.clip((corners - frame.center) @ frame.axes / frame.half, -1.0, 1.0)
    low, high = local.min(axis=0), local.max(axis=0)
    return Rectangle(float(low[across]), float(high[across]), float(low[1]), float(high[1]))


def _panel(area: Rectangle, depth: int, ends: tuple[float, float], color: Any) -> Part:
    across, up, through = (area.x_low, area.x_high), (area.z_low, area.z_high), (min(ends), max(ends))
    return box(across, up, through, color) if depth == 2 else box(through, up, across, color)


def _wall_side(frame: Frame, depth: int, bounds: Mapping[str, Any]) -> int:
    """The end of the depth axis (-1 or 1) that a wall is behind; 0 for furniture that stands free."""
    way = frame.axes[:, depth] * frame.half[depth]
    center, size = (np.array([bounds[key][axis] for axis in "xyz"]) for key in ("center", "size"))
    gaps = {side: float((size / 2 - np.abs(frame.center + side * way - center))[[0, 2]].min()) for side in (-1, 1)}
    side = min(gaps, key=lambda end: gaps[end])
    return side if gaps[side] <= _AT_WALL_M else 0
