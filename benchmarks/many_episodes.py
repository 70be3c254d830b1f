"""Memory of one process over many episodes: resident size every hundred, and how much it grows after the first.

python benchmarks/many_episodes.py [episodes] [rules]
"""

import gc
import sys
import time
from pathlib import Path

from llamafactory_embodied.episodes.conversation import load_prompts
from llamafactory_embodied.episodes.policy import SearcherPolicy
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household

EVERY = 100
FRAME = FrameSettings(48, 48, 75.0, 12)


def resident_mb() -> float:
    """Resident memory of this process, from the kernel."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("The kernel does not say how much memory this process has.")


def main() -> None:
    count = int((sys.argv[1:] or ["1000"])[0])
    rules = (sys.argv[2:] or ["unaided"])[0]
    tasks = Selection(profile="demo", rooms=count // 100 or 1, tasks_per_room=10).tasks()
    endless = (tasks[number % len(tasks)] for number in range(count))

    def household() -> Household:
        return Household(open_controller("embedded", FRAME), FRAME, rules=rules)

    started, sizes = time.perf_counter(), []
    for number, _ in enumerate(play(endless, SearcherPolicy(), household, RolloutSettings(load_prompts("brief"))), 1):
        if number % EVERY == 0:
            gc.collect()
            sizes.append(resident_mb())
            print(f"{number:5} episodes  {sizes[-1]:7.1f} MB  {time.perf_counter() - started:6.0f} s", flush=True)
    print(f"growth from episode {EVERY} to {count}: {sizes[-1] - sizes[0]:+.1f} MB")


if __name__ == "__main__":
    main()
