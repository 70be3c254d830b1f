"""What each AI2-THOR action does to a household's state. Knows no frames beyond which object owns which pixel.

The state is AI2-THOR's own metadata: a list of object dictionaries, an agent, and what the hand holds. An action that
fails changes nothing. Objects are replaced, never mutated, so an event that was handed out stays as it was.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import SceneError
from .boxes import distance_to_box, forward, low_and_high, moved
from .compatibility import takes
from .occupancy import Occupancy
from .raycast import Camera, Primitive, View, cast, first_hits
from .shapes import object_primitives, room_primitives
from .support import find_spot

CAMERA_ABOVE_BODY_M = {True: 0.675, False: 0.0}
"""Camera height above the agent's body position, standing and crouched, of AI2-THOR's default agent."""

DRAWER_TRAVEL = 0.8
"""Share of its depth by which an open drawer slides out."""

_HAND_M = (0.12, -0.33, 0.55)  # a held thing's place seen from the camera: right, up, forward
_ROTATE_DEG = 90.0
_LOOK_DEG = 30.0
_HORIZON_DEG = (-30.0, 60.0)


class ActionFailedError(Exception):
    """The action did not happen; the message is what AI2-THOR would put into `errorMessage`."""

    def __init__(self, message: str, code: str | None = None):
        super().__init__(message, code)
        self.message, self.code = message, code


class Simulator:
    """One room and one agent."""

    def __init__(self, width_px: int = 300, height_px: int = 300):
        self.width_px, self.height_px = width_px, height_px
        self.settings: dict[str, Any] = {"gridSize": 0.25, "visibilityDistance": 1.5, "fieldOfView": 90.0}
        self._actions: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "Initialize": self._initialize,
            "Pass": lambda _: None,
            "Done": lambda _: None,
            "CreateHouse": lambda action: self.load(action["house"]),
            "GetReachablePositions": self._reachable,
            "GetInteractablePoses": self._interactable_poses,
            "Teleport": self._teleport,
            "TeleportFull": self._teleport,
            "MoveAhead": lambda action: self._move(action, 0.0),
            "MoveRight": lambda action: self._move(action, 90.0),
            "MoveBack": lambda action: self._move(action, 180.0),
            "MoveLeft": lambda action: self._move(action, 270.0),
            "RotateRight": lambda action: self._rotate(float(action.get("degrees") or _ROTATE_DEG)),
            "RotateLeft": lambda action: self._rotate(-float(action.get("degrees") or _ROTATE_DEG)),
            "LookDown": lambda action: self._look(float(action.get("degrees") or _LOOK_DEG)),
            "LookUp": lambda action: self._look(-float(action.get("degrees") or _LOOK_DEG)),
            "Crouch": lambda _: self._posture(standing=False),
            "Stand": lambda _: self._posture(standing=True),
            "PickupObject": self._pickup,
            "PutObject": self._put,
            "OpenObject": self._open,
            "CloseObject": self._close,
            "ToggleObjectOn": lambda action: self._toggle(action, on=True),
            "ToggleObjectOff": lambda action: self._toggle(action, on=False),
        }
        self.load(_EMPTY)

    # ---------------------------------------------------------------- state

    def load(self, metadata: Mapping[str, Any]) -> None:
        """Puts the simulator into a scene's state.

        Args:
            metadata: AI2-THOR metadata, checked by `scene.check_scene`; it is not changed.
        """
        self.scene = metadata
        self.objects: list[dict[str, Any]] = [dict(item) for item in metadata["objects"]]
        self.index = {item["objectId"]: number for number, item in enumerate(self.objects)}
        self.agent: dict[str, Any] = dict(metadata["agent"]) | {"name": "agent"}
        self.held: str | None = None
        self.start = dict(self.agent["position"])
        self._structure = room_primitives(metadata)
        self._primitives: dict[int, tuple[dict[str, Any], list[Primitive]]] = {}
        self._changed()

    def act(self, action: Mapping[str, Any]) -> tuple[bool, str, str | None, Any]:
        """Performs one action.

        Returns:
            Success, error message, error code and `actionReturn`, as in AI2-THOR's metadata.
        """
        name = str(action.get("action"))
        run = self._actions.get(name)
        if run is None:
            return False, f"{name} is not an action of the embedded simulator.", "InvalidAction", None
        try:
            return True, "", None, run(action)
        except ActionFailedError as failure:
            return False, failure.message, failure.code, None

    def _changed(self) -> None:
        self._view: View | None = None

    def _replace(self, object_id: str, **changes: Any) -> None:
        number = self.index[object_id]
        self.objects[number] = self.objects[number] | changes
        self._changed()

    def _object(self, action: Mapping[str, Any]) -> dict[str, Any]:
        object_id = action.get("objectId")
        if object_id is None:
            raise ActionFailedError(f"{action['action']} requires the argument objectId.", "MissingArguments")
        if object_id not in self.index:
            raise ActionFailedError(f"{object_id} is not a valid objectId in the current scene.", "ObjectNotFound")
        return self.objects[self.index[object_id]]

    def _seen(self, action: Mapping[str, Any]) -> dict[str, Any]:
        item = self._object(action)
        if not action.get("forceAction") and item["objectId"] not in self.visible():
            raise ActionFailedError(f"{item['objectId']} is not visible within the agent's interaction range.")
        return item

    # ---------------------------------------------------------------- seeing

    @property
    def camera(self) -> Camera:
        """The agent's eye."""
        body = self.agent["position"]
        height = body["y"] + CAMERA_ABOVE_BODY_M[bool(self.agent["isStanding"])]
        return Camera(
            (body["x"], height, body["z"]),
            self.agent["rotation"]["y"],
            self.agent["cameraHorizon"],
            float(self.settings["fieldOfView"]),
            self.width_px,
            self.height_px,
        )

    def primitives(self) -> list[Primitive]:
        """Everything to be drawn, each solid with the index of its object."""
        solids = list(self._structure)
        for number, item in enumerate(self.objects):
            kept = self._primitives.get(number)
            if kept is None or kept[0] is not item:
                kept = (item, object_primitives(item, number))
                self._primitives[number] = kept
            solids += kept[1]
        return solids

    def view(self) -> View:
        """Which object owns each pixel, and how far it is; cast once per state."""
        if self._view is None:
            self._carry()
            self._view = cast(self.primitives(), self.camera)
        return self._view

    def visible(self) -> dict[str, int]:
        """Visible objects and their pixels: at least one, and the box within visibilityDistance horizontally."""
        pixels = np.bincount(np.maximum(self.view().owners, -1).reshape(-1) + 1, minlength=len(self.objects) + 1)[1:]
        reach, body = float(self.settings["visibilityDistance"]), self.agent["position"]
        seen = [(self.objects[int(owner)], int(pixels[owner])) for owner in np.flatnonzero(pixels)]
        return {item["objectId"]: count for item, count in seen if distance_to_box(body, item) <= reach}

    def _carry(self) -> None:
        """Keeps a held thing, and what lies in it, before the camera."""
        if self.held is None:
            return
        item = self.objects[self.index[self.held]]
        ahead, camera = forward(self.agent["rotation"]["y"]), self.camera.position
        right = (ahead[1], -ahead[0])
        target = (
            camera[0] + ahead[0] * _HAND_M[2] + right[0] * _HAND_M[0],
            camera[1] + _HAND_M[1],
            camera[2] + ahead[1] * _HAND_M[2] + right[1] * _HAND_M[0],
        )
        center = item["axisAlignedBoundingBox"]["center"]
        shift = [aim - center[axis] for aim, axis in zip(target, "xyz", strict=True)]
        if max(map(abs, shift)) > 1e-9:
            self._shift(self.held, (shift[0], shift[1], shift[2]))

    def _shift(self, object_id: str, shift: tuple[float, float, float]) -> None:
        for inside in (object_id, *self._contents(object_id)):
            self._replace(inside, **moved(self.objects[self.index[inside]], *shift))

    def _contents(self, object_id: str) -> list[str]:
        """Everything in or on an object, and in or on that."""
        found: list[str] = []
        for inside in self.objects[self.index[object_id]].get("receptacleObjectIds") or []:
            if inside in self.index and inside not in found:
                found += [inside, *self._contents(inside)]
        return found

    # ---------------------------------------------------------------- the agent

    def _initialize(self, action: Mapping[str, Any]) -> dict[str, float]:
        for key in self.settings:
            if action.get(key) is not None:
                self.settings[key] = float(action[key])
        self._changed()
        return {"cameraNearPlane": 0.1, "cameraFarPlane": 20.0}

    def _occupancy(self) -> Occupancy:
        return Occupancy(self.objects, self.scene["sceneBounds"], self.start)

    def _reachable(self, _: Mapping[str, Any]) -> list[dict[str, float]]:
        body = self.agent["position"]
        start = np.array([body["x"], body["z"]])
        points = self._occupancy().reachable(start, float(self.settings["gridSize"]))
        return [_position(point, body["y"]) for point in points]

    def _interactable_poses(self, action: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Poses from which a ray meets the object within visibilityDistance, as AI2-THOR's action of this name."""
        item = self._object(action)
        reach = float(action.get("maxDistance") or self.settings["visibilityDistance"])
        positions = action.get("positions") or self._reachable(action)
        standings = action.get("standings") or [True, False]
        targets, solids, owner = _sample_points(item), self.primitives(), self.index[item["objectId"]]
        poses = []
        for position in positions:
            if distance_to_box(position, item) > reach:
                continue
            for standing in standings:
                eye = np.array([position["x"], position["y"] + CAMERA_ABOVE_BODY_M[bool(standing)], position["z"]])
                hits = first_hits(solids, eye, targets)
                for yaw, horizon in self._angles(action):
                    seen = (hits == owner) & self._in_frustum(targets - eye, yaw, horizon)
                    if seen.any():
                        angles = {"rotation": yaw, "horizon": horizon, "standing": bool(standing)}
                        poses.append(dict(position) | angles)
        return poses

    def _angles(self, action: Mapping[str, Any]) -> list[tuple[float, float]]:
        yaws = action.get("rotations") or [0.0, 90.0, 180.0, 270.0]
        horizons = action.get("horizons") or [-30.0, 0.0, 30.0, 60.0]
        return [(float(yaw), float(horizon)) for yaw in yaws for horizon in horizons]

    def _in_frustum(self, rays: npt.NDArray[np.float64], yaw: float, horizon: float) -> npt.NDArray[np.bool_]:
        """Whether each ray [N, 3] from the eye lies in the picture."""
        (sin, cos), down = forward(yaw), np.radians(horizon)
        level = rays[:, 0] * sin + rays[:, 2] * cos
        depth = level * np.cos(down) - rays[:, 1] * np.sin(down)
        up = level * np.sin(down) + rays[:, 1] * np.cos(down)
        right = rays[:, 0] * cos - rays[:, 2] * sin
        tall = np.tan(np.radians(float(self.settings["fieldOfView"])) / 2)
        wide = tall * self.width_px / self.height_px
        return np.asarray((depth > 0.05) & (np.abs(up) <= depth * tall) & (np.abs(right) <= depth * wide))

    def _teleport(self, action: Mapping[str, Any]) -> None:
        given = action.get("position") or action
        position = {axis: float(given.get(axis, self.agent["position"][axis])) for axis in "xyz"}
        point = np.array([[position["x"], position["z"]]])
        if not action.get("forceAction") and not self._occupancy().free(point)[0]:
            raise ActionFailedError(
                f"Cannot teleport to x={position['x']:.2f}, z={position['z']:.2f}: something is there."
            )
        rotation = action.get("rotation")
        yaw = rotation["y"] if isinstance(rotation, Mapping) else self.agent["rotation"]["y"]
        horizon = action.get("horizon")
        horizon = self.agent["cameraHorizon"] if horizon is None else float(horizon)
        if not _HORIZON_DEG[0] - 1e-3 <= horizon <= _HORIZON_DEG[1] + 1e-3:
            raise ActionFailedError(f"horizon={horizon} is outside {_HORIZON_DEG[0]} to {_HORIZON_DEG[1]} degrees.")
        standing = action.get("standing")
        self._set_agent(
            position=position,
            rotation={"x": 0.0, "y": float(yaw) % 360, "z": 0.0},
            cameraHorizon=horizon,
            isStanding=self.agent["isStanding"] if standing is None else bool(standing),
        )

    def _set_agent(self, **changes: Any) -> None:
        self.agent = self.agent | changes
        self._changed()

    def _move(self, action: Mapping[str, Any], turn_deg: float) -> None:
        distance = float(action.get("moveMagnitude") or self.settings["gridSize"])
        body = self.agent["position"]
        ahead = np.array(forward(self.agent["rotation"]["y"] + turn_deg))
        start = np.array([body["x"], body["z"]])
        end = start + ahead * distance
        if not self._occupancy().path_free(start, end):
            raise ActionFailedError(f"{action['action']} is blocked: the agent would collide within {distance:.2f} m.")
        self._set_agent(position=_position(end, body["y"]))

    def _rotate(self, degrees: float) -> None:
        yaw = (self.agent["rotation"]["y"] + degrees) % 360
        self._set_agent(rotation={"x": 0.0, "y": yaw, "z": 0.0})

    def _look(self, degrees: float) -> None:
        horizon = self.agent["cameraHorizon"] + degrees
        if not _HORIZON_DEG[0] - 1e-3 <= horizon <= _HORIZON_DEG[1] + 1e-3:
            raise ActionFailedError(f"Cannot look further {'down' if degrees > 0 else 'up'} than the camera turns.")
        self._set_agent(cameraHorizon=horizon)

    def _posture(self, standing: bool) -> None:
        if bool(self.agent["isStanding"]) == standing:
            raise ActionFailedError(f"The agent is already {'standing' if standing else 'crouching'}.")
        self._set_agent(isStanding=standing)

    # ---------------------------------------------------------------- things

    def _pickup(self, action: Mapping[str, Any]) -> None:
        item = self._seen(action)
        if self.held is not None:
            raise ActionFailedError(f"The agent's hand already holds {self.held}.")
        if not item["pickupable"]:
            raise ActionFailedError(f"{item['objectId']} must have the property pickupable.")
        self._leave_parents(item["objectId"])
        self._replace(item["objectId"], isPickedUp=True, parentReceptacles=None)
        self.held = item["objectId"]

    def _leave_parents(self, object_id: str) -> None:
        for parent in self.objects[self.index[object_id]].get("parentReceptacles") or []:
            if parent in self.index:
                held_there = self.objects[self.index[parent]].get("receptacleObjectIds") or []
                self._replace(parent, receptacleObjectIds=[other for other in held_there if other != object_id])

    def _put(self, action: Mapping[str, Any]) -> None:
        if self.held is None:
            raise ActionFailedError("The agent's hand is empty: there is nothing to put.")
        receptacle = self._seen(action)
        name, held = receptacle["objectId"], self.objects[self.index[self.held]]
        if not receptacle["receptacle"]:
            raise ActionFailedError(f"{name} must have the property receptacle.")
        if receptacle["openable"] and not receptacle["isOpen"]:
            raise ActionFailedError(f"{name} is closed: open it before putting something into it.")
        if not takes(receptacle["objectType"], held["objectType"]):
            raise ActionFailedError(f"{held['objectType']} cannot be placed in {receptacle['objectType']}.")
        contents = [self.objects[self.index[other]] for other in self._direct_contents(name)]
        spot = find_spot(held, receptacle, contents)
        if spot is None:
            raise ActionFailedError(f"No valid positions to place {held['objectId']} in {name}: no room is left.")
        center = held["axisAlignedBoundingBox"]["center"]
        self._shift(self.held, (spot["x"] - center["x"], spot["y"] - center["y"], spot["z"] - center["z"]))
        self._replace(held["objectId"], isPickedUp=False, parentReceptacles=[name])
        self._replace(name, receptacleObjectIds=[*(receptacle.get("receptacleObjectIds") or []), held["objectId"]])
        self.held = None

    def _direct_contents(self, object_id: str) -> list[str]:
        inside = self.objects[self.index[object_id]].get("receptacleObjectIds") or []
        return [other for other in inside if other in self.index]

    def _open(self, action: Mapping[str, Any]) -> None:
        item = self._seen(action)
        openness = float(1.0 if action.get("openness") is None else action["openness"])
        if not item["openable"]:
            raise ActionFailedError(f"{item['objectId']} must have the property openable.")
        if not 0 < openness <= 1:
            raise ActionFailedError(f"openness={openness} must be above 0 and at most 1.", "InvalidArgument")
        if item["isOpen"] and item["openness"] == openness:
            raise ActionFailedError(f"{item['objectId']} is already open.")
        self._set_openness(item, openness)

    def _close(self, action: Mapping[str, Any]) -> None:
        item = self._seen(action)
        if not item["openable"]:
            raise ActionFailedError(f"{item['objectId']} must have the property openable.")
        if not item["isOpen"]:
            raise ActionFailedError(f"{item['objectId']} is already closed.")
        self._set_openness(item, 0.0)

    def _set_openness(self, item: Mapping[str, Any], openness: float) -> None:
        """Opens or closes; what lies in a drawer moves with its tray."""
        if item["objectType"] == "Drawer":
            yaw = item["rotation"]["y"]
            low, high = low_and_high(item)
            ahead = forward(yaw)
            depth = abs(ahead[0]) * (high[0] - low[0]) + abs(ahead[1]) * (high[2] - low[2])
            travel = DRAWER_TRAVEL * depth * (openness - (item["openness"] or 0.0))
            for inside in self._direct_contents(item["objectId"]):
                self._shift(inside, (ahead[0] * travel, 0.0, ahead[1] * travel))
        self._replace(item["objectId"], isOpen=openness > 0, openness=openness)

    def _toggle(self, action: Mapping[str, Any], on: bool) -> None:
        item = self._seen(action)
        if not item["toggleable"]:
            raise ActionFailedError(f"{item['objectId']} must have the property toggleable.")
        if bool(item["isToggled"]) == on:
            raise ActionFailedError(f"{item['objectId']} is already toggled {'on' if on else 'off'}.")
        if on and item["openable"] and item["isOpen"]:
            raise ActionFailedError(f"{item['objectId']} must be closed before it is turned on.")
        self._replace(item["objectId"], isToggled=on)

    # ---------------------------------------------------------------- what an event says

    def metadata(self) -> dict[str, Any]:
        """The present state as AI2-THOR's `event.metadata`, less what the last action set."""
        seen = self.visible()
        body = self.agent["position"]
        objects = []
        for item in self.objects:
            position = item["position"]
            gap = sum((position[axis] - body[axis]) ** 2 for axis in "xyz") ** 0.5
            visible = item["objectId"] in seen
            objects.append(item | {"visible": visible, "isInteractable": visible, "distance": gap})
        camera = self.camera.position
        held = [] if self.held is None else [self._held_entry()]
        return dict(self.scene) | {
            "objects": objects,
            "agent": dict(self.agent),
            "inventoryObjects": held,
            "cameraPosition": dict(zip("xyz", camera, strict=True)),
            "fov": float(self.settings["fieldOfView"]),
            "screenWidth": self.width_px,
            "screenHeight": self.height_px,
            "colors": [
                {"name": item["objectId"], "color": list(instance_color(number))}
                for number, item in enumerate(self.objects)
            ],
        }

    def _held_entry(self) -> dict[str, str]:
        if self.held is None:
            raise SceneError("The hand is empty.")
        return {"objectId": self.held, "objectType": self.objects[self.index[self.held]]["objectType"]}


def instance_color(number: int) -> tuple[int, int, int]:
    """The colour that stands for one object in the instance segmentation frame; number -1 is everything else."""
    value = number + 1
    return value & 255, (value >> 8) & 255, (value >> 16) & 255


def _position(point: npt.NDArray[np.float64], height_m: float) -> dict[str, float]:
    return {"x": float(point[0]), "y": height_m, "z": float(point[1])}


def _sample_points(item: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """Points [27, 3] on and in an object's box at which rays are aimed."""
    low, high = (np.array(corner) for corner in low_and_high(item))
    shares = np.stack(np.meshgrid(*[[0.08, 0.5, 0.92]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(low + shares * (high - low))


_EMPTY: dict[str, Any] = {
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
