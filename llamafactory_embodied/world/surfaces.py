"""The worktops of recorded counters: where they really are in their boxes, and in which stretches one visits them.

AI2-THOR gives a counter one box, however it is bent: a counter in the shape of an L covers standing room, and a sink
set into it lies under its box. What stands below a worktop, with its front to the room, tells where the worktop is.
Generated counters are straight and have nothing set in; for them everything here is their own box.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from .boxes import box_of, boxed, low_and_high

STRETCH_M = 1.25
"""Length of a worktop that one place before it shows and reaches."""

_DEEPEST_M = 0.8  # a straight counter is less deep; a box that is deeper both ways may be an L or a U
_STRIP_M = 0.68  # depth of a worktop along a wall below which no cabinet tells
_LIP_M = 0.03  # by which a worktop stands out before the cabinets below it
_DEEPEST_UNIT_M = 1.0
_DEEPEST_BASIN_M = 0.5
_BASIN_FLOOR_M = 0.03  # as drawn, below a basin's box
_SHARED_M = 0.05  # by which a basin lies over what stands below it, not beside it
_THICKEST_PANE_M = 0.4
_AT_WALL_M = 0.45  # a counter nearer to the end of the floor stands at a wall
_BASINS = frozenset({"BathtubBasin", "SinkBasin"})
_BASE_UNITS = frozenset({"Cabinet", "Drawer"})
_WITHOUT_FRONT = frozenset(
    {"CoffeeTable", "CounterTop", "DiningTable", "Shelf", "SideTable", "Sink", "SinkBasin", "StoveBurner"}
)
_SIDES = {0.0: (2, 3), 90.0: (0, 1), 180.0: (3, 2), 270.0: (1, 0)}  # yaw -> sides of a rectangle: behind, in front

Item = Mapping[str, Any]


class Rectangle(NamedTuple):
    """A rectangle on the floor plan, metres."""

    x_low: float
    x_high: float
    z_low: float
    z_high: float

    @property
    def middle(self) -> tuple[float, float]:
        """x and z."""
        return (self.x_low + self.x_high) / 2, (self.z_low + self.z_high) / 2

    def holds(self, x: float, z: float) -> bool:
        """Whether a point lies inside."""
        return self.x_low <= x <= self.x_high and self.z_low <= z <= self.z_high

    def covers(self, other: "Rectangle") -> bool:
        """Whether another rectangle lies inside."""
        return self.holds(other.x_low, other.z_low) and self.holds(other.x_high, other.z_high)


def footprint(item: Item) -> Rectangle:
    """The floor plan of an object's box."""
    low, high = low_and_high(item)
    return Rectangle(low[0], high[0], low[2], high[2])


def with_footprint(item: Item, area: Rectangle, lower_m: float = 0.0) -> dict[str, Any]:
    """The object with another floor plan, its bottom kept and its top lower."""
    (old, extent), (x, z) = box_of(item), area.middle
    center = {"x": x, "y": old["y"] - lower_m / 2, "z": z}
    size = {"x": area.x_high - area.x_low, "y": extent["y"] - lower_m, "z": area.z_high - area.z_low}
    return {**item, **boxed(center, size)}


def filled_boxes(item: Item, objects: Sequence[Item]) -> list[dict[str, Any]]:
    """The boxes that an object fills, each as an object: several for a bent counter or one with a sink set into it.

    What closes and stands below a basin ends where the basin begins: recorded cabinets reach into the basin above. The
    box of a bent shower glass covers standing room; the pane in line with the shower's door is what one sees of it.

    Args:
        item: AI2-THOR object metadata.
        objects: everything in its scene.

    Returns:
        Empty for what fills its own box.
    """
    whole = footprint(item)
    if item["openable"] and item["receptacle"]:
        reach = max((_reach_into(basin, item) for basin in objects if basin["objectType"] in _BASINS), default=0.0)
        return [with_footprint(item, whole, reach)] if reach else []
    areas = _panes(whole, objects) if item["objectType"] == "ShowerGlass" else worktop(item, objects)
    return [] if areas == [whole] else [with_footprint(item, area) for area in areas]


def _panes(whole: Rectangle, objects: Sequence[Item]) -> list[Rectangle]:
    """The part of a shower glass that is wide both ways in line with a door; else all of it."""
    if min(whole.x_high - whole.x_low, whole.z_high - whole.z_low) <= _THICKEST_PANE_M:
        return [whole]
    in_line = [
        whole._replace(x_low=door.x_low, x_high=door.x_high)
        if door.x_high - door.x_low < door.z_high - door.z_low
        else whole._replace(z_low=door.z_low, z_high=door.z_high)
        for door in (footprint(item) for item in objects if item["objectType"] == "ShowerDoor")
    ]
    return [pane for pane in in_line if whole.holds(*pane.middle)] or [whole]


def _reach_into(basin: Item, unit: Item) -> float:
    """How far what stands below a basin reaches up into it and its floor, metres."""
    (low, high), (unit_low, unit_high) = low_and_high(basin), low_and_high(unit)
    below = min(min(high[axis], unit_high[axis]) - max(low[axis], unit_low[axis]) for axis in (0, 2)) > _SHARED_M
    return unit_high[1] - low[1] + _BASIN_FLOOR_M if below and unit_low[1] < low[1] < unit_high[1] else 0.0


def worktop(counter: Item, objects: Sequence[Item], with_holes: bool = True) -> list[Rectangle]:
    """The rectangles of a counter's box that are worktop, without overlap.

    Args:
        counter: AI2-THOR object metadata.
        objects: everything in its scene.
        with_holes: whether basins that are set in are left out.
    """
    whole = footprint(counter)
    if counter["objectType"] != "CounterTop":
        return [whole]
    strips = _strips(counter, objects) or [whole]
    holes = [footprint(item) for item in objects if _set_in(item, counter)] if with_holes else []
    return [whole] if strips == [whole] and not holes else cells(strips, holes)


def _set_in(item: Item, counter: Item) -> bool:
    """Whether an object is a basin that lies under the counter's box and not in a gap of it."""
    if item["objectType"] != "SinkBasin" or not footprint(counter).holds(*footprint(item).middle):
        return False
    bottom, top = low_and_high(item)[0][1], low_and_high(counter)[1][1]
    return top - _DEEPEST_BASIN_M < bottom < top


def _strips(counter: Item, objects: Sequence[Item]) -> list[Rectangle]:
    """Worktop along the sides of a box that is too deep for a straight counter; empty where nothing tells."""
    whole = footprint(counter)
    if min(whole.x_high - whole.x_low, whole.z_high - whole.z_low) <= _DEEPEST_M:
        return []
    units: dict[float, list[Rectangle]] = {}
    for unit in objects:
        if _stands_below(unit, counter):
            units.setdefault(90.0 * (round(unit["rotation"]["y"] / 90.0) % 4), []).append(footprint(unit))
    strips: list[Rectangle] = []
    for yaw, row in sorted(units.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        back, front = _SIDES[yaw]
        telling = [unit for unit in row if not any(strip.covers(unit) for strip in strips)]  # drawers lie in corners
        depths = (abs(unit[front] - whole[back]) + _LIP_M for unit in telling)
        depth = max((depth for depth in depths if depth <= _DEEPEST_UNIT_M), default=0.0)
        strips += [_strip(whole, yaw, depth)] if depth else []
    carried = [item for item in objects if _on_top(item, counter)]
    return _cover(strips, whole, carried) if strips else _corner(whole, carried, objects)


def _corner(whole: Rectangle, carried: Sequence[Item], objects: Sequence[Item]) -> list[Rectangle]:
    """Strips along two walls of a large box with nothing below, where they carry all that stands on it; else none."""
    if min(whole.x_high - whole.x_low, whole.z_high - whole.z_low) < 2 * _STRIP_M:
        return []
    floors = [footprint(item) for item in objects if item["objectType"] == "Floor"]
    at_wall = [
        _strip(whole, yaw, _STRIP_M)
        for yaw, (back, _) in _SIDES.items()
        if any(abs(whole[back] - floor[back]) < _AT_WALL_M for floor in floors)
    ]
    holds = all(any(strip.holds(*footprint(thing).middle) for strip in at_wall) for thing in carried)
    return at_wall if len(at_wall) == 2 and holds else []


def _stands_below(unit: Item, counter: Item) -> bool:
    if unit["objectType"] not in _BASE_UNITS or not footprint(counter).holds(*footprint(unit).middle):
        return False
    return low_and_high(unit)[1][1] < low_and_high(counter)[1][1]


def _on_top(item: Item, counter: Item) -> bool:
    burner = item["objectType"] == "StoveBurner" and footprint(counter).holds(*footprint(item).middle)
    return burner or counter["objectId"] in (item.get("parentReceptacles") or ()) or _set_in(item, counter)


def _strip(whole: Rectangle, yaw: float, depth: float) -> Rectangle:
    """The strip of a box along the side that lies behind a front."""
    (back, front), sides = _SIDES[yaw], list(whole)
    sides[front] = min(whole[front], whole[back] + depth) if front > back else max(whole[front], whole[back] - depth)
    return Rectangle(*sides)


def _cover(strips: list[Rectangle], whole: Rectangle, things: Sequence[Item]) -> list[Rectangle]:
    """Adds the strips that carry what the given ones do not; the whole box where that does not help."""
    strips = list(strips)
    for thing in things:
        x, z = footprint(thing).middle
        if not any(strip.holds(x, z) for strip in strips):
            more = [_strip(whole, yaw, _STRIP_M) for yaw in _SIDES]
            strips += [strip for strip in more if strip.holds(x, z)][:1] or [whole]
    return strips


def cells(strips: Sequence[Rectangle], holes: Sequence[Rectangle]) -> list[Rectangle]:
    """The union of rectangles less the holes, in rectangles that do not overlap and are as long as they can be."""
    areas = [*strips, *holes]
    x_cuts = sorted({edge for area in areas for edge in area[:2]})
    z_cuts = sorted({edge for area in areas for edge in area[2:]})
    along_x = _merged(strips, holes, x_cuts, z_cuts)
    along_z = _merged([_turned(area) for area in strips], [_turned(area) for area in holes], z_cuts, x_cuts)
    return min(along_x, [_turned(part) for part in along_z], key=len)


def _turned(area: Rectangle) -> Rectangle:
    return Rectangle(area.z_low, area.z_high, area.x_low, area.x_high)


def _merged(
    strips: Sequence[Rectangle], holes: Sequence[Rectangle], x_cuts: Sequence[float], z_cuts: Sequence[float]
) -> list[Rectangle]:
    """Cells between the cuts that are worktop, neighbours along x joined."""
    found: list[Rectangle] = []
    for z_low, z_high in pairwise(z_cuts):
        for x_low, x_high in pairwise(x_cuts):
            cell = Rectangle(x_low, x_high, z_low, z_high)
            if not any(area.holds(*cell.middle) for area in strips) or any(area.holds(*cell.middle) for area in holes):
                continue
            if found and found[-1].x_high == x_low and found[-1].z_low == z_low:
                cell = cell._replace(x_low=found.pop().x_low)
            found.append(cell)
    return found


def stretches(item: Item, objects: Sequence[Item]) -> list[Rectangle]:
    """The parts of a surface that one goes to one after the other; its own box where one place serves it all.

    Args:
        item: AI2-THOR object metadata.
        objects: everything in its scene.
    """
    if not item["receptacle"] or item["openable"] or item["pickupable"] or item["objectType"] == "Floor":
        return [footprint(item)]
    return [part for area in worktop(item, objects, with_holes=False) for part in _cut(area)]


def _cut(area: Rectangle) -> list[Rectangle]:
    """Equal parts of a rectangle along its longer side."""
    width, depth = area.x_high - area.x_low, area.z_high - area.z_low
    if max(width, depth) <= 1.2 * STRETCH_M:
        return [area]
    count = math.ceil(max(width, depth) / STRETCH_M)
    if width < depth:
        return [_turned(part) for part in _cut(_turned(area))]
    step = width / count
    return [area._replace(x_low=area.x_low + k * step, x_high=area.x_low + (k + 1) * step) for k in range(count)]


def facing_free_side(item: Item, positions: Sequence[Mapping[str, float]]) -> Item:
    """The object with its rotation set to the side from which one gets nearest to it.

    AI2-THOR's rotation of what has no front, such as a counter, says nothing about it; what has one is left alone.

    Args:
        item: AI2-THOR object metadata.
        positions: where the agent can stand.
    """
    if item["objectType"] not in _WITHOUT_FRONT or not positions:
        return item
    area = footprint(item)

    def gap(yaw: float) -> float:
        x, z = _middle_of_side(area, yaw)
        return min(math.hypot(spot["x"] - x, spot["z"] - z) for spot in positions)

    return {**item, "rotation": {**item["rotation"], "y": min(_SIDES, key=gap)}}


def _middle_of_side(area: Rectangle, yaw: float) -> tuple[float, float]:
    front = _SIDES[yaw][1]
    return (area[front], area.middle[1]) if front < 2 else (area.middle[0], area[front])
