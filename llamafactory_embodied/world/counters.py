"""Base units of a generated kitchen: worktops with what is set into them and what is below them.

Units are built in the frame of their place: u to the right for someone who stands at the wall and looks into the room,
v away from the wall.
"""

from itertools import groupby
from typing import NamedTuple

from llamafactory_embodied.world.kitchen import COUNTER_TOP_M, SLAB_M, Frame, Kitchen
from llamafactory_embodied.world.layout import Unit

_LEAST_STRETCH_M = 0.15  # a narrower rest of a worktop takes nothing


class _Column(NamedTuple):
    """A column of a run: what is set into it, its left edge from the run's middle and its width, metres."""

    fixture: str
    left: float
    width: float

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


def build_run(kitchen: Kitchen, unit: Unit, place: Frame) -> None:
    """Add a run's worktops, fixtures, drawers and cabinets to the kitchen.

    Args:
        kitchen: Where to.
        unit: The run.
        place: The middle of the run's back, at the wall, facing the room.
    """
    columns = _columns(unit)
    for is_sink, stretch in groupby(columns, key=lambda column: column.fixture == "sink"):
        if is_sink:
            for column in stretch:
                _build_sink(kitchen, place.moved(column.middle, unit.depth / 2), column.width, unit.depth)
        else:
            _build_worktop(kitchen, place, unit.depth, list(stretch))
    for column in columns:
        _build_base(kitchen, unit.under, column.fixture, place.moved(column.middle, 0.0), column.width)


def _columns(unit: Unit) -> list[_Column]:
    widths = [width for _, width in unit.columns]
    lefts = [-unit.width / 2 + sum(widths[:index]) for index in range(len(widths))]
    return [_Column(fixture, left, width) for (fixture, width), left in zip(unit.columns, lefts, strict=True)]


def _build_worktop(kitchen: Kitchen, place: Frame, depth: float, columns: list[_Column]) -> None:
    """One slab over neighbouring columns; what a stove leaves of it are its places for small objects."""
    start, end = columns[0].left, columns[-1].left + columns[-1].width
    middle = (start + end) / 2
    slab = (end - start, SLAB_M, depth)
    top = kitchen.add("CounterTop", place.moved(middle, depth / 2), COUNTER_TOP_M - SLAB_M, slab)
    free = start
    for column in columns:
        if column.fixture == "stove":
            _add_stretch(kitchen, top, free - middle, column.left - middle)
            free = column.left + _build_stove(kitchen, place.moved(column.middle, depth / 2), column.width)
    _add_stretch(kitchen, top, free - middle, end - middle)


def _add_stretch(kitchen: Kitchen, top: int, start: float, end: float) -> None:
    if end - start > _LEAST_STRETCH_M:
        kitchen.add_top(top, end - start - 0.02, (start + end) / 2)


def _build_stove(kitchen: Kitchen, middle: Frame, width: float) -> float:
    """Set burners into a worktop; returns the width they take, from the left of the column."""
    burner, knob = kitchen.size_of("StoveBurner"), kitchen.size_of("StoveKnob")
    if kitchen.profile.burners == 1:
        spots = [(-width / 2 + burner[0] / 2 + 0.02, 0.0)]
    else:
        step = burner[0] / 2 + 0.02
        spots = [(-step, -step), (step, -step), (-step, step), (step, step)]
    front = kitchen.size_of("CounterTop")[2] / 2
    for index, (u, v) in enumerate(spots):
        plate = kitchen.add("StoveBurner", middle.moved(u, v), COUNTER_TOP_M, burner)
        kitchen.add_top(plate)
        across = -width / 2 + 0.08 + 0.12 * index
        spot = middle.moved(across, front + knob[2] / 2)
        kitchen.add("StoveKnob", spot, COUNTER_TOP_M - SLAB_M - 0.01, knob, controls=plate)
    return burner[0] + 0.04 if kitchen.profile.burners == 1 else width


def _build_sink(kitchen: Kitchen, middle: Frame, width: float, depth: float) -> None:
    size, basin, tap = (
        (width, kitchen.size_of("Sink")[1], depth),
        kitchen.size_of("SinkBasin"),
        kitchen.size_of("Faucet"),
    )
    kitchen.add("Sink", middle, COUNTER_TOP_M - size[1], size)
    forward = (depth - basin[2]) / 2 - 0.02
    bottom = COUNTER_TOP_M - basin[1]
    inside = kitchen.add("SinkBasin", middle.moved(0.0, forward), bottom, basin, parent=len(kitchen.items) - 1)
    kitchen.add_inside(inside, hidden=False, open_top=True)
    kitchen.add("Faucet", middle.moved(0.0, -depth / 2 + 0.07), COUNTER_TOP_M, (tap[0], tap[1], 0.10))


def _build_base(kitchen: Kitchen, under: str, fixture: str, place: Frame, width: float) -> None:
    profile = kitchen.profile
    top = COUNTER_TOP_M - (kitchen.size_of("Sink")[1] if fixture == "sink" else SLAB_M)
    depth = kitchen.size_of("CounterTop")[2] - 0.04
    frame = place.moved(0.0, depth / 2)
    if (under == "drawer" and not fixture) or (under == "both" and fixture != "sink"):
        size = (width - 0.02, profile.drawer_height_m, depth)
        top -= size[1]
        # The tray slides out from under the worktop by less than its depth: the back of it is seen best.
        kitchen.add_inside(kitchen.add("Drawer", frame, top, size), hidden=True, lean=-0.7)
        top -= 0.01
    if under in ("cabinet", "both"):
        bottom = profile.cabinet_bottom_m
        size = (width - 0.02, top - bottom, depth)
        kitchen.add_inside(kitchen.add("Cabinet", frame, bottom, size), hidden=True, lean=0.8)
