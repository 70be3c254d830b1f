"""Base units of a generated kitchen: worktops with what is set into them and what is below them.

Units are built in the frame of their place: u to the right for someone who stands at the wall and looks into the room,
v away from the wall.
"""

from llamafactory_embodied.world.kitchen import COUNTER_TOP_M, SLAB_M, Frame, Kitchen
from llamafactory_embodied.world.layout import Unit


def build_run(kitchen: Kitchen, unit: Unit, place: Frame) -> None:
    """Add a run's worktops, fixtures, drawers and cabinets to the kitchen.

    Args:
        kitchen: Where to.
        unit: The run.
        place: The middle of the run's back, at the wall, facing the room.
    """
    left = -unit.width / 2
    start = left
    for fixture, width in (*unit.columns, ("sink", 0.0)):
        if fixture == "sink":  # a sink, like the end of the run, ends the worktop
            _build_worktop(kitchen, unit, place, start, left)
            start = left + width
        if fixture == "sink" and width:
            _build_sink(kitchen, place.moved(left + width / 2, unit.depth / 2), width, unit.depth)
        if width:
            _build_base(kitchen, unit.under, fixture, place.moved(left + width / 2, 0.0), width)
        left += width


def _build_worktop(kitchen: Kitchen, unit: Unit, place: Frame, start: float, end: float) -> None:
    if end - start < 0.1:
        return
    frame = place.moved((start + end) / 2, unit.depth / 2)
    top = kitchen.add("CounterTop", frame, COUNTER_TOP_M - SLAB_M, (end - start, SLAB_M, unit.depth))
    left, free = -unit.width / 2, start
    for fixture, width in unit.columns:
        if fixture == "stove" and start <= left < end:
            taken = _build_stove(kitchen, place.moved(left + width / 2, unit.depth / 2), width)
            _add_stretch(kitchen, top, place, free, left)
            free = left + taken
        left += width
    _add_stretch(kitchen, top, place, free, end)


def _add_stretch(kitchen: Kitchen, top: int, place: Frame, start: float, end: float) -> None:
    if end - start > 0.15:
        item = kitchen.items[top]
        middle = place.moved((start + end) / 2, item.size[2] / 2)
        shift = (middle.x - item.frame.x, middle.z - item.frame.z)
        right = item.frame.at(1.0, 0.0)
        along = shift[0] * (right[0] - item.frame.x) + shift[1] * (right[1] - item.frame.z)
        kitchen.add_top(top, end - start - 0.02, along)


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
    if under == "drawer" or (under == "both" and fixture != "sink"):
        size = (width - 0.02, profile.drawer_height_m, depth)
        top -= size[1]
        # The tray slides out from under the worktop by less than its depth: the back of it is seen best.
        kitchen.add_inside(kitchen.add("Drawer", frame, top, size), hidden=True, lean=-0.7)
        top -= 0.01
    if under in ("cabinet", "both"):
        bottom = profile.cabinet_bottom_m
        size = (width - 0.02, top - bottom, depth)
        kitchen.add_inside(kitchen.add("Cabinet", frame, bottom, size), hidden=True, lean=0.8)
