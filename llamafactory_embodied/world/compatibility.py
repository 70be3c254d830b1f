"""Which receptacle types take which object types.

`COMPATIBLE` follows the object-to-receptacle table of iTHOR's public documentation; `MENDED` and `BENCHMARK` list what
that table lacks, each pair with its reason.
"""

from collections.abc import Mapping
from types import MappingProxyType

_SURFACES = ("CounterTop", "DiningTable", "SideTable")
_TABLES = ("CoffeeTable", "TVStand")
_DESKS = (*_TABLES, "Desk")
_FURNITURE = (*_DESKS, "Dresser")
_SEATS = ("ArmChair", "Ottoman", "Sofa")
_BATH = ("Bathtub", "BathtubBasin", "Toilet")
_SINK = ("Sink", "SinkBasin")
_COOKING = ("Pot", "Pan", "Bowl", "Plate")
_PAPER = (*_SURFACES, "Shelf", "Drawer", "Cabinet", "GarbageCan")
_TABLEWARE = (*_SURFACES, *_SINK, "Shelf", "Cabinet", "Fridge", "Microwave")
_CUTLERY = (*_SURFACES, *_SINK, *_COOKING, "Drawer", "Mug", "Cup", *_TABLES)
_TOOLS = (*_SURFACES, *_SINK, *_COOKING, "Drawer", *_TABLES)
_FRUIT = (*_SURFACES, *_SINK, *_COOKING, "Fridge", "Microwave", "GarbageCan")
_APPLE = (*_FRUIT, *_FURNITURE)
_COOKED = (*_FRUIT, *_TABLES)
_VEGETABLE = (*_SURFACES, *_SINK, *_COOKING, "Fridge", "GarbageCan", *_TABLES)
_BREAD = (*_SURFACES, "Fridge", "Microwave", "GarbageCan", "Plate", *_DESKS)
_BOTTLES = (*_SURFACES, "Shelf", "Cabinet", "Fridge", "GarbageCan", *_FURNITURE)
_TRINKETS = (*_SURFACES, "Shelf", "Drawer", *_FURNITURE, "Box")
_ON_SEATS = (*_TRINKETS, *_SEATS)
_SHAKERS = (*_SURFACES, "Shelf", "Drawer", "Cabinet")
_BATHROOM = (*_PAPER, *_FURNITURE, "Toilet")

COMPATIBLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AlarmClock": (*_SURFACES, "Shelf", *_FURNITURE, "Box"),
        "Apple": _APPLE,
        "AppleSliced": _APPLE,
        "BaseballBat": (*_SURFACES, *_DESKS, "Bed"),
        "BasketBall": (*_SURFACES, *_FURNITURE, "ArmChair", "Bed", "Sofa"),
        "Book": (*_SURFACES, "Shelf", "Cabinet", "Drawer", *_FURNITURE, *_SEATS, "Bed", "Box"),
        "Bottle": (*_BOTTLES, *_SINK, "Box"),
        "Bowl": (*_TABLEWARE, *_FURNITURE),
        "Box": (*_SURFACES, "Shelf", "Cabinet", *_FURNITURE, *_SEATS),
        "Bread": _BREAD,
        "BreadSliced": (*_BREAD, "Toaster"),
        "ButterKnife": (*_CUTLERY, "Desk"),
        "CD": (*_PAPER, *_FURNITURE, *_SEATS, "Box", "Safe"),
        "Candle": (*_SHAKERS, *_FURNITURE, "Bathtub", "Box", "Toilet"),
        "CellPhone": (*_ON_SEATS, "Bed", "Safe"),
        "Cloth": (*_PAPER, *_SINK, *_FURNITURE, *_SEATS, *_BATH, "Box", "LaundryHamper"),
        "CreditCard": _ON_SEATS,
        "Cup": (*_TABLEWARE, *_FURNITURE),
        "DishSponge": (*_PAPER, *_SINK, *_COOKING, *_TABLES, *_BATH, "Box"),
        "Egg": _COOKED,
        "EggCracked": _COOKED,
        "Fork": _CUTLERY,
        "HandTowel": ("HandTowelHolder",),
        "Kettle": (*_SURFACES, *_SINK, "Shelf", "Cabinet", "StoveBurner", *_TABLES),
        "KeyChain": (*_ON_SEATS, "Safe"),
        "Knife": (*_SURFACES, *_SINK, *_COOKING, "Drawer", "Mug", *_TABLES),
        "Ladle": (*_TOOLS, "Cabinet"),
        "Laptop": (*_SURFACES, *_FURNITURE, *_SEATS, "Bed"),
        "Lettuce": _VEGETABLE,
        "LettuceSliced": _VEGETABLE,
        "Mug": (*_TABLEWARE, "CoffeeMachine", *_DESKS),
        "Newspaper": (*_BATHROOM, *_SEATS, "Bed"),
        "Pan": (*_SURFACES, *_SINK, "Cabinet", "Fridge", "StoveBurner", *_TABLES),
        "PaperTowelRoll": _PAPER,
        "Pen": (*_TRINKETS, "Mug", "GarbageCan"),
        "Pencil": (*_TRINKETS, "Mug", "GarbageCan"),
        "PepperShaker": (*_SHAKERS, *_TABLES),
        "Pillow": (*_SEATS, "Bed"),
        "Plate": (*_TABLEWARE, *_FURNITURE),
        "Plunger": ("Cabinet",),
        "Pot": (*_SURFACES, *_SINK, "Shelf", "Cabinet", "Fridge", "StoveBurner", *_TABLES),
        "Potato": _COOKED,
        "PotatoSliced": _COOKED,
        "RemoteControl": _ON_SEATS,
        "SaltShaker": (*_SHAKERS, *_TABLES),
        "SoapBar": (*_PAPER, *_SINK, *_TABLES, *_BATH, "Dresser"),
        "SoapBottle": (*_BATHROOM, *_SINK, "Bathtub"),
        "Spatula": _TOOLS,
        "Spoon": _CUTLERY,
        "SprayBottle": _BATHROOM,
        "Statue": (*_SURFACES, "Shelf", *_FURNITURE, "Box", "Safe"),
        "TeddyBear": (*_SURFACES, *_FURNITURE, *_SEATS, "Bed", "Safe"),
        "TennisRacket": (*_SURFACES, *_FURNITURE, "Bed"),
        "TissueBox": (*_BATHROOM, "Box"),
        "ToiletPaper": (*_BATHROOM, "Bathtub", "ToiletPaperHanger"),
        "Tomato": _VEGETABLE,
        "TomatoSliced": _VEGETABLE,
        "Towel": ("TowelHolder",),
        "Vase": (*_SURFACES, "Shelf", "Cabinet", *_FURNITURE, "Box", "Safe"),
        "Watch": (*_TRINKETS, "Safe"),
        "WateringCan": (*_SHAKERS, *_FURNITURE),
        "WineBottle": _BOTTLES,
    }
)
"""Object type -> the receptacle types that it belongs in or on."""

_PAPER_GOODS = "paper towels have no entry; these are the places of other paper goods"
MENDED: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        **{("PaperTowelRoll", place): _PAPER_GOODS for place in _PAPER},
        ("Mug", "CoffeeMachine"): "recorded so; how coffee is made",
        ("Mug", "Desk"): "recorded so",
        ("Mug", "Fridge"): "cups and bowls go there, and mugs are cooled",
        ("Mug", "Microwave"): "cups and bowls go there, and mugs are heated",
        ("Mug", "Sink"): "recorded so; its basin is in the table",
        ("SoapBar", "Dresser"): "recorded so; other toiletries go there",
        ("SoapBottle", "SinkBasin"): "its sink is in the table",
        ("Tomato", "Pan"): "other vegetables go there",
        ("TomatoSliced", "Pan"): "other vegetables go there",
    }
)
"""(object, receptacle) of `COMPATIBLE` that the documentation's table lacks -> why it is there."""

BENCHMARK: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("Cup", "GarbageCan"): "a sequential transfer of the benchmark ends there",
    }
)
"""(object, receptacle) that nobody would choose and the benchmark asks for -> where; accepted, never generated."""

_ONLY_FOR: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "CoffeeMachine": frozenset({"Mug"}),
        "HandTowelHolder": frozenset({"HandTowel"}),
        "StoveBurner": frozenset({"Kettle", "Pan", "Pot"}),
        "Toaster": frozenset({"BreadSliced"}),
        "ToiletPaperHanger": frozenset({"ToiletPaper"}),
        "TowelHolder": frozenset({"Towel"}),
    }
)
"""Receptacles of one thing at a time, and its types: AI2-THOR's object-specific receptacles."""


def holds_one(receptacle_type: str) -> bool:
    """Whether a receptacle takes a single thing, as a burner or a towel holder does."""
    return receptacle_type in _ONLY_FOR


def takes(receptacle_type: str, object_type: str) -> bool:
    """Whether an object may be put into or onto a receptacle.

    Args:
        receptacle_type: AI2-THOR's objectType of the receptacle.
        object_type: AI2-THOR's objectType of what is put; one without an entry in the table goes anywhere but on the
            floor and into what takes certain types alone.
    """
    if object_type in COMPATIBLE:
        return belongs(receptacle_type, object_type) or (object_type, receptacle_type) in BENCHMARK
    return receptacle_type != "Floor" and receptacle_type not in _ONLY_FOR


def belongs(receptacle_type: str, object_type: str) -> bool:
    """Whether people keep or use an object there: what tasks are made of; false for a type without an entry."""
    return receptacle_type in COMPATIBLE.get(object_type, ())
