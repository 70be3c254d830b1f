"""The verb `parity`: do two simulators agree? Seeded actions are played on both, and each answer is compared.

The same low-level actions go to both Controllers. After each one the two states are compared; when an action succeeded
on one side alone, both are reset and the next run of actions begins, because from then on they would differ anyway.
"""

import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .episodes.selection import recordings
from .errors import SettingsError
from .files import replace_file
from .settings import option, to_plain
from .tasks.generate import TASK_TYPES, generate_tasks
from .world.controller import FrameSettings, open_controller
from .world.legality import handleable, navigable
from .world.scene import Scene, load_scene, scene_files

MEASURES = ("success", "visible", "legality", "parents", "state", "predicates")
"""What is compared: `lastActionSuccess`; the `visible` flags; which objects may be gone to and handled;
`parentReceptacles`; open, toggled and held; and the goals of the scene's tasks in the state that is reached."""

_TASKS = 6  # of each scene, for their goals


@dataclass(frozen=True)
class ParitySettings:
    """Settings of the verb `parity`."""

    first: str = option("embedded", "one backend")
    second: str = option("unity", "the other backend")
    scenes: tuple[str, ...] = option((), "recorded scenes; none: all of the folder")
    source: str = option("", "folder of scenes; empty: EMBODIED_THOR_DATA")
    executable: str = option("", "AI2-THOR's build, for the backend unity; empty downloads it")
    frame: FrameSettings = option(FrameSettings(300, 300), "camera")
    reach_m: float = option(1.5, "how far away a visible object may be", least=0.1)
    episodes: int = option(4, "runs of actions in each scene", least=1)
    steps: int = option(25, "actions in each run", least=1)
    seed: int = option(0, "decides the actions")
    output: str = option("out/parity.json", "where the counts go")


@dataclass
class Agreement:
    """Counts of one action in one kind of room.

    Attributes:
        agreed: measure -> how many values were the same.
        compared: measure -> how many there were.
        examples: measure -> the first differences, in words.
    """

    agreed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEASURES, 0))
    compared: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEASURES, 0))
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, measure: str, where: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
        """Counts the keys of two mappings that have the same value in both."""
        keys = sorted({*one, *other})
        differ = [key for key in keys if one.get(key) != other.get(key)]
        self.compared[measure] += len(keys)
        self.agreed[measure] += len(keys) - len(differ)
        examples = self.examples.setdefault(measure, [])
        examples += [f"{where}: {key}: {one.get(key)} / {other.get(key)}" for key in differ[: 3 - len(examples)]]


Report = dict[tuple[str, str], Agreement]


def compare_simulators(
    first: Any, second: Any, scenes: Iterable[tuple[Scene, Any, Any]], settings: ParitySettings
) -> Report:
    """Plays the same actions on two Controllers.

    Args:
        first: one Controller.
        second: the other.
        scenes: each scene with what the two Controllers' `reset` is given for it.
        settings: how much is played.

    Returns:
        (action, kind of room) -> counts.

    Raises:
        SimulatorError: a simulator failed.
    """
    report: Report = defaultdict(Agreement)
    for scene, for_first, for_second in scenes:
        goals = [goal for task in generate_tasks(scene, TASK_TYPES, _TASKS, settings.seed) for goal in task.goals]
        for episode in range(settings.episodes):
            draw = random.Random(f"{settings.seed} {scene.name} {episode}")
            events = first.reset(for_first), second.reset(for_second)
            action = {"action": "Reset"}
            for step in range(settings.steps + 1):
                where = f"{scene.name}, run {episode}, step {step}, {json.dumps(action)}"
                counts = report[action["action"], scene.room]
                if not _compare(counts, where, events[0].metadata, events[1].metadata, goals):
                    break
                action = draw_action(events[0].metadata, draw)
                events = _step(first, action), _step(second, action)
    return dict(report)


def _step(controller: Any, action: Mapping[str, Any]) -> Any:
    try:
        return controller.step(**action)
    except ValueError:  # AI2-THOR's way to say that it does not know the action or an argument
        return controller.last_event


def _compare(counts: Agreement, where: str, one: Mapping[str, Any], other: Mapping[str, Any], goals: Any) -> bool:
    """Notes how two states agree; false when the same action succeeded in one alone."""
    states = [(metadata, {item["objectId"]: item for item in metadata["objects"]}) for metadata in (one, other)]
    values = [_values(metadata, objects, goals) for metadata, objects in states]
    for measure in MEASURES:
        counts.add(measure, where, values[0][measure], values[1][measure])
    return bool(one["lastActionSuccess"] == other["lastActionSuccess"])


def _values(metadata: Mapping[str, Any], objects: Mapping[str, Any], goals: Any) -> dict[str, dict[str, Any]]:
    allowed = {item["objectId"] for item in (*navigable(metadata), *handleable(metadata, ()))}
    return {
        "success": {"lastActionSuccess": bool(metadata["lastActionSuccess"])},
        "visible": {name: bool(item["visible"]) for name, item in objects.items()},
        "legality": {name: name in allowed for name in objects},
        "parents": {name: sorted(item.get("parentReceptacles") or ()) for name, item in objects.items()},
        "state": {
            name: (bool(item["isOpen"]), bool(item["isToggled"]), bool(item.get("isPickedUp")))
            for name, item in objects.items()
        },
        "predicates": {f"{number} {vars(goal)}": goal.holds(metadata, ()) for number, goal in enumerate(goals)},
    }


def draw_action(metadata: Mapping[str, Any], draw: random.Random) -> dict[str, Any]:
    """One action that makes sense in a state: a move, or handling something that is visible."""
    seen = sorted((item["objectId"], item) for item in metadata["objects"] if item["visible"])
    choices: list[dict[str, Any]] = [
        {"action": draw.choice(("MoveAhead", "MoveBack", "MoveLeft", "MoveRight"))},
        {"action": draw.choice(("RotateLeft", "RotateRight"))},
        {"action": draw.choice(("LookUp", "LookDown", "Crouch", "Stand"))},
    ]
    held = bool(metadata["inventoryObjects"])
    for name, item in seen:
        choices += [{"action": action, "objectId": name} for action in _handling(item, held)]
    return draw.choice(choices)


def _handling(item: Mapping[str, Any], held: bool) -> Iterator[str]:
    if item["pickupable"] and not held:
        yield "PickupObject"
    if item["receptacle"] and held:
        yield "PutObject"
    if item["openable"]:
        yield "CloseObject" if item["isOpen"] else "OpenObject"
    if item["toggleable"]:
        yield "ToggleObjectOff" if item["isToggled"] else "ToggleObjectOn"


def run_parity(settings: ParitySettings) -> int:
    """Prints the table and writes the counts.

    Raises:
        SettingsError: nothing says where the scenes are.
        SimulatorError: a simulator does not start, or failed.
    """
    folder = Path(settings.source) if settings.source else recordings()
    if folder is None:
        raise SettingsError("parity needs scenes: give source=FOLDER, or set EMBODIED_THOR_DATA.")
    files = scene_files(folder)
    unknown = sorted(set(settings.scenes) - set(files))
    if unknown:
        raise SettingsError(f"{folder} has no scene {', '.join(unknown)}.")
    names = settings.scenes or tuple(files)
    first = _open(settings.first, folder, settings)
    try:
        second = _open(settings.second, folder, settings)
    except BaseException:
        first.stop()
        raise
    try:
        scenes = ((load_scene(files[name]), name, name) for name in names)
        report = compare_simulators(first, second, scenes, settings)
    finally:
        first.stop()
        second.stop()
    sys.stdout.write(render(report))
    rows = [{"action": action, "room": room} | vars(counts) for (action, room), counts in sorted(report.items())]
    replace_file(Path(settings.output), json.dumps({"settings": to_plain(settings), "rows": rows}, indent=1))
    return 0


def _open(backend: str, folder: Path, settings: ParitySettings) -> Any:
    options: dict[str, Any] = {"scenes": folder} if backend == "embedded" else {}
    if backend == "unity" and settings.executable:
        options["local_executable_path"] = settings.executable
    return open_controller(backend, settings.frame, visibility_distance_m=settings.reach_m, grid_m=0.25, **options)


def render(report: Report) -> str:
    """The agreement as a table: one row for each action and kind of room, one column for each measure."""
    lines = ["action              room         " + "".join(f"{measure:>20}" for measure in MEASURES)]
    for (action, room), counts in sorted(report.items()):
        cells = "".join(f"{_share(counts, measure):>20}" for measure in MEASURES)
        lines.append(f"{action:<20}{room:<13}{cells}")
    differences = [
        f"  {measure}: {example}"
        for _, counts in sorted(report.items())
        for measure in MEASURES
        for example in counts.examples.get(measure, ())
    ]
    return "\n".join([*lines, *(["", "first differences:", *differences[:20]] if differences else []), ""])


def _share(counts: Agreement, measure: str) -> str:
    agreed, compared = counts.agreed[measure], counts.compared[measure]
    return f"{agreed}/{compared} {100 * agreed / compared:.1f}%" if compared else "-"
