"""A room under construction: frames, items, and the spaces in which small objects can stand. Lengths in metres."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from llamafactory_embodied.world.catalog import KINDS, Kind, Size
from llamafactory_embodied.world.profiles import RoomProfile

SLAB_M = 0.04
PANEL_M = 0.02  # thickness of the walls of hollow receptacles


@dataclass(frozen=True)
class Frame:
    """A place in the room with a facing.

    Attributes:
        x: of the origin, metres.
        z: of the origin, metres.
        yaw: direction in which things of this frame look, degrees, a multiple of 90.
    """

    x: float
    z: float
    yaw: int

    def at(self, u: float, v: float) -> tuple[float, float]:
        """World x and z of a point of this frame."""
        sin, cos = ((0, 1), (1, 0), (0, -1), (-1, 0))[self.yaw // 90 % 4]
        return self.x + u * cos + v * sin, self.z - u * sin + v * cos

    def moved(self, u: float, v: float, turn: int = 0) -> "Frame":
        """The frame at a point of this one, turned clockwise by `turn` degrees."""
        x, z = self.at(u, v)
        return Frame(x, z, (self.yaw + turn) % 360)


@dataclass(frozen=True)
class Item:
    """An object in the room: an axis-aligned box with a facing.

    Attributes:
        type: AI2-THOR's object type.
        frame: centre of its footprint and its facing.
        bottom: height of its lowest point, metres.
        size: (width, height, depth) as seen from its front, metres.
        parent: index of the item that it stands on or in; -1 for none.
        controls: index of the item that it switches; -1 for none.
        spin_deg: by which a small object is turned further, clockwise.
    """

    type: str
    frame: Frame
    bottom: float
    size: Size
    parent: int = -1
    controls: int = -1
    spin_deg: float = 0.0

    @property
    def center(self) -> Size:
        """World x, y, z of the middle of its box."""
        return self.frame.x, self.bottom + self.size[1] / 2, self.frame.z

    @property
    def extent(self) -> Size:
        """World extent of its box along x, y, z."""
        width, height, depth = self.size
        if self.spin_deg:
            turn = math.radians(self.frame.yaw + self.spin_deg)
            cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
            return width * cos + depth * sin, height, width * sin + depth * cos
        return (width, height, depth) if self.frame.yaw % 180 == 0 else (depth, height, width)


@dataclass
class Space:
    """Room for small objects on or in a receptacle; they stand in a row along its width.

    Attributes:
        owner: index of the receptacle's item.
        frame: middle of the floor of the space, facing as the receptacle does.
        width: along the row, metres.
        depth: across the row, metres.
        bottom: height of the floor of the space, metres.
        headroom: height that an object may have, metres.
        hidden: whether a closed receptacle hides the contents.
        lean: where across the depth the row stands, from -1 at the back to 1 at the front.
        contents: (type, size) of what will stand there, filled by `world.placement`.
    """

    owner: int
    frame: Frame
    width: float
    depth: float
    bottom: float
    headroom: float
    hidden: bool = False
    lean: float = 0.0
    contents: list[tuple[str, Size]] = field(default_factory=list)


@dataclass
class Room:
    """A room under construction.

    Attributes:
        profile: what is being built.
        width: along x, metres.
        depth: along z, metres.
        height: of its ceiling, metres.
        kinds: what each type is like.
        items: furniture first, then what stands on it.
        spaces: where small objects can go.
    """

    profile: RoomProfile
    width: float
    depth: float
    height: float
    kinds: Mapping[str, Kind] = field(default_factory=lambda: KINDS)
    items: list[Item] = field(default_factory=list)
    spaces: list[Space] = field(default_factory=list)

    def size_of(self, kind: str) -> Size:
        """Size of a type in this profile, (width, height, depth) in metres."""
        return self.profile.sizes.get(kind) or KINDS[kind].size

    def add(
        self, kind: str, frame: Frame, bottom: float, size: Size | None = None, parent: int = -1, controls: int = -1
    ) -> int:
        """Add an item and return its index."""
        self.items.append(Item(kind, frame, bottom, size or self.size_of(kind), parent, controls))
        return len(self.items) - 1

    def add_top(self, owner: int, width: float | None = None, shift: float = 0.0) -> None:
        """Make the top surface of an item, or a part of it beginning `shift` right of its middle, a space."""
        item = self.items[owner]
        top = item.bottom + item.size[1]
        frame = item.frame.moved(shift, 0.0)
        self.spaces.append(Space(owner, frame, width or item.size[0], item.size[2], top, 0.6))

    def add_inside(
        self, owner: int, hidden: bool, raised: float = PANEL_M, open_top: bool = False, lean: float = 0.0
    ) -> None:
        """Make the inside of an item a space whose floor is `raised` above the item's bottom."""
        item = self.items[owner]
        headroom = 0.6 if open_top else item.size[1] - raised - PANEL_M
        width, depth = item.size[0] - 2 * PANEL_M, item.size[2] - 2 * PANEL_M
        self.spaces.append(Space(owner, item.frame, width, depth, item.bottom + raised, headroom, hidden, lean))
