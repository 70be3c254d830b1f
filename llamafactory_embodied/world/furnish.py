"""The parts of each piece of furniture of a generated room, and the places for small objects that they offer."""

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.counters import build_run
from llamafactory_embodied.world.hanging import hang
from llamafactory_embodied.world.layout import Unit
from llamafactory_embodied.world.room import PANEL_M, Frame, Room


def furnish(room: Room, placed: list[tuple[Unit, Frame]], rng: np.random.Generator) -> None:
    """Build the floor, the units at their places, the table with its seats, and what hangs on the walls.

    Raises:
        SceneError: There is no place for the table, an appliance or the light switch.
    """
    room.add("Floor", Frame(0.0, 0.0, 0), -0.02, (room.width, 0.02, room.depth))
    for unit, place in placed:
        if unit.kind == "run":
            build_run(room, unit, place)
        else:
            _build_piece(room, unit, place)
    _build_table(room, placed, rng)
    for kind, stand in room.profile.appliances:
        _stand_appliance(room, kind, stand, rng)
    hang(room, placed, rng)


def _build_piece(room: Room, unit: Unit, place: Frame) -> None:
    profile, middle = room.profile, place.moved(0.0, unit.depth / 2)
    if unit.kind == "Fridge":
        _build_fridge(room, middle)
    elif unit.kind == "GarbageCan":
        can = room.add("GarbageCan", middle, 0.0, parent=0)
        # Well filled: what is thrown in lies near the rim, where it can be seen and reached.
        room.add_inside(can, hidden=False, raised=room.size_of("GarbageCan")[1] * 0.8, open_top=True)
    elif unit.kind == "Shelf":
        room.add_inside(room.add("Shelf", middle, 0.90), hidden=False)
    elif unit.kind == "Cabinet":
        room.add_inside(room.add("Cabinet", middle, profile.hung_cabinet_m), hidden=True, lean=0.6)
    else:
        room.add_top(room.add(unit.kind, middle, 0.0, parent=0))


def _build_fridge(room: Room, middle: Frame) -> None:
    fridge = room.add("Fridge", middle, 0.0, parent=0)
    height = room.size_of("Fridge")[1]
    levels = [height * share for share in room.profile.fridge_levels]
    for low, high in zip(levels, [*levels[1:], height], strict=True):
        room.add_inside(fridge, hidden=True, raised=low, lean=0.8)
        room.spaces[-1].headroom = high - low - PANEL_M


def _build_table(room: Room, placed: list[tuple[Unit, Frame]], rng: np.random.Generator) -> None:
    size = room.size_of("DiningTable")
    taken = {
        yaw: max((unit.depth for unit, place in placed if place.yaw == yaw), default=0.0) for yaw in (0, 90, 180, 270)
    }
    west, east = -room.width / 2 + taken[90], room.width / 2 - taken[270]
    south, north = -room.depth / 2 + taken[0], room.depth / 2 - taken[180]
    yaw = 90 * int(rng.integers(4))
    half = (size[0] / 2, size[2] / 2) if yaw % 180 == 0 else (size[2] / 2, size[0] / 2)
    room_x, room_z = (east - west) / 2 - half[0] - 0.65, (north - south) / 2 - half[1] - 0.65
    if room_x < 0 or room_z < 0:
        raise SceneError(f"no place for a table of {size} m in the middle of {room.width} x {room.depth} m")
    x = (west + east) / 2 + float(rng.uniform(-room_x, room_x))
    z = (south + north) / 2 + float(rng.uniform(-room_z, room_z))
    middle = Frame(round(x, 2), round(z, 2), yaw)
    room.add_top(room.add("DiningTable", middle, 0.0, parent=0))
    _seat(room, middle, size, rng)


def _seat(room: Room, middle: Frame, size: tuple[float, float, float], rng: np.random.Generator) -> None:
    """Put seats at sides of the table other than its front, looking at it."""
    low, high = room.profile.seats
    kind = ("Chair", "Stool")[int(rng.integers(2))]
    depth = room.size_of(kind)[2]
    spots = [
        (size[0] / 2 + depth / 2, 0.0, 270),
        (-size[0] / 2 - depth / 2, 0.0, 90),
        (0.0, -size[2] / 2 - depth / 2, 0),
    ]
    count = int(rng.integers(low, high + 1))
    for index in rng.permutation(len(spots))[:count]:
        u, v, turn = spots[index]
        room.add(kind, middle.moved(u * 1.02, v * 1.02, turn), 0.0, parent=0)


def _stand_appliance(room: Room, kind: str, stand: str, rng: np.random.Generator) -> None:
    """Stand an appliance at the end of a free surface and shorten the surface by it."""
    size = room.size_of(kind)
    tops = [
        index
        for index, space in enumerate(room.spaces)
        if room.items[space.owner].type == stand and space.width >= size[0] and space.depth >= size[2]
    ]
    if not tops:
        raise SceneError(f"no {stand} has {size[0]} m for a {kind}")
    chosen = tops[int(rng.integers(len(tops)))]
    space = room.spaces[chosen]
    side = 1 if rng.random() < 0.5 else -1
    spare = space.width - size[0]
    rest = spare - room.profile.gap_m
    frame = space.frame.moved(side * (spare / 2 if rest > 0.15 else 0.0), (size[2] - space.depth) / 2 + 0.03)
    item = room.add(kind, frame, space.bottom, size, parent=space.owner)
    if rest > 0.15:
        space.frame, space.width = space.frame.moved(-side * (space.width - rest) / 2, 0.0), rest
    else:
        del room.spaces[chosen]
    if kind == "Microwave":
        room.add_inside(item, hidden=True, raised=0.03, lean=0.5)
        inside = room.spaces[-1]  # its buttons take the right quarter
        inside.frame, inside.width = inside.frame.moved(-size[0] / 8, 0.0), size[0] * 0.75 - 2 * PANEL_M
