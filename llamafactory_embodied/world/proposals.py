"""Where a piece of furniture might stand or hang: one frame after the other, to be tried until one fits.

Each way of standing is a function of the room, the host, the piece's size and its distance from the wall (negative
for what hangs, which touches it); it draws the middle of the piece's footprint and its facing.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from llamafactory_embodied.world.catalog import Size
from llamafactory_embodied.world.room import Frame, Item, Room

_GAP_M = 0.005
_FACING_M = (2.4, 4.4)  # between the middles of a sofa and of a television
_BEFORE_M = (0.35, 0.55)  # between a sofa and its table


def wall_frame(room: Room, yaw: int) -> tuple[Frame, float]:
    """The middle of the foot of the wall behind what faces `yaw`, and the wall's length, metres."""
    half_x, half_z = room.width / 2, room.depth / 2
    if yaw % 180 == 0:
        return Frame(0.0, -half_z if yaw == 0 else half_z, yaw), room.width
    return Frame(-half_x if yaw == 90 else half_x, 0.0, yaw), room.depth


def _at_wall(room: Room, yaw: int, size: Size, away_m: float, share: float) -> Frame:
    wall, length = wall_frame(room, yaw % 360)
    slack = max(0.0, length - size[0])
    return wall.moved((share - 0.5) * slack, max(0.0, away_m) + size[2] / 2)


def at_any_wall(room: Room, host: Item | None, size: Size, away_m: float, rng: np.random.Generator) -> Frame:
    """With the back to a wall."""
    return _at_wall(room, 90 * int(rng.integers(4)), size, away_m, float(rng.random()))


def in_corner(room: Room, host: Item | None, size: Size, away_m: float, rng: np.random.Generator) -> Frame:
    """With the back to a wall, at its end."""
    return _at_wall(room, 90 * int(rng.integers(4)), size, away_m, float(rng.choice([0.01, 0.99])))


def in_middle(room: Room, host: Item | None, size: Size, away_m: float, rng: np.random.Generator) -> Frame:
    """Away from the walls."""
    x, z = (float(rng.uniform(-0.32, 0.32)) * side for side in (room.width, room.depth))
    return Frame(round(x, 3), round(z, 3), 90 * int(rng.integers(4)))


def opposite(room: Room, host: Item, size: Size, away_m: float, rng: np.random.Generator) -> Frame:
    """Before what the host looks at: at the wall there, or where that is far, at the distance of a conversation."""
    yaw = (host.frame.yaw + 180) % 360
    wall, length = wall_frame(room, yaw)
    along = _along(wall, host.frame) + float(rng.normal(0.0, 0.3))
    reach = max(0.0, (length - size[0]) / 2)
    spot = wall.moved(float(np.clip(along, -reach, reach)), max(0.0, away_m) + size[2] / 2)
    if away_m < 0:
        return spot
    ahead = host.frame.moved(0.0, 1.0)
    far = (spot.x - host.frame.x) * (ahead.x - host.frame.x) + (spot.z - host.frame.z) * (ahead.z - host.frame.z)
    return spot.moved(0.0, max(0.0, far - float(rng.uniform(*_FACING_M))))


def over(room: Room, host: Item, size: Size, away_m: float, rng: np.random.Generator) -> Frame:
    """At the wall behind the host, above it."""
    wall, length = wall_frame(room, host.frame.yaw)
    spread = max(0.0, host.size[0] - size[0]) / 2
    along = _along(wall, host.frame) + float(rng.uniform(-spread, spread))
    reach = max(0.0, (length - size[0]) / 2)
    return wall.moved(float(np.clip(along, -reach, reach)), size[2] / 2)


def near(room: Room, host: Item, size: Size, away_m: float, rng: np.random.Generator) -> Frame:
    """At the wall behind the host, at arm's length beside it."""
    wall, _ = wall_frame(room, host.frame.yaw)
    side = float(rng.choice([-1.0, 1.0])) * (host.size[0] / 2 + size[0] / 2 + float(rng.uniform(0.02, 0.35)))
    return wall.moved(_along(wall, host.frame) + side, size[2] / 2)


def before(room: Room, host: Item, size: Size, away_m: float, rng: np.random.Generator) -> Frame:
    """In front of the host, looking as it does; what hangs, close before it."""
    gap = _GAP_M if away_m < 0 else float(rng.uniform(*_BEFORE_M))
    aside = 0.0 if away_m < 0 else float(rng.uniform(-0.3, 0.3))
    return host.frame.moved(aside, host.size[2] / 2 + gap + size[2] / 2)


def beside(room: Room, host: Item, size: Size, away_m: float, rng: np.random.Generator) -> Frame:
    """Next to the host with the backs in line, or for what hangs, touching it."""
    gap = _GAP_M if away_m < 0 else float(rng.uniform(0.02, 0.15))
    side = float(rng.choice([-1.0, 1.0])) * (host.size[0] / 2 + size[0] / 2 + gap)
    return host.frame.moved(side, (size[2] - host.size[2]) / 2)


def around(room: Room, host: Item, size: Size, away_m: float, rng: np.random.Generator) -> Frame:
    """At a side of the host other than its back, looking at it; a table's front stays free for who serves it."""
    width, _, depth = host.size
    gap = 0.01 + size[2] / 2
    if host.type == "Desk":
        return host.frame.moved(float(rng.uniform(-0.3, 0.3)) * width, depth / 2 + gap, 180)
    sides = [(width / 2 + gap, 0.0, 270), (-width / 2 - gap, 0.0, 90), (0.0, -depth / 2 - gap, 0)]
    u, v, turn = sides[int(rng.integers(3))]
    if turn == 0:
        u = float(rng.uniform(-0.35, 0.35)) * width
    return host.frame.moved(u, v, turn)


def _along(wall: Frame, frame: Frame) -> float:
    """Where along a wall a frame is, from the wall's middle to its right."""
    right = wall.moved(1.0, 0.0)
    return (frame.x - wall.x) * (right.x - wall.x) + (frame.z - wall.z) * (right.z - wall.z)


_Free = Callable[[Room, Item | None, Size, float, np.random.Generator], Frame]
_Bound = Callable[[Room, Item, Size, float, np.random.Generator], Frame]

FREE_WAYS: Mapping[str, _Free] = MappingProxyType({"wall": at_any_wall, "corner": in_corner, "middle": in_middle})
"""Ways that need no other furniture."""
BOUND_WAYS: Mapping[str, _Bound] = MappingProxyType(
    {"opposite": opposite, "over": over, "near": near, "before": before, "beside": beside, "around": around}
)
"""Ways towards a host."""
