"""Replays the key actions of the reference system's test entries under its own rules, and names what fails.

    EMBODIED_THOR_DATA=... python benchmarks/replay_benchmark.py [policy]

The folder holds test_tasks_313.json (or test_809.json), agent_positions.json and scenes/FloorPlan1.json and so on; the
policy is `replay` (the default) or `oracle`.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from llamafactory_embodied.episodes.conversation import load_prompts
from llamafactory_embodied.episodes.policy import make_policy
from llamafactory_embodied.episodes.record import Record
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.tasks.benchmark import benchmark_task, impossible, load_entries, load_poses
from llamafactory_embodied.tasks.task import Task
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.scene import Scene, load_scene

FRAME = FrameSettings()


def tried(data: Path) -> Iterator[tuple[Scene, Task]]:
    """The entries that are possible and whose scene is recorded; prints why others are left out."""
    (file,) = sorted(data.glob("test_*.json"))[:1]
    poses, scenes = load_poses(data / "agent_positions.json"), {}
    entries = load_entries(file)
    absent = Counter()
    for entry in entries:
        name, reason = entry["scene"], impossible(entry)
        if not (data / "scenes" / f"{name}.json").is_file():
            absent[name] += 1
        elif reason:
            print(f"{entry['identity']:4}  impossible: {reason}")
        else:
            scenes[name] = scenes.get(name) or load_scene(data / "scenes" / f"{name}.json")
            yield scenes[name], benchmark_task(entry, scenes[name], poses)
    print(f"{len(entries)} entries; of scenes that are not recorded here: {sum(absent.values())} {dict(absent)}")


def household() -> Household:
    return Household(open_controller("embedded", FRAME), FRAME, rules="reference")


def cause(record: Record) -> str:
    """The first action that did not happen, else the goal that was missed."""
    for step in record["steps"]:
        if not step["success"]:
            return f"{step['action']} {step['target']}: {step['feedback'] or step['error']}"
    missed = [f"{goal['kind']} {goal['object_type']}" for goal in record["goals"] if not goal["holds"]]
    return record["message"] or f"{record['end']}; missed: {', '.join(missed)}"


def main() -> None:
    data, policy = Path(os.environ["EMBODIED_THOR_DATA"]), make_policy((sys.argv[1:] or ["replay"])[0])
    tasks = list(tried(data))
    solved, total = Counter(), Counter()
    for record in play(tasks, policy, household, RolloutSettings(load_prompts("brief"))):
        kind = record["task"]["type"]
        total[kind] += 1
        solved[kind] += record["success"]
        if not record["success"]:
            print(f"{record['id']}  {record['scene']['name']}  {kind}  {cause(record)}")
    for kind in total:
        print(f"{solved[kind]:4} of {total[kind]:4}  {kind}")
    print(f"{policy.name}: {sum(solved.values())} of {sum(total.values())} under `reference`, backend embedded")


if __name__ == "__main__":
    main()
