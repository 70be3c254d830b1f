"""Stage 2, self-exploration: which episodes of a model are worth training on, and why the others are not.

An episode counts if all goals hold at the model's own `end` under the rules `unaided`. The key actions, by which the
paper's data engine judges, tell progress only; where the two verdicts differ, the report says so.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb
from statistics import median
from typing import Any

from ..episodes.conversation import PromptSet
from ..errors import RecordError
from .dataset import Example
from .imitation import to_example

RULES = "unaided"


@dataclass(frozen=True)
class Verdict:
    """What is thought of one sample of one task.

    Attributes:
        task: the task's id.
        type: its type.
        sample: which of the task's samples it is, from 0.
        solved: whether all goals held at the model's own end.
        keys: whether every key action but the ways was done, in any order: as the reference judges.
        misses: places that were searched in vain.
        actions: what was done, in order.
        reason: `kept`, or why it is not: `failed`, `duplicate`, `task has enough`, `type has enough`.
    """

    task: str
    type: str
    sample: int
    solved: bool
    keys: bool
    misses: int
    actions: tuple[str, ...]
    reason: str = "kept"

    @classmethod
    def of(cls, record: Mapping[str, Any], sample: int) -> "Verdict":
        """The verdict on an episode as if it were the only one.

        Raises:
            RecordError: it was played under rules that help.
        """
        if record["rules"] != RULES:
            raise RecordError(
                f"Episode {record['id']} was played under the rules {record['rules']}; what is kept for training must "
                f"have been played under {RULES}: explore with play.rules={RULES}."
            )
        done = [(step["action"], step["target"]) for step in record["steps"][1:] if step["success"]]
        keys = [(key["action"], key["object_type"] or None) for key in record["task"]["key_actions"]]
        owed = Counter(key for key in keys if key[0] != "navigate to")
        return cls(
            task=record["id"],
            type=record["task"]["type"],
            sample=sample,
            solved=bool(record["success"]),
            keys=not owed - Counter(done),
            misses=len(record["misses"]),
            actions=tuple(f"{step['action']} {step['target'] or ''}".strip() for step in record["steps"][1:]),
            reason="kept" if record["success"] else "failed",
        )


def judged(verdicts: Iterable[Verdict], per_task: int, balance: float) -> list[Verdict]:
    """Decides which of the solved samples are kept.

    Args:
        verdicts: on each sample by itself.
        per_task: how many samples of a task are kept at most.
        balance: no type has more than so many times the samples of the median type; 0 for no limit.

    Returns:
        The same verdicts, in order, with their reasons. Of one task, and of one type, those that searched come first,
        then the shorter ones.
    """
    found = _thinned(verdicts, lambda one: (one.task, one.actions), 1, "duplicate")
    found = _thinned(found, lambda one: one.task, per_task, "task has enough")
    counts = Counter(one.type for one in found if one.reason == "kept")
    if not balance or not counts:
        return found
    return _thinned(found, lambda one: one.type, max(1, int(balance * median(counts.values()))), "type has enough")


def _thinned(verdicts: Iterable[Verdict], group: Callable[[Verdict], object], most: int, reason: str) -> list[Verdict]:
    """Keeps the best so many of each group."""
    found = list(verdicts)
    groups: dict[object, list[int]] = defaultdict(list)
    for place, one in enumerate(found):
        if one.reason == "kept":
            groups[group(one)].append(place)
    for places in groups.values():
        for place in sorted(places, key=lambda place: _preference(found[place]))[most:]:
            found[place] = replace(found[place], reason=reason)
    return found


def _preference(verdict: Verdict) -> tuple[bool, int, int]:
    return verdict.misses == 0, len(verdict.actions), verdict.sample


def explored_example(record: Mapping[str, Any], verdict: Verdict, prompts: PromptSet, folder: str) -> Example:
    """The training example of a kept sample; what the model tried and could not do is read and not trained on.

    Args:
        record: the episode.
        verdict: on it.
        prompts: the words it was played with.
        folder: where its frames' paths begin, as seen from the data set.
    """
    example = to_example(record, prompts, stage=2)
    happened = iter([bool(step["success"]) for step in record["steps"] if step["reply"] is not None])
    for message in example["messages"]:
        if message["role"] == "assistant":
            message["loss"] = next(happened) and message["loss"]
    name = f"{record['id']}#{verdict.sample}"
    return example | {"id": name, "images": [f"{folder}/{image}" for image in example["images"]]}


def pass_at(k: int, solved: int, samples: int) -> float:
    """The chance that one of `k` samples is solved, without bias by which were drawn (Chen et al. 2021, equation 1).

    Args:
        k: at most `samples`.
        solved: how many of the samples are.
        samples: how many there are.
    """
    return 1.0 - comb(samples - solved, k) / comb(samples, k)


def passed(verdicts: Iterable[Verdict], ks: Sequence[int]) -> dict[str, list[float]]:
    """pass@k by task type, the mean over its tasks, and over all of them as `all`."""
    tasks: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for one in verdicts:
        tasks[one.type, one.task].append(one.solved)
    rows: dict[str, list[list[float]]] = defaultdict(list)
    for (kind, _), solved in tasks.items():
        chances = [pass_at(min(k, len(solved)), sum(solved), len(solved)) for k in ks]
        rows["all"].append(chances)
        rows[kind].append(chances)
    return {kind: [sum(column) / len(column) for column in zip(*found, strict=True)] for kind, found in rows.items()}
