"""AI2-THOR's actions of the hand: pick up, put, drop. An action that fails changes nothing."""

import numpy as np

from .arguments import Arguments, require, visible_object
from .boxes import box_of, distance_to_box, low_and_high, moved
from .compatibility import takes
from .opening import slide
from .resting import Load, Resting, come_to_rest, turned
from .state import ActionFailedError, Item, RoomState
from .support import support_height

_STANDS_ON = frozenset({"Toilet"})  # closes a bowl, and things stand on it


def pickup(state: RoomState, action: Arguments) -> None:
    """PickupObject: into the empty hand, with what lies in or on it."""
    item = visible_object(state, action)
    if state.held is not None:
        raise ActionFailedError(f"The agent's hand already holds {state.held}.")
    require(item, "pickupable")
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
    resting = _place_in(state, held, receptacle)
    if resting is None:
        raise ActionFailedError(
            f"No valid positions to place {held['objectId']} in {receptacle['objectId']}: no room is left."
        )
    _release(state, resting, receptacle)


def _check_takes(state: RoomState, receptacle: Item, held: Item) -> None:
    name = receptacle["objectId"]
    require(receptacle, "receptacle")
    if name in state.in_hand():
        raise ActionFailedError(f"{held['objectId']} cannot be put into {name}, which the hand holds.")
    if receptacle["openable"] and not receptacle["isOpen"]:
        raise ActionFailedError(f"{name} is closed: open it before putting something into it.")
    if not takes(receptacle["objectType"], held["objectType"]):
        raise ActionFailedError(f"{held['objectType']} cannot be placed in {receptacle['objectType']}.")


def _place_in(state: RoomState, held: Item, receptacle: Item) -> Resting | None:
    """A free spot, on what the agent stands nearest to where a counter has several rectangles."""
    body, name = state.agent["position"], receptacle["objectId"]
    solids = sorted(state.solids(receptacle), key=lambda solid: distance_to_box(body, solid))
    load = Load(held, [state[other] for other in state.contents(held["objectId"])])
    contents = [state[other] for other in state.direct_contents(name)]
    return come_to_rest(load, [_tray(solid) for solid in solids], contents, _walls(state, receptacle))


def _tray(item: Item) -> Item:
    """A receptacle where its inside is now: an open drawer has slid out."""
    return item | moved(item, *slide(item, item["openness"] or 0.0)) if item["objectType"] == "Drawer" else item


def _walls(state: RoomState, receptacle: Item) -> list[Item]:
    """What can be closed around the contents of a receptacle: itself, and what it stands in."""
    around, names = [], [receptacle["objectId"]]
    for name in names:
        if name in state:
            item = state[name]
            around += [_tray(item)] if item["openable"] and item["objectType"] not in _STANDS_ON else []
            names += [parent for parent in item.get("parentReceptacles") or () if parent not in names]
    return around


def _release(state: RoomState, resting: Resting, receptacle: Item | None) -> None:
    """Lets the held thing come to rest."""
    name = str(state.held)
    if resting.turn is not None:
        state.replace(name, **turned(state[name], resting))
    center = state[name]["axisAlignedBoundingBox"]["center"]
    x, y, z = (float(aim) - center[axis] for aim, axis in zip(resting.center, "xyz", strict=True))
    state.shift(name, (x, y, z))
    state.replace(name, isPickedUp=False, parentReceptacles=receptacle and [receptacle["objectId"]])
    if receptacle is not None:
        inside = receptacle["objectId"]
        state.replace(inside, receptacleObjectIds=[*(state[inside].get("receptacleObjectIds") or []), name])
    state.held = None


def drop(state: RoomState, action: Arguments) -> None:
    """DropHandObject: the held thing falls onto what is below it, which is often the floor."""
    if state.held is None:
        raise ActionFailedError("The agent's hand is empty: there is nothing to drop.")
    held, in_hand = state[state.held], set(state.in_hand())
    around = [solid for item in state.objects if item["objectId"] not in in_hand for solid in state.solids(item)]
    others = [solid for solid in around if _under(solid, held)]
    low, high = low_and_high(held)
    blocking = [item for item in others if _top(item, held) > low[1] + 1e-6 and low_and_high(item)[0][1] < high[1]]
    if blocking and not action.get("forceAction"):
        raise ActionFailedError(f"{state.held} collides with {blocking[0]['objectId']}: it cannot be dropped here.")
    below = [item for item in others if _top(item, held) <= low[1] + 1e-6]
    support = max(below, key=lambda item: (_top(item, held), item["receptacle"], item["objectId"]), default=None)
    height = 0.0 if support is None else _top(support, held)
    center, size = (np.array([part[axis] for axis in "xyz"]) for part in box_of(held))
    center[1] = height + size[1] / 2
    resting = Resting(center, size)
    lies_in = support is not None and _catches(support) and Load(held, []).within(resting, _walls(state, support))
    _release(state, resting, support if lies_in else None)


def _catches(item: Item) -> bool:
    """Whether what falls on an object lies in or on it afterwards; it does not fall through a door."""
    return bool(item["receptacle"]) and not item["openable"]


def _under(item: Item, held: Item) -> bool:
    """Whether an object reaches below or above another, seen from above."""
    (low, high), (held_low, held_high) = low_and_high(item), low_and_high(held)
    return all(low[axis] < held_high[axis] and high[axis] > held_low[axis] for axis in (0, 2))


def _top(item: Item, held: Item) -> float:
    """The height at which a thing that falls on an object comes to rest."""
    (low, high), (held_low, held_high) = low_and_high(item), low_and_high(held)
    if item["objectType"] == "Floor":
        return 0.0
    inside = all(low[axis] <= held_low[axis] and high[axis] >= held_high[axis] for axis in (0, 2))
    return support_height(item) if inside and _catches(item) else high[1]
