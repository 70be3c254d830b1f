"""What every object type and every room looks like: AI2-THOR's metadata in, primitives out.

A shape is a few parts in the main colour of its type and some accents, fitted to the object's box (oriented where
AI2-THOR gives one) and facing `rotation.y`. Shapes follow the object's present state: open, toggled, sliced.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from ..errors import SceneError
from . import device_shapes as device
from . import furniture_shapes as furniture
from . import hollow_shapes as hollow
from . import small_shapes as small
from .frames import Frame, across_corner, along_length, along_roll, facing_thin_side, object_frame, upright
from .hollow_shapes import Size
from .palette import COLORS, FLOORS, GENERIC, WALLS, WHITE
from .parts import Part, ball, box, fit
from .primitive import STRUCTURE, Color, Primitive, Vec3

_WALL_M = 0.1
_Choice = TypeVar("_Choice", Color, str)
_BY_LENGTH = frozenset(
    {
        "BaseballBat",
        "ButterKnife",
        "CellPhone",
        "Fork",
        "Knife",
        "Ladle",
        "Pen",
        "Pencil",
        "RemoteControl",
        "Spatula",
        "Spoon",
        "TennisRacket",
    }
)
_BY_ROLL = frozenset({"PaperTowelRoll", "ToiletPaper", "CD", "AluminumFoil"})
_FLAT = frozenset({"Book", "Cloth", "CreditCard", "DishSponge", "Newspaper", "Plate", "SoapBar", "Pillow", "Laptop"})
_ON_WALL = frozenset(
    {
        "Blinds",
        "Curtains",
        "Mirror",
        "Painting",
        "Poster",
        "ShowerCurtain",
        "ShowerDoor",
        "ShowerGlass",
        "Towel",
        "Window",
    }
)

_Stateful = Callable[[Mapping[str, Any], Size], list[Part]]


def _openness(item: Mapping[str, Any]) -> float:
    """0 shut to 1; AI2-THOR gives `isOpen` and `openness` apart."""
    if not item.get("isOpen"):
        return 0.0
    return min(1.0, max(0.05, float(item.get("openness") or 1.0)))


def _on(item: Mapping[str, Any]) -> bool:
    return bool(item.get("isToggled"))


_STATEFUL: Mapping[str, _Stateful] = MappingProxyType(
    {
        "AlarmClock": lambda item, _: small.clock(_on(item)),
        "Blinds": lambda item, _: hollow.blinds(_openness(item)),
        "Book": lambda item, _: small.book(_openness(item) > 0),
        "Box": lambda item, size: hollow.carton(size, _openness(item)),
        "Cabinet": lambda item, size: hollow.cabinet(size, _openness(item)),
        "Candle": lambda item, _: small.candle(_on(item)),
        "CellPhone": lambda item, _: small.phone(_on(item)),
        "CoffeeMachine": lambda item, _: device.coffee_machine(_on(item)),
        "CounterTop": lambda _, size: furniture.counter_top(2 * size.y),
        "Desk": lambda _, size: furniture.desk(2 * size.y),
        "DeskLamp": lambda item, _: device.desk_lamp(_on(item)),
        "Drawer": lambda item, size: hollow.drawer(size, _openness(item)),
        "Faucet": lambda item, _: device.faucet(_on(item)),
        "FloorLamp": lambda item, _: device.floor_lamp(_on(item)),
        "Fridge": lambda item, size: hollow.fridge(size, _openness(item)),
        "Kettle": lambda item, _: small.kettle(_openness(item) > 0),
        "Laptop": lambda item, _: small.laptop(_openness(item) > 0, _on(item)),
        "LaundryHamper": lambda item, size: hollow.hamper(size, _openness(item)),
        "LightSwitch": lambda item, _: device.light_switch(_on(item)),
        "Microwave": lambda item, size: hollow.microwave(size, _openness(item), _on(item)),
        "Safe": lambda item, size: hollow.safe(size, _openness(item)),
        "ShowerCurtain": lambda item, _: hollow.shower_curtain(_openness(item)),
        "ShowerHead": lambda item, _: device.shower_head(_on(item)),
        "Sink": lambda _, size: furniture.sink(2 * size.y),
        "StoveBurner": lambda item, _: device.burner(_on(item)),
        "StoveKnob": lambda item, _: device.knob(_on(item)),
        "Television": lambda item, _: device.television(_on(item)),
        "Toaster": lambda item, _: device.toaster(_on(item)),
        "Toilet": lambda item, _: hollow.toilet(_openness(item)),
    }
)

KNOWN_TYPES: frozenset[str] = frozenset({*_STATEFUL, *small.SMALL_SHAPES, *furniture.FURNITURE_SHAPES})
"""Object types that have a shape of their own; others get a generic one."""


def object_primitives(item: Mapping[str, Any], owner: int, parts: Sequence[Part] = ()) -> list[Primitive]:
    """The primitives of one object in its present state.

    Args:
        item: AI2-THOR's metadata of the object.
        owner: index of the object in its scene's list.
        parts: in place of those of its type, as fractions of its oriented box.

    Raises:
        SceneError: the object has no type or no usable bounding box.
    """
    kind = item.get("objectType")
    if not isinstance(kind, str):
        raise SceneError(f"Object {item.get('objectId')!r} has objectType {kind!r}; expected a name such as 'Apple'.")
    if parts:
        return fit(parts, object_frame(item), COLORS.get(kind, GENERIC), owner)
    frame = _frame(kind, item)
    parts = _parts(kind, item, Size(*(float(half) for half in frame.half)))
    return fit(parts, frame, COLORS.get(kind, GENERIC), owner)


def room_primitives(metadata: Mapping[str, Any]) -> list[Primitive]:
    """Floor, four walls and ceiling, their inner faces on the scene's bounds; colours by the scene's name.

    The floor belongs to the scene's object of type Floor where there is one, the rest to the room's structure.

    Raises:
        SceneError: the scene has no usable bounds.
    """
    try:
        bounds = metadata["sceneBounds"]
        low = [float(bounds["center"][axis]) - float(bounds["size"][axis]) / 2 for axis in "xyz"]
        high = [float(bounds["center"][axis]) + float(bounds["size"][axis]) / 2 for axis in "xyz"]
    except (KeyError, TypeError, ValueError) as error:
        raise SceneError(f"Scene {metadata.get('sceneName')!r} has no usable sceneBounds ({error!r}).") from error
    name = str(metadata.get("sceneName", ""))
    wall, floor = _pick(WALLS, f"{name}/wall"), _pick(FLOORS, f"{name}/floor")
    # Recorded bounds begin below the floor (its own thickness); feet stand at height 0.
    low[1] = 0.0 if low[1] < 0.0 < high[1] else low[1]
    kinds = [item.get("objectType") for item in metadata.get("objects", ())]
    floor_owner = kinds.index("Floor") if "Floor" in kinds else STRUCTURE
    pattern = _pick(("tiles", "planks"), f"{name}/pattern")
    walls = [_slab(low, high, axis, side, wall) for axis in (0, 2) for side in (-1, 1)]
    ground = _slab(low, high, 1, -1, floor, owner=floor_owner, pattern=pattern)
    return [ground, _slab(low, high, 1, 1, WHITE, glow=True), *walls]


def _slab(low: list[float], high: list[float], axis: int, side: int, color: Color, **more: Any) -> Primitive:
    """One side of a room, outside of its bounds."""
    center = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    half = [(b - a) / 2 + _WALL_M for a, b in zip(low, high, strict=True)]
    center[axis] = (high if side > 0 else low)[axis] + side * _WALL_M / 2
    half[axis] = _WALL_M / 2
    return Primitive("box", _vector(center), _vector(half), None, color, more.pop("owner", STRUCTURE), **more)


def _vector(values: list[float]) -> Vec3:
    return values[0], values[1], values[2]


def _pick(choices: tuple[_Choice, ...], key: str) -> _Choice:
    """A stable choice: Python's own string hash differs between processes."""
    return choices[int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % len(choices)]


def _frame(kind: str, item: Mapping[str, Any]) -> Frame:
    frame = object_frame(item)
    if kind in _BY_LENGTH:
        return along_length(frame)
    if kind in _ON_WALL:
        yaw = float(item["rotation"]["y"])
        diagonal = abs(yaw % 90 - 45) < 15 and not item.get("objectOrientedBoundingBox")
        return across_corner(frame, yaw) if diagonal else facing_thin_side(frame)
    if kind in _BY_ROLL:
        return along_roll(frame)
    return upright(frame) if kind in _FLAT else frame


def _parts(kind: str, item: Mapping[str, Any], size: Size) -> list[Part]:
    if item.get("isSliced") and kind in small.FLESH:
        return small.sliced(kind)
    if kind in _STATEFUL:
        return _STATEFUL[kind](item, size)
    if kind in small.SMALL_SHAPES:
        return small.SMALL_SHAPES[kind]
    if kind in furniture.FURNITURE_SHAPES:
        return furniture.FURNITURE_SHAPES[kind]
    return _generic(item)


def _generic(item: Mapping[str, Any]) -> list[Part]:
    """A type without a shape of its own: round if it can be picked up, else a box with a lighter front."""
    if item.get("pickupable"):
        return [ball((-1, 1), (-1, 1), (-1, 1))]
    return [box((-1, 1), (-1, 1), (-1, 1)), box((-0.8, 0.8), (-0.8, 0.8), (1, 1.02), WHITE)]
