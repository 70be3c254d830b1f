"""Which receptacle types take which object types.

For the kitchen's pickupable types the table follows the object-to-receptacle table of iTHOR's public documentation,
with paper towels (missing there) given the places of other paper goods.
"""

from collections.abc import Mapping
from types import MappingProxyType

_SURFACES = ("CounterTop", "DiningTable", "SideTable")
_SINK = ("Sink", "SinkBasin")
_COOKING = ("Pot", "Pan", "Bowl", "Plate")
_PAPER = (*_SURFACES, "Shelf", "Drawer", "Cabinet", "GarbageCan")
_TABLEWARE = (*_SURFACES, *_SINK, "Shelf", "Cabinet", "Fridge", "Microwave")
_CUTLERY = (*_SURFACES, *_SINK, *_COOKING, "Drawer", "Mug", "Cup")
_TOOLS = (*_SURFACES, *_SINK, *_COOKING, "Drawer")
_FRUIT = (*_SURFACES, *_SINK, *_COOKING, "Fridge", "Microwave", "GarbageCan")
_BOTTLES = (*_SURFACES, "Shelf", "Cabinet", "Fridge", "GarbageCan")
_TRINKETS = (*_SURFACES, "Shelf", "Drawer")
_SHAKERS = (*_SURFACES, "Shelf", "Drawer", "Cabinet")

COMPATIBLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AlarmClock": (*_SURFACES, "Shelf"),
        "Apple": _FRUIT,
        "Book": (*_SURFACES, "Shelf", "Cabinet", "Drawer"),
        "Bottle": (*_BOTTLES, *_SINK),
        "Bowl": _TABLEWARE,
        "Box": (*_SURFACES, "Shelf", "Cabinet"),
        "Bread": (*_SURFACES, "Fridge", "Microwave", "GarbageCan", "Plate"),
        "ButterKnife": _CUTLERY,
        "Candle": _SHAKERS,
        "CellPhone": _TRINKETS,
        "CreditCard": _TRINKETS,
        "Cup": _TABLEWARE,
        "DishSponge": (*_SURFACES, *_SINK, *_COOKING, "Shelf", "Drawer", "Cabinet", "GarbageCan"),
        "Egg": _FRUIT,
        "Fork": _CUTLERY,
        "Kettle": (*_SURFACES, *_SINK, "Shelf", "Cabinet", "StoveBurner"),
        "Knife": (*_SURFACES, *_SINK, *_COOKING, "Drawer", "Mug"),
        "Ladle": (*_TOOLS, "Cabinet"),
        "Lettuce": (*_SURFACES, *_SINK, *_COOKING, "Fridge", "GarbageCan"),
        "Mug": (*_TABLEWARE, "CoffeeMachine"),
        "Newspaper": _PAPER,
        "Pan": (*_SURFACES, *_SINK, "Cabinet", "Fridge", "StoveBurner"),
        "PaperTowelRoll": _PAPER,
        "Pen": (*_TRINKETS, "Mug", "GarbageCan"),
        "Pencil": (*_TRINKETS, "Mug", "GarbageCan"),
        "PepperShaker": _SHAKERS,
        "Plate": _TABLEWARE,
        "Pot": (*_SURFACES, *_SINK, "Shelf", "Cabinet", "Fridge", "StoveBurner"),
        "Potato": _FRUIT,
        "RemoteControl": _TRINKETS,
        "SaltShaker": _SHAKERS,
        "SoapBottle": (*_SURFACES, *_SINK, "Shelf", "Drawer", "Cabinet", "GarbageCan"),
        "Spatula": _TOOLS,
        "Spoon": _CUTLERY,
        "SprayBottle": (*_SURFACES, "Shelf", "Drawer", "Cabinet", "GarbageCan"),
        "Statue": (*_SURFACES, "Shelf"),
        "TissueBox": _PAPER,
        "Tomato": (*_SURFACES, *_SINK, *_COOKING, "Fridge", "GarbageCan"),
        "Vase": (*_SURFACES, "Shelf", "Cabinet"),
        "Watch": _TRINKETS,
        "WineBottle": _BOTTLES,
    }
)
"""Object type -> the receptacle types that take it."""


def takes(receptacle_type: str, object_type: str) -> bool:
    """Whether an object may be put into or onto a receptacle.

    Args:
        receptacle_type: AI2-THOR's objectType of the receptacle.
        object_type: AI2-THOR's objectType of what is put; one without an entry in the table goes anywhere but on the
            floor.
    """
    if object_type not in COMPATIBLE:
        return receptacle_type != "Floor"
    return receptacle_type in COMPATIBLE[object_type]
