"""What the profile `reference` asks for in recorded scenes, and how many published tasks come out of it.

    EMBODIED_THOR_DATA=FOLDER python -m benchmarks.reference_profile [seed=0] [runs=30]

FOLDER (`../shared/data/thor` where nothing names one) holds `scenes` and `test_tasks_313.json`. Tasks are counted in
one run over all scenes, beside the reference's own counts over its 119. A published task comes out exactly where all
of its actions, types and ids are those of a task of the same scene and type: in one run, and in any of `runs`, since
destinations are drawn. The reference's own share is that of one run over its 809 tasks. Of what is drawn, `first
thing` is how many have the same thing picked up first in one run.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.settings import option
from llamafactory_embodied.tasks.benchmark import load_entries
from llamafactory_embodied.tasks.reference_tasks import REFERENCE_TYPES, reference_entries
from llamafactory_embodied.tasks.task import LONG_RANGE, ORDERED
from llamafactory_embodied.world.scene import Scene, load_scene

from .report import Row, save
from .settings import read_settings

COUNTS = dict(zip(REFERENCE_TYPES, (1389, 109, 1306, 140, 267, 1397, 1078, 140, 100, 400), strict=True))
"""Tasks of each type that the reference generates in 119 scenes; of ordered ones 392 and 406 in two runs."""

OWN = {
    **dict(zip(REFERENCE_TYPES[:5], ("108/108", "38/47", "194/194", "39/48", "57/57"), strict=True)),
    **dict.fromkeys(REFERENCE_TYPES[5:9], "148/250 (four together)"),
    ORDERED: "1/80",
    LONG_RANGE: "0/25",
}
"""Of the 809 published tasks, those that come out of one run of the reference."""


@dataclass(frozen=True)
class Wanted:
    """Which runs of the generator are looked at."""

    seed: int = option(0, "the one run")
    runs: int = option(30, "of how many runs, from this seed on, a published task may come out", least=1)


def sequence(actions: list[dict[str, Any]]) -> tuple[tuple[str, ...], ...]:
    """What must be the same."""
    return tuple((step["action"], step["objectType"], step["objectId"]) for step in actions)


def first_taken(actions: tuple[tuple[str, ...], ...]) -> str:
    return next((step[2] for step in actions if step[0] == "pickup"), "")


def opened(folder: Path) -> Iterator[Scene]:
    """The scenes; those that cannot be used are named."""
    for file in sorted(folder.glob("*.json")):
        try:
            yield load_scene(file)
        except SceneError as error:
            print(f"left out: {error}")


def rows(wanted: Wanted, scenes: dict[str, Scene], published: list[Any]) -> Iterator[Row]:
    """A line for each type."""
    made = Counter[str]()
    for scene in scenes.values():
        made.update({kind: len(reference_entries(scene, kind, wanted.seed)) for kind in REFERENCE_TYPES})
    for kind in (*REFERENCE_TYPES, LONG_RANGE):
        theirs = [
            (one["scene"], sequence(one["task_metadata"]["actions"])) for one in published if one["tasktype"] == kind
        ]
        runs = [
            _run(kind, seed, scenes, {scene for scene, _ in theirs})
            for seed in range(wanted.seed, wanted.seed + wanted.runs)
        ]
        first = {(scene, first_taken(actions)) for scene, actions in runs[0]}
        yield {
            "type": kind,
            f"tasks in {len(scenes)} scenes": made[kind],
            "a scene": made[kind] / len(scenes),
            "reference in 119": COUNTS.get(kind, 0),
            "a scene, reference": COUNTS.get(kind, 0) / 119,
            "published": len(theirs),
            "out exactly, one run": sum(one in runs[0] for one in theirs),
            f"in any of {wanted.runs}": sum(any(one in run for run in runs) for one in theirs),
            "first thing": sum((scene, first_taken(actions)) in first for scene, actions in theirs)
            if "put" in kind
            else None,
            "reference, one run over 809": OWN[kind],
        }


def _run(kind: str, seed: int, scenes: dict[str, Scene], names: set[str]) -> set[tuple[str, Any]]:
    if kind not in REFERENCE_TYPES:
        return set()
    return {(name, sequence(one["actions"])) for name in names for one in reference_entries(scenes[name], kind, seed)}


def main() -> None:
    wanted = read_settings(Wanted)
    folder = Path(os.environ.get("EMBODIED_THOR_DATA", Path(__file__).parents[2] / "shared" / "data" / "thor"))
    scenes = {scene.name: scene for scene in opened(folder / "scenes")}
    save("reference_profile", wanted, list(rows(wanted, scenes, list(load_entries(folder / "test_tasks_313.json")))))


if __name__ == "__main__":
    main()
