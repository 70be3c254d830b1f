"""The embedded simulator: AI2-THOR's actions by name, and the metadata that comes of them.

What is not here is refused as AI2-THOR refuses an unknown action. An action that fails changes nothing.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from .agent_actions import interactable_poses, look, move, posture, reachable_positions, rotate, teleport
from .altering import clean, cook, dirty, empty, fill, slice_
from .arguments import Arguments, number
from .effects import settle
from .grasping import drop, pickup, put
from .opening import close, open_
from .state import ActionFailedError, RoomState
from .switching import toggle_off, toggle_on

EMPTY_ROOM: dict[str, Any] = {
    "sceneName": "Procedural",
    "objects": [],
    "agent": {
        "position": {"x": 0.0, "y": 0.9009992, "z": 0.0},
        "rotation": {"x": 0.0, "y": 0.0, "z": 0.0},
        "cameraHorizon": 0.0,
        "isStanding": True,
        "inHighFrictionArea": False,
    },
    "sceneBounds": {
        "center": {"x": 0.0, "y": 1.25, "z": 0.0},
        "size": {"x": 2.0, "y": 2.5, "z": 2.0},
        "cornerPoints": [],
    },
}
"""What a simulator holds until a scene is loaded; the name is AI2-THOR's for a scene that is given, not built in."""


class Result(NamedTuple):
    """What came of an action, as AI2-THOR's metadata says it.

    Attributes:
        success: `lastActionSuccess`.
        message: `errorMessage`.
        code: `errorCode`.
        value: `actionReturn`.
    """

    success: bool
    message: str = ""
    code: str | None = None
    value: Any = None


def act(state: RoomState, action: Arguments) -> Result:
    """Performs one action.

    Args:
        state: changed by an action that succeeds, left as it was by one that fails.
        action: AI2-THOR's action, its name under `action` beside its arguments.
    """
    name = str(action.get("action"))
    run = _ACTIONS.get(name)
    if run is None:
        return Result(False, f"{name} is not an action of the embedded simulator.", "InvalidAction")
    try:
        value = run(state, action)
        if name in _HANDLING:
            settle(state)
        return Result(True, value=value)
    except ActionFailedError as failure:
        return Result(False, failure.message, failure.code)


def _nothing(_: RoomState, __: Arguments) -> None:
    """Pass and Done."""


def _initialize(state: RoomState, action: Arguments) -> dict[str, float]:
    settings = {key: number(action, key, value) for key, value in state.settings.items()}
    wrong = [key for key, value in settings.items() if value <= 0]
    if wrong or settings["fieldOfView"] >= 180:
        raise ActionFailedError(
            f"Initialize: the settings must be above 0, and fieldOfView below 180; got {settings}.",
            "InvalidArgument",
        )
    state.settings = settings
    state.changed()
    return {"cameraNearPlane": 0.1, "cameraFarPlane": 20.0}


_HANDLING: Mapping[str, Callable[[RoomState, Arguments], Any]] = {
    "PickupObject": pickup,
    "PutObject": put,
    "DropHandObject": drop,
    "OpenObject": open_,
    "CloseObject": close,
    "ToggleObjectOn": toggle_on,
    "ToggleObjectOff": toggle_off,
    "SliceObject": slice_,
    "CookObject": cook,
    "DirtyObject": dirty,
    "CleanObject": clean,
    "FillObjectWithLiquid": fill,
    "EmptyLiquidFromObject": empty,
}
_ACTIONS: Mapping[str, Callable[[RoomState, Arguments], Any]] = {
    "Initialize": _initialize,
    "Pass": _nothing,
    "Done": _nothing,
    "GetReachablePositions": reachable_positions,
    "GetInteractablePoses": interactable_poses,
    "Teleport": teleport,
    "TeleportFull": teleport,
    "MoveAhead": partial(move, turn_deg=0.0),
    "MoveRight": partial(move, turn_deg=90.0),
    "MoveBack": partial(move, turn_deg=180.0),
    "MoveLeft": partial(move, turn_deg=270.0),
    "RotateRight": partial(rotate, sign=1),
    "RotateLeft": partial(rotate, sign=-1),
    "LookDown": partial(look, sign=1),
    "LookUp": partial(look, sign=-1),
    "Crouch": lambda state, _: posture(state, standing=False),
    "Stand": lambda state, _: posture(state, standing=True),
    **_HANDLING,
}


def event_metadata(state: RoomState) -> dict[str, Any]:
    """The present state as AI2-THOR's `event.metadata`, less what the last action set."""
    seen, body = state.visible(), state.agent["position"]
    objects = []
    for item in state.objects:
        distance = sum((item["position"][axis] - body[axis]) ** 2 for axis in "xyz") ** 0.5
        visible = item["objectId"] in seen
        objects.append(item | {"visible": visible, "isInteractable": visible, "distance": distance})
    held = [] if state.held is None else [{"objectId": state.held, "objectType": state[state.held]["objectType"]}]
    return dict(state.scene) | {
        "objects": objects,
        "agent": dict(state.agent),
        "inventoryObjects": held,
        "cameraPosition": dict(zip("xyz", state.camera.position, strict=True)),
        "fov": state.settings["fieldOfView"],
        "screenWidth": state.width_px,
        "screenHeight": state.height_px,
        "colors": [
            {"name": item["objectId"], "color": list(instance_color(number))}
            for number, item in enumerate(state.objects)
        ],
    }


def instance_color(number: int) -> tuple[int, int, int]:
    """The colour that stands for one object in the instance segmentation frame; number -1 is everything else."""
    value = number + 1
    return value & 255, (value >> 8) & 255, (value >> 16) & 255
