"""Base units of a generated kitchen: worktops with what is set into them and what is below them.

Units are built in the frame of their place: u to the right for someone who stands at the wall and looks into the room,
v away from the wall.
"""

from itertools import groupby
from typing import NamedTuple

from llamafactory_embodied.world.catalog import Size
from llamafactory_embodied.world.layout import Unit
from llamafactory_embodied.world.room import SLAB_M, Frame, Room

_LIP_M = 0.03  # of a worktop before a sink that is set in
_LEAST_STRETCH_M = 0.15  # a narrower rest of a worktop takes nothing


class _Placed(NamedTuple):
    """A column of a run and its left edge from the run's middle, metres."""

    fixture: str
    left: float
    width: float
    under: tuple[str, ...]
    last: bool

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


def build_run(room: Room, unit: Unit, place: Frame) -> None:
    """Add a run's worktops, fixtures, drawers and cabinets to the room.

    Args:
        room: Where to.
        unit: The run.
        place: The middle of the run's back, at the wall, facing the room.
    """
    columns = _columns(unit)
    for is_sink, stretch in groupby(columns, key=lambda column: column.fixture == "sink" and not unit.set_in):
        if is_sink:
            for column in stretch:
                size = (column.width, room.size_of("Sink")[1], unit.depth)
                _build_sink(room, place.moved(column.middle, unit.depth / 2), size, unit.depth)
        else:
            _build_worktops(room, place, unit.depth, list(stretch))
    for column in columns:
        _build_base(room, column, place.moved(column.middle, 0.0), unit.cabinet_m)


def _columns(unit: Unit) -> list[_Placed]:
    widths = [column.width for column in unit.columns]
    lefts = [-unit.width / 2 + sum(widths[:index]) for index in range(len(widths))]
    placed = zip(unit.columns, lefts, strict=True)
    return [_Placed(column.fixture, left, column.width, column.under, column.last) for column, left in placed]


def _build_worktops(room: Room, place: Frame, depth: float, columns: list[_Placed]) -> None:
    """Slabs side by side."""
    ends = [index + 1 for index, column in enumerate(columns) if column.last or index + 1 == len(columns)]
    for start, end in zip([0, *ends], ends, strict=False):
        _build_worktop(room, place, depth, columns[start:end])


def _build_worktop(room: Room, place: Frame, depth: float, columns: list[_Placed]) -> None:
    """One slab over neighbouring columns; what fixtures leave of it are its places for small objects."""
    start, end = columns[0].left, columns[-1].left + columns[-1].width
    middle = (start + end) / 2
    slab = (end - start, SLAB_M, depth)
    top = room.add("CounterTop", place.moved(middle, depth / 2), room.profile.worktop_m - SLAB_M, slab)
    free = start
    for column in columns:
        if column.fixture == "stove":
            _add_stretch(room, top, free - middle, column.left - middle)
            free = column.left + _build_stove(room, place.moved(column.middle, depth / 2), column.width)
        elif column.fixture == "sink":
            _add_stretch(room, top, free - middle, column.left - middle)
            free = column.left + column.width
            _build_sink(room, place.moved(column.middle, depth / 2), room.size_of("Sink"), depth)
    _add_stretch(room, top, free - middle, end - middle)


def _add_stretch(room: Room, top: int, start: float, end: float) -> None:
    if end - start > _LEAST_STRETCH_M:
        room.add_top(top, end - start - 0.02, (start + end) / 2)


def _build_stove(room: Room, middle: Frame, width: float) -> float:
    """Set burners into a worktop; returns the width they take, from the left of the column."""
    burner, knob = room.size_of("StoveBurner"), room.size_of("StoveKnob")
    if room.profile.burners == 1:
        spots = [(-width / 2 + burner[0] / 2 + 0.02, 0.0)]
    else:
        step = burner[0] / 2 + 0.02
        spots = [(-step, -step), (step, -step), (-step, step), (step, step)]
    front, at_wall = room.size_of("CounterTop")[2] / 2, room.profile.knob_m > room.profile.worktop_m
    for index, (u, v) in enumerate(spots):
        plate = room.add("StoveBurner", middle.moved(u, v), room.profile.worktop_m, burner)
        room.add_top(plate)
        across = -width / 2 + 0.08 + 0.12 * index
        spot = middle.moved(across, knob[2] / 2 - front if at_wall else front + knob[2] / 2)
        room.add("StoveKnob", spot, room.profile.knob_m, knob, controls=plate)
    return burner[0] + 0.04 if room.profile.burners == 1 else width


def _build_sink(room: Room, middle: Frame, size: Size, depth: float) -> None:
    basin, tap, top = room.size_of("SinkBasin"), room.size_of("Faucet"), room.profile.worktop_m
    front = middle.moved(0.0, max(0.0, (depth - size[2]) / 2 - _LIP_M))
    room.add("Sink", front, top - size[1], size)
    forward = (size[2] - basin[2]) / 2 - 0.02
    bottom = top - basin[1]
    inside = room.add("SinkBasin", front.moved(0.0, forward), bottom, basin, parent=len(room.items) - 1)
    room.add_inside(inside, hidden=False, open_top=True)
    room.add("Faucet", middle.moved(0.0, -depth / 2 + 0.02 + tap[2] / 2), top, tap)


def _build_base(room: Room, column: _Placed, place: Frame, cabinet_m: float | None) -> None:
    """Drawers have one height, a cabinet below them takes the rest; drawers alone share the height evenly."""
    profile = room.profile
    top = profile.worktop_m - (room.size_of("Sink")[1] if column.fixture == "sink" else SLAB_M)
    depth = room.size_of("CounterTop")[2] - 0.04
    bottom = profile.cabinet_bottom_m
    stacked = len(column.under) > 1 and "Cabinet" not in column.under
    drawer_m = (top - bottom) / len(column.under) - 0.01 if stacked else profile.drawer_height_m
    for part in column.under:
        long = cabinet_m or depth if part == "Cabinet" else min(depth, room.size_of("Drawer")[2])
        size = (column.width - 0.02, top - bottom if part == "Cabinet" else drawer_m, long)
        top -= size[1]
        # The tray slides out from under the worktop by less than its depth: the back of it is seen best.
        room.add_inside(
            room.add(part, place.moved(0.0, depth - long / 2), top, size),
            hidden=True,
            lean=0.8 if part == "Cabinet" else -0.7,
        )
        top -= 0.01
