"""Furniture of a generated kitchen: which unit stands at which wall, and the boxes of its parts.

Units are built in the frame of their place: u to the right for someone who stands at the wall and looks into the room,
v away from the wall, y up; all in metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.catalog import KINDS, Size
from llamafactory_embodied.world.profiles import CounterRun, RoomProfile

COUNTER_TOP_M = 0.90  # usual height of a kitchen worktop
SLAB_M = 0.04
PANEL_M = 0.02  # thickness of the walls of hollow receptacles
_AISLE_M = 0.70  # standing room between the units of two walls that meet
_CORNER_M = 0.04


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
    """

    type: str
    frame: Frame
    bottom: float
    size: Size
    parent: int = -1
    controls: int = -1

    @property
    def center(self) -> Size:
        """World x, y, z of the middle of its box."""
        return self.frame.x, self.bottom + self.size[1] / 2, self.frame.z

    @property
    def extent(self) -> Size:
        """World extent of its box along x, y, z."""
        width, height, depth = self.size
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
class Kitchen:
    """A room under construction.

    Attributes:
        profile: what is being built.
        width: along x, metres.
        depth: along z, metres.
        items: furniture first, then what stands on it.
        spaces: where small objects can go.
    """

    profile: RoomProfile
    width: float
    depth: float
    items: list[Item] = field(default_factory=list)
    spaces: list[Space] = field(default_factory=list)

    def size_of(self, kind: str) -> Size:
        """Size of a type in this profile, (width, height, depth) in metres."""
        return self.profile.sizes.get(kind, KINDS[kind].size)

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


@dataclass(frozen=True)
class Unit:
    """Something that takes a stretch of wall.

    Attributes:
        kind: an object type, or "run" for base units.
        width: along the wall, metres.
        depth: away from the wall, metres.
        columns: of a run: (fixture or "", width in metres) from left to right.
        under: of a run: see `CounterRun`.
    """

    kind: str
    width: float
    depth: float
    columns: tuple[tuple[str, float], ...] = ()
    under: str = ""


def draw_units(kitchen: Kitchen, rng: np.random.Generator) -> list[Unit]:
    """Draw the units of a kitchen, the widest first."""
    units = [_draw_run(kitchen, run, rng) for run in kitchen.profile.counter_runs]
    for kind, (low, high) in kitchen.profile.pieces:
        width, _, depth = kitchen.size_of(kind)
        units += [Unit(kind, width, depth)] * int(rng.integers(low, high + 1))
    order = sorted(range(len(units)), key=lambda index: (-units[index].width, index))
    return [units[index] for index in order]


def _draw_run(kitchen: Kitchen, run: CounterRun, rng: np.random.Generator) -> Unit:
    profile = kitchen.profile
    plain = ("", round(float(rng.uniform(*profile.column_m)), 2))
    before = int(rng.integers(run.before[0], run.before[1] + 1))
    after = int(rng.integers(run.after[0], run.after[1] + 1))
    fixture = ((run.fixture, profile.fixture_m),) if run.fixture else ()
    columns = (plain,) * before + fixture + (plain,) * after
    depth = kitchen.size_of("CounterTop")[2]
    return Unit("run", round(sum(width for _, width in columns), 3), depth, columns, run.under)


def arrange(kitchen: Kitchen, units: Sequence[Unit], rng: np.random.Generator) -> list[tuple[Unit, Frame]]:
    """Give each unit a place at a wall; two opposite walls are used whole, the other two between their aisles.

    Returns:
        Each unit with the frame of its place: origin in the middle of its back, at the wall.

    Raises:
        SceneError: The units do not fit along the walls of this room.
    """
    turn = 90 * int(rng.integers(2))
    reach = max(unit.depth for unit in units) + _AISLE_M
    placed: list[tuple[Unit, Frame]] = []
    left = list(units)
    for yaw, margin in ((turn, _CORNER_M), (turn + 180, _CORNER_M), (turn + 90, reach), (turn + 270, reach)):
        wall, length = _wall(kitchen, yaw % 360)
        chosen = _fill(left, length - 2 * margin, rng)
        left = [unit for index, unit in enumerate(left) if index not in chosen]
        placed += _spread(wall, length - 2 * margin, list(chosen.values()), rng)
    if left:
        raise SceneError(f"{len(left)} of {len(units)} units do not fit into {kitchen.width} x {kitchen.depth} m")
    return placed


def _wall(kitchen: Kitchen, yaw: int) -> tuple[Frame, float]:
    half_x, half_z = kitchen.width / 2, kitchen.depth / 2
    if yaw % 180 == 0:
        return Frame(0.0, -half_z if yaw == 0 else half_z, yaw), kitchen.width
    return Frame(-half_x if yaw == 90 else half_x, 0.0, yaw), kitchen.depth


def _fill(units: Sequence[Unit], length: float, rng: np.random.Generator) -> dict[int, Unit]:
    chosen: dict[int, Unit] = {}
    for index in sorted(range(len(units)), key=lambda index: (units[index].kind != "run", index)):
        if units[index].width <= length and (units[index].kind == "run" or rng.random() < 0.8):
            chosen[index] = units[index]
            length -= units[index].width + 0.02
    return chosen


def _spread(wall: Frame, length: float, units: list[Unit], rng: np.random.Generator) -> list[tuple[Unit, Frame]]:
    slack = length - sum(unit.width for unit in units)
    gaps = rng.dirichlet(np.ones(len(units) + 1)) * slack
    at = -length / 2
    placed: list[tuple[Unit, Frame]] = []
    for index in rng.permutation(len(units)):
        at += float(gaps[len(placed)])
        placed.append((units[index], wall.moved(round(at + units[index].width / 2, 3), 0.0)))
        at += units[index].width
    return placed
