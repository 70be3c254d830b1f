"""The household: what an agent's nine high-level actions do, when they are allowed, and what they answer.

This is the only place that knows. It speaks to AI2-THOR's Controller alone, so Unity and the embedded simulator serve
alike. The rules are named `unaided`: nothing here uses knowledge that the frames did not show. A type with several
instances means the nearest one in view, and, asked again, the next one not yet visited; reach is 1.5 m.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import SceneError, SimulatorError
from .action import TARGETED, Action
from .boxes import distance_to_box
from .controller import FrameSettings
from .legality import REACH_M, handleable, navigable
from .pose import Pose, corner_pose, poses_for
from .scene import Scene
from .sight import Sighting, sightings

RULES = "unaided"
STEP_M = 0.5
"""How far `move forward` goes, from the reference evaluator."""

Frame = npt.NDArray[np.uint8]

_TURNS_DEG = {"left": -90.0, "right": 90.0, "back": 180.0}
_ID = re.compile(r"\b([A-Za-z]+)\|[-+|.\w]+")

FEEDBACK = (
    "unknown_object",
    "not_navigable",
    "not_in_view",
    "too_far",
    "unreachable",
    "blocked",
    "failed",
    "unparseable",
)
"""Why an action did not happen; the words for each are in the prompt set."""


@dataclass(frozen=True)
class Outcome:
    """What an action came to.

    Attributes:
        legal: whether the rules allowed it.
        success: whether it happened.
        feedback: one of `FEEDBACK`, or None when it happened.
        reason: the simulator's own words for a failure, with types in place of ids.
        frames: what the agent sees after it [height, width, 3], RGB; `observe` gives left, right and back; none when
            the action was not legal.
        sights: what each frame shows.
        object_id: the instance that was acted on.
    """

    legal: bool
    success: bool
    feedback: str | None
    reason: str
    frames: tuple[Frame, ...]
    sights: tuple[tuple[Sighting, ...], ...]
    object_id: str | None = None


class Household:
    """One agent in one room, over any AI2-THOR Controller.

    Attributes:
        known: objectId -> objectType of what may be gone to: all that was seen so far, large and near enough.
        visited: objectIds gone to, the latest last.
        surveyed: whether the agent has looked around where it stands.
    """

    def __init__(self, controller: Any, frame: FrameSettings, backend: str = "embedded"):
        self.controller, self.frame, self.backend = controller, frame, backend
        self._positions: list[dict[str, float]] = []
        self.known: dict[str, str] = {}
        self.visited: list[str] = []
        self.surveyed = False

    def reset(self, scene: Scene) -> Outcome:
        """Opens a scene and puts the agent into a corner, looking inward.

        Raises:
            SceneError: nobody can stand in the room, or the backend does not have it.
            SimulatorError: the simulator failed.
        """
        if self.backend == "embedded":
            self.controller.reset(scene.metadata)
        elif scene.generated:
            raise SceneError(f"{scene.name} is a generated room; it opens on the embedded backend only.")
        else:
            self.controller.reset(scene.name)
        self._positions = self._step("GetReachablePositions").metadata["actionReturn"] or []
        if not self._positions:
            raise SceneError(f"{scene.source}: the agent finds no free position in {scene.name}.")
        if not self._teleport(corner_pose(self.metadata, self._positions)):
            raise SimulatorError(f"{scene.name}: the agent cannot be put into its corner: {self._error()}")
        self.known, self.visited, self.surveyed = {}, [], False
        return self._seen(None)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The simulator's present state. All-knowing: for judging and planning, never for an agent."""
        state: Mapping[str, Any] = self.controller.last_event.metadata
        return state

    def step(self, action: Action) -> Outcome:
        """Performs one action; `end` only looks once more.

        Raises:
            SimulatorError: the simulator failed; never because of the action.
        """
        if action.name == "observe":
            return self._observe()
        if action.name == "move forward":
            return self._move_forward()
        if action.name == "end":
            return self._seen(None)
        if action.name not in TARGETED or action.target is None:
            return _refused("unparseable")
        if action.name == "navigate to":
            return self._navigate(action.target)
        return self._interact(action.name, action.target)

    # ---------------------------------------------------------------- looking

    def _seen(self, object_id: str | None) -> Outcome:
        frame, sights = self._look()
        return Outcome(True, True, None, "", (frame,), (sights,), object_id)

    def _look(self) -> tuple[Frame, tuple[Sighting, ...]]:
        """Reads the present frame and remembers what may be gone to."""
        event = self.controller.last_event
        self.known |= {item["objectId"]: item["objectType"] for item in navigable(event.metadata)}
        return np.asarray(event.frame), sightings(event, self.frame.seen_px)

    def _observe(self) -> Outcome:
        home = self._pose()
        looks = []
        for turn in _TURNS_DEG.values():
            self._teleport(Pose(home.x, home.z, (home.yaw_deg + turn) % 360, 0.0))
            looks.append(self._look())
        self._teleport(home)
        self.surveyed = True
        return Outcome(True, True, None, "", tuple(look[0] for look in looks), tuple(look[1] for look in looks))

    # ---------------------------------------------------------------- moving

    def _move_forward(self) -> Outcome:
        self.surveyed = False
        event = self._step("MoveAhead", moveMagnitude=STEP_M)
        return self._seen(None) if event.metadata["lastActionSuccess"] else self._unchanged("blocked")

    def _navigate(self, target: str) -> Outcome:
        instances = [object_id for object_id, kind in self.known.items() if kind == target]
        if not instances:
            present = any(item["objectType"] == target for item in self.metadata["objects"])
            return _refused("not_navigable" if present else "unknown_object")
        home = self._pose()
        for object_id in self._preferred(instances):
            for pose in poses_for(self._object(object_id), self._positions, self.frame.fov_deg, self._aspect):
                if self._teleport(pose) and self._object(object_id)["visible"]:
                    self.surveyed = False
                    self.visited = [other for other in self.visited if other != object_id] + [object_id]
                    return self._seen(object_id)
        self._teleport(home)
        return self._unchanged("unreachable")

    @property
    def _aspect(self) -> float:
        return self.frame.width_px / self.frame.height_px

    def _preferred(self, instances: Sequence[str]) -> list[str]:
        """Instances in the order in which the agent means them: not yet visited, in view, near."""
        agent = self.metadata["agent"]["position"]

        def order(object_id: str) -> tuple[int, bool, float, str]:
            item = self._object(object_id)
            turn = self.visited.index(object_id) + 1 if object_id in self.visited else 0
            return turn, not item["visible"], distance_to_box(agent, item), object_id

        return sorted(instances, key=order)

    # ---------------------------------------------------------------- handling

    def _interact(self, name: str, target: str) -> Outcome:
        in_view = [item for item in self.metadata["objects"] if item["visible"] and item["objectType"] == target]
        allowed = [
            item for item in handleable(self.metadata, self._current_contents()) if item["objectType"] == target
        ]
        agent = self.metadata["agent"]["position"]
        near = [item for item in allowed if distance_to_box(agent, item) <= REACH_M]
        if not near:
            present = any(item["objectType"] == target for item in self.metadata["objects"])
            return _refused("too_far" if in_view else "not_in_view" if present else "unknown_object")
        item = min(near, key=lambda one: self._handling_order(name, one))
        event = self._step(_command(name, item), objectId=item["objectId"])
        if event.metadata["lastActionSuccess"]:
            return self._seen(item["objectId"])
        return self._unchanged("failed", _ID.sub(r"\1", event.metadata["errorMessage"]))

    def _handling_order(self, name: str, item: Mapping[str, Any]) -> tuple[bool, bool, bool, float, str]:
        """Prefers what the action can change, then the receptacle gone to and its contents, then the nearest."""
        wanted_open = {"open": False, "close": True}.get(name)
        useless = wanted_open is not None and bool(item["isOpen"]) != wanted_open
        contents, current = self._current_contents(), self.visited[-1] if self.visited else None
        distance = distance_to_box(self.metadata["agent"]["position"], item)
        return useless, item["objectId"] != current, item["objectId"] not in contents, distance, item["objectId"]

    def _current_contents(self) -> list[str]:
        if not self.visited:
            return []
        return list(self._object(self.visited[-1]).get("receptacleObjectIds") or [])

    # ---------------------------------------------------------------- the controller

    def _unchanged(self, feedback: str, reason: str = "") -> Outcome:
        """A legal action that did not happen: the agent sees what it saw before."""
        frame, sights = self._look()
        return Outcome(True, False, feedback, reason, (frame,), (sights,))

    def _object(self, object_id: str) -> Mapping[str, Any]:
        for item in self.metadata["objects"]:
            if item["objectId"] == object_id:
                found: Mapping[str, Any] = item
                return found
        raise SimulatorError(f"{object_id} vanished from the scene {self.metadata['sceneName']}.")

    def _pose(self) -> Pose:
        agent = self.metadata["agent"]
        return Pose(agent["position"]["x"], agent["position"]["z"], agent["rotation"]["y"], agent["cameraHorizon"])

    def _teleport(self, pose: Pose) -> bool:
        height = self.metadata["agent"]["position"]["y"]
        event = self._step(
            "TeleportFull",
            position={"x": pose.x, "y": height, "z": pose.z},
            rotation={"x": 0.0, "y": pose.yaw_deg, "z": 0.0},
            horizon=pose.horizon_deg,
            standing=True,
        )
        return bool(event.metadata["lastActionSuccess"])

    def _error(self) -> str:
        return str(self.metadata["errorMessage"])

    def _step(self, name: str, **arguments: Any) -> Any:
        try:
            return self.controller.step(action=name, **arguments)
        except (RuntimeError, TimeoutError, ValueError, OSError) as error:
            raise SimulatorError(f"The simulator failed at {name}: {type(error).__name__}: {error}") from error


def _refused(feedback: str) -> Outcome:
    return Outcome(False, False, feedback, "", (), ())


def _command(name: str, item: Mapping[str, Any]) -> str:
    if name == "toggle":
        return "ToggleObjectOff" if item["isToggled"] else "ToggleObjectOn"
    return {"pickup": "PickupObject", "put": "PutObject", "open": "OpenObject", "close": "CloseObject"}[name]
