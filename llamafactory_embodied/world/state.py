"""The present state of one room and one agent, and what the agent's camera sees of it.

The state is AI2-THOR's own metadata: a list of object dictionaries, an agent, and what the hand holds. Objects are
replaced, never mutated, so an event that was handed out stays as it was.
"""

from collections.abc import Mapping
from typing import Any

from .boxes import distance_to_box, forward, moved
from .camera import Camera
from .fitted import fitted_shapes
from .picture import Picture
from .primitive import Primitive
from .shapes import object_primitives, room_primitives
from .sightlines import Points, Solids, joined, points_on, seen_owners, solids_of
from .support import shut_away
from .surfaces import filled_boxes

CAMERA_ABOVE_BODY_M = {True: 0.675, False: 0.0}
"""Camera height above the agent's body position, standing and crouched, of AI2-THOR's default agent."""

_HAND_M = (0.12, -0.33, 0.55)  # a held thing's place seen from the camera: right, up, forward

Item = dict[str, Any]


class ActionFailedError(Exception):
    """The action did not happen; the message is what AI2-THOR would put into `errorMessage`."""

    def __init__(self, message: str, code: str | None = None):
        super().__init__(message, code)
        self.message, self.code = message, code


class RoomState:
    """What the actions read and change.

    Attributes:
        width_px: frame width.
        height_px: frame height.
        settings: AI2-THOR's initialization parameters `gridSize` and `visibilityDistance` (metres) and `fieldOfView`
            (vertical, degrees).
        scene: the metadata that was loaded.
        objects: AI2-THOR object metadata, as it is now.
        agent: AI2-THOR's `agent`, as it is now.
        held: objectId of what the hand holds, or None.
        start: where the agent stood when the scene was loaded, metres.
    """

    def __init__(self, metadata: Mapping[str, Any], width_px: int, height_px: int):
        self.width_px, self.height_px = width_px, height_px
        self.settings: dict[str, float] = {"gridSize": 0.25, "visibilityDistance": 1.5, "fieldOfView": 90.0}
        self.load(metadata)

    def load(self, metadata: Mapping[str, Any]) -> None:
        """Takes on a scene's state.

        Args:
            metadata: AI2-THOR metadata, checked by `scene.check_scene`; it is not changed.
        """
        self.scene = metadata
        self.objects: list[Item] = [dict(item) for item in metadata["objects"]]
        self._loaded = {item["objectId"]: item for item in self.objects}
        self._numbers = {item["objectId"]: number for number, item in enumerate(self.objects)}
        self.agent: Item = dict(metadata["agent"]) | {"name": "agent"}
        self.held = next((item["objectId"] for item in self.objects if item.get("isPickedUp")), None)
        self.start = dict(self.agent["position"])
        self._filled = {
            item["objectId"]: parts for item in self.objects if (parts := filled_boxes(item, self.objects))
        }
        self._fitted = fitted_shapes(metadata)
        self._structure = room_primitives(metadata)
        self._structure_points = points_on(self._structure)
        self._drawn: dict[int, tuple[Item, list[Primitive], Points]] = {}
        self._packed: tuple[Solids, Points] | None = None
        self.changed()

    # ---------------------------------------------------------------- things

    def __contains__(self, object_id: object) -> bool:
        return object_id in self._numbers

    def __getitem__(self, object_id: str) -> Item:
        return self.objects[self._numbers[object_id]]

    def number_of(self, object_id: str) -> int:
        """The index of an object in `objects`, which is its owner number in a view."""
        return self._numbers[object_id]

    def as_loaded(self, item: Item) -> bool:
        """Whether an object is where and as it was in the scene."""
        before = self._loaded.get(item["objectId"], {})
        return all(item.get(key) == before.get(key) for key in ("position", "isOpen", "openness", "isPickedUp"))

    def replace(self, object_id: str, **changes: Any) -> None:
        """Gives an object new values of some keys."""
        number = self._numbers[object_id]
        self.objects[number] = self.objects[number] | changes
        self._packed = None
        self.changed()

    def exchange(self, object_id: str, others: list[Item]) -> None:
        """Puts other objects into the place of one."""
        number = self._numbers[object_id]
        self.objects[number : number + 1] = others
        self._numbers = {item["objectId"]: number for number, item in enumerate(self.objects)}
        self._drawn, self._packed = {}, None
        self.changed()

    def shift(self, object_id: str, by_m: tuple[float, float, float]) -> None:
        """Moves an object and everything in or on it by (x, y, z) metres."""
        for name in (object_id, *self.contents(object_id)):
            self.replace(name, **moved(self[name], *by_m))

    def direct_contents(self, object_id: str) -> list[str]:
        """The objectIds that a receptacle lists."""
        return [name for name in self[object_id].get("receptacleObjectIds") or [] if name in self]

    def contents(self, object_id: str) -> list[str]:
        """What can be carried in or on an object, and in or on that, each once.

        Recordings list an egg in a pan twice, and a sink in a cup.
        """
        found: dict[str, None] = {}
        waiting = self.direct_contents(object_id)
        while waiting:
            name = waiting.pop(0)
            if name not in found and name != object_id and self[name]["pickupable"]:
                found[name] = None
                waiting += self.direct_contents(name)
        return list(found)

    def in_hand(self) -> list[str]:
        """What the hand holds, and what lies in or on it."""
        return [] if self.held is None else [self.held, *self.contents(self.held)]

    def solids(self, item: Item) -> list[Item]:
        """The boxes that an object fills, each as the object as it is now."""
        parts = self._filled.get(item["objectId"], ())
        return [item | {"axisAlignedBoundingBox": part["axisAlignedBoundingBox"]} for part in parts] or [item]

    # ---------------------------------------------------------------- the agent

    def set_agent(self, **changes: Any) -> None:
        """Gives the agent new values of some keys of AI2-THOR's `agent`."""
        self.agent = self.agent | changes
        self.changed()

    @property
    def camera(self) -> Camera:
        """The agent's eye."""
        body = self.agent["position"]
        height = body["y"] + CAMERA_ABOVE_BODY_M[bool(self.agent["isStanding"])]
        return Camera(
            (body["x"], height, body["z"]),
            self.agent["rotation"]["y"],
            self.agent["cameraHorizon"],
            self.settings["fieldOfView"],
            self.width_px,
            self.height_px,
        )

    def _carry(self) -> None:
        """Keeps a held thing, and what lies in it, before the camera."""
        if self.held is None:
            return
        ahead, camera = forward(self.agent["rotation"]["y"]), self.camera.position
        right = (ahead[1], -ahead[0])
        target = (
            camera[0] + ahead[0] * _HAND_M[2] + right[0] * _HAND_M[0],
            camera[1] + _HAND_M[1],
            camera[2] + ahead[1] * _HAND_M[2] + right[1] * _HAND_M[0],
        )
        center = self[self.held]["axisAlignedBoundingBox"]["center"]
        gap = [aim - center[axis] for aim, axis in zip(target, "xyz", strict=True)]
        if max(map(abs, gap)) > 1e-9:
            self.shift(self.held, (gap[0], gap[1], gap[2]))

    # ---------------------------------------------------------------- seeing

    def changed(self) -> None:
        """Forgets what is seen: something in view may be different now."""
        self._picture: Picture | None = None
        self._visible: frozenset[str] | None = None

    def primitives(self) -> list[Primitive]:
        """Everything to be drawn, each solid with the number of its object."""
        solids = list(self._structure)
        for number, item in enumerate(self.objects):
            kept = self._drawn.get(number)
            if kept is None or kept[0] is not item:
                told = self._fitted.get(item["objectId"], ())
                parts = [part for solid in self.solids(item) for part in object_primitives(solid, number, told)]
                kept = self._drawn[number] = item, parts, points_on(parts)
            solids += kept[1]
        return solids

    def picture(self) -> Picture:
        """What the camera sees; cast when it is read, once per state."""
        if self._picture is None:
            self._carry()
            self._picture = Picture(self.primitives(), self.camera)
        return self._picture

    def visible(self) -> frozenset[str]:
        """The objectIds of which a point is in sight and whose box is within visibilityDistance, horizontally.

        benchmarks/world.md holds this rule against the `visible` flag of recorded scenes.
        """
        if self._visible is None:
            self._carry()
            reach, body = self.settings["visibilityDistance"], self.agent["position"]
            seen = (self.objects[int(owner)] for owner in seen_owners(*self.sightlines(), self.camera))
            self._visible = frozenset(item["objectId"] for item in seen if distance_to_box(body, item) <= reach)
        return self._visible

    def sightlines(self) -> tuple[Solids, Points]:
        """All solids, and points on those of the objects that are not shut away; packed when an object has changed."""
        if self._packed is None:
            solids = self.primitives()
            hidden = shut_away([solid for item in self.objects for solid in self.solids(item)])
            shown = [number for number, item in enumerate(self.objects) if item["objectId"] not in hidden]
            points = [self._structure_points, *(self._drawn[number][2] for number in shown)]
            self._packed = solids_of(solids), joined(points)
        return self._packed
