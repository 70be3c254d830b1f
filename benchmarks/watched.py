"""A household that notes independently what its frames show."""

from typing import Any

from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.scene import Scene


class Watched(Household):
    """Notes, look by look, every type of which AI2-THOR's own masks show at least one pixel."""

    def __init__(self, frame: FrameSettings, rules: str = "unaided"):
        super().__init__(open_controller("embedded", frame), frame, rules=rules)
        self.looks: list[set[str]] = []
        self._agents_look, self.agent.look = self.agent.look, self._watch

    def reset(self, scene: Scene, *more: Any) -> Any:
        self.looks = []
        return super().reset(scene, *more)

    def note(self, event: Any) -> None:
        """Keeps what an event shows."""
        types = {item["objectId"]: item["objectType"] for item in event.metadata["objects"]}
        self.looks.append({types[name] for name in event.instance_masks})

    def _watch(self) -> Any:
        self.note(self.controller.last_event)
        return self._agents_look()
