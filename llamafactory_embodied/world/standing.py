"""Where an agent can stand in a generated kitchen: the free, connected points of the 0.25 m grid."""

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.occupancy import flood
from llamafactory_embodied.world.room import Item, Room

GRID_M = 0.25
RADIUS_M = 0.2  # of AI2-THOR's default agent, as far as furniture is concerned
_HEAD_M = 1.8
_ARM_M = 1.0  # farthest that someone stands from the front that they face
_REACH_M = 1.3  # farthest that something may be from where someone stands: reach is 1.5 m, and it must be seen
_LEAST_FREE = 12
_IGNORED = frozenset({"Floor", "Window", "LightSwitch"})


class StandingRoom:
    """The connected free points of the grid, seen as one bool per point.

    Attributes:
        xs: [N] x of the grid's columns, metres, multiples of 0.25.
        zs: [M] z of the grid's rows, metres.
        free: [N, M] whether an agent can stand there and walk to the other free points.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self.xs = _axis(room.width)
        self.zs = _axis(room.depth)
        free = np.ones((len(self.xs), len(self.zs)), dtype=bool)
        for item in room.items:
            if item.type not in _IGNORED and item.bottom < _HEAD_M:
                free &= self._distance(item) > RADIUS_M
        self.free = _largest_component(free)

    def _distance(self, item: Item) -> np.ndarray:
        x, _, z = item.center
        width, _, depth = item.extent
        dx = np.maximum(np.abs(self.xs - x) - width / 2, 0.0)
        dz = np.maximum(np.abs(self.zs - z) - depth / 2, 0.0)
        return np.asarray(np.hypot(dx[:, None], dz[None, :]))

    def serves(self, item: Item) -> bool:
        """Whether someone can stand in front of an item, within reach and no farther aside than its edges."""
        dx, dz = self.xs[:, None] - item.frame.x, self.zs[None, :] - item.frame.z
        right, ahead = item.frame.moved(1.0, 0.0), item.frame.moved(0.0, 1.0)
        u = dx * (right.x - item.frame.x) + dz * (right.z - item.frame.z)
        v = dx * (ahead.x - item.frame.x) + dz * (ahead.z - item.frame.z)
        beyond = v - item.size[2] / 2
        near = (np.abs(u) <= item.size[0] / 2 + GRID_M) & (beyond > 0.0) & (beyond <= _ARM_M)
        return bool((near & self.free).any())

    def check(self) -> None:
        """Whether everything that is opened, laid on, picked up or switched can be got at.

        Raises:
            SceneError: something cannot; or there is hardly any standing room.
        """
        if self.free.sum() < _LEAST_FREE:
            raise SceneError(f"only {int(self.free.sum())} points of the room are free to stand on")
        for item in self._room.items:
            flags = self._room.kinds[item.type].flags
            if item.type == "Floor" or not flags & {"receptacle", "openable", "pickupable", "toggleable"}:
                continue
            if self._distance(item)[self.free].min() > _REACH_M:
                raise SceneError(f"nobody gets near the {item.type} at {item.center}")
            if "openable" in flags and "pickupable" not in flags and item.bottom < _HEAD_M and not self.serves(item):
                raise SceneError(f"nobody can stand in front of the {item.type} at {item.center}")

    def corner(self, rng: np.random.Generator) -> tuple[float, float, float]:
        """The free point nearest to a random corner of the room, and the yaw from there into the room."""
        side_x, side_z, yaw = ((-1, -1, 45.0), (-1, 1, 135.0), (1, 1, 225.0), (1, -1, 315.0))[int(rng.integers(4))]
        far = self.xs[:, None] * side_x + self.zs[None, :] * side_z
        index = int(np.argmax(np.where(self.free, far, -np.inf)))
        column, row = divmod(index, len(self.zs))
        return float(self.xs[column]), float(self.zs[row]), yaw


def _axis(length: float) -> np.ndarray:
    last = int(np.floor((length / 2 - RADIUS_M) / GRID_M))
    return np.arange(-last, last + 1) * GRID_M


def _largest_component(free: np.ndarray) -> np.ndarray:
    best, unseen = np.zeros_like(free), free.copy()
    while unseen.sum() > best.sum():
        component = flood(free, divmod(int(np.argmax(unseen)), free.shape[1]))
        unseen &= ~component
        if component.sum() > best.sum():
            best = component
    return best
