"""The rules `unaided`: nothing here uses knowledge that the frames did not show.

A type with several instances means the nearest one in view, and, asked again, the next one not yet visited; reach is
1.5 m; feedback gives the true reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .agent import Agent
from .boxes import distance_to_box
from .hints import Hints
from .legality import REACH_M, handleable
from .outcome import Outcome, refused
from .pose import poses_for
from .rules import STEP_M, Rules, command
from .scene import Scene
from .surfaces import Rectangle, facing_free_side, stretches, with_footprint


class Stop(NamedTuple):
    """Where one goes when one goes to an object.

    Attributes:
        object_id: the object.
        area: the stretch of it, for one that is too long to be seen and reached from one place.
    """

    object_id: str
    area: Rectangle | None = None


class Unaided(Rules):
    """No privileged help; a long worktop is visited stretch by stretch."""

    name = "unaided"
    reach_m = REACH_M

    def __init__(self, agent: Agent):
        super().__init__(agent)
        self._stops: list[Stop] = []
        self._generated = False

    def begin(self, scene: Scene, hints: Hints) -> Outcome:
        """Takes over; the hints are for others."""
        self._stops, self._generated = [], scene.generated
        return super().begin(scene, hints)

    def level(self, horizon_deg: float) -> float:
        """One looks around with a level gaze."""
        return 0.0

    # ---------------------------------------------------------------- moving

    def move_forward(self) -> Outcome:
        """Walks half a metre, or not at all."""
        return self.seen(None) if self.agent.do("MoveAhead", moveMagnitude=STEP_M) else self.unchanged("blocked")

    def navigate(self, target: str) -> Outcome:
        """Goes to the instance that is meant, as far as instances have been seen."""
        instances = [object_id for object_id, kind in self.known.items() if kind == target]
        if not instances:
            return self.absent(target, "not_navigable")
        home = self.agent.pose
        for stop in self._preferred(instances):
            if self._go(stop):
                self._stops = [other for other in self._stops if other != stop] + [stop]
                self.visited = [one.object_id for one in self._stops]
                return self.arrived(stop.object_id)
        self.agent.teleport(home)
        return self.unchanged("unreachable")

    def _go(self, stop: Stop) -> bool:
        """Stands before a stop so that the object is seen; where that fails the agent stands wherever it tried."""
        item, frame = self._standing_for(stop), self.agent.frame
        for pose in poses_for(item, self.agent.positions, frame.fov_deg, frame.width_px / frame.height_px):
            if self.agent.teleport(pose) and self.agent.object(stop.object_id)["visible"]:
                return True
        return False

    def _standing_for(self, stop: Stop) -> Mapping[str, Any]:
        """The part of an object that a stop is about, as an object."""
        item = self.agent.object(stop.object_id)
        part = item if stop.area is None else with_footprint(item, stop.area)
        return part if self._generated else facing_free_side(part, self.agent.positions)

    def _preferred(self, instances: Sequence[str]) -> list[Stop]:
        """Stops in the order in which the agent means them: not yet visited, in view, near."""
        turns = {stop: turn for turn, stop in enumerate(self._stops, start=1)}

        def order(stop: Stop) -> tuple[int, bool, float, str, Sequence[float]]:
            part = self._standing_for(stop)
            return (
                turns.get(stop, 0),
                not part["visible"],
                distance_to_box(self.agent.position, part),
                stop.object_id,
                stop.area or (),
            )

        return sorted((stop for object_id in instances for stop in self._stops_at(object_id)), key=order)

    def _stops_at(self, object_id: str) -> list[Stop]:
        item = self.agent.object(object_id)
        parts = stretches(item, self.agent.metadata["objects"])
        return [Stop(object_id, part) for part in parts] if len(parts) > 1 else [Stop(object_id)]

    # ---------------------------------------------------------------- handling

    def handle(self, name: str, target: str) -> Outcome:
        """Handles the instance in view and reach that is meant."""
        metadata = self.agent.metadata
        allowed = [item for item in handleable(metadata, self.current_contents()) if item["objectType"] == target]
        near = [item for item in allowed if distance_to_box(self.agent.position, item) <= REACH_M]
        if not near:
            seen = [item for item in metadata["objects"] if item["visible"] and item["objectType"] == target]
            reached = any(distance_to_box(self.agent.position, item) <= REACH_M for item in seen)
            return refused("too_far") if seen and not reached else self.absent(target, "not_in_view")
        item = min(near, key=lambda one: self._handling_order(name, one))
        if self.agent.do(command(name, item), objectId=item["objectId"]):
            return self.seen(item["objectId"])
        return self.unchanged("failed", self.agent.error)

    def _handling_order(self, name: str, item: Mapping[str, Any]) -> tuple[bool, bool, bool, float, str]:
        """Prefers what the action can change, then the receptacle gone to and its contents, then the nearest."""
        wanted_open = {"open": False, "close": True}.get(name)
        useless = wanted_open is not None and bool(item["isOpen"]) != wanted_open
        contents, current = self.current_contents(), self.visited[-1] if self.visited else None
        distance = distance_to_box(self.agent.position, item)
        return useless, item["objectId"] != current, item["objectId"] not in contents, distance, item["objectId"]
