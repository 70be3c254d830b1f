"""AI2-THOR's actions of the agent's body: where it can stand, walking, turning, looking. Failing changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from .arguments import Arguments, named_object, number
from .boxes import distance_to_box, forward
from .occupancy import Occupancy
from .scene import recorded_poses
from .sightlines import in_picture, open_ways
from .state import CAMERA_ABOVE_BODY_M, ActionFailedError, RoomState

_ROTATE_DEG = 90.0
_LOOK_DEG = 30.0
_HORIZON_DEG = (-30.0, 60.0)
_YAWS_DEG = (0.0, 90.0, 180.0, 270.0)
_HORIZONS_DEG = (-30.0, 0.0, 30.0, 60.0)

_POSE_ARGUMENTS = ("maxDistance", "positions", "rotations", "horizons", "standings")

Array = npt.NDArray[np.float64]


def _occupancy(state: RoomState) -> Occupancy:
    in_hand = set(state.in_hand())
    standing = [item for item in state.objects if item["objectId"] not in in_hand]
    return Occupancy(
        [solid for item in standing for solid in state.solids(item)],
        state.scene["sceneBounds"],
        state.start,
        state.scene.get("reachablePositions") or (),
    )


def reachable_positions(state: RoomState, _: Arguments) -> list[dict[str, float]]:
    """GetReachablePositions: the points of the grid to which the agent can walk; those recorded with the scene."""
    if state.scene.get("reachablePositions"):
        return [dict(position) for position in state.scene["reachablePositions"]]
    body = state.agent["position"]
    points = _occupancy(state).reachable(np.array([body["x"], body["z"]]), state.settings["gridSize"])
    return [_position(point, body["y"]) for point in points]


def interactable_poses(state: RoomState, action: Arguments) -> list[dict[str, Any]]:
    """GetInteractablePoses: poses from which the object is visible, as `visible` has it."""
    item = named_object(state, action)
    recorded = recorded_poses(state.scene, item["objectId"])
    if recorded is not None and state.as_loaded(item) and not any(action.get(key) for key in _POSE_ARGUMENTS):
        return recorded
    reach = number(action, "maxDistance", state.settings["visibilityDistance"])
    positions = action.get("positions") or reachable_positions(state, action)
    near = [position for position in positions if distance_to_box(position, item) <= reach]
    angles = list(product(action.get("rotations") or _YAWS_DEG, action.get("horizons") or _HORIZONS_DEG))
    poses = []
    for position, standing in product(near, action.get("standings") or (True, False)):
        eye = (position["x"], position["y"] + CAMERA_ABOVE_BODY_M[bool(standing)], position["z"])
        rays = open_ways(*state.sightlines(), state.number_of(item["objectId"]), eye)
        poses += [
            dict(position) | {"rotation": yaw, "horizon": horizon, "standing": bool(standing)}
            for yaw, horizon in angles
            if in_picture(rays, replace(state.camera, position=eye, yaw_deg=yaw, horizon_deg=horizon)).any()
        ]
    return poses


def teleport(state: RoomState, action: Arguments) -> None:
    """Teleport and TeleportFull: to a position, rotation, horizon and posture; what is not given stays.

    Where the body already stands it may turn, even if something, a drawer perhaps, was opened against it.
    """
    given = action.get("position") or action
    position = {axis: number(given, axis, state.agent["position"][axis]) for axis in "xyz"}
    goes = any(position[axis] != state.agent["position"][axis] for axis in "xz")
    point = np.array([[position["x"], position["z"]]])
    if goes and not action.get("forceAction") and not _occupancy(state).free(point)[0]:
        raise ActionFailedError(
            f"Cannot teleport to x={position['x']:.2f}, z={position['z']:.2f}: something is there."
        )
    horizon = number(action, "horizon", state.agent["cameraHorizon"])
    if not _can_look(horizon):
        raise ActionFailedError(f"horizon={horizon} is outside {_HORIZON_DEG[0]} to {_HORIZON_DEG[1]} degrees.")
    standing = action.get("standing")
    state.set_agent(
        position=position,
        rotation=_yaw(number(_as_rotation(action), "y", state.agent["rotation"]["y"])),
        cameraHorizon=horizon,
        isStanding=state.agent["isStanding"] if standing is None else bool(standing),
    )


def _as_rotation(action: Arguments) -> Mapping[str, Any]:
    """AI2-THOR takes `rotation` as a vector or as the yaw alone, as GetInteractablePoses gives it."""
    rotation = action.get("rotation")
    return rotation if isinstance(rotation, Mapping) else {"action": action.get("action"), "y": rotation}


def move(state: RoomState, action: Arguments, turn_deg: float) -> None:
    """MoveAhead and the like: one straight walk of `moveMagnitude` metres; 0 means gridSize, as in AI2-THOR."""
    distance = number(action, "moveMagnitude", 0.0) or state.settings["gridSize"]
    body = state.agent["position"]
    start = np.array([body["x"], body["z"]])
    end = start + np.array(forward(state.agent["rotation"]["y"] + turn_deg)) * distance
    if not _occupancy(state).path_free(start, end):
        raise ActionFailedError(f"{action['action']} is blocked: the agent would collide within {distance:.2f} m.")
    state.set_agent(position=_position(end, body["y"]))


def rotate(state: RoomState, action: Arguments, sign: int) -> None:
    """RotateRight (sign 1) and RotateLeft (-1), by `degrees` or a quarter turn."""
    degrees = number(action, "degrees", _ROTATE_DEG)
    state.set_agent(rotation=_yaw(state.agent["rotation"]["y"] + sign * degrees))


def look(state: RoomState, action: Arguments, sign: int) -> None:
    """LookDown (sign 1) and LookUp (-1), by `degrees` or 30."""
    horizon = state.agent["cameraHorizon"] + sign * number(action, "degrees", _LOOK_DEG)
    if not _can_look(horizon):
        raise ActionFailedError(f"Cannot look further {'down' if sign > 0 else 'up'} than the camera turns.")
    state.set_agent(cameraHorizon=horizon)


def posture(state: RoomState, standing: bool) -> None:
    """Stand and Crouch."""
    if bool(state.agent["isStanding"]) == standing:
        raise ActionFailedError(f"The agent is already {'standing' if standing else 'crouching'}.")
    state.set_agent(isStanding=standing)


def _can_look(horizon_deg: float) -> bool:
    return _HORIZON_DEG[0] - 1e-3 <= horizon_deg <= _HORIZON_DEG[1] + 1e-3


def _yaw(degrees: float) -> dict[str, float]:
    return {"x": 0.0, "y": degrees % 360, "z": 0.0}


def _position(point: Sequence[float] | Array, height_m: float) -> dict[str, float]:
    return {"x": float(point[0]), "y": height_m, "z": float(point[1])}
