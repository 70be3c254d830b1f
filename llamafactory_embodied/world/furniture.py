"""How furniture stands in a room, and where on and in it things can lie. Data only; `world.interior` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Span = tuple[float, float]


@dataclass(frozen=True)
class Stand:
    """How a type stands.

    Attributes:
        ways: of `world.proposals`, in the order in which they are tried: `wall`, `corner`, `middle`, and towards other
            furniture `opposite`, `before`, `beside`, `around`, `over`, `near`.
        of: the other furniture, any of these types.
        clear_m: depth of the floor before it that stays free.
        snug: whether all of a room are alike and touch each other (cabinets in a row).
    """

    ways: tuple[str, ...] = ("wall",)
    of: tuple[str, ...] = ()
    clear_m: float = 0.0
    snug: bool = False


STANDS: Mapping[str, Stand] = MappingProxyType(
    {
        "Bed": Stand(clear_m=0.5),
        "Sofa": Stand(clear_m=0.55),
        "Fridge": Stand(("beside", "corner", "wall"), ("CounterTop",), clear_m=0.7),
        "Toilet": Stand(("beside", "wall"), ("CounterTop",), clear_m=0.5),
        "TVStand": Stand(("opposite", "wall"), ("Sofa",), clear_m=0.5),
        "Dresser": Stand(("opposite", "wall"), ("Sofa", "Bed"), clear_m=0.6),
        "Desk": Stand(clear_m=0.8),
        "Window": Stand(("over", "wall"), ("Sink",)),
        "Cabinet": Stand(clear_m=0.5),
        "Safe": Stand(clear_m=0.5),
        "LaundryHamper": Stand(("corner", "wall"), clear_m=0.3),
        "ShelvingUnit": Stand(clear_m=0.5),
        "ArmChair": Stand(("beside", "wall", "middle"), ("Sofa", "TVStand", "Bed"), clear_m=0.4),
        "CoffeeTable": Stand(("before", "middle"), ("Sofa",)),
        "SideTable": Stand(("beside", "wall"), ("Bed", "Sofa", "ArmChair"), clear_m=0.25),
        "Ottoman": Stand(("before", "middle"), ("ArmChair", "Sofa", "Bed")),
        "DiningTable": Stand(("middle",)),
        "Chair": Stand(("around", "wall", "middle"), ("DiningTable", "Desk")),
        "Stool": Stand(("around", "wall", "middle"), ("DiningTable",)),
        "FloorLamp": Stand(("beside", "corner", "wall"), ("Sofa", "ArmChair")),
        "HousePlant": Stand(("corner", "wall")),
        "Television": Stand(("opposite", "wall"), ("Sofa", "Bed")),
        "Mirror": Stand(("over", "wall"), ("CounterTop", "Dresser")),
        "Painting": Stand(("over", "wall"), ("Sofa", "Bed", "Dresser")),
        "Poster": Stand(("over", "wall"), ("Bed", "Desk")),
        "Blinds": Stand(("before",), ("Window",)),
        "Curtains": Stand(("before",), ("Window",)),
        "Shelf": Stand(("over", "wall"), ("Desk", "Shelf")),
        "ToiletPaperHanger": Stand(("near", "wall"), ("Toilet",)),
        "HandTowelHolder": Stand(("near", "wall"), ("Sink",)),
        "Microwave": Stand(("over", "wall"), ("StoveBurner", "CounterTop")),
    }
)
"""Furniture that stands otherwise than with its back to any wall."""

HUNG: Mapping[str, Stand] = MappingProxyType(
    {"Cabinet": Stand(("beside", "over", "wall"), ("Cabinet", "CounterTop"), snug=True)}
)
"""Types that also stand on the floor, where they hang."""

SMALL_ON_FLOOR = Stand(("wall", "corner"))


@dataclass(frozen=True)
class Level:
    """A place for things on or in furniture, in shares of its half extents, as its shape is drawn (`world.parts`).

    Attributes:
        bottom: where things stand, -1 at the furniture's bottom to 1 at its top.
        x: from left to right.
        z: from back to front.
        top: where the room above ends; None where nothing is above.
    """

    bottom: float = 1.0
    x: Span = (-0.97, 0.97)
    z: Span = (-0.97, 0.97)
    top: float | None = None


_TUB = Level(-0.98, (-0.9, 0.9), (-0.9, 0.9))

LEVELS: Mapping[str, tuple[Level, ...]] = MappingProxyType(
    {
        "ArmChair": (Level(0.1, (-0.72, 0.72), (-0.5, 0.95)),),
        "Bathtub": (Level(x=(-0.97, 0.97), z=(0.72, 0.98)), Level(x=(0.82, 0.98)), Level(x=(-0.98, -0.82))),
        "BathtubBasin": (_TUB,),
        "Bed": (Level(0.25, (-0.9, 0.9), (-0.9, 0.9)),),
        "Chair": (Level(0.0, (-0.95, 0.95), (-0.84, 0.95)),),
        "CoffeeMachine": (Level(-0.8, (-0.75, 0.75), (0.02, 0.98), 0.24),),
        "DogBed": (Level(0.0, (-0.5, 0.5), (-0.5, 0.5)),),
        "Fridge": tuple(
            Level(2 * low - 1, (-0.92, 0.92), (-0.85, 0.85), 2 * high - 1.02)
            for low, high in ((0.46, 0.66), (0.71, 0.98))
        ),
        "GarbageCan": (Level(0.3, (-0.85, 0.85), (-0.85, 0.85)),),
        "HandTowelHolder": (),
        "Sink": (),
        "Sofa": (Level(-0.05, (-0.84, 0.84), (-0.5, 0.95)),),
        "Toaster": (),
        "Toilet": (Level(1.0, (-0.9, 0.9), (-0.97, -0.53)),),
        "ToiletPaperHanger": (),
        "TowelHolder": (),
        "ShelvingUnit": (),
        "Shelf": (Level(-0.94, top=1.0),),
    }
)
"""Furniture whose things lie elsewhere than on its top (or, if it opens, inside)."""

TOP = (Level(),)
INSIDE = (Level(-0.94, (-0.92, 0.92), (-0.9, 0.9), 0.94),)

HANGS_ON: Mapping[str, str] = MappingProxyType({"Towel": "TowelHolder", "HandTowel": "HandTowelHolder"})
"""What hangs from its holder, below it."""


NEEDS: Mapping[str, str] = MappingProxyType({**HANGS_ON, "Blinds": "Window", "Curtains": "Window"})
"""Types of which a room has no more than of another type."""


@dataclass(frozen=True)
class Grid:
    """Where the parts of a piece of furniture are, in shares of its half extents.

    Attributes:
        x: from left to right.
        y: from bottom to top.
        columns: how many stand side by side.
        rows: how many stand above each other at most.
    """

    x: Span
    y: Span
    columns: int
    rows: int


GRIDS: Mapping[tuple[str, str], Grid] = MappingProxyType(
    {
        ("Drawer", "Dresser"): Grid((-0.98, 0.98), (-0.92, 0.96), 2, 4),
        ("Drawer", "Desk"): Grid((0.3, 0.88), (-0.85, 0.62), 1, 4),
        ("Drawer", "SideTable"): Grid((-0.9, 0.9), (-0.35, 0.84), 1, 2),
        ("Drawer", "TVStand"): Grid((-0.94, 0.94), (-0.9, 0.9), 2, 2),
        ("Shelf", "ShelvingUnit"): Grid((-0.92, 0.92), (-0.86, 0.95), 1, 4),
        ("Shelf", "TVStand"): Grid((-0.92, 0.92), (-0.9, 0.92), 2, 3),
        ("Shelf", "Desk"): Grid((-0.95, 0.2), (-0.9, 0.6), 1, 2),
    }
)
"""(part, furniture) -> where the parts are; the parts are objects of their own."""

PARTS = frozenset({"Cabinet", "Drawer", "Shelf"})
"""Types that are part of other furniture, if they do not stand or hang by themselves."""

THIN = frozenset({"Blinds", "Curtains", "LightSwitch", "Mirror", "Painting", "Poster", "Window"})
"""Types that hang flat on a wall; recorded boxes of windows also cover the wall's thickness."""
THIN_M = 0.2

BUILT: frozenset[str] = frozenset(
    {"BathtubBasin", "CounterTop", "Faucet", "Floor", "Sink", "SinkBasin", "StoveBurner", "StoveKnob"}
    | {"ShowerDoor", "ShowerGlass", "ShowerHead", "ShowerCurtain", "Bathtub"}
)
"""Types that come with the base units, tubs and showers of `world.units`, not one by one."""
