"""Room profiles: what kind of rooms `world.rooms` generates. A profile is data; no code asks for its name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from llamafactory_embodied.world.catalog import Size

Range = tuple[int, int]
"""Smallest and largest count, both possible."""
Span = tuple[float, float]
"""Smallest and largest measure."""


@dataclass(frozen=True)
class CounterRun:
    """Columns of base units side by side under a worktop.

    Attributes:
        before: number of plain columns left of the fixture.
        fixture: "sink" or "stove".
        under: the types of what is below the worktop in each plain column, from top to bottom.
    """

    before: Range
    fixture: str
    under: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoomProfile:
    """What a room is drawn from: figures of recorded rooms, or for the demo's kitchens the ranges here; in metres.

    Attributes:
        name: part of the scene's name.
        counter_runs: base units with their worktops.
        pieces: (type, how many) of furniture along the walls: Cabinet, Fridge, GarbageCan, Shelf,
            SideTable.
        appliances: (type, type of what it stands on), one of each.
        small_types: types of small objects to choose from.
        small_count: how many small objects a room has.
        figures: recorded rooms from whose figures the whole room is drawn; the ranges are not asked then.
        mix: profiles that take turns, seed by seed.
        room_kind: AI2-THOR's room category.
        side_m: length of each side of the room.
        ceiling_m: height of the room.
        column_m: width of a plain column of base units.
        fixture_m: width of a column with a sink or a stove.
        burners: burners of a stove: one (its half of the worktop stays free) or four.
        worktop_m: height of worktops.
        knob_m: height of a stove's knobs; above the worktop they are at the wall, else at its front edge.
        cabinet_bottom_m: height at which base cabinets begin.
        drawer_height_m: height of a drawer's front.
        hung_cabinet_m: height at which a Cabinet among the pieces hangs.
        seats: how many seats stand around the dining table.
        sizes: sizes that replace the catalogue's, (width, height, depth) by type.
        fridge_levels: heights of the fridge's shelves as shares of its height.
        longest_m: longest side that small objects are scaled to.
        slimmest: second longest side of a scaled object as a share of the longest, at least.
        capacity: most small objects and appliances in one place.
        gap_m: least distance between neighbours in one place.
        hidden_share: share of small objects inside closed receptacles.
        prior_strength: 1 places objects where they usually are, 0 evenly over the compatible places.
    """

    name: str
    counter_runs: tuple[CounterRun, ...] = ()
    pieces: tuple[tuple[str, Range], ...] = ()
    appliances: tuple[tuple[str, str], ...] = ()
    small_types: tuple[str, ...] = ()
    small_count: Range = (0, 0)
    figures: str = ""
    mix: tuple[str, ...] = ()
    room_kind: str = "kitchen"
    side_m: Span = (3.6, 5.0)
    ceiling_m: float = 2.5
    column_m: Span = (0.46, 0.58)
    fixture_m: float = 0.66
    burners: int = 4
    worktop_m: float = 0.90
    knob_m: float = 0.85
    cabinet_bottom_m: float = 0.10
    drawer_height_m: float = 0.18
    hung_cabinet_m: float = 0.95
    seats: Range = (0, 3)
    sizes: Mapping[str, Size] = field(default_factory=dict)
    fridge_levels: tuple[float, ...] = (0.18, 0.45, 0.70)
    longest_m: Span = (0.0, 0.0)
    slimmest: float = 0.0
    capacity: int = 6
    gap_m: float = 0.02
    hidden_share: Span = (0.2, 0.4)
    prior_strength: float = 0.8


_FOOD = ("Apple", "Bread", "Egg", "Lettuce", "Potato", "Tomato")
_TABLEWARE = ("Bowl", "Cup", "Mug", "Plate", "Pot", "Pan", "Kettle")
_DEMO_OTHER = (
    "Book",
    "Candle",
    "CellPhone",
    "DishSponge",
    "Newspaper",
    "RemoteControl",
    "SoapBottle",
    "TissueBox",
    "Vase",
    "Watch",
    "WineBottle",
)

ROOM_TYPES = ("kitchen", "living_room", "bedroom", "bathroom")
"""AI2-THOR's room categories."""

PROFILES: Mapping[str, RoomProfile] = MappingProxyType(
    {
        "household": RoomProfile("household", mix=ROOM_TYPES),
        **{room: RoomProfile(room, room_kind=room, figures=room) for room in ROOM_TYPES},
        "demo": RoomProfile(
            name="demo",
            counter_runs=(
                CounterRun(before=(1, 1), fixture="stove", under=("Drawer",)),
                CounterRun(before=(0, 0), fixture="sink"),
            ),
            pieces=(
                ("Cabinet", (1, 1)),
                ("Fridge", (1, 1)),
                ("GarbageCan", (1, 1)),
                ("Shelf", (1, 1)),
                ("SideTable", (1, 1)),
            ),
            appliances=(("Microwave", "SideTable"), ("CoffeeMachine", "CounterTop")),
            small_types=(*_FOOD, *_TABLEWARE, *_DEMO_OTHER),
            small_count=(16, 18),
            side_m=(3.8, 4.8),
            column_m=(0.78, 0.80),
            fixture_m=0.76,
            burners=1,
            drawer_height_m=0.30,
            seats=(0, 2),
            sizes=MappingProxyType(
                {
                    "Cabinet": (0.72, 0.48, 0.38),
                    "DiningTable": (0.80, 0.76, 0.60),
                    "Fridge": (0.74, 1.20, 0.54),
                    "GarbageCan": (0.42, 0.80, 0.38),
                    "Microwave": (0.62, 0.42, 0.42),
                    "Shelf": (0.80, 0.36, 0.34),
                    "SideTable": (0.66, 0.70, 0.46),
                    "Sink": (0.76, 0.90, 0.52),
                    "SinkBasin": (0.62, 0.18, 0.42),
                    "StoveBurner": (0.34, 0.03, 0.34),
                }
            ),
            fridge_levels=(0.48,),
            longest_m=(0.27, 0.32),
            slimmest=0.5,
            capacity=3,
            gap_m=0.03,
            hidden_share=(0.25, 0.5),
            prior_strength=0.85,
        ),
    }
)
"""Profile by name: "household" takes the four types of room in turn, each drawn from recorded figures; "demo" suits
small frames (large, spaced objects)."""
