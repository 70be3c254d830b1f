"""What one episode is worth: pure functions over an episode record, names as in the Embodied-Reasoner paper.

The family is called `true`, because it differs from the reference evaluator where that one flatters: a time-out is
never a success, order and final state count, efficiency is capped, nothing leaves the denominator. Each docstring
gives the formula and the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llamafactory_embodied.errors import RecordError

METRIC_FAMILY = "true"
Record = Mapping[str, Any]
"""One episode record, as read from a line of `episodes.jsonl`."""

UNSCORED_ACTIONS = frozenset({"init", "observe", "move forward", "navigate to"})
"""Actions that lead to the work and are not the work; the paper does not score them either."""

_REQUIRED = ("id", "backend", "rules", "scene", "task", "steps", "end", "goals", "success")


@dataclass(frozen=True)
class EpisodeMetrics:
    """The figures of one episode. Shares are 0 to 1; `seconds_per_step` is None for an episode without actions."""

    success: bool
    search_efficiency: float
    task_completeness: float
    actions: int
    invalid_actions: int
    invalid_action_rate: float
    response_tokens: int
    seconds: float
    seconds_per_step: float | None


def measure(record: Record) -> EpisodeMetrics:
    """All figures of one episode.

    Raises:
        RecordError: the record lacks a field or contradicts itself; names the episode.
    """
    check_record(record)
    taken = len(actions_taken(record))
    invalid = sum(map(is_invalid, actions_taken(record)))
    seconds = sum(float(step.get("seconds") or 0.0) for step in actions_taken(record))
    return EpisodeMetrics(
        success=succeeded(record),
        search_efficiency=search_efficiency(record),
        task_completeness=task_completeness(record),
        actions=taken,
        invalid_actions=invalid,
        invalid_action_rate=invalid / taken if taken else 0.0,
        response_tokens=sum(int(step.get("tokens") or 0) for step in actions_taken(record)),
        seconds=seconds,
        seconds_per_step=seconds / taken if taken else None,
    )


def check_record(record: Record) -> None:
    """Raise RecordError, naming the episode, where a field that the figures need is missing."""
    missing = [name for name in _REQUIRED if name not in record]
    if missing:
        raise RecordError(
            f"episode {record.get('id', '(without id)')!r} lacks {', '.join(missing)}: expected a record in the "
            "format embodied-episode-1; play the episode again"
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
    time-out after the last key action succeeds, and so do a wrong order, a swapped destination and a lamp
    that was switched on and off again.

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


def task_completeness(record: Record) -> float:
    """Task completeness = scored key actions matched in order / scored key actions.

    Scored are the key actions but navigate to, observe and move forward. Matched is the longest common subsequence
    of them and the successful (action, object type) pairs of the episode. `end` is matched when the policy said it
    and the goals hold; the reference gives that point to every episode that does anything else, time-outs and
    aborts included, and ignores the order.

    Raises:
        RecordError: the task has no scored key action.
    """
    keys = [(key["action"], key["object_type"] or "") for key in record["task"]["key_actions"]]
    scored = [key for key in keys if key[0] not in UNSCORED_ACTIONS]
    if not scored:
        raise RecordError(
            f"episode {record['id']!r} has no key action besides navigating and observing: expected at least `end`"
        )
    return _common_subsequence(_done(record), scored) / len(scored)


def _done(record: Record) -> list[tuple[str, str]]:
    """The successful (action, object type) pairs in order; an `end` that was wrong is none."""
    correct_end = said_end(record) and goals_hold(record)
    pairs = [(step["action"], step.get("target") or "") for step in actions_taken(record) if step["success"]]
    return [("end", "") if pair[0] == "end" else pair for pair in pairs if pair[0] != "end" or correct_end]


def _common_subsequence(first: Sequence[tuple[str, str]], second: Sequence[tuple[str, str]]) -> int:
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
