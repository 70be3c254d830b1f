"""Does a thing fit where it is meant to go? Kept up to date while a room is being furnished."""

from collections.abc import Collection

import numpy as np

from llamafactory_embodied.world.catalog import Size
from llamafactory_embodied.world.room import Frame, Item, Room

_TOUCH_M = 2e-4  # neighbours may touch


class Fitting:
    """The boxes of everything in a room, and the floor that stays free."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._lows = np.zeros((0, 3))
        self._highs = np.zeros((0, 3))
        self._clear: list[tuple[int, np.ndarray, np.ndarray]] = []

    def fits(self, item: Item, within: Collection[int] = (), besides: Collection[int] = ()) -> bool:
        """Whether an item's box is in the room, meets no other item and leaves the clear floor of others alone.

        Args:
            item: not yet in the room.
            within: indices of items whose boxes it may enter, such as the shelf that it stands on.
            besides: indices of items on whose clear floor it may stand.
        """
        low, high = _box(item)
        half = np.array([self.room.width / 2, self.room.height, self.room.depth / 2]) + _TOUCH_M
        if (low[[0, 2]] < -half[[0, 2]]).any() or (high > half).any():
            return False
        self._catch_up()
        hits = np.flatnonzero((np.minimum(self._highs, high) - np.maximum(self._lows, low) > _TOUCH_M).all(axis=1))
        if set(hits.tolist()) - set(within):
            return False
        return not any(
            owner not in besides and bool((np.minimum(zone_high, high) - np.maximum(zone_low, low) > _TOUCH_M).all())
            for owner, zone_low, zone_high in self._clear
        )

    def forget(self, index: int) -> None:
        """Take an item that carries nothing out of the room; those after it move up."""
        self._catch_up()
        del self.room.items[index]
        self._lows, self._highs = np.delete(self._lows, index, 0), np.delete(self._highs, index, 0)

    def keep_clear(self, index: int, depth_m: float) -> None:
        """Keep the floor before an item free."""
        zone = front_zone(self.room.items[index], depth_m)
        self._clear.append((index, *_box(zone)))

    def _catch_up(self) -> None:
        fresh = [_box(item) for item in self.room.items[len(self._lows) :]]
        if fresh:
            self._lows = np.vstack([self._lows, [low for low, _ in fresh]])
            self._highs = np.vstack([self._highs, [high for _, high in fresh]])


def front_zone(item: Item, depth_m: float) -> Item:
    """The space before an item as an item of its own, from the floor to knee height and as wide as the item."""
    frame: Frame = item.frame.moved(0.0, item.size[2] / 2 + depth_m / 2)
    size: Size = (item.size[0], 0.5, depth_m)
    return Item("Floor", frame, 0.0, size)


def _box(item: Item) -> tuple[np.ndarray, np.ndarray]:
    center, extent = np.array(item.center), np.array(item.extent)
    return center - extent / 2, center + extent / 2
