"""The household: what an agent's nine high-level actions do, when they are allowed, and what they answer.

This is the only place that knows. It speaks to AI2-THOR's Controller alone, so Unity and the embedded simulator serve
alike. The rules are named `unaided`: nothing here uses knowledge that the frames did not show. A type with several
instances means the nearest one in view, and, asked again, the next one not yet visited; reach is 1.5 m.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import EmbodiedError, SceneError, SimulatorError
from .action import TARGETED, Action
from .boxes import distance_to_box
from .controller import FrameSettings
from .legality import REACH_M, handleable, navigable
from .pose import Pose, corner_pose, poses_for
from .scene import Scene
from .sight import Sighting, sightings
from .surfaces import Rectangle, facing_free_side, stretches, with_footprint

RULES = "unaided"
STEP_M = 0.5
"""How far `move forward` goes, from the reference evaluator."""

Frame = npt.NDArray[np.uint8]

_TURNS_DEG = {"left": -90.0, "right": 90.0, "back": 180.0}
_ANSWERED = ("objects", "agent", "lastActionSuccess", "errorMessage", "actionReturn", "inventoryObjects")
_ID = re.compile(r"\b([A-Za-z]+)\|[-+|.\w]*\w")

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


class Stop(NamedTuple):
    """Where one goes when one goes to an object.

    Attributes:
        object_id: the object.
        area: the stretch of it, for one that is too long to be seen and reached from one place.
    """

    object_id: str
    area: Rectangle | None = None


class Household:
    """One agent in one room, over any AI2-THOR Controller.

    Attributes:
        known: objectId -> objectType of what may be gone to: all that was seen so far, large and near enough.
        surveyed: whether the agent has looked around where it stands.
    """

    def __init__(self, controller: Any, frame: FrameSettings, backend: str = "embedded"):
        self.controller, self.frame, self.backend = controller, frame, backend
        self._positions: list[dict[str, float]] = []
        self.known: dict[str, str] = {}
        self._stops: list[Stop] = []
        self._generated = False
        self.surveyed = False

    def reset(self, scene: Scene) -> Outcome:
        """Opens a scene and puts the agent into a corner, looking inward.

        Raises:
            SceneError: nobody can stand in the room, or the backend does not have it.
            SimulatorError: the simulator failed.
        """
        if self.backend != "embedded" and scene.generated:
            raise SceneError(f"{scene.name} is a generated room; it opens on the embedded backend only.")
        opened = scene.metadata if self.backend == "embedded" else scene.name
        self._ask("reset", lambda: self.controller.reset(opened))
        self._positions = self._step("GetReachablePositions").metadata["actionReturn"] or []
        if not self._positions:
            raise SceneError(f"{scene.source}: the agent finds no free position in {scene.name}.")
        if not self._teleport(corner_pose(self.metadata, self._positions)):
            raise SimulatorError(f"{scene.name}: the agent cannot be put into its corner: {self._error()}")
        self.known, self._stops, self.surveyed, self._generated = {}, [], False, scene.generated
        return self._seen(None)

    @property
    def visited(self) -> list[str]:
        """The objectIds gone to, the latest last; a long worktop once for each of its stretches."""
        return [stop.object_id for stop in self._stops]

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
        turns = [Pose(home.x, home.z, (home.yaw_deg + turn) % 360, 0.0) for turn in _TURNS_DEG.values()]
        looks = [self._look() for turn in turns if self._teleport(turn)]
        if not self._teleport(home):
            raise SimulatorError(f"The agent cannot turn back to where it looked before: {self._error()}")
        if len(looks) < len(turns):  # Unity lets a held thing not pass through another
            return self._unchanged("blocked")
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
        for stop in self._preferred(instances):
            if self._go(stop):
                self.surveyed = False
                self._stops = [other for other in self._stops if other != stop] + [stop]
                return self._seen(stop.object_id)
        self._teleport(home)
        return self._unchanged("unreachable")

    def _go(self, stop: Stop) -> bool:
        """Stands before a stop so that the object is seen; where that fails the agent stands wherever it tried."""
        item = self._standing_for(stop)
        for pose in poses_for(item, self._positions, self.frame.fov_deg, self._aspect):
            if self._teleport(pose) and self._object(stop.object_id)["visible"]:
                return True
        return False

    def _standing_for(self, stop: Stop) -> Mapping[str, Any]:
        """The part of an object that a stop is about, as an object."""
        item = self._object(stop.object_id)
        part = item if stop.area is None else with_footprint(item, stop.area)
        return part if self._generated else facing_free_side(part, self._positions)

    @property
    def _aspect(self) -> float:
        return self.frame.width_px / self.frame.height_px

    def _preferred(self, instances: Sequence[str]) -> list[Stop]:
        """Stops in the order in which the agent means them: not yet visited, in view, near."""
        agent = self.metadata["agent"]["position"]
        turns = {stop: turn for turn, stop in enumerate(self._stops, start=1)}

        def order(stop: Stop) -> tuple[int, bool, float, str, Sequence[float]]:
            part = self._standing_for(stop)
            return (
                turns.get(stop, 0),
                not part["visible"],
                distance_to_box(agent, part),
                stop.object_id,
                stop.area or (),
            )

        return sorted((stop for object_id in instances for stop in self._stops_at(object_id)), key=order)

    def _stops_at(self, object_id: str) -> list[Stop]:
        item = self._object(object_id)
        parts = stretches(item, self.metadata["objects"])
        return [Stop(object_id, part) for part in parts] if len(parts) > 1 else [Stop(object_id)]

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
        return self._ask(name, lambda: self.controller.step(action=name, **arguments))

    def _ask(self, what: str, call: Callable[[], Any]) -> Any:
        """One call of the simulator.

        Raises:
            SceneError: the scene cannot be opened.
            SimulatorError: the simulator failed or answered something that is no event.
        """
        try:
            event = call()
            missing = [key for key in _ANSWERED if key not in event.metadata]
        except EmbodiedError:
            raise
        except Exception as error:  # ai2thor raises whatever its Unity process hit: this is the boundary
            raise SimulatorError(f"The simulator failed at {what}: {type(error).__name__}: {error}") from error
        if missing:
            raise SimulatorError(f"The simulator's answer to {what} lacks {', '.join(missing)}; restart it.")
        return event


def _refused(feedback: str) -> Outcome:
    return Outcome(False, False, feedback, "", (), ())


def _command(name: str, item: Mapping[str, Any]) -> str:
    if name == "toggle":
        return "ToggleObjectOff" if item["isToggled"] else "ToggleObjectOn"
    return {"pickup": "PickupObject", "put": "PutObject", "open": "OpenObject", "close": "CloseObject"}[name]
