"""What a searcher would have known and done at each turn of an episode, whoever played it.

Its belief is rebuilt from what the frames showed, step by step. So thoughts can be written for an episode after it was
played, and a searcher can take over from any prefix of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..tasks.habits import NO_HABITS, Habits
from ..tasks.searcher import Decision, Searcher
from ..tasks.task import Task
from ..world.action import Action
from ..world.outcome import Outcome
from ..world.sight import Sighting

Step = Mapping[str, Any]


def recalled(task: Task, steps: Sequence[Step], habits: Habits = NO_HABITS) -> Iterator[tuple[Searcher, Decision]]:
    """The searcher and its decision after each step of an episode but `end`.

    Args:
        task: what was to be done.
        steps: of an episode record, from `init` on; a prefix will do.
        habits: of the searcher that played it, `Habits.of` the record.

    Yields:
        One and the same searcher, its belief up to that step, and what it would do next.
    """
    searcher, known, ahead = Searcher(task, habits), set[str](), tuple[Sighting, ...]()
    for step in steps:
        if step["action"] == "end":
            return
        known.update(step["known"])
        outcome = _outcome(step, ahead)
        if step["action"] != "observe":
            ahead = outcome.sights[-1]
        searcher.see(_action(step), outcome, known)
        yield searcher, searcher.decide()


def _action(step: Step) -> Action | None:
    """What was done; None at the start and after a reply without an action."""
    return None if step["action"] in ("init", "unparseable") else Action(step["action"], step["target"])


def _outcome(step: Step, ahead: tuple[Sighting, ...]) -> Outcome:
    """What came of it, without the frames; where nothing new was seen, what was seen last."""
    sights = tuple(tuple(Sighting.from_json(one) for one in frame) for frame in step["sights"])
    how = step["legal"], step["success"], step["feedback"], step["error"]
    return Outcome(*how, (), sights or (ahead,), step["object_id"])
