"""Which rooms and tasks are played: generated rooms of a split, recorded scenes, or both."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import SettingsError
from ..settings import option
from ..tasks.generate import TASK_TYPES, generate_tasks
from ..tasks.task import Task
from ..world.profiles import PROFILES
from ..world.rooms import ROOM_SETS, generate_room, room_seeds
from ..world.scene import Scene, check_scene, load_scene
from .mix import PAPER, mixed

RECORDINGS = "EMBODIED_THOR_DATA"
"""Environment variable that points at a folder with recorded AI2-THOR scenes in its sub-folder `scenes`."""
MIXES = ("even", "paper")
Room = int | str
"""The seed of a generated room, or the name of a recorded one."""


@dataclass(frozen=True)
class Selection:
    """What is played."""

    profile: str = option("household", "room profile: " + ", ".join(PROFILES))
    split: str = option("train", "which rooms: base, train, dev or test; they share no seed")
    rooms: int = option(10, "how many generated rooms", least=0)
    skip: int = option(0, "how many rooms of the split are left to others, such as an earlier stage", least=0)
    recorded: tuple[str, ...] = option((), f"recorded scenes to add, such as FloorPlan5, where {RECORDINGS} is set")
    types: tuple[str, ...] = option(TASK_TYPES, "task types, drawn evenly")
    tasks_per_room: int = option(6, "tasks in each room", least=1)
    mix: str = option("even", "shares of the types: even, or paper (those of its 9,390 trajectories)")
    wordings: str = option("plain", "how tasks are worded: plain, varied, or a YAML file of texts that varied adds")
    seed: int = option(0, "decides which tasks and how they are worded")

    def rooms_by_name(self) -> list[Room]:
        """What tells the rooms apart: the seeds of the generated ones, then the names of the recorded ones.

        Raises:
            SettingsError: the profile, the split or the mix is unknown, or nothing says where the recorded scenes are.
        """
        for name, known in (("split", ROOM_SETS), ("profile", PROFILES), ("mix", MIXES)):
            if getattr(self, name) not in known:
                raise SettingsError(f"{name}={getattr(self, name)!r} is unknown; choose one of {', '.join(known)}.")
        if self.recorded and recordings() is None:
            raise SettingsError(
                f"recorded={list(self.recorded)} needs the environment variable {RECORDINGS}: "
                "a folder with recorded scenes in its sub-folder `scenes`."
            )
        return [*room_seeds(self.split, self.skip + self.rooms)[self.skip :], *dict.fromkeys(self.recorded)]

    def open(self, room: Room) -> Scene:
        """One of the rooms.

        Raises:
            SceneError: a recorded scene cannot be used.
        """
        if isinstance(room, str):
            return load_scene((recordings() or Path()) / f"{room}.json")
        return check_scene(generate_room(room, PROFILES[self.profile]), f"seed {room}")

    def scenes(self) -> Iterator[Scene]:
        """The rooms, generated ones first; raises as `rooms_by_name` and `open`."""
        return map(self.open, self.rooms_by_name())

    def offered(self, scene: Scene) -> list[Task]:
        """The tasks of one room: those that are taken, or, for a mix, all that it may be made of."""
        most = self.tasks_per_room if self.mix == "even" else sys.maxsize
        return generate_tasks(scene, self.types, most, self.seed, self.wordings)

    def taken(self, rooms: Iterable[Sequence[Task]]) -> Iterator[Sequence[Task]]:
        """Of what each room offers, the tasks that are taken."""
        if self.mix == "even":
            return iter(rooms)
        shares = {kind: share for kind, share in PAPER.items() if kind in self.types}
        return mixed(rooms, shares, self.tasks_per_room)

    def tasks(self) -> list[tuple[Scene, Task]]:
        """Scenes and tasks, in order; the same settings give the same ones everywhere."""
        scenes = list(self.scenes())
        drawn = self.taken(map(self.offered, scenes))
        return [(scene, task) for scene, tasks in zip(scenes, drawn, strict=True) for task in tasks]


def recordings() -> Path | None:
    """The folder of recorded scenes, if the environment names one."""
    value = os.environ.get(RECORDINGS)
    return Path(value) / "scenes" if value else None
