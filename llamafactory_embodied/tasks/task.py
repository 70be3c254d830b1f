"""What is asked of an agent, and when it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import TaskError
from ..world.legality import REACH_M
from ..world.sight import Sighting

MAX_STEPS = {"single_search": 22, "single_pickup_from_closerep": 24, "pickup_and_put": 30}
"""Steps an agent may take, by task type; the reference evaluator's limits."""

REPEATS = 4
"""The fourth identical action in a row ends an episode, as in the reference evaluator."""

GOAL_KINDS = ("in_view", "held", "placed")


@dataclass(frozen=True)
class KeyAction:
    """One step of the shortest way to the goal.

    Attributes:
        action: a name of `world.action.ACTION_NAMES`.
        object_type: AI2-THOR's objectType, empty for `end`.
        object_id: AI2-THOR's objectId, empty for `end`.
    """

    action: str
    object_type: str = ""
    object_id: str = ""


@dataclass(frozen=True)
class Goal:
    """A predicate on the state at the agent's own `end`.

    Attributes:
        kind: `in_view` (in the last frame and within 1.5 m), `held`, or `placed` (in or on a destination, hand empty).
        object_type: what must be seen, held or placed.
        destination_type: where it must be placed; any instance will do.
    """

    kind: str
    object_type: str
    destination_type: str | None = None

    def holds(self, metadata: Mapping[str, Any], sights: Sequence[Sighting]) -> bool:
        """Whether the goal is met.

        Args:
            metadata: AI2-THOR metadata of the final state.
            sights: what the last frame shows.
        """
        held = [entry["objectType"] for entry in metadata["inventoryObjects"]]
        if self.kind == "in_view":
            return any(sight.object_type == self.object_type and sight.distance_m <= REACH_M for sight in sights)
        if self.kind == "held":
            return self.object_type in held
        destinations = {
            item["objectId"] for item in metadata["objects"] if item["objectType"] == self.destination_type
        }
        placed = any(
            item["objectType"] == self.object_type and destinations.intersection(item.get("parentReceptacles") or ())
            for item in metadata["objects"]
        )
        return placed and not held


@dataclass(frozen=True)
class Task:
    """One thing to do in one scene.

    Attributes:
        id: unique and stable: type, scene and target.
        type: the reference system's name, such as `single_search`.
        scene: the scene's name.
        instruction: what the agent is told.
        target_type: the object sought or handled.
        target_ids: its instances.
        destination_type: where it goes, for transports.
        key_actions: the shortest way, as the reference system writes it.
        goals: all must hold at the end.
        max_steps: how many actions the agent may take.
    """

    id: str
    type: str
    scene: str
    instruction: str
    target_type: str
    target_ids: tuple[str, ...]
    destination_type: str | None
    key_actions: tuple[KeyAction, ...]
    goals: tuple[Goal, ...]
    max_steps: int

    def to_json(self) -> dict[str, Any]:
        """The task as an episode record holds it: mappings, lists and scalars."""
        return asdict(self, dict_factory=_plain)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Task":
        """The inverse of `to_json`.

        Raises:
            TaskError: a field is missing, or a goal's kind is unknown.
        """
        try:
            task = cls(
                **{name: value[name] for name in ("id", "type", "scene", "instruction", "target_type")},
                destination_type=value["destination_type"],
                target_ids=tuple(value["target_ids"]),
                key_actions=tuple(KeyAction(**entry) for entry in value["key_actions"]),
                goals=tuple(Goal(**entry) for entry in value["goals"]),
                max_steps=int(value["max_steps"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TaskError(f"Not a task: {error!r} in {str(value)[:200]}.") from error
        unknown = [goal.kind for goal in task.goals if goal.kind not in GOAL_KINDS]
        if unknown:
            raise TaskError(f"Task {task.id}: unknown goal kind {unknown[0]!r}; known are {', '.join(GOAL_KINDS)}.")
        return task


def _plain(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields}
