"""AI2-THOR's actions on what opens. An action that fails changes nothing."""

from .arguments import Arguments, number, require, visible_object
from .boxes import forward, low_and_high, moved
from .hollow_shapes import DRAWER_TRAVEL
from .state import ActionFailedError, Item, RoomState


def open_(state: RoomState, action: Arguments) -> None:
    """OpenObject: fully, or as far as `openness` says (above 0, at most 1); a microwave must be off."""
    item = visible_object(state, action)
    require(item, "openable")
    openness = number(action, "openness", 1.0)
    if not 0 < openness <= 1:
        raise ActionFailedError(f"openness={openness} must be above 0 and at most 1.", "InvalidArgument")
    if item["isOpen"] and item["openness"] == openness:
        raise ActionFailedError(f"{item['objectId']} is already open.")
    if item["objectType"] == "Microwave" and item["isToggled"]:
        raise ActionFailedError(f"{item['objectId']} must be off before it is opened.")
    _set_openness(state, item, openness)


def close(state: RoomState, action: Arguments) -> None:
    """CloseObject."""
    item = visible_object(state, action)
    require(item, "openable")
    if not item["isOpen"]:
        raise ActionFailedError(f"{item['objectId']} is already closed.")
    _set_openness(state, item, 0.0)


def _set_openness(state: RoomState, item: Item, openness: float) -> None:
    """Opens or closes; what lies in a drawer moves with its tray."""
    if item["objectType"] == "Drawer":
        before, after = slide(item, item["openness"] or 0.0), slide(item, openness)
        x, y, z = (late - early for early, late in zip(before, after, strict=True))
        for name in state.contents(item["objectId"]):
            state.replace(name, **moved(state[name], x, y, z))
    state.replace(item["objectId"], isOpen=openness > 0, openness=openness)


def slide(drawer: Item, openness: float) -> tuple[float, float, float]:
    """How far a drawer's tray has slid out, metres along x, y and z."""
    low, high = low_and_high(drawer)
    x, z = forward(drawer["rotation"]["y"])
    depth = abs(x) * (high[0] - low[0]) + abs(z) * (high[2] - low[2])
    travel = DRAWER_TRAVEL * depth * openness
    return x * travel, 0.0, z * travel
