"""What is played: rooms and tasks of a selection, or the test file of the reference system as it is."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llamafactory_embodied.episodes.selection import RECORDINGS, Selection, recordings
from llamafactory_embodied.errors import SettingsError, TaskError
from llamafactory_embodied.tasks.benchmark import Entry, benchmark_task, impossible, load_entries, load_poses
from llamafactory_embodied.tasks.task import Task
from llamafactory_embodied.world.scene import Scene, load_scene

_POSES = "agent_positions.json"


@dataclass(frozen=True)
class Benchmark:
    """Tasks in their scenes.

    Attributes:
        label: name and version, empty for a selection.
        tasks: what is played.
        left_out: entry -> why it is not: what can never succeed, or has no scene here.
    """

    label: str
    tasks: Sequence[tuple[Scene, Task]]
    left_out: Mapping[str, str] = field(default_factory=dict)


def selected(selection: Selection) -> Benchmark:
    """The tasks of a selection."""
    return Benchmark("", selection.tasks())


def reference_benchmark(path: Path) -> Benchmark:
    """The possible entries of a test file of the reference system, such as `test_809.json`.

    Scenes are those of EMBODIED_THOR_DATA, or of a folder `scenes` beside the file; poses that were set by hand are in
    `agent_positions.json` beside it. The version is a hash of the file: another file is another benchmark.

    Raises:
        TaskError: the file is no list of entries, or an entry contradicts its scene.
        SettingsError: there are no scenes.
        SceneError: a scene cannot be used.
    """
    entries = load_entries(path)
    folder = recordings() or path.parent / "scenes"
    if not folder.is_dir():
        raise SettingsError(
            f"benchmark={path} plays in recorded scenes, and {folder} is no folder; set {RECORDINGS} to a folder with "
            "recordings in its sub-folder `scenes`."
        )
    poses = load_poses(path.parent / _POSES) if (path.parent / _POSES).is_file() else {}
    scenes: dict[str, Scene] = {}
    tasks: list[tuple[Scene, Task]] = []
    left_out: dict[str, str] = {}
    for entry in entries:
        reason = impossible(entry) or _without_scene(entry, folder)
        if reason:
            left_out[f"entry {entry['identity']}"] = reason
            continue
        name = entry["scene"]
        if name not in scenes:
            scenes[name] = load_scene(folder / f"{name}.json")
        tasks.append((scenes[name], benchmark_task(entry, scenes[name], poses)))
    repeated = [name for name, count in Counter(task.id for _, task in tasks).items() if count > 1]
    if repeated:
        raise TaskError(f"{path} has {repeated[0]} more than once; the identity of each entry is to be its own.")
    version = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return Benchmark(f"{path.stem}@{version}, possible", tasks, left_out)


def _without_scene(entry: Entry, folder: Path) -> str | None:
    missing = not (folder / f"{entry['scene']}.json").is_file()
    return f"its scene {entry['scene']} is not among the recordings in {folder}" if missing else None
