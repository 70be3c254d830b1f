"""Small kitchens to play in, and a household that notes independently what its frames show."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from benchmarks.watched import Watched
from llamafactory_embodied.episodes.conversation import load_prompts
from llamafactory_embodied.episodes.policy import Policy, Reply, View
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.stages.kinds import PAPER, Kinds, Occasion
from llamafactory_embodied.stages.thinking import with_thoughts
from llamafactory_embodied.stages.writer import GrammarWriter, thought_grammar
from llamafactory_embodied.tasks.generate import SIMPLE_TYPES
from llamafactory_embodied.tasks.task import Task
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.scene import Scene

DEMO_FRAME = FrameSettings(112, 112, 75.0, 66)
"""The demo's camera at two thirds of its size: an object counts as seen from the same share of the picture on."""
TOY_FRAME = FrameSettings(56, 56, 75.0, 16)
BRIEF = load_prompts("brief")


def pairs(
    rooms: int, per_room: int, profile: str = "demo", split: str = "dev", types: Sequence[str] = SIMPLE_TYPES
) -> list[tuple[Scene, Task]]:
    """Scenes and tasks, the types in turn."""
    return Selection(profile=profile, split=split, rooms=rooms, tasks_per_room=per_room, types=tuple(types)).tasks()


def household(frame: FrameSettings = TOY_FRAME) -> Household:
    return Household(open_controller("embedded", frame), frame)


@dataclass
class Played:
    """An episode's record, and what its policy was shown before each of its replies."""

    task: Task
    record: dict[str, Any]
    views: list[View]
    visible: list[set[str]]
    """Types with a pixel in any frame so far, before each reply."""


class Noted:
    """A policy that keeps what it was shown, and what could be seen."""

    def __init__(self, policy: Policy, watched: Watched):
        self.policy, self.watched, self.name = policy, watched, policy.name
        self.views: list[View] = []
        self.visible: list[set[str]] = []

    def reply(self, views: Sequence[View]) -> list[Reply]:
        self.views += views
        self.visible.append(set().union(*self.watched.looks))
        return self.policy.reply(views)


def play_watched(scene: Scene, task: Task, policy: Policy, frame: FrameSettings = TOY_FRAME) -> Played:
    watched = Watched(frame)
    noted = Noted(policy, watched)
    (record,) = play([(scene, task)], noted, lambda: watched, RolloutSettings(BRIEF))
    return Played(task, record, noted.views, noted.visible)


def thought_out(record: dict[str, Any]) -> list[str]:
    """The replies of an episode with thoughts by the grammar."""
    writer = GrammarWriter(Kinds(PAPER, map(Occasion._make, product((False, True), repeat=3))), thought_grammar())
    return [step["reply"] for step in with_thoughts(writer, record)[1]["steps"][1:]]
