"""Where things usually are, by type of room: counts taken from recorded rooms, turned into probabilities.

Generated rooms are furnished by this prior, and the searching agent goes by it. Receptacles that can themselves be
carried (a pot, a plate) take objects when asked to, but they are no usual places.
"""

from functools import cache

from .compatibility import COMPATIBLE
from .figures import room_figures

# Two imaginary objects of each type, spread evenly over its compatible places: nine rooms of a type are few.
_PSEUDO_COUNT = 2.0

# What stands in a kitchen and is not carried about; what lies in a sink lies in its basin.
_FURNITURE = frozenset(
    {
        *("Cabinet", "CoffeeMachine", "CounterTop", "DiningTable", "Drawer", "Fridge", "GarbageCan", "Microwave"),
        *("Shelf", "SideTable", "SinkBasin", "StoveBurner"),
    }
)
_NO_PLACE = frozenset({"Bathtub", "Bowl", "Box", "Cup", "Floor", "Mug", "Pan", "Plate", "Pot", "Sink", ""})


@cache
def places(object_type: str, room: str = "kitchen") -> tuple[str, ...]:
    """Receptacle types that are fixed in a type of room and take the object type; empty for an unknown type.

    Args:
        object_type: AI2-THOR's name of the type, such as "Apple".
        room: `kitchen`, `living_room`, `bedroom` or `bathroom`.
    """
    known = COMPATIBLE.get(object_type, ())
    if room == "kitchen":
        return tuple(place for place in known if place in _FURNITURE)
    types = room_figures(room).types
    recorded = types[object_type].at if object_type in types else {}
    found = [place for place in known if place in types and place not in _NO_PLACE]
    return tuple(found + [place for place in recorded if place not in (*_NO_PLACE, *found)])


def usual_places(object_type: str, room: str = "kitchen") -> dict[str, float]:
    """Where objects of a type usually are in a type of room.

    Args:
        object_type: AI2-THOR's name of the type, such as "Apple".
        room: `kitchen`, `living_room`, `bedroom` or `bathroom`.

    Returns:
        Receptacle type -> probability, summing to 1, in the order of `places`; empty for a type without places.
    """
    allowed = places(object_type, room)
    if not allowed:
        return {}
    types = room_figures(room).types
    counts = types[object_type].at if object_type in types else {}
    total = sum(counts.get(place, 0) for place in allowed) + _PSEUDO_COUNT
    return {place: (counts.get(place, 0) + _PSEUDO_COUNT / len(allowed)) / total for place in allowed}
