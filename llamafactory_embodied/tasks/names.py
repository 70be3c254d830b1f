"""Plain English for AI2-THOR's type names."""

import re

_OWN = {
    "ArmChair": "armchair",
    "BasketBall": "basketball",
    "BathtubBasin": "bathtub",
    "Blinds": "window blind",
    "Boots": "pair of boots",
    "CD": "CD",
    "CounterTop": "counter",
    "Curtains": "curtain",
    "HousePlant": "houseplant",
    "SinkBasin": "sink",
    "TVStand": "TV stand",
}
_HOLLOW = frozenset(
    {"Bowl", "Box", "Cabinet", "Drawer", "Fridge", "GarbageCan", "LaundryHamper", "Microwave", "Pan", "Pot", "Safe"}
    | {"Sink", "SinkBasin"}
)
_UNCOUNTED = frozenset({"Bread", "Lettuce", "Cloth"})


def plain(object_type: str) -> str:
    """`SoapBottle` becomes `soap bottle`."""
    return _OWN.get(object_type) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", object_type).lower()


def with_article(object_type: str) -> str:
    """`Apple` becomes `an apple`, `Bread` becomes `some bread`."""
    name = plain(object_type)
    if object_type in _UNCOUNTED:
        return f"some {name}"
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def plural(name: str) -> str:
    """`shelf` becomes `shelves`, `box` becomes `boxes`."""
    if name.endswith("shelf"):
        return f"{name[:-1]}ves"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def inside(object_type: str) -> bool:
    """Whether things lie in it, not on it."""
    return object_type in _HOLLOW
