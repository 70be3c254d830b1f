"""The reference system's test entries as tasks: key actions, goals on the final state, and the evaluator's hints.

The file is loaded as it is. Entries that can never succeed are named, with the reason.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import TaskError
from ..world.hints import Hints
from ..world.pose import Pose
from ..world.scene import Scene
from .task import MAX_STEPS, Goal, KeyAction, Task

Entry = Mapping[str, Any]


def load_entries(path: Path) -> list[Entry]:
    """The entries of a test file such as `test_809.json`.

    Raises:
        TaskError: it cannot be read, or is no list of entries.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TaskError(f"{path} cannot be read as a list of test entries: {error}.") from error
    needed = ("identity", "scene", "tasktype", "taskquery", "task_metadata", "target_objects", "related_objects")
    entries: list[Any] = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) and set(needed) <= set(one) for one in entries):
        raise TaskError(f"{path} is no list of test entries; each has the keys {', '.join(needed)}.")
    return entries


def load_poses(path: Path) -> dict[str, Pose]:
    """The poses that were set by hand, by objectId: the reference merges those of all tasks, and the last one counts.

    Raises:
        TaskError: the file cannot be read.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8")).values()
        return {
            name: Pose(at["x"], at["z"], pose["agent_rotation"]["y"], pose["agent_cameraHorizon"])
            for entry in entries
            for name, pose in entry.items()
            if isinstance(pose, dict)
            for at in [pose["agent_teleport_position"]]
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise TaskError(f"{path} cannot be read as agent positions: {error!r}.") from error


def impossible(entry: Entry) -> str | None:
    """Why an entry can never succeed as it is written; None for one that can."""
    for step in entry["task_metadata"]["actions"]:
        kind, name = step["objectType"], step["objectId"]
        if step["action"] == "put" and not kind:
            return f"a put into {name or 'nothing'} has no object type"
        if step["action"] == "toggle" and kind == "StoveBurner":
            return "a StoveBurner cannot be toggled; its StoveKnob can"
        if step["action"] == "pickup" and not name.startswith(f"{kind}|"):
            return f"a pickup of {kind} names the object {name}"
    return None


def benchmark_task(entry: Entry, scene: Scene, poses: Mapping[str, Pose]) -> Task:
    """An entry as a task.

    Args:
        entry: one that is possible.
        scene: its recorded scene.
        poses: from `load_poses`.

    Raises:
        TaskError: its type is unknown, or it names what the scene does not have.
    """
    kind = entry["tasktype"].rstrip("01")  # the bits of an ordered one, as the generator writes it
    if kind not in MAX_STEPS:
        raise TaskError(f"Entry {entry['identity']}: unknown task type {kind!r}.")
    objects = {item["objectId"]: item for item in scene.metadata["objects"]}
    steps = entry["task_metadata"]["actions"]
    named = [step["objectId"] for step in steps if step["objectId"]] + entry["related_objects"]
    missing = [name for name in named if name not in objects]
    if missing:
        raise TaskError(f"Entry {entry['identity']} is about {missing[0]}, which {scene.name} does not have.")
    goals = tuple(_goals(entry, objects))
    return Task(
        id=f"benchmark-{entry['identity']:03d}",
        type=kind,
        scene=scene.name,
        instruction=entry["taskquery"],
        target_type=goals[0].object_type,
        target_ids=tuple(entry["related_objects"]),
        destination_type=goals[-1].destination_type,
        key_actions=tuple(KeyAction(step["action"], step["objectType"], step["objectId"]) for step in steps),
        goals=goals,
        max_steps=MAX_STEPS[kind] - 1,  # the reference counts the start of an episode as a step
        hints=Hints(
            navigable=tuple(entry["navigable_objects"]),
            targets=tuple(entry["target_objects"]),
            related=tuple(entry["related_objects"]),
            poses={name: pose for name, pose in poses.items() if name in objects},
        ),
        name=entry.get("taskname", ""),
    )


def _goals(entry: Entry, objects: Mapping[str, Any]) -> Iterator[Goal]:
    """What holds after the key actions, in their order."""
    steps: Sequence[Mapping[str, Any]] = entry["task_metadata"]["actions"]
    if entry["tasktype"].startswith("single_search"):
        yield Goal("in_view", objects[steps[-1]["relatedObject"][-1]]["objectType"])
        return
    places: dict[str, str] = {}
    held = ""
    for step in steps:
        if step["action"] == "pickup":
            held = step["objectType"]
            places[held] = ""
        elif step["action"] == "put":
            places[held] = step["objectType"]
        elif step["action"] == "toggle" and step["objectType"] == "Faucet":
            yield Goal("washed", held)
        elif step["action"] == "toggle":
            on = objects[step["objectId"]]["isToggled"]
            yield Goal("toggled_off" if on else "toggled_on", step["objectType"])
    yield from (Goal("placed", kind, place) if place else Goal("held", kind) for kind, place in places.items())
