"""The household: what an agent's nine high-level actions do, when they are allowed, and what they answer.

It speaks to AI2-THOR's Controller alone, so Unity and the embedded simulator serve alike. Which rules hold is a
setting: `unaided` (world/unaided.py), or `reference` (world/reference.py), those of the reference evaluator.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..errors import SettingsError
from .action import Action
from .agent import Agent
from .controller import FrameSettings
from .hints import NO_HINTS, Hints
from .outcome import Outcome
from .reference import Reference
from .rules import Rules
from .scene import Scene
from .unaided import Unaided

RULES: Mapping[str, type[Rules]] = MappingProxyType({rules.name: rules for rules in (Unaided, Reference)})
"""The rule sets by name."""


class Household:
    """One agent in one room under one set of rules.

    Attributes:
        agent: its body.
        rules: what is allowed, and what is meant.
    """

    def __init__(self, controller: Any, frame: FrameSettings, backend: str = "embedded", rules: str = "unaided"):
        """Sets up.

        Args:
            controller: AI2-THOR's, from `open_controller`.
            frame: what the controller was opened with.
            backend: likewise.
            rules: a name of `RULES`.

        Raises:
            SettingsError: there is no such set of rules.
        """
        if rules not in RULES:
            raise SettingsError(f"rules={rules!r} is unknown; choose one of {', '.join(RULES)}.")
        self.controller, self.frame, self.backend = controller, frame, backend
        self.agent = Agent(controller, frame, backend)
        self.rules = RULES[rules](self.agent)

    def reset(self, scene: Scene, hints: Hints = NO_HINTS) -> Outcome:
        """Opens a scene and puts the agent into a corner, looking inward.

        Args:
            scene: the room.
            hints: what the rules may know of the task; `unaided` ignores them.

        Raises:
            SceneError: nobody can stand in the room, or the backend does not have it.
            SimulatorError: the simulator failed.
        """
        self.agent.enter(scene)
        return self.rules.begin(scene, hints)

    def step(self, action: Action) -> Outcome:
        """Performs one action; `end` only looks once more.

        Raises:
            SimulatorError: the simulator failed; never because of the action.
        """
        return self.rules.step(action)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The simulator's present state. All-knowing: for judging and planning, never for an agent."""
        return self.agent.metadata

    @property
    def known(self) -> Mapping[str, str]:
        """What may be gone to: objectId -> objectType."""
        return self.rules.known

    @property
    def visited(self) -> list[str]:
        """The objectIds gone to, the latest last; a long worktop once for each of its stretches."""
        return self.rules.visited

    @property
    def surveyed(self) -> bool:
        """Whether the agent has looked around where it stands."""
        return self.rules.surveyed
