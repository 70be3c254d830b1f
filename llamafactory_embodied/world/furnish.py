"""The parts of each piece of furniture of a generated kitchen, and the places for small objects that they offer."""

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.layout import COUNTER_TOP_M, PANEL_M, SLAB_M, Frame, Kitchen, Unit

_EYE_CABINET_BOTTOM_M = 1.42
_WINDOW_BOTTOM_M = 1.40  # above what stands on a worktop
_EYE_CABINET = (0.60, 0.60, 0.34)


def furnish(kitchen: Kitchen, placed: list[tuple[Unit, Frame]], rng: np.random.Generator) -> None:
    """Build the floor, the units at their places, the table with its seats, and what hangs on the walls.

    Raises:
        SceneError: There is no place for the table, an appliance or the light switch.
    """
    kitchen.add("Floor", Frame(0.0, 0.0, 0), -0.02, (kitchen.width, 0.02, kitchen.depth))
    for unit, place in placed:
        if unit.kind == "run":
            _build_run(kitchen, unit, place)
        else:
            _build_piece(kitchen, unit, place)
    _build_table(kitchen, placed, rng)
    for kind, stand in kitchen.profile.appliances:
        _stand_appliance(kitchen, kind, stand, rng)
    _hang(kitchen, placed, rng)


def _build_run(kitchen: Kitchen, unit: Unit, place: Frame) -> None:
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


def _build_piece(kitchen: Kitchen, unit: Unit, place: Frame) -> None:
    profile, middle = kitchen.profile, place.moved(0.0, unit.depth / 2)
    if unit.kind == "Fridge":
        _build_fridge(kitchen, middle)
    elif unit.kind == "GarbageCan":
        can = kitchen.add("GarbageCan", middle, 0.0, parent=0)
        # Well filled: what is thrown in lies near the rim, where it can be seen and reached.
        kitchen.add_inside(can, hidden=False, raised=kitchen.size_of("GarbageCan")[1] * 0.65, open_top=True)
    elif unit.kind == "Shelf":
        kitchen.add_inside(kitchen.add("Shelf", middle, 0.90), hidden=False)
    elif unit.kind == "Cabinet":
        kitchen.add_inside(kitchen.add("Cabinet", middle, profile.hung_cabinet_m), hidden=True, lean=0.6)
    elif unit.kind == "ShelvingUnit":
        _build_shelving(kitchen, middle)
    else:
        kitchen.add_top(kitchen.add(unit.kind, middle, 0.0, parent=0))


def _build_fridge(kitchen: Kitchen, middle: Frame) -> None:
    fridge = kitchen.add("Fridge", middle, 0.0, parent=0)
    height = kitchen.size_of("Fridge")[1]
    levels = [height * share for share in kitchen.profile.fridge_levels]
    for low, high in zip(levels, [*levels[1:], height], strict=True):
        kitchen.add_inside(fridge, hidden=True, raised=low, lean=0.5)
        kitchen.spaces[-1].headroom = high - low - PANEL_M


def _build_shelving(kitchen: Kitchen, middle: Frame) -> None:
    rack = kitchen.add("ShelvingUnit", middle, 0.0, parent=0)
    width, height, depth = kitchen.size_of("ShelvingUnit")
    for level in (0.065, 0.380, 0.695):
        shelf = (width - 2 * PANEL_M, height * 0.26, depth - 2 * PANEL_M)
        kitchen.add_inside(kitchen.add("Shelf", middle, height * level, shelf, parent=rack), hidden=False)


def _build_table(kitchen: Kitchen, placed: list[tuple[Unit, Frame]], rng: np.random.Generator) -> None:
    size = kitchen.size_of("DiningTable")
    taken = {
        yaw: max((unit.depth for unit, place in placed if place.yaw == yaw), default=0.0) for yaw in (0, 90, 180, 270)
    }
    west, east = -kitchen.width / 2 + taken[90], kitchen.width / 2 - taken[270]
    south, north = -kitchen.depth / 2 + taken[0], kitchen.depth / 2 - taken[180]
    yaw = 90 * int(rng.integers(4))
    half = (size[0] / 2, size[2] / 2) if yaw % 180 == 0 else (size[2] / 2, size[0] / 2)
    room_x, room_z = (east - west) / 2 - half[0] - 0.65, (north - south) / 2 - half[1] - 0.65
    if room_x < 0 or room_z < 0:
        raise SceneError(f"no place for a table of {size} m in the middle of {kitchen.width} x {kitchen.depth} m")
    x = (west + east) / 2 + float(rng.uniform(-room_x, room_x))
    z = (south + north) / 2 + float(rng.uniform(-room_z, room_z))
    middle = Frame(round(x, 2), round(z, 2), yaw)
    kitchen.add_top(kitchen.add("DiningTable", middle, 0.0, parent=0))
    _seat(kitchen, middle, size, rng)


def _seat(kitchen: Kitchen, middle: Frame, size: tuple[float, float, float], rng: np.random.Generator) -> None:
    """Put seats at sides of the table other than its front, looking at it."""
    low, high = kitchen.profile.seats
    kind = ("Chair", "Stool")[int(rng.integers(2))]
    depth = kitchen.size_of(kind)[2]
    spots = [
        (size[0] / 2 + depth / 2, 0.0, 270),
        (-size[0] / 2 - depth / 2, 0.0, 90),
        (0.0, -size[2] / 2 - depth / 2, 0),
    ]
    count = int(rng.integers(low, high + 1))
    for index in rng.permutation(len(spots))[:count]:
        u, v, turn = spots[index]
        kitchen.add(kind, middle.moved(u * 1.02, v * 1.02, turn), 0.0, parent=0)


def _stand_appliance(kitchen: Kitchen, kind: str, stand: str, rng: np.random.Generator) -> None:
    """Stand an appliance at the end of a free surface and shorten the surface by it."""
    size = kitchen.size_of(kind)
    tops = [
        index
        for index, space in enumerate(kitchen.spaces)
        if kitchen.items[space.owner].type == stand and space.width >= size[0] and space.depth >= size[2]
    ]
    if not tops:
        raise SceneError(f"no {stand} has {size[0]} m for a {kind}")
    chosen = tops[int(rng.integers(len(tops)))]
    space = kitchen.spaces[chosen]
    side = 1 if rng.random() < 0.5 else -1
    spare = space.width - size[0]
    rest = spare - kitchen.profile.gap_m
    frame = space.frame.moved(side * (spare / 2 if rest > 0.15 else 0.0), (size[2] - space.depth) / 2 + 0.03)
    item = kitchen.add(kind, frame, space.bottom, size, parent=space.owner)
    if rest > 0.15:
        space.frame, space.width = space.frame.moved(-side * (space.width - rest) / 2, 0.0), rest
    else:
        del kitchen.spaces[chosen]
    if kind == "Microwave":
        kitchen.add_inside(item, hidden=True, raised=0.03, lean=0.5)
        inside = kitchen.spaces[-1]  # its buttons take the right quarter
        inside.frame, inside.width = inside.frame.moved(-size[0] / 8, 0.0), size[0] * 0.75 - 2 * PANEL_M


def _hang(kitchen: Kitchen, placed: list[tuple[Unit, Frame]], rng: np.random.Generator) -> None:
    """Hang a window and cabinets above worktops, and a light switch on a free stretch of wall."""
    spots = [place.moved(shift, 0.0) for unit, place in placed if unit.kind == "run" for shift in _thirds(unit.width)]
    low, high = kitchen.profile.wall_cabinets
    count = int(rng.integers(low, high + 1))
    chosen = [spots[index] for index in rng.permutation(len(spots))]
    window = kitchen.size_of("Window")
    hung: list[tuple[Frame, float]] = []
    for spot in chosen:
        width = _EYE_CABINET[0] if hung else window[0]
        if len(hung) > count or not _fits(kitchen, spot, width, hung):
            continue
        if hung:
            frame = spot.moved(0.0, _EYE_CABINET[2] / 2)
            kitchen.add_inside(kitchen.add("Cabinet", frame, _EYE_CABINET_BOTTOM_M, _EYE_CABINET), hidden=True)
        else:
            kitchen.add("Window", spot.moved(0.0, window[2] / 2), _WINDOW_BOTTOM_M, window)
        hung.append((spot, width))
    _hang_switch(kitchen, placed, hung, rng)


def _thirds(width: float) -> tuple[float, ...]:
    return (0.0,) if width < 1.2 else (-width / 2 + 0.32, 0.0, width / 2 - 0.32)


def _fits(kitchen: Kitchen, spot: Frame, width: float, hung: list[tuple[Frame, float]]) -> bool:
    """Whether something of a width can hang at a spot: inside the room's walls and clear of what hangs already."""
    along = spot.x if spot.yaw % 180 == 0 else spot.z
    half = (kitchen.width if spot.yaw % 180 == 0 else kitchen.depth) / 2
    if abs(along) + width / 2 > half - 0.40:
        return False
    same = [(other, size) for other, size in hung if other.yaw == spot.yaw]
    tall = [item for item in kitchen.items if item.type in ("Fridge", "ShelvingUnit") and item.frame.yaw == spot.yaw]
    same += [(item.frame, item.size[0]) for item in tall]
    return all(
        abs(along - (other.x if spot.yaw % 180 == 0 else other.z)) >= (width + size) / 2 + 0.02 for other, size in same
    )


def _hang_switch(
    kitchen: Kitchen, placed: list[tuple[Unit, Frame]], hung: list[tuple[Frame, float]], rng: np.random.Generator
) -> None:
    size = kitchen.size_of("LightSwitch")
    used = hung + [(place, unit.width) for unit, place in placed]
    for _ in range(40):
        yaw = 90 * int(rng.integers(4))
        length = kitchen.width if yaw % 180 == 0 else kitchen.depth
        along = round(float(rng.uniform(-length / 2 + 0.9, length / 2 - 0.9)), 2)
        half = (kitchen.depth if yaw % 180 == 0 else kitchen.width) / 2
        x, z = {0: (along, -half), 90: (-half, along), 180: (along, half), 270: (half, along)}[yaw]
        spot = Frame(x, z, yaw)
        if _fits(kitchen, spot, size[0] + 0.2, used):
            kitchen.add("LightSwitch", spot.moved(0.0, size[2] / 2), 1.2, size)
            return
    raise SceneError("no free stretch of wall for the light switch")
