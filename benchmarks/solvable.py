"""The proof that generated tasks can be done: planner and searcher play them, and every goal is true at the end only.

    python -m benchmarks.solvable [policies=oracle,searcher] [types=all|simple] [rooms=1000] [tasks_per_room=4]
                                  [split=test] [profile=household] [recorded=0|1] [width_px=400] [workers=2]
                                  [out=out/solvable]

Writes a line for each room and policy and goes on from there when it is called again; an error in a room is a line,
too. `recorded=1` adds the recorded scenes of EMBODIED_THOR_DATA. Frames have the recipes' shape and field of view, and
a thing counts as seen from the same share of the frame on (20 pixels of 800x450). `visible` and what may be handled or
gone to do not depend on the frame's size: they are rays' and rules', so the planner's proof is that of 800x450; what
the searcher sees is that up to rounding at the edges of small things.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.statistics import wilson
from llamafactory_embodied.episodes.conversation import load_prompts
from llamafactory_embodied.episodes.policy import make_policy
from llamafactory_embodied.episodes.pool import run_ordered
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.errors import EmbodiedError
from llamafactory_embodied.files import append_line, read_lines
from llamafactory_embodied.tasks.generate import SIMPLE_TYPES, TASK_TYPES, generate_tasks
from llamafactory_embodied.tasks.task import Task
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.profiles import PROFILES
from llamafactory_embodied.world.rooms import generate_room, room_seeds
from llamafactory_embodied.world.scene import Scene, check_scene, load_scene

from .replay_benchmark import cause

TYPES = {"simple": SIMPLE_TYPES, "all": TASK_TYPES}
Room = int | str


@dataclass(frozen=True)
class Wanted:
    """What is played."""

    rooms: int = 1000
    tasks_per_room: int = 4
    split: str = "test"
    profile: str = "household"
    types: str = "all"
    policies: str = "oracle,searcher"
    recorded: int = 0
    width_px: int = 400
    workers: int = 2
    out: str = "out/solvable"

    @property
    def frame(self) -> FrameSettings:
        height = self.width_px * 9 // 16
        return FrameSettings(self.width_px, height, 90.0, max(1, 20 * self.width_px * height // (800 * 450)))

    def room_names(self) -> list[Room]:
        """Seeds of generated rooms, then files of recorded ones."""
        files = Path(os.environ.get("EMBODIED_THOR_DATA", "")).glob("scenes/*.json") if self.recorded else ()
        return [*room_seeds(self.split, self.rooms), *sorted(map(str, files))]

    def open(self, room: Room) -> Scene:
        if isinstance(room, str):
            return load_scene(Path(room))
        return check_scene(generate_room(room, PROFILES[self.profile]), f"seed {room}")


def tried(wanted: Wanted, room: Room) -> list[dict[str, Any]]:
    """A line for each policy in one room."""
    began = time.monotonic()
    try:
        scene = wanted.open(room)
        kinds = TYPES[wanted.types]
        turn = room % len(kinds) if isinstance(room, int) else 0  # so that each type comes first somewhere
        tasks = generate_tasks(scene, (*kinds[turn:], *kinds[:turn]), wanted.tasks_per_room, 0)
        lines = [_played(wanted, scene, tasks, policy) for policy in wanted.policies.split(",")]
    except EmbodiedError as error:
        return [{"room": room, "error": f"{type(error).__name__}: {error}"}]
    return [{"room": room, "seconds": round(time.monotonic() - began, 2), **line} for line in lines]


def _played(wanted: Wanted, scene: Scene, tasks: list[Task], policy: str) -> dict[str, Any]:
    def household() -> Household:
        return Household(open_controller("embedded", wanted.frame), wanted.frame)

    pairs = [(scene, task) for task in tasks]
    records = list(play(pairs, make_policy(policy), household, RolloutSettings(load_prompts("brief"))))
    return {
        "kind": scene.room,
        "recorded": not scene.generated,
        "policy": policy,
        "tasks": [[record["id"], record["task"]["type"], record["success"]] for record in records],
        "failed": [[record["id"], cause(record)] for record in records if not record["success"]],
        "true_at_start": sorted(_true_at_start(scene, tasks, household())) if policy == "oracle" else [],
    }


def _true_at_start(scene: Scene, tasks: list[Task], home: Household) -> Iterator[str]:
    """Tasks of which a goal holds before anything was done; of searches, those whose target is in reach already."""
    try:
        first = home.reset(scene)
        yield from (
            task.id for task in tasks if any(goal.holds(home.metadata, first.sights[0]) for goal in task.goals)
        )
    finally:
        home.controller.stop()


def main() -> None:
    given = dict(argument.split("=") for argument in sys.argv[1:])
    wanted = Wanted(**{key: int(value) if value.isdigit() else value for key, value in given.items()})
    file = Path(wanted.out) / "rooms.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    settings = {
        key: value for key, value in asdict(wanted).items() if key not in ("rooms", "workers", "out", "recorded")
    }
    lines = [line for _, line in read_lines(file)]
    if lines and lines[0] != settings:
        sys.exit(f"{file} was made with {lines[0]}, not {settings}: remove it or choose another `out`.")
    if not lines:
        append_line(file, json.dumps(settings))
    done = {line["room"] for room in lines[1:] for line in room}
    began, left = time.monotonic(), [room for room in wanted.room_names() if room not in done]
    for new in run_ordered(partial(tried, wanted), left, wanted.workers):
        append_line(file, json.dumps(new))
    print(
        f"{len(left)} rooms in {time.monotonic() - began:.0f} s with {wanted.workers} processes, {wanted.width_px} px"
    )
    report([line for _, lines in list(read_lines(file))[1:] for line in lines])


def report(lines: list[dict[str, Any]]) -> None:
    """Shares by policy, room type and task type; every failure with its cause."""
    total, solved = Counter[str](), Counter[str]()
    for line in lines:
        if "error" in line:
            print(f"{line['room']}  {line['error']}")
            continue
        where = "recorded" if line["recorded"] else "generated"
        for _, kind, success in line["tasks"]:
            groups = [f"{line['policy']:9} {where} {group}" for group in ("all", line["kind"], kind)]
            total.update(groups)
            solved.update(groups if success else ())
        for name, why in line["failed"]:
            print(f"{line['policy']}  {name}  {why}")
        for name in line["true_at_start"]:
            print(f"a goal is true at the start  {name}")
    for group, count in sorted(total.items()):
        ends = wilson(solved[group], count)
        shares = [f"{100 * share:.1f}" for share in (solved[group] / count, ends.low, ends.high)]
        print(f"{solved[group]:5} of {count:5}  {shares[0]:>5}% [{shares[1]}, {shares[2]}]  {group}")


if __name__ == "__main__":
    main()
