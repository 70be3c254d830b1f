"""What devices do to the things in or on them, after each action: heat, cold, coffee and water.

AI2-THOR lets what was heated cool down after ten seconds; here no time passes, and it stays hot until it is cooled.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .altering import filled
from .boxes import box_of, distance_to_box
from .state import Item, RoomState

_HEATERS = frozenset({"Microwave", "StoveBurner", "Toaster"})
_BASINS = frozenset({"Bathtub", "BathtubBasin", "Sink", "SinkBasin"})
_FAUCET_REACH_M = 1.0


def settle(state: RoomState) -> None:
    """Brings every thing in or on a device into the state that the device leaves it in."""
    for device in list(state.objects):
        for name, changes in _effects(state, device):
            if any(state[name].get(key) != value for key, value in changes.items()):
                state.replace(name, **changes)


def _effects(state: RoomState, device: Item) -> Iterator[tuple[str, Mapping[str, Any]]]:
    kind, name = device["objectType"], device["objectId"]
    if kind == "Fridge":
        yield from ((one, {"temperature": "Cold"}) for one in state.contents(name))
    if not device["isToggled"]:
        return
    if kind in _HEATERS:
        yield from ((one, _heated(state[one])) for one in state.contents(name))
    if kind == "CoffeeMachine":
        yield from ((one, _poured(state[one], "coffee") | {"temperature": "Hot"}) for one in state.contents(name))
    if kind == "Faucet":
        for basin in (item for item in state.objects if item["objectType"] in _BASINS and _below(item, device)):
            yield from ((one, _washed(state[one])) for one in state.contents(basin["objectId"]))


def _heated(item: Item) -> Mapping[str, Any]:
    return {"temperature": "Hot"} | ({"isCooked": True} if item.get("cookable") else {})


def _poured(item: Item, liquid: str) -> dict[str, Any]:
    fillable = item.get("canFillWithLiquid") and not item.get("isFilledWithLiquid")
    return filled(liquid) if fillable else {}


def _washed(item: Item) -> Mapping[str, Any]:
    return _poured(item, "water") | ({"isDirty": False} if item.get("dirtyable") else {})


def _below(basin: Item, faucet: Item) -> bool:
    return distance_to_box(box_of(faucet)[0], basin) <= _FAUCET_REACH_M
