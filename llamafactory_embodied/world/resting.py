"""How a thing comes to rest in or on a receptacle: as it is, turned, laid or stood, or overhanging what is small.

What is put into something that closes stays within it on all sides, so that closing it hides it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, permutations, product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .boxes import box_of, boxed, forward, low_and_high
from .compatibility import holds_one
from .frames import euler_angles, euler_matrix, object_frame
from .support import SMALL_RECEPTACLES, find_spot, free_centres, present_support, support_height

Array = npt.NDArray[np.float64]
Item = Mapping[str, Any]

_SIGNED = [
    np.array(signs, float)[:, None] * np.eye(3)[list(order)]
    for order, signs in product(permutations(range(3)), product((1, -1), repeat=3))
]
_STRAIGHT = [matrix for matrix in _SIGNED if np.linalg.det(matrix) > 0]
_ABOUT_X = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
_ABOUT_Y = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
_ABOUT_Z = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
_TURNS = (np.eye(3), _ABOUT_Y, _ABOUT_X, _ABOUT_Z, _ABOUT_Y @ _ABOUT_X, _ABOUT_Y @ _ABOUT_Z)
_TOLERANCE_M = 1e-6
_HANGERS = frozenset({"HandTowelHolder", "ToiletPaperHanger", "TowelHolder"})
_FRIDGE_SHELVES = (0.18, 0.45, 0.70)
_SPOUT_AHEAD, _SPOUT_BOTTOM, _BAY_HEIGHT, _BAY_WIDTH = 0.5, 0.12, 0.5, 0.8
"""The cup bay of a coffee machine, as shares of its box; mugs are recorded there in FloorPlan9 and 15."""


class Resting(NamedTuple):
    """A place and an orientation.

    Attributes:
        center: [3] of the thing's box, metres.
        size: [3] of the thing's box, metres.
        turn: [3, 3] rotation from how it is now; None for none.
    """

    center: Array
    size: Array
    turn: Array | None = None


class Load(NamedTuple):
    """What is put down: a thing, and what lies in or on it."""

    thing: Item
    contents: Sequence[Item]

    def within(self, resting: Resting, walls: Sequence[Item]) -> bool:
        """Whether all of it would stay inside all of some boxes."""
        shift = resting.center - _center(self.thing)
        low, high = resting.center - resting.size / 2, resting.center + resting.size / 2
        for item in self.contents:
            item_low, item_high = (np.array(corner) + shift for corner in low_and_high(item))
            low, high = np.minimum(low, item_low), np.maximum(high, item_high)
        return all(
            (low >= np.array(wall_low) - _TOLERANCE_M).all() and (high <= np.array(wall_high) + _TOLERANCE_M).all()
            for wall_low, wall_high in map(low_and_high, walls)
        )


def come_to_rest(load: Load, parts: Sequence[Item], contents: Sequence[Item], walls: Sequence[Item]) -> Resting | None:
    """Where a thing is put down.

    Args:
        load: the thing and what lies in it.
        parts: the boxes of the receptacle, the preferred one first.
        contents: what lies there now.
        walls: the boxes of what can be closed around it.

    Returns:
        The first of: as it is, nearest to the middle; turned, laid or stood; overhanging. None when there is no room.
    """
    if holds_one(parts[0]["objectType"]) and contents:
        return None
    if (mounted := _mounted(load.thing, parts[0])) is not None:
        return mounted
    spots = (find_spot(load.thing, part, contents) for part in parts)
    as_it_is = (Resting(np.array([spot[axis] for axis in "xyz"]), _size(load.thing)) for spot in spots if spot)
    ways = chain(
        as_it_is,
        _ways(load, parts, contents, overhang=False),
        _ways(load, parts, contents, overhang=True) if parts[0]["objectType"] in SMALL_RECEPTACLES else (),
    )
    return next((way for way in ways if load.within(way, walls)), None)


def _ways(load: Load, parts: Sequence[Item], contents: Sequence[Item], overhang: bool) -> Iterator[Resting]:
    """All places in all orientations, at all heights at which things lie there."""
    turns = _orientations(load.thing) if not load.contents else [Resting(_center(load.thing), _size(load.thing))]
    for (_, size, turn), part in product(turns, parts):
        for height in _heights(part, contents):
            level = [other for other in contents if _overlaps(other, height, height + size[1])]
            low, high = low_and_high(part)
            middle = np.array([low[0] + high[0], low[2] + high[2]]) / 2
            spots = free_centres((float(size[0]), float(size[2])), part, level, overhang)
            for x, z in spots[np.argsort(np.round(np.linalg.norm(spots - middle, axis=1), 6), kind="stable")]:
                yield Resting(np.array([x, height + size[1] / 2, z]), size, turn)


def _orientations(thing: Item) -> list[Resting]:
    """As it is, and straightened and turned by quarter turns; the same sizes not twice."""
    axes = object_frame(thing).axes
    straight = max(_STRAIGHT, key=lambda matrix: float(np.trace(matrix.T @ axes))) @ axes.T
    half = object_frame(thing).half
    found = {tuple(np.round(_size(thing), 4)): Resting(_center(thing), _size(thing))}
    for turn in _TURNS:
        size: Array = np.abs(turn @ straight @ axes) @ (2 * half)
        found.setdefault(tuple(np.round(size, 4)), Resting(_center(thing), size, turn @ straight))
    return list(found.values())


def _heights(receptacle: Item, contents: Sequence[Item]) -> list[float]:
    """Heights at which things may rest: where they do already, where the type has its surface, a fridge's shelves."""
    low, high = low_and_high(receptacle)
    heights = [present_support(receptacle, contents), support_height(receptacle)]
    heights += sorted({round(low_and_high(other)[0][1], 2) for other in contents})
    if receptacle["objectType"] == "Fridge":
        heights += [low[1] + share * (high[1] - low[1]) for share in _FRIDGE_SHELVES]
    return list(dict.fromkeys(heights))


def _overlaps(item: Item, bottom: float, top: float) -> bool:
    low, high = low_and_high(item)
    return low[1] < top and high[1] > bottom


def _mounted(thing: Item, receptacle: Item) -> Resting | None:
    """Where a thing hangs, or stands below a spout; None for a receptacle that is no such fixture."""
    kind = receptacle["objectType"]
    ahead = np.array([*forward(receptacle["rotation"]["y"])])[[0, 0, 1]] * [1.0, 0.0, 1.0]
    middle, extent = _center(receptacle), _size(receptacle)
    depth = float(np.abs(ahead) @ extent)
    if kind in _HANGERS or kind == "Toaster":
        way = min(_orientations(thing), key=lambda one: (round(float(np.abs(ahead) @ one.size), 3), -one.size[1]))
        top = middle[1] + extent[1] / 2 + (way.size[1] / 2 if kind == "Toaster" else 0.0)
        center = middle + ahead * (0.0 if kind == "Toaster" else depth / 2)
        return way._replace(center=np.array([center[0], top - way.size[1] / 2, center[2]]))
    size = _size(thing)
    room = np.array([extent[0], extent[2]]) * _BAY_WIDTH
    if kind != "CoffeeMachine" or size[1] > _BAY_HEIGHT * extent[1] or (size[[0, 2]] > room).any():
        return None
    center = middle + ahead * depth / 2 * _SPOUT_AHEAD
    center[1] = middle[1] - extent[1] / 2 + _SPOUT_BOTTOM * extent[1] + size[1] / 2
    return Resting(center, size)


def turned(item: Item, resting: Resting) -> dict[str, Any]:
    """What changes about an object that is turned as it comes to rest.

    Args:
        item: AI2-THOR object metadata.
        resting: with a turn.
    """
    turn, before = np.asarray(resting.turn), _center(item)
    center = {axis: float(value) for axis, value in zip("xyz", resting.center, strict=True)}
    size = {axis: float(value) for axis, value in zip("xyz", resting.size, strict=True)}
    position = turn @ ([item["position"][axis] for axis in "xyz"] - before) + resting.center
    changes: dict[str, Any] = {
        "position": {axis: float(value) for axis, value in zip("xyz", position, strict=True)},
        "rotation": euler_angles(turn @ euler_matrix(item["rotation"])),
        **boxed(center, size),
    }
    oriented = item.get("objectOrientedBoundingBox")
    if oriented:
        corners = np.array(oriented["cornerPoints"])
        corners = (corners - corners.mean(axis=0)) @ turn.T + resting.center
        changes["objectOrientedBoundingBox"] = {"cornerPoints": corners.tolist()}
    return changes


def _center(item: Item) -> Array:
    return np.array([box_of(item)[0][axis] for axis in "xyz"], float)


def _size(item: Item) -> Array:
    return np.array([box_of(item)[1][axis] for axis in "xyz"], float)
