"""What is asked of an agent, and when it is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from ..errors import TaskError
from ..world.hints import Hints
from ..world.legality import REACH_M
from ..world.sight import Sighting
from .process import PROCESSES, shows

ORDERED = "ordered_pickup_two_object_and_put"
LONG_RANGE = "long-range tasks with dependency relationships"
MAX_STEPS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("single_search", "single_search_from_closerep"), 22),
        **dict.fromkeys(("single_pickup", "single_pickup_from_closerep", "single_toggle"), 24),
        **dict.fromkeys(("pickup_and_put", "pickup_and_put_in_closerep"), 30),
        **dict.fromkeys(("pickup_from_closerep_and_put", "pickup_from_closerep_and_put_in_closerep"), 30),
        **dict.fromkeys((ORDERED, LONG_RANGE), 36),
    }
)
"""Steps an agent may take, by task type; the reference evaluator's limits."""

REPEATS = 4
"""The fourth identical action in a row ends an episode, as in the reference evaluator."""

GOAL_KINDS = ("in_view", "held", "placed", "toggled_on", "toggled_off", *PROCESSES)


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

    @classmethod
    def on(cls, action: str, item: Mapping[str, Any]) -> "KeyAction":
        """An action on an object of AI2-THOR's metadata."""
        return cls(action, item["objectType"], item["objectId"])


@dataclass(frozen=True)
class Goal:
    """A predicate on the state at the agent's own `end`; what is done in a device must have held once.

    Attributes:
        kind: `in_view` (in the last frame and within 1.5 m), `held`, `placed` (in or on a destination, hand empty),
            `toggled_on` (one of its type), `toggled_off` (all of them), `washed` (in a basin under running water),
            or what another of `PROCESSES` leaves.
        object_type: what must be seen, held, placed, toggled or washed.
        destination_type: where it must be placed; any instance will do.
    """

    kind: str
    object_type: str
    destination_type: str | None = None

    @property
    def place_type(self) -> str | None:
        """Where its thing has to be put: the destination, or the device of a process."""
        return PROCESSES[self.kind].device if self.kind in PROCESSES else self.destination_type

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
        if self.kind == "washed":
            running = any(item["isToggled"] for item in metadata["objects"] if item["objectType"] == "Faucet")
            return running and self.lies_in_device(metadata)
        if self.kind in PROCESSES:
            things = (item for item in metadata["objects"] if item["objectType"] == self.object_type)
            return any(shows(self.kind, item) for item in things)
        if self.kind in ("toggled_on", "toggled_off"):
            on = any(item["isToggled"] for item in metadata["objects"] if item["objectType"] == self.object_type)
            return on == (self.kind == "toggled_on")
        return self.lies_there(metadata) and not held

    def lies_there(self, metadata: Mapping[str, Any]) -> bool:
        """Whether an object of the type lies in or on its destination, where the goal has one."""
        return self.destination_type is not None and self._lies_in(metadata, self.destination_type.__eq__)

    def lies_in_device(self, metadata: Mapping[str, Any]) -> bool:
        """Whether an object of the type lies where its process happens."""
        return self.kind in PROCESSES and self._lies_in(metadata, PROCESSES[self.kind].works_in)

    def _lies_in(self, metadata: Mapping[str, Any], suits: Callable[[str], bool]) -> bool:
        """Whether an object of the type lies in or on a receptacle of some types."""
        places = {item["objectId"] for item in metadata["objects"] if suits(item["objectType"])}
        return any(
            item["objectType"] == self.object_type and places.intersection(item.get("parentReceptacles") or ())
            for item in metadata["objects"]
        )


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
        hints: what the rules `reference` may know, where the task's authors say it; see `guidance`.
        name: what the reference's entry calls the task, by which its evaluator judges searches; the agent is not told.
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
    hints: Hints | None = None
    name: str = ""

    @property
    def meaning(self) -> tuple[str, ...]:
        """What makes two tasks the same in any words: scene and goals, in whatever order unless one is asked for."""
        goals = [f"{goal.kind} {goal.object_type} {goal.destination_type or ''}" for goal in self.goals]
        return (self.scene, *(("in order", *goals) if self.type == ORDERED else sorted(goals)))

    @property
    def guidance(self) -> Hints:
        """What the rules `reference` may know: the authors' hints, else the key actions' places and instances."""
        if self.hints is not None:
            return self.hints
        places = tuple(dict.fromkeys(key.object_type for key in self.key_actions if key.action == "navigate to"))
        named = tuple(dict.fromkeys(key.object_id for key in self.key_actions if key.object_id))
        return Hints(places, named, self.target_ids)

    def to_json(self) -> dict[str, Any]:
        """The task as an episode record holds it: mappings, lists and scalars; no `hints` or `name` without any."""
        value = asdict(self, dict_factory=_plain)
        return {key: one for key, one in value.items() if one or key not in ("hints", "name")}

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
                hints=Hints.from_json(value["hints"]) if value.get("hints") else None,
                name=value.get("name", ""),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TaskError(f"Not a task: {error!r} in {str(value)[:200]}.") from error
        unknown = [goal.kind for goal in task.goals if goal.kind not in GOAL_KINDS]
        if unknown:
            raise TaskError(f"Task {task.id}: unknown goal kind {unknown[0]!r}; known are {', '.join(GOAL_KINDS)}.")
        return task


def _plain(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields}
