"""How things lie in and on receptacles: support heights, room for one more, and what is inside a closed volume."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .boxes import box_of, low_and_high

Array = npt.NDArray[np.float64]

STEP_M = 0.05
_MARGIN_M = 0.01
_INSIDE_SLACK_M = 0.01  # boxes of contents touch the walls, and rounding moves them through
_RESTS_ON_BOTTOM = frozenset(
    [
        "CounterTop",
        "Shelf",
        "SinkBasin",
        "BathtubBasin",
        "Drawer",
        "Cabinet",
        "Microwave",
        "GarbageCan",
        "Box",
        "Bowl",
        "Pot",
        "Pan",
        "Mug",
        "Cup",
        "Safe",
        "LaundryHamper",
        "StoveBurner",
        "Plate",
        "Floor",
    ]
)
_FRACTION_OF_HEIGHT = {"Fridge": 0.45, "Chair": 0.5, "ArmChair": 0.45, "Sofa": 0.45, "Toilet": 0.55, "Bed": 0.6}
SMALL_RECEPTACLES = frozenset({"Bowl", "Plate", "Pan", "Pot", "Mug", "Cup", "StoveBurner", "Box"})
"""An object may overhang these: a spatula lies across a pan."""


def support_height(receptacle: Mapping[str, Any]) -> float:
    """The height in metres at which things rest in or on a receptacle."""
    (_, bottom, _), (_, top, _) = low_and_high(receptacle)
    kind = receptacle["objectType"]
    if kind in _RESTS_ON_BOTTOM:
        return bottom + (top - bottom if kind == "CounterTop" and top - bottom < 0.05 else _MARGIN_M)
    if kind in _FRACTION_OF_HEIGHT:
        return bottom + (top - bottom) * _FRACTION_OF_HEIGHT[kind]
    return top


def shut_away(objects: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The objectIds of the portable things whose box lies inside the box of something closed.

    Not of all that a closed receptacle lists: what stands on a closed toilet is its content too.
    """
    closed = [item for item in objects if item["receptacle"] and item["openable"] and not item["isOpen"]]
    inside = [item for item in objects if item["pickupable"] and not item.get("isPickedUp")]
    if not closed or not inside:
        return frozenset()
    outer, inner = (np.array([low_and_high(item) for item in items]) for items in (closed, inside))
    fits_below = (inner[:, None, 0] >= outer[None, :, 0] - _INSIDE_SLACK_M).all(axis=2)
    fits_above = (inner[:, None, 1] <= outer[None, :, 1] + _INSIDE_SLACK_M).all(axis=2)
    numbers = np.flatnonzero(np.logical_and(fits_below, fits_above).sum(axis=1))
    return frozenset(inside[number]["objectId"] for number in numbers.tolist())


def find_spot(
    item: Mapping[str, Any], receptacle: Mapping[str, Any], contents: Sequence[Mapping[str, Any]]
) -> dict[str, float] | None:
    """Where in a receptacle an object's box can be centred without touching what is there already.

    Args:
        item: the object to place.
        receptacle: where to.
        contents: what lies there now.

    Returns:
        The centre in metres of the free spot nearest to the receptacle's middle, or None when there is no room.
    """
    _, size = box_of(item)
    sides = (size["x"], size["z"])
    spots = free_centres(sides, receptacle, contents, receptacle["objectType"] in SMALL_RECEPTACLES)
    if len(spots) == 0:
        return None
    low, high = low_and_high(receptacle)
    middle = np.array([(low[0] + high[0]) / 2, (low[2] + high[2]) / 2])
    x, z = spots[int(np.linalg.norm(spots - middle, axis=1).argmin())]
    return {"x": float(x), "y": present_support(receptacle, contents) + size["y"] / 2, "z": float(z)}


def free_centres(
    sides: tuple[float, float], receptacle: Mapping[str, Any], contents: Sequence[Mapping[str, Any]], overhang: bool
) -> Array:
    """Where a rectangle can be centred on a receptacle beside what is there.

    Args:
        sides: of the rectangle along x and z, metres.
        receptacle: where to.
        contents: what is in the way.
        overhang: whether a rectangle that is too large may be centred in the middle.

    Returns:
        [N, 2] x and z in metres.
    """
    low, high = low_and_high(receptacle)
    half = (sides[0] / 2, sides[1] / 2)
    spans = [
        _centres(low[axis] + _MARGIN_M + reach, high[axis] - _MARGIN_M - reach)
        for axis, reach in zip((0, 2), half, strict=True)
    ]
    if overhang and any(len(span) == 0 for span in spans):
        spans = [np.array([(low[0] + high[0]) / 2]), np.array([(low[2] + high[2]) / 2])]
    spots = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1).reshape(-1, 2)
    for other in contents:
        other_low, other_high = low_and_high(other)
        clear_x = (spots[:, 0] + half[0] < other_low[0]) | (spots[:, 0] - half[0] > other_high[0])
        clear_z = (spots[:, 1] + half[1] < other_low[2]) | (spots[:, 1] - half[1] > other_high[2])
        spots = spots[clear_x | clear_z]
    return spots


def present_support(receptacle: Mapping[str, Any], contents: Sequence[Mapping[str, Any]]) -> float:
    """Where things lie already tells more than the type does: recordings have shelves at their own heights."""
    bottoms = sorted(low_and_high(other)[0][1] for other in contents)
    return bottoms[len(bottoms) // 2] if bottoms else support_height(receptacle)


def _centres(low: float, high: float) -> Array:
    if high < low:
        return np.zeros(0)
    middle = (low + high) / 2
    reach = int((high - low) / 2 / STEP_M)
    return np.asarray(middle + np.arange(-reach, reach + 1) * STEP_M, dtype=np.float64)
