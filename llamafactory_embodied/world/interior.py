"""Rooms of any type drawn from recorded figures: how many of each type, how large, where, and what lies on what.

Furniture comes first, in the order of `furniture.STANDS`, then its parts, what hangs, and what stands and lies on it,
the largest first. Each thing goes to a kind of place drawn from where recorded ones were; a room in which a thing
finds none is drawn again by `world.rooms`.
"""

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.catalog import Kind, Size
from llamafactory_embodied.world.counters import build_run
from llamafactory_embodied.world.figures import RoomFigures, TypeFigures, room_figures
from llamafactory_embodied.world.fitting import Fitting
from llamafactory_embodied.world.furniture import (
    BUILT,
    GRIDS,
    HANGS_ON,
    HUNG,
    INSIDE,
    LEVELS,
    NEEDS,
    PARTS,
    SMALL_ON_FLOOR,
    STANDS,
    THIN,
    THIN_M,
    TOP,
    Level,
    Stand,
)
from llamafactory_embodied.world.measures import draw_room
from llamafactory_embodied.world.places import usual_places
from llamafactory_embodied.world.profiles import RoomProfile
from llamafactory_embodied.world.proposals import BOUND_WAYS, FREE_WAYS
from llamafactory_embodied.world.room import Frame, Item, Room, Space
from llamafactory_embodied.world.support import SMALL_RECEPTACLES
from llamafactory_embodied.world.units import build_shower, build_tub, draw_runs, shower_size

_TRIES = 12  # proposals for each way of standing, or spots in each space
_COMPANY = 3  # of so many places that fit, furniture takes the one nearest to the rest, as it does in recorded rooms
_LARGE_M2 = 0.6
_EYE_M = 1.7
_HEADROOM_M = 1.2
_UNUSUAL = 0.05  # share of small things that lie where none was recorded, if the place takes them
_ASKEW_DEG = (5.0, 45.0)
_SHUT_AWAY_M = (0.6, 1.7)  # heights at which things are kept in what closes
_LEANING = frozenset({"Pillow", "Television"})  # they stand at the back


def draw_interior(profile: RoomProfile, rng: np.random.Generator) -> "Interior":
    """Draw a furnished room.

    Raises:
        SceneError: something found no place.
    """
    figures = room_figures(profile.figures)
    ample = float(rng.random())
    room = draw_room(profile, figures, ample, rng)
    room.add("Floor", Frame(0.0, 0.0, 0), -0.02, (room.width, 0.02, room.depth))
    interior = Interior(room, figures, ample, rng)
    interior.build_units()
    for kind in interior.order():
        for _ in range(interior.counts[kind]):
            interior.place(kind)
    return interior


class Interior:
    """A room that is being furnished.

    Attributes:
        room: as far as it is furnished.
    """

    def __init__(self, room: Room, figures: RoomFigures, ample: float, rng: np.random.Generator) -> None:
        self.room, self.figures, self.rng, self._ample = room, figures, rng, ample
        self.fitting = Fitting(room)
        self.counts = {kind: self._draw_count(kind) for kind in sorted(figures.types)}
        for kind, host in NEEDS.items():
            self.counts[kind] = min(self.counts.get(kind, 0), self.counts.get(host, 0))
        self._sizes: dict[str, Size] = {}
        self._bottoms: dict[str, float] = {}
        self._parts: dict[int, int] = {}
        self._leaning = set(_LEANING)

    def _draw_count(self, kind: str) -> int:
        """Large rooms have more of what is large."""
        figures, share = self.figures.types[kind], float(self.rng.random())
        return figures.draw_count(self._ample if figures.footprint_m2 > _LARGE_M2 else share)

    # ---------------------------------------------------------------- what is built together

    def build_units(self) -> None:
        """Tubs, showers and base units, where the room has them."""
        rng = self.rng
        if self.counts.get("Bathtub"):
            width, height, depth = self.figures.types["Bathtub"].draw_size(rng, True)
            size = (min(max(width, depth), 2.0), height, min(width, depth, 1.15))
            tub = build_tub(self.room, self._stand(Stand(("corner", "wall"), clear_m=0.5), "Bathtub", size), size)
            self._open(tub, Stand(clear_m=0.5))
            self._add_levels(tub + 1)
        cabin = shower_size(self.counts, round(float(rng.uniform(0.9, 1.1)), 2))
        if cabin[0]:
            place = self._stand(Stand(("corner",), clear_m=0.5), "ShowerDoor", cabin)
            aside = place.moved(1.0, 0.0)
            side = -1 if abs(aside.x) + abs(aside.z) > abs(place.x) + abs(place.z) else 1
            build_shower(self.room, place, cabin[0], side, self.counts)
            self._open(len(self.room.items) - 1, Stand())
        self._build_runs()

    def _build_runs(self) -> None:
        for unit in draw_runs(self.room, self.figures, self.counts, self._ample, self.rng):
            size = (unit.width, 1.25, unit.depth + 0.03)
            middle = self._stand(Stand(("corner", "wall"), clear_m=0.8), "CounterTop", size)
            first = len(self.room.items)
            build_run(self.room, unit, middle.moved(0.0, -size[2] / 2))
            for index in range(first, len(self.room.items)):
                if self.room.items[index].type in ("CounterTop", "Sink"):
                    self.fitting.keep_clear(index, 0.75)
        for kind in ("Cabinet", "Drawer"):
            built = sum(item.type == kind for item in self.room.items)
            self.counts[kind] = max(0, self.counts.get(kind, 0) - built)

    # ---------------------------------------------------------------- one thing after the other

    def order(self) -> list[str]:
        """Types in the order in which they are placed."""

        def rank(kind: str) -> tuple[int, float, str]:
            figures = self.figures.types[kind]
            middle = [sides[2] for sides in (figures.width_m, figures.height_m, figures.depth_m)]
            small = "pickupable" in self.kind(kind).flags
            stage = 1 if kind in PARTS and kind != "Cabinet" else 3 if small else 0 if kind in STANDS else 2
            first = float(list(STANDS).index(kind)) if stage == 0 else 0.0
            return stage, first - middle[0] * middle[1] * middle[2] * (stage > 0), kind

        return sorted((kind for kind, count in self.counts.items() if count and kind not in BUILT), key=rank)

    def kind(self, kind: str) -> Kind:
        """Flags of a type."""
        return self.room.kinds[kind]

    def place(self, kind: str) -> None:
        """Put one more object of a type into the room.

        Raises:
            SceneError: there is no place for it.
        """
        figures = self.figures.types[kind]
        small = "pickupable" in self.kind(kind).flags
        snug = kind in HUNG and HUNG[kind].snug
        size = self._sizes.setdefault(kind, figures.draw_size(self.rng, small)) if snug else None
        size = size or figures.draw_size(self.rng, small)
        if kind in THIN:
            size = (size[0], size[1], min(size[2], THIN_M))
        weights = self._weights(kind, figures, small)
        while weights:
            names = sorted(weights)
            shares = np.array([weights[name] for name in names])
            name = names[int(self.rng.choice(len(names), p=shares / shares.sum()))]
            if self._put(kind, size, name, figures):
                return
            del weights[name]
        raise SceneError(f"no place for a {kind} of {size} m")

    def move(self, indices: Collection[int]) -> None:
        """Put small objects elsewhere, each where such things usually are but no longer at the back.

        Args:
            indices: of their items.

        Raises:
            SceneError: there is no other place.
        """
        moved = [self.room.items[index].type for index in indices]
        self._leaning -= set(moved)
        for index in sorted(indices, reverse=True):
            self.fitting.forget(index)
        for kind in moved:
            self.place(kind)

    def _weights(self, kind: str, figures: TypeFigures, small: bool) -> dict[str, float]:
        """How likely each sort of place is, of those that the room has."""
        here = {self.room.items[space.owner].type for space in self.room.spaces} | {"Floor", ""}
        here |= {item.type for item in self.room.items if (kind, item.type) in GRIDS or kind in HANGS_ON}
        recorded = {name: float(count) for name, count in figures.at.items() if name in here}
        if kind in PARTS:
            return {name: share for name, share in recorded.items() if name in ("", "Floor") or (kind, name) in GRIDS}
        if not small or kind in HANGS_ON:
            return recorded
        usual = [name for name in usual_places(kind, self.room.profile.room_kind) if name in here]
        total = sum(recorded.values()) or 1.0
        for name in usual:
            recorded[name] = recorded.get(name, 0.0) + total * _UNUSUAL / len(usual)
        return recorded

    def _put(self, kind: str, size: Size, place: str, figures: TypeFigures) -> bool:
        if (kind, place) in GRIDS:
            return self._build_in(kind, place)
        if place not in ("", "Floor"):
            return self._hang_on(kind, size, place) if kind in HANGS_ON else self._lay(kind, size, place)
        hung = (place == "" and kind not in _ON_FEET) or kind == "Curtains"
        stand = HUNG.get(kind, STANDS.get(kind, Stand())) if hung else STANDS.get(kind, Stand())
        bottom = min(figures.draw_bottom(self.rng), self.room.height - size[1]) if hung else 0.0
        if stand.snug:
            bottom = self._bottoms.setdefault(kind, bottom)
        if not hung and "pickupable" in self.kind(kind).flags:
            stand = SMALL_ON_FLOOR
        try:
            frame = self._stand(stand, kind, size, bottom, lambda: -1.0 if hung else figures.draw_gap(self.rng))
        except SceneError:
            return False
        index = self.room.add(kind, frame, bottom, size, parent=-1 if hung else 0)
        self._open(index, Stand() if hung else stand)
        return True

    def _open(self, index: int, stand: Stand) -> None:
        """Keep the floor before furniture free, and let things be laid on and into it."""
        if stand.clear_m:
            self.fitting.keep_clear(index, stand.clear_m)
        self._add_levels(index)

    # ---------------------------------------------------------------- on the floor and at walls

    def _stand(
        self, stand: Stand, kind: str, size: Size, bottom: float = 0.0, away_m: Callable[[], float] = float
    ) -> Frame:
        """Where a piece of furniture fits.

        Args:
            stand: how it stands.
            kind: its type.
            size: its size, metres.
            bottom: its height above the floor, metres.
            away_m: draws its distance from the wall, metres; negative for what hangs there.

        Raises:
            SceneError: nowhere.
        """
        for way in stand.ways:
            hosts = [index for index, item in enumerate(self.room.items) if item.type in stand.of]
            if way in BOUND_WAYS and not hosts:
                continue
            found: list[Frame] = []
            for _ in range(_TRIES):
                if way in FREE_WAYS:
                    frame, host = FREE_WAYS[way](self.room, None, size, away_m(), self.rng), -1
                else:
                    host = hosts[int(self.rng.integers(len(hosts)))]
                    frame = BOUND_WAYS[way](self.room, self.room.items[host], size, away_m(), self.rng)
                item = Item(kind, _rounded(frame), bottom, size)
                zone = replace(item, frame=item.frame.moved(0.0, stand.clear_m / 2), size=_deeper(size, stand.clear_m))
                if self.fitting.fits(zone, within=(0,), besides=(host,)):
                    found.append(item.frame)
                if len(found) == _COMPANY:
                    break
            if found:
                return min(found, key=self._solitude)
        raise SceneError(f"no place for a {kind} of {size} m")

    def _solitude(self, frame: Frame) -> float:
        """Distance of a place from the middle of the furniture so far, metres."""
        rest = np.array([(item.frame.x, item.frame.z) for item in self.room.items[1:]] or [(frame.x, frame.z)])
        return float(np.hypot(*(rest.mean(axis=0) - (frame.x, frame.z))))

    # ---------------------------------------------------------------- parts and contents

    def _build_in(self, kind: str, host_type: str) -> bool:
        """Make a drawer or shelf a part of the furniture that has the most room for one more."""
        grid = GRIDS[kind, host_type]
        hosts = [
            index
            for index, item in enumerate(self.room.items)
            if item.type == host_type and self._parts.get(index, 0) < grid.columns * grid.rows
        ]
        if not hosts:
            return False
        index = hosts[int(self.rng.integers(len(hosts)))]
        number = self._parts.get(index, 0)
        self._parts[index] = number + 1
        host = self.room.items[index]
        width, height, depth = (side / 2 for side in host.size)
        column, row = number % grid.columns, number // grid.columns
        step_x, step_y = (grid.x[1] - grid.x[0]) / grid.columns, (grid.y[1] - grid.y[0]) / grid.rows
        x, y = grid.x[0] + step_x * (column + 0.5), grid.y[1] - step_y * (row + 0.5)
        size = (step_x * width - 0.01, step_y * height - 0.01, 2 * depth - 0.04)
        frame = host.frame.moved(x * width, 0.015)
        part = self.room.add(kind, _rounded(frame), host.bottom + (1 + y) * height - size[1] / 2, size, parent=index)
        self._add_levels(part)
        return True

    def _add_levels(self, index: int) -> None:
        item = self.room.items[index]
        flags = self.kind(item.type).flags
        if "receptacle" not in flags or "pickupable" in flags:
            return
        hidden = "openable" in flags and item.type != "Toilet"
        for level in LEVELS.get(item.type, INSIDE if hidden else TOP):
            self.room.spaces.append(_space(index, item, level, hidden))

    def _lay(self, kind: str, size: Size, place: str) -> bool:
        """Stand a thing anywhere on or in one of the room's receptacles of a type."""
        spaces = [space for space in self.room.spaces if self.room.items[space.owner].type == place]
        found: list[Item] = []
        for index in self.rng.permutation(len(spaces)):
            space, within = spaces[int(index)], self._ancestors(spaces[int(index)].owner)
            if len(found) >= _COMPANY or not _reaches_eye(space, size):
                continue
            for _ in range(_TRIES):
                item = self._at_random(kind, size, space)
                if item and self.fitting.fits(item, within) and self.fitting.fits(_way_to(item, space), within):
                    found.append(item)
                    break
        if found:
            height_m = float(self.rng.uniform(*_SHUT_AWAY_M))
            hidden = "openable" in self.kind(place).flags

            def unlikely(item: Item) -> float:
                return abs(item.bottom - height_m) if hidden else self._solitude(item.frame)

            self.room.items.append(min(found, key=unlikely))
            self._add_levels(len(self.room.items) - 1)
        return bool(found)

    def _at_random(self, kind: str, size: Size, space: Space) -> Item | None:
        """A thing at a random spot of a space, turned at random if it is small; None where it is too large for it."""
        small = "pickupable" in self.kind(kind).flags
        askew = small and kind not in self._leaning and self.rng.random() < self.figures.types[kind].askew
        turn = 90 * int(self.rng.integers(4)) if small and kind not in self._leaning else 0
        spin = turn + round(float(self.rng.uniform(*_ASKEW_DEG)), 1) * askew
        item = Item(kind, replace(space.frame), space.bottom, size, space.owner, spin_deg=spin)
        width, _, depth = item.extent if space.frame.yaw % 180 == 0 else item.extent[::-1]
        u, v = (space.width - width) / 2, (space.depth - depth) / 2
        if self.room.items[space.owner].type in SMALL_RECEPTACLES or not small:
            u, v = max(u, 0.0), max(v, 0.0)  # a pot is wider than its burner, a television than its stand
        if u < 0 or v < 0:
            return None
        back = -v if kind in self._leaning else float(self.rng.uniform(-v, v))
        return replace(item, frame=_rounded(space.frame.moved(float(self.rng.uniform(-u, u)), back)))

    def _hang_on(self, kind: str, size: Size, place: str) -> bool:
        """Hang a towel from a holder that has none."""
        for index, holder in enumerate(self.room.items):
            item = Item(kind, holder.frame, round(holder.bottom - size[1] - 0.004, 4), size, index)
            if holder.type == place and item.bottom > 0 and self.fitting.fits(item):
                self.room.items.append(item)
                return True
        return False

    def _ancestors(self, index: int) -> list[int]:
        found = [index]
        while self.room.items[found[-1]].parent >= 0:
            found.append(self.room.items[found[-1]].parent)
        return found + [number for number, item in enumerate(self.room.items) if item.type in _SET_INTO]


_SET_INTO = frozenset({"CounterTop", "Sink"})
_ON_FEET = frozenset({"HousePlant", "Fridge", "Desk", "Bathtub", "Plunger", "ScrubBrush"})
"""Types that stand on the floor even where AI2-THOR lists nothing below them."""


def _space(index: int, item: Item, level: Level, hidden: bool) -> Space:
    width, height, depth = (side / 2 for side in item.size)
    frame = item.frame.moved((level.x[0] + level.x[1]) / 2 * width, (level.z[0] + level.z[1]) / 2 * depth)
    headroom = _HEADROOM_M if level.top is None else (level.top - level.bottom) * height
    return Space(
        index,
        frame,
        (level.x[1] - level.x[0]) * width,
        (level.z[1] - level.z[0]) * depth,
        round(item.bottom + (1 + level.bottom) * height, 4),
        headroom,
        hidden,
    )


def _reaches_eye(space: Space, size: Size) -> bool:
    """Whether a thing fits under what is above it, and is not hidden by the board that it stands on."""
    return size[1] <= space.headroom and space.bottom + size[1] / 2 < _EYE_M


def _way_to(item: Item, space: Space) -> Item:
    """The room between a thing and the front of what it stands on, from where one sees and takes it."""
    width, _, depth = item.extent if space.frame.yaw % 180 == 0 else item.extent[::-1]
    ahead = space.frame.moved(0.0, 1.0)
    v = (item.frame.x - space.frame.x) * (ahead.x - space.frame.x)
    v += (item.frame.z - space.frame.z) * (ahead.z - space.frame.z)
    gap = max(0.0, space.depth / 2 - v - depth / 2)
    middle = Frame(item.frame.x, item.frame.z, space.frame.yaw).moved(0.0, depth / 2 + gap / 2)
    return Item(item.type, middle, item.bottom, (0.6 * width, item.size[1], gap), item.parent)


def _deeper(size: Size, clear_m: float) -> Size:
    return size[0], size[1], size[2] + clear_m


def _rounded(frame: Frame) -> Frame:
    return Frame(round(frame.x, 4), round(frame.z, 4), frame.yaw)
