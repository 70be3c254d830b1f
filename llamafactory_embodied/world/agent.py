"""The agent's body in one room, over any AI2-THOR Controller: where it stands, what it does, what it sees."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import EmbodiedError, SceneError, SimulatorError
from .controller import FrameSettings
from .outcome import Frame
from .pose import Pose, corner_pose
from .scene import Scene
from .sight import Sighting, sightings

_ANSWERED = ("objects", "agent", "lastActionSuccess", "errorMessage", "actionReturn", "inventoryObjects")


class Agent:
    """One agent in one room.

    Attributes:
        positions: where it can stand, AI2-THOR's reachable positions.
    """

    def __init__(self, controller: Any, frame: FrameSettings, backend: str):
        self.controller, self.frame, self.backend = controller, frame, backend
        self.positions: list[dict[str, float]] = []

    def enter(self, scene: Scene) -> None:
        """Opens a scene and stands in a corner, looking inward.

        Raises:
            SceneError: nobody can stand in the room, or the backend does not have it.
            SimulatorError: the simulator failed.
        """
        if self.backend != "embedded" and scene.generated:
            raise SceneError(f"{scene.name} is a generated room; it opens on the embedded backend only.")
        opened = scene.metadata if self.backend == "embedded" else scene.name
        self._ask("reset", lambda: self.controller.reset(opened))
        self.positions = self.ask("GetReachablePositions") or []
        if not self.positions:
            raise SceneError(f"{scene.source}: the agent finds no free position in {scene.name}.")
        if not self.teleport(corner_pose(self.metadata, self.positions)):
            raise SimulatorError(f"{scene.name}: the agent cannot be put into its corner: {self.error}")

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The simulator's present state. All-knowing: for judging and planning, never for an agent."""
        state: Mapping[str, Any] = self.controller.last_event.metadata
        return state

    @property
    def position(self) -> Mapping[str, float]:
        """Of its body, metres."""
        where: Mapping[str, float] = self.metadata["agent"]["position"]
        return where

    @property
    def pose(self) -> Pose:
        """Where it stands and looks."""
        agent = self.metadata["agent"]
        return Pose(agent["position"]["x"], agent["position"]["z"], agent["rotation"]["y"], agent["cameraHorizon"])

    @property
    def holds(self) -> bool:
        """Whether something is in its hand."""
        return bool(self.metadata["inventoryObjects"])

    @property
    def error(self) -> str:
        """The simulator's words for what failed last; empty when it happened."""
        return str(self.metadata["errorMessage"])

    def object(self, object_id: str) -> Mapping[str, Any]:
        """An object's present metadata."""
        for item in self.metadata["objects"]:
            if item["objectId"] == object_id:
                found: Mapping[str, Any] = item
                return found
        raise SimulatorError(f"{object_id} vanished from the scene {self.metadata['sceneName']}.")

    def look(self) -> tuple[Frame, tuple[Sighting, ...]]:
        """The present frame [height, width, 3] and what it shows."""
        event = self.controller.last_event
        return np.asarray(event.frame), sightings(event, self.frame.seen_px)

    def teleport(self, pose: Pose, standing: bool = True) -> bool:
        """Stands at a pose; whether that went well."""
        where = {"x": pose.x, "y": self.position["y"], "z": pose.z}
        turned = {"x": 0.0, "y": pose.yaw_deg, "z": 0.0}
        return self.do("TeleportFull", position=where, rotation=turned, horizon=pose.horizon_deg, standing=standing)

    def do(self, name: str, **arguments: Any) -> bool:
        """One of AI2-THOR's actions; whether it happened."""
        event = self._ask(name, lambda: self.controller.step(action=name, **arguments))
        return bool(event.metadata["lastActionSuccess"])

    def ask(self, name: str, **arguments: Any) -> Any:
        """What one of AI2-THOR's actions returns."""
        return self._ask(name, lambda: self.controller.step(action=name, **arguments)).metadata["actionReturn"]

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
