"""Where things usually are in a kitchen: counts taken from recorded kitchens, turned into probabilities.

Generated rooms are furnished by this prior, and the searching agent goes by it. Receptacles that can themselves be
carried (a pot, a plate) take objects when asked to, but they are no usual places.
"""

from collections.abc import Mapping

from .compatibility import COMPATIBLE

# How often an object of the type stood in the receptacle type, counted over the recorded iTHOR kitchens FloorPlan5, 6
# and 9-15 at their first frame (none is a benchmark scene). An object in or on a carried receptacle counts for the
# furniture below, one in a Sink for its SinkBasin, the Floor below a shelf not at all.
_COUNTS: Mapping[str, Mapping[str, int]] = {
    "Apple": {"CounterTop": 6, "Fridge": 3},
    "Bottle": {"Shelf": 1},
    "Bowl": {"Cabinet": 1, "CounterTop": 7, "DiningTable": 1},
    "Bread": {"CounterTop": 8, "DiningTable": 1},
    "ButterKnife": {"CounterTop": 6, "DiningTable": 1, "Drawer": 1, "SinkBasin": 1},
    "CellPhone": {"Shelf": 1},
    "CreditCard": {"CounterTop": 1},
    "Cup": {"Cabinet": 4, "CounterTop": 4, "SinkBasin": 1},
    "DishSponge": {"CounterTop": 5, "SinkBasin": 4},
    "Egg": {"CounterTop": 2, "Fridge": 5, "SinkBasin": 2},
    "Fork": {"CounterTop": 5, "Drawer": 2, "SinkBasin": 2},
    "Kettle": {"Cabinet": 1, "CounterTop": 4},
    "Knife": {"CounterTop": 4, "DiningTable": 1, "Drawer": 2, "SinkBasin": 2},
    "Ladle": {"CounterTop": 2},
    "Lettuce": {"CounterTop": 2, "DiningTable": 1, "Fridge": 2, "SinkBasin": 4},
    "Mug": {"CoffeeMachine": 2, "CounterTop": 4, "DiningTable": 1, "SinkBasin": 2},
    "Pan": {"Cabinet": 1, "CounterTop": 4, "StoveBurner": 4},
    "PaperTowelRoll": {"CounterTop": 5},
    "Pencil": {"CounterTop": 1},
    "PepperShaker": {"CounterTop": 7, "DiningTable": 2},
    "Plate": {"Cabinet": 2, "CounterTop": 7},
    "Pot": {"Cabinet": 1, "CounterTop": 4, "DiningTable": 1, "StoveBurner": 3},
    "Potato": {"CounterTop": 6, "DiningTable": 2, "SinkBasin": 1},
    "SaltShaker": {"CounterTop": 7, "DiningTable": 2},
    "SoapBottle": {"CounterTop": 9},
    "Spoon": {"CounterTop": 5, "Drawer": 2, "SinkBasin": 2},
    "Spatula": {"CounterTop": 8},
    "Statue": {"CounterTop": 1, "Shelf": 1},
    "Tomato": {"CounterTop": 6, "SinkBasin": 3},
    "Vase": {"Shelf": 5},
    "WineBottle": {"CounterTop": 2},
}

# Two imaginary objects of each type, spread evenly over its compatible places: nine kitchens are few.
_PSEUDO_COUNT = 2.0

# What stands in a kitchen and is not carried about; what lies in a sink lies in its basin.
_FURNITURE = frozenset(
    {
        *("Cabinet", "CoffeeMachine", "CounterTop", "DiningTable", "Drawer", "Fridge", "GarbageCan", "Microwave"),
        *("Shelf", "SideTable", "SinkBasin", "StoveBurner"),
    }
)


def places(object_type: str) -> tuple[str, ...]:
    """A kitchen's receptacle types that are fixed in it and take the object type; empty for an unknown type."""
    return tuple(place for place in COMPATIBLE.get(object_type, ()) if place in _FURNITURE)


def usual_places(object_type: str) -> dict[str, float]:
    """Where objects of a type usually are in a kitchen.

    Args:
        object_type: AI2-THOR's name of the type, such as "Apple".

    Returns:
        Receptacle type -> probability, summing to 1, in the order of `COMPATIBLE`; empty for a type without places.
    """
    allowed = places(object_type)
    if not allowed:
        return {}
    counts = _COUNTS.get(object_type, {})
    total = sum(counts.get(place, 0) for place in allowed) + _PSEUDO_COUNT
    return {place: (counts.get(place, 0) + _PSEUDO_COUNT / len(allowed)) / total for place in allowed}
