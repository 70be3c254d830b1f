"""AI2-THOR's actions on things: pick up, put, open, close, toggle. An action that fails changes nothing."""

from .arguments import Arguments, number, visible_object
from .boxes import distance_to_box, forward, low_and_high, moved
from .compatibility import takes
from .hollow_shapes import DRAWER_TRAVEL
from .state import ActionFailedError, Item, RoomState
from .support import find_spot


def pickup(state: RoomState, action: Arguments) -> None:
    """PickupObject: into the empty hand, with what lies in or on it."""
    item = visible_object(state, action)
    if state.held is not None:
        raise ActionFailedError(f"The agent's hand already holds {state.held}.")
    _require(item, "pickupable")
    name = item["objectId"]
    _leave(state, name, item.get("parentReceptacles") or [])
    state.replace(name, isPickedUp=True)
    state.held = name


def _leave(state: RoomState, object_id: str, receptacles: list[str]) -> None:
    """Takes an object and its contents out of the receptacles it lies in or on."""
    leaving = [object_id, *state.contents(object_id)]
    for name in (name for name in receptacles if name in state):
        listed = state[name].get("receptacleObjectIds") or []
        state.replace(name, receptacleObjectIds=[other for other in listed if other not in leaving])
    for name in leaving:
        left = [parent for parent in state[name].get("parentReceptacles") or [] if parent not in receptacles]
        state.replace(name, parentReceptacles=left or None)


def put(state: RoomState, action: Arguments) -> None:
    """PutObject: the held thing onto a free spot of a receptacle that takes it."""
    if state.held is None:
        raise ActionFailedError("The agent's hand is empty: there is nothing to put.")
    receptacle, held = visible_object(state, action), state[state.held]
    _check_takes(state, receptacle, held)
    name = receptacle["objectId"]
    spot = _free_spot(state, held, receptacle)
    if spot is None:
        raise ActionFailedError(f"No valid positions to place {held['objectId']} in {name}: no room is left.")
    center = held["axisAlignedBoundingBox"]["center"]
    state.shift(state.held, (spot["x"] - center["x"], spot["y"] - center["y"], spot["z"] - center["z"]))
    state.replace(state.held, isPickedUp=False, parentReceptacles=[name])
    state.replace(name, receptacleObjectIds=[*state.direct_contents(name), state.held])
    state.held = None


def _free_spot(state: RoomState, held: Item, receptacle: Item) -> dict[str, float] | None:
    """A free spot on what the agent stands nearest to, where a counter has several rectangles."""
    contents = [state[other] for other in state.direct_contents(receptacle["objectId"])]
    body = state.agent["position"]
    solids = sorted(state.solids(receptacle), key=lambda solid: distance_to_box(body, solid))
    return next((spot for solid in solids if (spot := find_spot(held, solid, contents))), None)


def _check_takes(state: RoomState, receptacle: Item, held: Item) -> None:
    name = receptacle["objectId"]
    _require(receptacle, "receptacle")
    if name in state.in_hand():
        raise ActionFailedError(f"{held['objectId']} cannot be put into {name}, which the hand holds.")
    if receptacle["openable"] and not receptacle["isOpen"]:
        raise ActionFailedError(f"{name} is closed: open it before putting something into it.")
    if not takes(receptacle["objectType"], held["objectType"]):
        raise ActionFailedError(f"{held['objectType']} cannot be placed in {receptacle['objectType']}.")


def open_(state: RoomState, action: Arguments) -> None:
    """OpenObject: fully, or as far as `openness` says (above 0, at most 1)."""
    item = visible_object(state, action)
    _require(item, "openable")
    openness = number(action, "openness", 1.0)
    if not 0 < openness <= 1:
        raise ActionFailedError(f"openness={openness} must be above 0 and at most 1.", "InvalidArgument")
    if item["isOpen"] and item["openness"] == openness:
        raise ActionFailedError(f"{item['objectId']} is already open.")
    _set_openness(state, item, openness)


def close(state: RoomState, action: Arguments) -> None:
    """CloseObject."""
    item = visible_object(state, action)
    _require(item, "openable")
    if not item["isOpen"]:
        raise ActionFailedError(f"{item['objectId']} is already closed.")
    _set_openness(state, item, 0.0)


def _set_openness(state: RoomState, item: Item, openness: float) -> None:
    """Opens or closes; what lies in a drawer moves with its tray."""
    if item["objectType"] == "Drawer":
        low, high = low_and_high(item)
        x, z = forward(item["rotation"]["y"])
        depth = abs(x) * (high[0] - low[0]) + abs(z) * (high[2] - low[2])
        travel = DRAWER_TRAVEL * depth * (openness - (item["openness"] or 0.0))
        for name in state.contents(item["objectId"]):
            state.replace(name, **moved(state[name], x * travel, 0.0, z * travel))
    state.replace(item["objectId"], isOpen=openness > 0, openness=openness)


def toggle_on(state: RoomState, action: Arguments) -> None:
    """ToggleObjectOn: what can be opened must be closed."""
    item = _toggled(state, action, False)
    if item["openable"] and item["isOpen"]:
        raise ActionFailedError(f"{item['objectId']} must be closed before it is turned on.")
    state.replace(item["objectId"], isToggled=True)


def toggle_off(state: RoomState, action: Arguments) -> None:
    """ToggleObjectOff."""
    state.replace(_toggled(state, action, True)["objectId"], isToggled=False)


def _toggled(state: RoomState, action: Arguments, on: bool) -> Item:
    """The object to be toggled, which must be on or off."""
    item = visible_object(state, action)
    _require(item, "toggleable")
    if bool(item["isToggled"]) != on:
        raise ActionFailedError(f"{item['objectId']} is already toggled {'off' if on else 'on'}.")
    return item


def _require(item: Item, flag: str) -> None:
    if not item[flag]:
        raise ActionFailedError(f"{item['objectId']} must have the property {flag}.")
