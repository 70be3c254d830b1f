"""How many generated tasks a policy solves, by type of room and task, with Wilson intervals and each failure's cause.

    python benchmarks/solvable.py [policy=oracle] [types=simple|all] [rooms=64] [tasks_per_room=4] [split=test]
                                  [profile=household] [width_px=800]

Frames have the recipes' shape and field of view; narrower ones are quicker and count fewer pixels as seen.
"""

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from replay_benchmark import cause

from evaluation.statistics import wilson
from llamafactory_embodied.episodes.conversation import load_prompts
from llamafactory_embodied.episodes.policy import make_policy
from llamafactory_embodied.episodes.record import Record
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.tasks.generate import SIMPLE_TYPES, TASK_TYPES, generate_tasks
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.profiles import PROFILES
from llamafactory_embodied.world.rooms import generate_room, room_seeds
from llamafactory_embodied.world.scene import check_scene

WORKERS = 2
TYPES = {"simple": SIMPLE_TYPES, "all": TASK_TYPES}


@dataclass(frozen=True)
class Wanted:
    """What is played."""

    rooms: int = 64
    tasks_per_room: int = 4
    split: str = "test"
    profile: str = "household"
    types: str = "simple"
    policy: str = "oracle"
    width_px: int = 800

    @property
    def frame(self) -> FrameSettings:
        height = self.width_px * 9 // 16
        return FrameSettings(self.width_px, height, 90.0, max(1, 20 * self.width_px * height // (800 * 450)))


def tried(seed: int, wanted: Wanted) -> tuple[str, list[Record]]:
    """Type of one room, and the episodes in it."""
    scene = check_scene(generate_room(seed, PROFILES[wanted.profile]), f"seed {seed}")
    tasks = [(scene, task) for task in generate_tasks(scene, TYPES[wanted.types], wanted.tasks_per_room, 0)]

    def household() -> Household:
        return Household(open_controller("embedded", wanted.frame), wanted.frame)

    return scene.room, list(play(tasks, make_policy(wanted.policy), household, RolloutSettings(load_prompts("brief"))))


def main() -> None:
    given = dict(argument.split("=") for argument in sys.argv[1:])
    wanted = Wanted(**{key: int(value) if value.isdigit() else value for key, value in given.items()})
    total, solved = Counter(), Counter()
    seeds = room_seeds(wanted.split, wanted.rooms)
    with ProcessPoolExecutor(WORKERS) as pool:
        for room, records in pool.map(tried, seeds, [wanted] * len(seeds)):
            for record in records:
                groups = (room, record["task"]["type"], "all")
                total.update(groups)
                solved.update(groups if record["success"] else ())
                if not record["success"]:
                    print(f"{record['id']}  {cause(record)}", flush=True)
    for group, count in total.items():
        ends = wilson(solved[group], count)
        shares = [f"{100 * share:.1f}" for share in (solved[group] / count, ends.low, ends.high)]
        print(f"{solved[group]:4} of {count:4}  {shares[0]:>5}% [{shares[1]}, {shares[2]}]  {group}")


if __name__ == "__main__":
    main()
