"""AI2-THOR's actions on what is switched. An action that fails changes nothing."""

from .arguments import Arguments, require, visible_object
from .state import ActionFailedError, Item, RoomState


def toggle_on(state: RoomState, action: Arguments) -> None:
    """ToggleObjectOn: a microwave must be closed."""
    item = _toggled(state, action, False)
    if item["objectType"] == "Microwave" and item["isOpen"]:
        raise ActionFailedError(f"{item['objectId']} must be closed before it is turned on.")
    _switch(state, item, True)


def toggle_off(state: RoomState, action: Arguments) -> None:
    """ToggleObjectOff."""
    _switch(state, _toggled(state, action, True), False)


def _toggled(state: RoomState, action: Arguments, on: bool) -> Item:
    """The object to be toggled, which must be on or off."""
    item = visible_object(state, action)
    require(item, "toggleable")
    if bool(item["isToggled"]) != on:
        raise ActionFailedError(f"{item['objectId']} is already toggled {'off' if on else 'on'}.")
    return item


def _switch(state: RoomState, item: Item, on: bool) -> None:
    """Switches a device and the burners that a knob controls."""
    state.replace(item["objectId"], isToggled=on)
    for name in item.get("controlledObjects") or ():
        if name in state and state[name]["objectType"] == "StoveBurner":
            state.replace(name, isToggled=on)
