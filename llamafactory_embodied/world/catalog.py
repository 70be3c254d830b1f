"""What the things of a generated kitchen are like: size, flags, weight and material by AI2-THOR object type.

Sizes are (width, height, depth) in metres, seen from the object's front; those of small objects and appliances are
near the medians of recorded iTHOR kitchens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Size = tuple[float, float, float]


@dataclass(frozen=True)
class Kind:
    """An object type: its usual size and the flags that AI2-THOR's metadata carries for it.

    Attributes:
        size: (width, height, depth) in metres, as seen from the front.
        flags: metadata keys that are true for the type, such as "pickupable".
        mass_kg: weight; 0 for what is built in.
        materials: `salientMaterials` of the metadata.
    """

    size: Size
    flags: frozenset[str] = frozenset()
    mass_kg: float = 0.0
    materials: tuple[str, ...] = ()


def _fixed(size: Size, *flags: str) -> Kind:
    return Kind(size, frozenset(flags))


def _moveable(size: Size, mass_kg: float, material: str, *flags: str) -> Kind:
    return Kind(size, frozenset({"moveable", *flags}), mass_kg, (material,))


def _small(size: Size, mass_kg: float, material: str, *flags: str) -> Kind:
    return Kind(size, frozenset({"pickupable", *flags}), mass_kg, (material,))


_VESSEL = ("receptacle", "canFillWithLiquid", "dirtyable")

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "Cabinet": _fixed((0.50, 0.58, 0.56), "receptacle", "openable"),
        "CounterTop": _fixed((0.80, 0.04, 0.60), "receptacle"),
        "Drawer": _fixed((0.50, 0.18, 0.56), "receptacle", "openable"),
        "Faucet": _fixed((0.08, 0.26, 0.10), "toggleable"),
        "Floor": Kind((4.0, 0.02, 4.0), frozenset({"receptacle"}), 1.0, ("Ceramic",)),
        "Fridge": _fixed((0.80, 1.75, 0.72), "receptacle", "openable", "isColdSource"),
        "LightSwitch": _fixed((0.10, 0.13, 0.03), "toggleable", "isToggled"),
        "Shelf": _fixed((0.80, 0.30, 0.28), "receptacle"),
        "Sink": _fixed((0.60, 0.24, 0.52)),
        "SinkBasin": _fixed((0.50, 0.18, 0.40), "receptacle"),
        "StoveBurner": _fixed((0.24, 0.02, 0.24), "receptacle", "isHeatSource"),
        "StoveKnob": _fixed((0.05, 0.05, 0.03), "toggleable"),
        "Window": _fixed((1.10, 0.90, 0.06), "breakable"),
        "Chair": _moveable((0.42, 0.90, 0.44), 10.0, "Wood", "receptacle"),
        "CoffeeMachine": _moveable(
            (0.28, 0.38, 0.34), 5.0, "Plastic", "receptacle", "toggleable", "breakable", "isHeatSource"
        ),
        "DiningTable": _moveable((1.10, 0.76, 0.80), 85.0, "Wood", "receptacle"),
        "GarbageCan": _moveable((0.38, 0.55, 0.34), 0.7, "Plastic", "receptacle"),
        "HousePlant": _moveable((0.26, 0.42, 0.26), 3.0, "Ceramic", "canFillWithLiquid"),
        "Microwave": _moveable(
            (0.58, 0.35, 0.38), 7.0, "Metal", "receptacle", "openable", "toggleable", "isHeatSource"
        ),
        "ShelvingUnit": _moveable((0.94, 1.48, 0.34), 22.0, "Wood"),
        "SideTable": _moveable((0.55, 0.65, 0.45), 14.0, "Wood", "receptacle"),
        "Stool": _moveable((0.34, 0.70, 0.34), 3.2, "Wood", "receptacle"),
        "Toaster": _moveable((0.32, 0.21, 0.20), 5.0, "Metal", "receptacle", "toggleable", "isHeatSource"),
        "AlarmClock": _small((0.14, 0.12, 0.08), 0.3, "Plastic", "toggleable"),
        "Apple": _small((0.11, 0.11, 0.11), 0.2, "Food", "sliceable"),
        "Book": _small((0.24, 0.04, 0.18), 0.6, "Paper", "openable"),
        "Bottle": _small((0.11, 0.25, 0.11), 0.2, "Glass", "breakable", "canFillWithLiquid"),
        "Bowl": _small((0.18, 0.08, 0.18), 0.47, "Ceramic", "breakable", *_VESSEL),
        "Bread": _small((0.28, 0.14, 0.16), 0.7, "Food", "sliceable", "cookable"),
        "ButterKnife": _small((0.03, 0.01, 0.26), 0.08, "Metal"),
        "Candle": _small((0.10, 0.18, 0.10), 0.4, "Wax", "toggleable"),
        "CellPhone": _small((0.10, 0.02, 0.19), 0.16, "Metal", "toggleable", "breakable"),
        "CreditCard": _small((0.10, 0.01, 0.06), 0.01, "Plastic"),
        "Cup": _small((0.10, 0.13, 0.10), 0.4, "Glass", "breakable", *_VESSEL),
        "DishSponge": _small((0.14, 0.03, 0.10), 0.03, "Sponge"),
        "Egg": _small((0.06, 0.08, 0.06), 0.05, "Food", "sliceable", "breakable"),
        "Fork": _small((0.03, 0.02, 0.25), 0.04, "Metal"),
        "Kettle": _small((0.21, 0.19, 0.20), 0.8, "Metal", "canFillWithLiquid", "openable"),
        "Knife": _small((0.04, 0.02, 0.30), 0.18, "Metal"),
        "Ladle": _small((0.10, 0.06, 0.26), 0.08, "Metal"),
        "Lettuce": _small((0.20, 0.16, 0.20), 0.47, "Food", "sliceable"),
        "Mug": _small((0.12, 0.10, 0.10), 1.0, "Ceramic", "breakable", *_VESSEL),
        "Newspaper": _small((0.34, 0.03, 0.24), 0.2, "Paper"),
        "Pan": _small((0.24, 0.06, 0.24), 0.67, "Metal", "receptacle", "dirtyable"),
        "PaperTowelRoll": _small((0.11, 0.26, 0.11), 0.22, "Paper", "canBeUsedUp"),
        "Pencil": _small((0.02, 0.01, 0.18), 0.01, "Wood"),
        "PepperShaker": _small((0.07, 0.12, 0.07), 0.16, "Glass"),
        "Plate": _small((0.25, 0.03, 0.25), 0.62, "Ceramic", "receptacle", "breakable", "dirtyable"),
        "Pot": _small((0.24, 0.17, 0.24), 0.57, "Metal", *_VESSEL),
        "Potato": _small((0.12, 0.08, 0.09), 0.18, "Food", "sliceable", "cookable"),
        "RemoteControl": _small((0.06, 0.03, 0.20), 0.13, "Plastic"),
        "SaltShaker": _small((0.07, 0.12, 0.07), 0.44, "Glass"),
        "SoapBottle": _small((0.11, 0.26, 0.11), 0.4, "Plastic", "canBeUsedUp"),
        "Spatula": _small((0.08, 0.02, 0.30), 0.06, "Metal"),
        "Spoon": _small((0.04, 0.02, 0.21), 0.04, "Metal"),
        "Statue": _small((0.20, 0.34, 0.18), 1.0, "Stone", "breakable"),
        "TissueBox": _small((0.24, 0.12, 0.13), 0.1, "Paper", "canBeUsedUp"),
        "Tomato": _small((0.12, 0.10, 0.12), 0.12, "Food", "sliceable"),
        "Vase": _small((0.17, 0.27, 0.17), 1.0, "Ceramic", "breakable"),
        "Watch": _small((0.09, 0.04, 0.09), 0.1, "Metal"),
        "WineBottle": _small((0.09, 0.33, 0.09), 1.2, "Glass", "breakable", "canFillWithLiquid"),
    }
)
"""Object type -> what such an object is like."""
