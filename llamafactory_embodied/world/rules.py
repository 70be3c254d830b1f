"""What every set of rules does with the nine high-level actions; each decides what is allowed and what is meant."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ..errors import SimulatorError
from .action import TARGETED, Action
from .agent import Agent
from .hints import Hints
from .legality import navigable
from .outcome import Frame, Outcome, refused
from .pose import Pose
from .scene import Scene
from .sight import Sighting

STEP_M = 0.5
"""How far `move forward` goes, from the reference evaluator."""

_TURNS_DEG = {"left": -90.0, "right": 90.0, "back": 180.0}
_ID = re.compile(r"\b([A-Za-z]+)\|[-+|.\w]*\w")


class Rules(ABC):
    """One set of rules, in one room.

    Attributes:
        name: how records and tables call it.
        reach_m: how far away, horizontally, what is in view may be to be handled.
        known: objectId -> objectType of what may be gone to.
        visited: the objectIds gone to, the latest last.
        surveyed: whether the agent has looked around where it stands.
    """

    name: ClassVar[str]
    reach_m: ClassVar[float]

    def __init__(self, agent: Agent):
        self.agent = agent
        self.known: dict[str, str] = {}
        self.visited: list[str] = []
        self.surveyed = False

    def begin(self, scene: Scene, hints: Hints) -> Outcome:
        """Takes over where the agent has just entered a scene."""
        self.known, self.visited, self.surveyed = {}, [], False
        return self.seen(None)

    def step(self, action: Action) -> Outcome:
        """Performs one action; `end` only looks once more."""
        if action.name == "observe":
            return self._observe()
        if action.name == "move forward":
            self.surveyed = False
            return self.move_forward()
        if action.name == "end":
            return self.seen(None)
        if action.name not in TARGETED or action.target is None:
            return refused("unparseable")
        if action.name == "navigate to":
            return self.navigate(action.target)
        return self.handle(action.name, action.target)

    @abstractmethod
    def navigate(self, target: str) -> Outcome:
        """Goes to an object of a type."""

    @abstractmethod
    def handle(self, name: str, target: str) -> Outcome:
        """Picks up, puts, opens, closes or toggles an object of a type."""

    @abstractmethod
    def move_forward(self) -> Outcome:
        """Walks half a metre."""

    @abstractmethod
    def level(self, horizon_deg: float) -> float:
        """The horizon at which one looks around."""

    def leads_to(self, target: str) -> str | None:
        """The objectId that going to a type leads to; None where that depends on what was seen and visited."""
        return None

    def learn(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Takes in what is in view and may be gone to."""
        self.known |= {item["objectId"]: item["objectType"] for item in items}

    # ---------------------------------------------------------------- what all rules do

    def seen(self, object_id: str | None) -> Outcome:
        """An action that happened."""
        frame, sights = self._look()
        return Outcome(True, True, None, "", (frame,), (sights,), object_id)

    def unchanged(self, feedback: str | None, reason: str = "") -> Outcome:
        """A legal action that did not happen: the agent sees what it saw before."""
        frame, sights = self._look()
        return Outcome(True, False, feedback, _ID.sub(r"\1", reason), (frame,), (sights,))

    def arrived(self, object_id: str) -> Outcome:
        """The agent stands where it wanted to go."""
        self.surveyed = False
        return self.seen(object_id)

    def absent(self, target: str, present: str) -> Outcome:
        """A refusal: the room has no such thing, or else what `present` says."""
        there = any(item["objectType"] == target for item in self.agent.metadata["objects"])
        return refused(present if there else "unknown_object")

    def current_contents(self) -> list[str]:
        """The objectIds in or on the receptacle that was gone to last."""
        return list(self.agent.object(self.visited[-1]).get("receptacleObjectIds") or []) if self.visited else []

    def _look(self) -> tuple[Frame, tuple[Sighting, ...]]:
        self.learn(navigable(self.agent.metadata))
        return self.agent.look()

    def _observe(self) -> Outcome:
        home = self.agent.pose
        horizon = self.level(home.horizon_deg)
        turns = [Pose(home.x, home.z, (home.yaw_deg + turn) % 360, horizon) for turn in _TURNS_DEG.values()]
        standing = bool(self.agent.metadata["agent"]["isStanding"])
        looks = [self._look() for turn in turns if self.agent.teleport(turn, standing)]
        if not self.agent.teleport(home, standing):
            raise SimulatorError(f"The agent cannot turn back to where it looked before: {self.agent.error}")
        if len(looks) < len(turns):  # Unity lets a held thing not pass through another
            return self.unchanged("blocked")
        self.surveyed = True
        return Outcome(True, True, None, "", tuple(look[0] for look in looks), tuple(look[1] for look in looks))


def command(name: str, item: Mapping[str, Any]) -> str:
    """AI2-THOR's name of what a high-level action does to an object."""
    if name == "toggle":
        return "ToggleObjectOff" if item["isToggled"] else "ToggleObjectOn"
    return {"pickup": "PickupObject", "put": "PutObject", "open": "OpenObject", "close": "CloseObject"}[name]
