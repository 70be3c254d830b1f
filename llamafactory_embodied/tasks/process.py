"""What is done to a thing by putting it into a device: washing, heating, cooling, brewing, cooking.

One table serves goals, planner, searcher and task generation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Process:
    """How a device changes what lies in it.

    Attributes:
        device: type of the receptacle that the thing is put into.
        switch: type of what is toggled then; empty where closing is enough.
        shut: whether the device must be closed for it.
        places: types of receptacles in which it also works.
    """

    device: str
    switch: str = ""
    shut: bool = False
    places: frozenset[str] = frozenset()

    def works_in(self, object_type: str) -> bool:
        """Whether a receptacle of a type is a place for it."""
        return object_type == self.device or object_type in self.places


PROCESSES: Mapping[str, Process] = MappingProxyType(
    {
        "washed": Process("SinkBasin", "Faucet", places=frozenset({"Bathtub", "BathtubBasin", "Sink"})),
        "heated": Process("Microwave", "Microwave", shut=True),
        "cooked": Process("Microwave", "Microwave", shut=True),
        "cooled": Process("Fridge", shut=True),
        "brewed": Process("CoffeeMachine", "CoffeeMachine"),
    }
)
"""Goal kind -> how it comes about. These need to have held once: what was washed may be carried away."""


def shows(kind: str, item: Item) -> bool:
    """Whether a thing shows what a process left in it."""
    if kind == "heated":
        return bool(item.get("temperature") == "Hot")
    if kind == "cooled":
        return bool(item.get("temperature") == "Cold")
    if kind == "cooked":
        return bool(item.get("isCooked"))
    return kind == "brewed" and item.get("fillLiquid") == "coffee"
