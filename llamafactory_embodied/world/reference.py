"""The rules `reference`: what the reference evaluator allows and means, with the help that its entries give.

A type is what was seen so far, or what the entry allows from the start; it means the instance that the entry names,
else the first in the scene; one stops before what the entry is about, or where its authors set the pose by hand; reach
is whatever is in view and large enough; feedback never gives the simulator's reason. Where the reference works from
state that is out of date, or cannot go on, these rules work from the present state.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .agent import Agent
from .boxes import distance_to_box, forward
from .hints import NO_HINTS, Hints
from .legality import handleable
from .outcome import Outcome, refused
from .reference_pose import stand_for
from .rules import STEP_M, Rules, command
from .scene import Scene

_ASIDE_DEG = {"MoveRight": 90.0, "MoveLeft": -90.0, "MoveBack": 180.0}


class Reference(Rules):
    """The reference evaluator's rules."""

    name = "reference"
    reach_m = math.inf

    def __init__(self, agent: Agent):
        super().__init__(agent)
        self._hints = NO_HINTS

    def begin(self, scene: Scene, hints: Hints) -> Outcome:
        """Takes over with the help of a benchmark entry."""
        self._hints = hints
        first = super().begin(scene, hints)
        self._admit(hints.navigable)
        return first

    def learn(self, items: Iterable[Mapping[str, Any]]) -> None:
        """By type: whoever saw one may go to any."""
        self._admit({item["objectType"] for item in items})

    def _admit(self, types: Iterable[str]) -> None:
        admitted = set(types)
        objects = self.agent.metadata["objects"]
        self.known |= {item["objectId"]: item["objectType"] for item in objects if item["objectType"] in admitted}

    def level(self, horizon_deg: float) -> float:
        """One looks around as one looks now."""
        return horizon_deg

    def leads_to(self, target: str) -> str | None:
        """The instance that the entry means, of what may be gone to."""
        return self._meant(target)["objectId"] if target in self.known.values() else None

    def navigate(self, target: str) -> Outcome:
        """Goes to the instance that the entry means."""
        if target not in self.known.values():
            return self.absent(target, "not_navigable")
        item = self._meant(target)
        by_hand = self._hints.poses.get(item["objectId"])
        if not (self.agent.teleport(by_hand) if by_hand else stand_for(self.agent, self._stop_before(item))):
            return refused("unreachable")
        self.visited = [*self.visited, item["objectId"]]
        return self.arrived(item["objectId"])

    def _meant(self, target: str) -> Mapping[str, Any]:
        """The instance that the entry names; of two the second, while something is held; else the scene's first."""
        every: Sequence[Mapping[str, Any]] = self.agent.metadata["objects"]
        objects = [item for item in every if item["objectType"] == target]
        named = [name for name in self._hints.targets if any(item["objectId"] == name for item in objects)]
        if not named:
            return objects[0]
        return self.agent.object(named[1] if len(named) > 1 and self.agent.holds else named[0])

    def _stop_before(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the entry is about, where it lies on an open receptacle that is gone to."""
        inside = [] if item["openable"] else item.get("receptacleObjectIds") or []
        return next((self.agent.object(name) for name in self._hints.related if name in inside), item)

    def handle(self, name: str, target: str) -> Outcome:
        """Handles the instance that the entry means, if its type may be handled here."""
        if all(item["objectType"] != target for item in handleable(self.agent.metadata, self.current_contents())):
            return self.absent(target, "not_in_view")
        item = self._meant(target)
        if self.agent.do(command(name, item), objectId=item["objectId"]):
            return self.seen(item["objectId"])
        return self.unchanged(None, self.agent.error)

    def move_forward(self) -> Outcome:
        """Walks half a metre; aside or back where something is in the way, towards what the entry is about first."""
        for step in ("MoveAhead", *sorted(_ASIDE_DEG, key=self._gap_after)):
            if self.agent.do(step, moveMagnitude=STEP_M):
                return self.seen(None)
        return self.unchanged(None, self.agent.error)

    def _gap_after(self, step: str) -> float:
        """How far one would be, after a step aside, from the nearest thing that the entry is about."""
        here = self.agent.pose
        x, z = (STEP_M * part for part in forward(here.yaw_deg + _ASIDE_DEG[step]))
        there = {"x": here.x + x, "z": here.z + z}
        about = [item for item in self.agent.metadata["objects"] if item["objectId"] in self._hints.related]
        return min((distance_to_box(there, item) for item in about), default=0.0)
