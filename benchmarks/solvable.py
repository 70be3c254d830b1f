"""How many generated tasks the oracle solves, by type of room, with Wilson intervals and the cause of each failure.

    python benchmarks/solvable.py [rooms=64] [tasks_per_room=4] [split=test] [profile=household] [width_px=800]

Frames have the recipes' shape and field of view; narrower ones are quicker and count fewer pixels as seen.
"""

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from replay_benchmark import cause

from evaluation.statistics import wilson
from llamafactory_embodied.episodes.conversation import load_prompts
from llamafactory_embodied.episodes.policy import Oracle
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.tasks.generate import TASK_TYPES, generate_tasks
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.profiles import PROFILES
from llamafactory_embodied.world.rooms import generate_room, room_seeds
from llamafactory_embodied.world.scene import check_scene

WORKERS = 2


@dataclass(frozen=True)
class Wanted:
    """What is played."""

    rooms: int = 64
    tasks_per_room: int = 4
    split: str = "test"
    profile: str = "household"
    width_px: int = 800

    @property
    def frame(self) -> FrameSettings:
        height = self.width_px * 9 // 16
        return FrameSettings(self.width_px, height, 90.0, max(1, 20 * self.width_px * height // (800 * 450)))


def tried(seed: int, wanted: Wanted) -> tuple[str, int, list[str]]:
    """Type of one room, its number of tasks, and what failed with its cause."""
    scene = check_scene(generate_room(seed, PROFILES[wanted.profile]), f"seed {seed}")
    tasks = [(scene, task) for task in generate_tasks(scene, TASK_TYPES, wanted.tasks_per_room, 0)]

    def household() -> Household:
        return Household(open_controller("embedded", wanted.frame), wanted.frame)

    records = list(play(tasks, Oracle(), household, RolloutSettings(load_prompts("brief"))))
    failed = [f"{record['id']}  {cause(record)}" for record in records if not record["success"]]
    return scene.room, len(records), failed


def main() -> None:
    given = dict(argument.split("=") for argument in sys.argv[1:])
    wanted = Wanted(**{key: value if key in ("split", "profile") else int(value) for key, value in given.items()})
    total, failures = Counter(), Counter()
    seeds = room_seeds(wanted.split, wanted.rooms)
    with ProcessPoolExecutor(WORKERS) as pool:
        for room, count, failed in pool.map(tried, seeds, [wanted] * len(seeds)):
            total.update({room: count, "all": count})
            failures.update({room: len(failed), "all": len(failed)})
            print(*failed, sep="\n", end="\n" if failed else "", flush=True)
    for room, count in total.items():
        solved = count - failures[room]
        ends = wilson(solved, count)
        shares = [f"{100 * share:.1f}" for share in (solved / count, ends.low, ends.high)]
        print(f"{solved:4} of {count:4}  {shares[0]:>5}% [{shares[1]}, {shares[2]}]  {room}")


if __name__ == "__main__":
    main()
