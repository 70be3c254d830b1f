"""What hangs on the walls of a generated kitchen: a window and a light switch."""

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.layout import Unit
from llamafactory_embodied.world.room import Frame, Room

_WINDOW_BOTTOM_M = 1.40  # above what stands on a worktop
_CLEAR_M = 1.15  # higher furniture reaches what hangs and the light switch


def hang(room: Room, placed: list[tuple[Unit, Frame]], rng: np.random.Generator) -> None:
    """Hang a window above a worktop, and a light switch on a free stretch of wall.

    Raises:
        SceneError: No stretch of wall is free for the switch.
    """
    spots = [place.moved(shift, 0.0) for unit, place in placed if unit.kind == "run" for shift in _thirds(unit.width)]
    window = room.size_of("Window")
    chosen = [spots[index] for index in rng.permutation(len(spots))]
    hung = [(spot, window[0]) for spot in chosen if _fits(room, spot, window[0], [])][:1]
    for spot, _ in hung:
        room.add("Window", spot.moved(0.0, window[2] / 2), _WINDOW_BOTTOM_M, window)
    _hang_switch(room, placed, hung, rng)


def _thirds(width: float) -> tuple[float, ...]:
    return (0.0,) if width < 1.2 else (-width / 2 + 0.32, 0.0, width / 2 - 0.32)


def _fits(room: Room, spot: Frame, width: float, hung: list[tuple[Frame, float]]) -> bool:
    """Whether something of a width can hang at a spot: inside the room's walls and clear of what hangs already."""
    along = spot.x if spot.yaw % 180 == 0 else spot.z
    half = (room.width if spot.yaw % 180 == 0 else room.depth) / 2
    if abs(along) + width / 2 > half - 0.40:
        return False
    same = [(other, size) for other, size in hung if other.yaw == spot.yaw]
    tall = [item for item in room.items if item.frame.yaw == spot.yaw and item.bottom + item.size[1] > _CLEAR_M]
    same += [(item.frame, item.size[0]) for item in tall]
    return all(
        abs(along - (other.x if spot.yaw % 180 == 0 else other.z)) >= (width + size) / 2 + 0.02 for other, size in same
    )


def _hang_switch(
    room: Room, placed: list[tuple[Unit, Frame]], hung: list[tuple[Frame, float]], rng: np.random.Generator
) -> None:
    size = room.size_of("LightSwitch")
    used = hung + [(place, unit.width) for unit, place in placed]
    for _ in range(40):
        yaw = 90 * int(rng.integers(4))
        length = room.width if yaw % 180 == 0 else room.depth
        along = round(float(rng.uniform(-length / 2 + 0.9, length / 2 - 0.9)), 2)
        half = (room.depth if yaw % 180 == 0 else room.width) / 2
        x, z = {0: (along, -half), 90: (-half, along), 180: (along, half), 270: (half, along)}[yaw]
        spot = Frame(x, z, yaw)
        if _fits(room, spot, size[0] + 0.2, used):
            room.add("LightSwitch", spot.moved(0.0, size[2] / 2), 1.2, size)
            return
    raise SceneError("no free stretch of wall for the light switch")
