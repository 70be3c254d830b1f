"""What one knows when one thinks before an action: the frames so far, the task, and nothing else.

Thoughts are written from turns, and judged against them, whoever writes them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..episodes.recall import recalled
from ..tasks.habits import Habits
from ..tasks.task import Goal, Task
from ..world.action import Action
from ..world.shapes import KNOWN_TYPES
from ..world.sight import Sighting

Look = tuple[Sighting, ...]
"""What one frame shows, the largest first."""


@dataclass(frozen=True)
class Turn:
    """The state of an episode before one reply.

    Attributes:
        episode: the episode's id.
        number: of the reply, from 1.
        room: AI2-THOR's room type, such as `Kitchen`; frames show it.
        task: what is asked for, in words.
        goals: all that is to be done.
        goal: what is being done now.
        action: what is about to be done.
        occasion: why, see `tasks.searcher.Decision`; `slip` for a deliberate mistake.
        place: the receptacle type that the occasion is about.
        here: the objectId gone to last.
        looks: what the newest frames show: ahead, or left, right and behind after `observe`.
        ahead: what the newest frame ahead shows.
        frames: the paths of the newest frames.
        seen: objectTypes that any frame so far has shown.
        tried: receptacle types inspected for this goal, in order.
        untried: those seen and not inspected that may hold what the goal is about.
        holding: objectType in the hand, None for an empty hand.
        before: the actions so far, each with its feedback; the last of them has just been done.
    """

    episode: str
    number: int
    room: str
    task: str
    goals: tuple[Goal, ...]
    goal: Goal
    action: Action
    occasion: str
    place: str | None
    here: str | None
    looks: tuple[Look, ...]
    ahead: Look
    frames: tuple[str, ...]
    seen: frozenset[str]
    tried: tuple[str, ...]
    untried: tuple[str, ...]
    holding: str | None
    before: tuple[tuple[Action, str | None], ...]

    @property
    def failure(self) -> tuple[Action, str] | None:
        """The action that has just failed, and its feedback."""
        action, feedback = self.before[-1] if self.before else (None, None)
        return (action, feedback) if action is not None and feedback is not None else None

    @property
    def visible(self) -> frozenset[str]:
        """objectTypes that the newest frames show."""
        return frozenset(sight.object_type for look in self.looks for sight in look)


def turns_of(record: Mapping[str, Any]) -> Iterator[Turn]:
    """The turns of an episode that the searcher played."""
    task, steps = Task.from_json(record["task"]), record["steps"]
    seen: set[str] = set()
    before: list[tuple[Action, str | None]] = []
    for number, (searcher, decision) in enumerate(recalled(task, steps, Habits.of(record)), start=1):
        if number == len(steps):
            return
        now, coming = steps[number - 1], steps[number]
        action = Action(coming["action"], _spelled(coming["target"]))
        looks = searcher.newest
        seen |= {sight.object_type for look in looks for sight in look}
        slip = bool(coming.get("slip"))
        yield Turn(
            episode=record["id"],
            number=number,
            room=record["scene"]["room"],
            task=task.instruction,
            goals=task.goals,
            goal=searcher.goal,
            action=action,
            occasion="slip" if slip else decision.occasion,
            place=decision.place,
            here=searcher.current,
            looks=looks,
            ahead=searcher.sights,
            frames=tuple(now["frames"]),
            seen=frozenset(seen),
            tried=tuple(searcher.tried),
            untried=tuple(dict.fromkeys(one.kind for one in searcher.untried)),
            holding=searcher.goal.object_type if searcher.holding else None,
            before=tuple(before),
        )
        before.append((action, coming["feedback"]))


_SPELLINGS = {kind.lower(): kind for kind in KNOWN_TYPES}


def _spelled(target: str | None) -> str | None:
    """A target in AI2-THOR's spelling, also where the room has no such thing."""
    return _SPELLINGS.get(target.lower(), target) if target else None
