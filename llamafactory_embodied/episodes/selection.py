"""Which rooms and tasks are played: generated rooms of a split, recorded scenes, or both."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import SettingsError
from ..settings import option
from ..tasks.generate import TASK_TYPES, generate_tasks
from ..tasks.task import Task
from ..world.profiles import PROFILES
from ..world.rooms import ROOM_SETS, generate_room, room_seeds
from ..world.scene import Scene, check_scene, load_scene

RECORDINGS = "EMBODIED_THOR_DATA"
"""Environment variable that points at a folder with recorded AI2-THOR scenes in its sub-folder `scenes`."""


@dataclass(frozen=True)
class Selection:
    """What is played."""

    profile: str = option("household", "room profile: " + ", ".join(PROFILES))
    split: str = option("train", "which rooms: base, train, dev or test; they share no seed")
    rooms: int = option(10, "how many generated rooms", least=0)
    recorded: tuple[str, ...] = option((), f"recorded scenes to add, such as FloorPlan5, where {RECORDINGS} is set")
    types: tuple[str, ...] = option(TASK_TYPES, "task types, drawn evenly")
    tasks_per_room: int = option(6, "tasks in each room", least=1)
    seed: int = option(0, "decides which tasks and how they are worded")

    def scenes(self) -> Iterator[Scene]:
        """The rooms, generated ones first.

        Raises:
            SettingsError: the profile or split is unknown, or nothing says where the recorded scenes are.
            SceneError: a recorded scene cannot be used.
        """
        if self.split not in ROOM_SETS:
            raise SettingsError(f"split={self.split!r} is unknown; choose one of {', '.join(ROOM_SETS)}.")
        if self.profile not in PROFILES:
            raise SettingsError(f"profile={self.profile!r} is unknown; choose one of {', '.join(PROFILES)}.")
        for seed in room_seeds(self.split, self.rooms):
            yield check_scene(generate_room(seed, PROFILES[self.profile]), f"seed {seed}")
        folder = recordings()
        if folder is None and self.recorded:
            raise SettingsError(
                f"recorded={list(self.recorded)} needs the environment variable {RECORDINGS}: "
                "a folder with recorded scenes in its sub-folder `scenes`."
            )
        if folder is not None:
            yield from (load_scene(folder / f"{name}.json") for name in dict.fromkeys(self.recorded))

    def tasks(self) -> list[tuple[Scene, Task]]:
        """Scenes and tasks, in order; the same settings give the same ones everywhere."""
        pairs = []
        for scene in self.scenes():
            pairs += [(scene, task) for task in generate_tasks(scene, self.types, self.tasks_per_room, self.seed)]
        return pairs


def recordings() -> Path | None:
    """The folder of recorded scenes, if the environment names one."""
    value = os.environ.get(RECORDINGS)
    return Path(value) / "scenes" if value else None
