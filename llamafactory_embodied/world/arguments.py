"""What the actions of the embedded simulator read from their arguments."""

import math
from collections.abc import Mapping
from typing import Any

from .state import ActionFailedError, Item, RoomState

Arguments = Mapping[str, Any]


def number(action: Arguments, key: str, default: float) -> float:
    """A finite number, or the default where the argument is absent.

    Raises:
        ActionFailedError: it is something else.
    """
    value = action.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ActionFailedError(f"{action.get('action')}: {key} must be a number, got {value!r}.", "InvalidArgument")
    return float(value)


def named_object(state: RoomState, action: Arguments) -> Item:
    """The object that `objectId` names.

    Raises:
        ActionFailedError: there is no such argument, or no such object.
    """
    object_id = action.get("objectId")
    if object_id is None:
        raise ActionFailedError(f"{action['action']} requires the argument objectId.", "MissingArguments")
    if object_id not in state:
        raise ActionFailedError(f"{object_id} is not a valid objectId in the current scene.", "ObjectNotFound")
    return state[object_id]


def visible_object(state: RoomState, action: Arguments) -> Item:
    """The object that `objectId` names, which must be visible unless `forceAction` is set.

    Raises:
        ActionFailedError: it is not there or not visible.
    """
    item = named_object(state, action)
    if not action.get("forceAction") and item["objectId"] not in state.visible():
        raise ActionFailedError(f"{item['objectId']} is not visible within the agent's interaction range.")
    return item


def require(item: Item, flag: str) -> None:
    """Refuses what does not have a property.

    Raises:
        ActionFailedError: the flag of AI2-THOR's object metadata is false or absent.
    """
    if not item.get(flag):
        raise ActionFailedError(f"{item['objectId']} must have the property {flag}.")
