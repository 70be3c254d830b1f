"""What one episode is worth, as it is: pure functions over an episode record, names as in the Embodied-Reasoner paper.

The family is called `true`, because it differs from the reference evaluator's (paper.py) where that one flatters: a
time-out is never a success, order and final state count, efficiency is capped, nothing leaves the denominator. Each
docstring gives the formula and the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from llamafactory_embodied.episodes.record import FORMAT
from llamafactory_embodied.errors import RecordError

Record = Mapping[str, Any]
"""One episode record, as read from a line of `episodes.jsonl`."""

UNSCORED_ACTIONS = frozenset({"init", "observe", "move forward", "navigate to"})
"""Actions that lead to the work and are not the work; the paper does not score them either."""

_REQUIRED = (
    "id",
    "backend",
    "rules",
    "benchmark",
    "scene",
    "task",
    "steps",
    "end",
    "goals",
    "legal_objects",
    "success",
)
_REQUIRED_OF_STEPS = ("action", "target", "object_id", "success", "new", "cost_to_go")


@dataclass(frozen=True)
class EpisodeMetrics:
    """The figures of one episode. Shares are 0 to 1; `seconds_per_step` is None for an episode without actions."""

    success: bool
    search_efficiency: float
    goal_conditions: float
    ordered_completeness: float
    repeated_exploration: float
    invalid_action_rate: float
    actions: int
    invalid_actions: int
    response_tokens: int
    seconds: float
    seconds_per_step: float | None


def measure(record: Record) -> EpisodeMetrics:
    """All figures of one episode.

    Raises:
        RecordError: the record lacks a field or contradicts itself; names the episode.
    """
    check_record(record)
    taken = actions_taken(record)
    seconds = sum(float(step.get("seconds") or 0.0) for step in taken)
    return EpisodeMetrics(
        success=succeeded(record),
        search_efficiency=search_efficiency(record),
        goal_conditions=goal_conditions(record),
        ordered_completeness=ordered_completeness(record),
        repeated_exploration=repeated_exploration(record),
        invalid_action_rate=invalid_action_rate(record),
        actions=len(taken),
        invalid_actions=sum(map(is_invalid, taken)),
        response_tokens=sum(int(step.get("tokens") or 0) for step in taken),
        seconds=seconds,
        seconds_per_step=seconds / len(taken) if taken else None,
    )


def check_record(record: Record) -> None:
    """Raise RecordError, naming the episode, where a field that the figures need is missing."""
    missing = [name for name in _REQUIRED if name not in record]
    if not missing:
        missing = [
            f"{name} of a step" for name in _REQUIRED_OF_STEPS if any(name not in one for one in record["steps"])
        ]
    if missing:
        raise RecordError(
            f"episode {record.get('id', '(without id)')!r} lacks {', '.join(missing)}: expected a record in the "
            f"format {FORMAT}; play the episode again"
        )


def actions_taken(record: Record) -> Sequence[Mapping[str, Any]]:
    """The steps that the policy chose: all but `init`; illegal and unparseable ones included."""
    return [step for step in record["steps"] if step["action"] != "init"]


def said_end(record: Record) -> bool:
    """Whether the policy itself ended the episode; a limit, an abort or a crash is not an end."""
    taken = actions_taken(record)
    return record["end"] == "ended" and bool(taken) and taken[-1]["action"] == "end"


def goals_hold(record: Record) -> bool:
    """Whether every goal predicate holds on the final state; False for a record without goals."""
    goals = record["goals"]
    return bool(goals) and all(goal["holds"] for goal in goals)


def succeeded(record: Record) -> bool:
    """Success: all goal predicates hold on the final state and the policy said `end`.

    The reference sets success = int(matched key actions / key actions), with a free point for `end`: there a
    time-out after the last key action succeeds, and so do a wrong order (here the second goal does not hold then), a
    swapped destination, a thing taken out again and a lamp that was switched on and off again.

    Raises:
        RecordError: the record's own `success` says otherwise.
    """
    success = said_end(record) and goals_hold(record)
    if bool(record["success"]) != success:
        raise RecordError(
            f"episode {record['id']!r} says success={record['success']}, but its end ({record['end']!r}) and its "
            f"goals (all hold: {goals_hold(record)}) say {success}; the record is damaged, play the episode again"
        )
    return success


def search_efficiency(record: Record) -> float:
    """Search efficiency = success x min(1, planner's cost at the start / actions taken), as SPL (Anderson 2018).

    The planner's cost is `cost_to_go` of step 0: what an all-knowing agent needs at least, the final `end` included.
    Actions taken count everything after `init`, illegal and unparseable ones too. The reference divides
    (key actions + 1) by the trajectory's length without a cap, so a lucky shortcut there exceeds 1.

    Raises:
        RecordError: a successful episode without the planner's cost.
    """
    if not succeeded(record):
        return 0.0
    cost = record["steps"][0].get("cost_to_go")
    if cost is None or cost <= 0:
        raise RecordError(
            f"episode {record['id']!r} succeeded, but its step 0 has cost_to_go={cost}: expected the planner's cost "
            "of at least 1 action; play it again"
        )
    return min(1.0, float(cost) / len(actions_taken(record)))


def goal_conditions(record: Record) -> float:
    """Goal-condition success (ALFRED, Shridhar 2020) = goal predicates that hold on the final state / all of them.

    A time-out keeps what it reached; an episode that infrastructure broke off was not judged and has reached nothing.
    The reference looks at no state.
    """
    goals = record["goals"]
    return sum(bool(goal["holds"]) for goal in goals) / len(goals) if goals else 0.0


def ordered_completeness(record: Record) -> float:
    """Ordered completeness = scored key actions matched in order / scored key actions.

    Scored are the key actions but navigate to, observe and move forward. Matched is the longest common subsequence
    of them and the successful (action, object type) pairs of the episode. `end` is matched when the policy said it
    and the goals hold; the reference gives that point to every episode that does anything else, time-outs included,
    and its completeness ignores the order.

    Raises:
        RecordError: the task has no scored key action.
    """
    scored = scored_key_actions(record)
    return common_subsequence(_done(record), scored) / len(scored)


def scored_key_actions(record: Record) -> list[tuple[str, str]]:
    """The (action, object type) pairs of a task that are the work itself.

    Raises:
        RecordError: there is none.
    """
    keys = [(key["action"], key["object_type"] or "") for key in record["task"]["key_actions"]]
    scored = [key for key in keys if key[0] not in UNSCORED_ACTIONS]
    if not scored:
        raise RecordError(
            f"episode {record['id']!r} has no key action besides navigating and observing: expected at least `end`"
        )
    return scored


def repeated_exploration(record: Record) -> float:
    """Repeated exploration = navigations back that brought nothing / navigations that arrived; 0 without any.

    One is a navigation back when an earlier one arrived at the same instance. It brought nothing when no object came
    into view for the first time and the planner's cost to go did not fall: going back to use a thing, or to end in
    front of it, is no exploration. Another stretch of one long worktop is the same instance. The reference counts
    every navigation to a type that was named before, refused ones and useful ones too.
    """
    inspected: set[str] = set()
    arrived = repeated = 0
    for before, step in pairwise(record["steps"]):
        if step["action"] != "navigate to" or not step["success"]:
            continue
        arrived += 1
        repeated += step["object_id"] in inspected and not step["new"] and not _nearer(before, step)
        inspected.add(step["object_id"])
    return repeated / arrived if arrived else 0.0


def _nearer(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a step brought the goal nearer; unknown costs say no."""
    costs = before["cost_to_go"], after["cost_to_go"]
    return None not in costs and costs[1] < costs[0]


def _done(record: Record) -> list[tuple[str, str]]:
    """The successful (action, object type) pairs in order; an `end` that was wrong is none."""
    correct_end = said_end(record) and goals_hold(record)
    pairs = [(step["action"], step.get("target") or "") for step in actions_taken(record) if step["success"]]
    return [("end", "") if pair[0] == "end" else pair for pair in pairs if pair[0] != "end" or correct_end]


def common_subsequence(first: Sequence[object], second: Sequence[object]) -> int:
    """Length of the longest common subsequence, row by row."""
    row = [0] * (len(second) + 1)
    for item in first:
        above_left = 0
        for column, other in enumerate(second, start=1):
            above = row[column]
            row[column] = above_left + 1 if item == other else max(above, row[column - 1])
            above_left = above
    return row[-1]


def is_invalid(step: Mapping[str, Any]) -> bool:
    """Whether a step is an illegal action or a reply that holds no action."""
    return step["action"] == "unparseable" or not step.get("legal", True)


def invalid_action_rate(record: Record) -> float:
    """Illegal and unparseable steps over actions taken; 0 for an episode without actions. Not in the reference."""
    taken = actions_taken(record)
    return sum(map(is_invalid, taken)) / len(taken) if taken else 0.0
