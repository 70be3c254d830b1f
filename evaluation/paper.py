"""The reference evaluator's figures, formula for formula, over the same records: to compare with published ones only.

They flatter (metrics.py has the true ones): a time-out counts as saying `end`, which earns a point whatever the state
of the room; order, instance and final state are ignored; efficiency may exceed 1; a search is won by any type in view
whose name is part of the task's name. The formulas are those of the reference's show_result.py (885d95b), which
overrides what its evaluator stored. Different here: an episode that infrastructure broke off stays in every
denominator, without an `end`; the reference leaves it out.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from evaluation.metrics import UNSCORED_ACTIONS, Record, check_record, common_subsequence, scored_key_actions

NO_OBJECT = "No Suitable Object"
"""What the reference calls every name that the room does not have."""

_COUNTED_AS_END = ("step_limit", "unparseable")
"""Ends at which the reference writes down a successful `end` that nobody said; at a repetition it is a failed one."""


@dataclass(frozen=True)
class PaperMetrics:
    """The figures of one episode under the reference's formulas.

    Attributes:
        success: whether every scored key action was matched: int(reward / scored key actions).
        efficiency: (key actions + 1) / length of the trajectory, 0 when failed; the 1 is `init`.
        completeness: reward / scored key actions.
        ordered_completeness: longest common subsequence of what was matched and the scored key actions over these;
            for `single_search` the completeness.
        repetition_rate: 1 - distinct / all targets of navigations, refused ones included.
        step: key actions but `end`; 2 for every `single_search_from_closerep`.
        length: response tokens; by the tokenizer of the model that wrote them, the reference counts GPT-4o's.
    """

    success: bool
    efficiency: float
    completeness: float
    ordered_completeness: float
    repetition_rate: float
    step: int
    length: int


class _Entry(NamedTuple):
    """One entry of the reference's trajectory."""

    action: str
    target: str | None
    success: bool

    def __str__(self) -> str:
        return self.action if self.target is None else f"{self.action} {self.target}"


def measure_as_paper(record: Record) -> PaperMetrics:
    """All figures of one episode.

    Raises:
        RecordError: the record lacks a field, or its task a scored key action; names the episode.
    """
    check_record(record)
    scored = [" ".join(filter(None, key)) for key in scored_key_actions(record)]
    trajectory, task_type = list(_trajectory(record)), record["task"]["type"]
    matched = _matched(record, trajectory)
    success, keys = len(matched) >= len(scored), record["task"]["key_actions"]
    completeness = len(matched) / len(scored)
    searches = task_type == "single_search"
    return PaperMetrics(
        success=success,
        efficiency=(len(keys) + 1) / len(trajectory) if success else 0.0,
        completeness=completeness,
        ordered_completeness=completeness if searches else common_subsequence(matched, scored) / len(scored),
        repetition_rate=_repetition_rate(trajectory),
        step=2 if task_type == "single_search_from_closerep" else len(keys) - 1,
        length=sum(int(step.get("tokens") or 0) for step in record["steps"]),
    )


def _trajectory(record: Record) -> Iterator[_Entry]:
    """The episode as the reference writes it down."""
    steps = record["steps"][:-1] if record["end"] == "repetition" else record["steps"]  # it never does the fourth
    for step in steps:
        name = NO_OBJECT if step.get("feedback") == "unknown_object" else step["target"]
        yield _Entry("error" if step["action"] == "unparseable" else step["action"], name, bool(step["success"]))
    if record["end"] in (*_COUNTED_AS_END, "repetition"):
        yield _Entry("end", None, record["end"] in _COUNTED_AS_END)


def _matched(record: Record, trajectory: list[_Entry]) -> list[str]:
    """What earns a point, in order: key actions that succeeded, each as often as the task has it, and `end`."""
    keys = [" ".join(filter(None, (key["action"], key["object_type"]))) for key in record["task"]["key_actions"]]
    left, matched, latest = Counter(keys), list[str](), ""
    for entry in trajectory:
        if not entry.success:
            continue
        if entry.action == "end":
            matched += ["end"] if _end_counts(record, latest in keys) else []
        elif entry.action not in UNSCORED_ACTIONS and left[str(entry)] > 0:
            left[str(entry)] -= 1
            matched.append(str(entry))
        latest = str(entry)
    return matched


def _end_counts(record: Record, latest_is_key: bool) -> bool:
    """Always, but for `single_search`: there a legal type must be part of the task's name, or a key action be last."""
    task = record["task"]
    if task["type"] != "single_search":
        return True
    name = str(task.get("name") or task["instruction"]).lower()
    return latest_is_key or any(kind.lower() in name for kind in record["legal_objects"])


def _repetition_rate(trajectory: list[_Entry]) -> float:
    targets = [entry.target for entry in trajectory if entry.action == "navigate to"]
    return (len(targets) - len(set(targets))) / len(targets) if targets else 0.0
