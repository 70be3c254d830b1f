"""What episodes are grouped by: task type, group, key actions, room and stratum."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from evaluation.metrics import Record

GROUPS = ("search", "manipulate", "transport", "composite")
"""The paper's four groups, in its order."""

_MOST = 9  # the paper's last bin of key actions holds these and more


def group_of(task_type: str) -> str:
    """The paper's group of a task type; long-range tasks and tasks of several objects in an order are composite."""
    for start, group in (("single_search", "search"), ("single_", "manipulate"), ("pickup_", "transport")):
        if task_type.startswith(start):
            return group
    return "composite"


def _key_actions(record: Record) -> str:
    count = len(record["task"]["key_actions"]) - 1  # `end` is none, as in the paper's plots
    return f"{_MOST} and more" if count >= _MOST else str(count)


DIMENSIONS: Mapping[str, Callable[[Record], str | None]] = MappingProxyType(
    {
        "group": lambda record: group_of(record["task"]["type"]),
        "task type": lambda record: str(record["task"]["type"]),
        "key actions": _key_actions,
        "room": lambda record: record["scene"].get("room"),
        "stratum": lambda record: record["task"].get("stratum"),
    }
)
"""Name of a grouping -> an episode's group in it, None where the episode is in none."""


def grouped(records: Sequence[Record]) -> dict[str, dict[str, list[Record]]]:
    """Grouping -> group -> its episodes, in the order in which to show them; groupings without groups are left out."""
    found: dict[str, dict[str, list[Record]]] = {}
    for dimension, group in DIMENSIONS.items():
        for record in records:
            name = group(record)
            if name is not None:
                found.setdefault(dimension, {}).setdefault(name, []).append(record)
    return {dimension: dict(sorted(groups.items(), key=_place)) for dimension, groups in found.items()}


def _place(group: tuple[str, list[Record]]) -> tuple[int, str]:
    return GROUPS.index(group[0]) if group[0] in GROUPS else 0, group[0]


def distinct_task(record: Record) -> tuple[str, ...]:
    """What makes two entries the same task, whatever their wording: scene, target and key actions."""
    task = record["task"]
    keys = [f"{key['action']} {key['object_type']} {key.get('object_id', '')}" for key in task["key_actions"]]
    return (str(record["scene"]["name"]), str(task["target_type"]), *keys)
