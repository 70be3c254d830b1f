"""AI2-THOR's actions that alter a thing: slice, cook, dirty, clean, fill, empty. Failing changes nothing."""

from typing import Any

from .arguments import Arguments, require, visible_object
from .boxes import box_of, boxed
from .state import ActionFailedError, Item, RoomState

_SLICES = 5
LIQUIDS = ("coffee", "water", "wine")


def slice_(state: RoomState, action: Arguments) -> None:
    """SliceObject: slices take the thing's place; an egg cracks."""
    item = visible_object(state, action)
    require(item, "sliceable")
    name = item["objectId"]
    if name in state.in_hand():
        raise ActionFailedError(f"{name} cannot be sliced in the hand.")
    pieces = [_cracked(item)] if item["objectType"] == "Egg" else _sliced(item)
    state.exchange(name, pieces)
    for parent in (parent for parent in item.get("parentReceptacles") or () if parent in state):
        kept = [other for other in state[parent].get("receptacleObjectIds") or () if other != name]
        state.replace(parent, receptacleObjectIds=[*kept, *(piece["objectId"] for piece in pieces)])


def _cracked(egg: Item) -> Item:
    return _piece(egg, "EggCracked", 0) | {"isSliced": True}


def _sliced(item: Item) -> list[Item]:
    """Equal slices along the longer horizontal side."""
    center, size = box_of(item)
    along = "x" if size["x"] >= size["z"] else "z"
    thick = size[along] / _SLICES
    slices = []
    for number in range(_SLICES):
        middle = {**center, along: center[along] + (number - (_SLICES - 1) / 2) * thick}
        box = {**size, along: thick}
        slices.append(
            _piece(item, f"{item['objectType']}Sliced", number)
            | {"position": middle, "rotation": {"x": 0.0, "y": 0.0, "z": 0.0}, "objectOrientedBoundingBox": None}
            | boxed(middle, box)
        )
    return slices


def _piece(item: Item, kind: str, number: int) -> Item:
    name = f"{item['objectId']}|{kind}_{number}"
    return item | {"objectId": name, "name": name, "objectType": kind, "sliceable": False, "breakable": False}


def cook(state: RoomState, action: Arguments) -> None:
    """CookObject."""
    _alter(state, action, "cookable", "isCooked", True, "cooked")


def dirty(state: RoomState, action: Arguments) -> None:
    """DirtyObject."""
    _alter(state, action, "dirtyable", "isDirty", True, "dirty")


def clean(state: RoomState, action: Arguments) -> None:
    """CleanObject."""
    _alter(state, action, "dirtyable", "isDirty", False, "clean")


def _alter(state: RoomState, action: Arguments, needs: str, key: str, value: bool, word: str) -> None:
    item = visible_object(state, action)
    require(item, needs)
    if bool(item.get(key)) == value:
        raise ActionFailedError(f"{item['objectId']} is already {word}.")
    state.replace(item["objectId"], **{key: value})


def fill(state: RoomState, action: Arguments) -> None:
    """FillObjectWithLiquid: with `fillLiquid` water, coffee or wine."""
    item, liquid = visible_object(state, action), action.get("fillLiquid")
    require(item, "canFillWithLiquid")
    if liquid not in LIQUIDS:
        raise ActionFailedError(f"fillLiquid must be one of {', '.join(LIQUIDS)}, got {liquid!r}.", "InvalidArgument")
    if item.get("isFilledWithLiquid"):
        raise ActionFailedError(f"{item['objectId']} is already filled with {item.get('fillLiquid')}.")
    state.replace(item["objectId"], **filled(str(liquid)))


def filled(liquid: str | None) -> dict[str, Any]:
    """What changes about an object that is filled, or emptied with None."""
    return {"isFilledWithLiquid": liquid is not None, "fillLiquid": liquid}


def empty(state: RoomState, action: Arguments) -> None:
    """EmptyLiquidFromObject."""
    item = visible_object(state, action)
    require(item, "canFillWithLiquid")
    if not item.get("isFilledWithLiquid"):
        raise ActionFailedError(f"{item['objectId']} is already empty.")
    state.replace(item["objectId"], **filled(None))
