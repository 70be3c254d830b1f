"""Two runs on the same tasks: the paired differences, for a control, an ablation or a later checkpoint."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evaluation.families import FAMILIES
from evaluation.groups import grouped
from evaluation.metrics import Record, check_record
from evaluation.statistics import (
    GROUP_RESAMPLES,
    RESAMPLES,
    Interval,
    cluster_bootstrap,
    mcnemar_exact,
)
from evaluation.summary import Estimate
from llamafactory_embodied.errors import RecordError

_SAME = ("backend", "rules", "benchmark")


@dataclass(frozen=True)
class Gap:
    """Success of one run minus success of another over tasks that both played.

    `difference` is in shares of 1; `interval` is a scene-clustered bootstrap interval of it, None where it cannot
    be shown; `only_first` and `only_second` are tasks that one run alone solved; `p_value` is McNemar's exact one.
    """

    tasks: int
    first_successes: int
    second_successes: int
    difference: float
    interval: Interval | None
    only_first: int
    only_second: int
    p_value: float


@dataclass(frozen=True)
class Flip:
    """A task that one of the runs alone solved: which, and how each episode ended."""

    task: str
    seed: int
    scene: str
    instruction: str
    solved_by: str
    first_end: str
    second_end: str


@dataclass(frozen=True)
class PairedDifference:
    """All that tells two runs apart under one metric family.

    Attributes:
        first: name of one run.
        second: name of the other.
        family: metric family.
        conditions: backend, rules and benchmark; both values where they differ.
        overall: of success, over all shared tasks.
        figures: mean difference of each figure of the family.
        groups: of success, by grouping and group.
        flips: the tasks that one alone solved.
        unmatched_first: tasks that only the first run played.
        unmatched_second: tasks that only the second run played.
    """

    first: str
    second: str
    family: str
    conditions: Mapping[str, str]
    overall: Gap
    figures: Mapping[str, Estimate]
    groups: Mapping[str, Mapping[str, Gap]]
    flips: tuple[Flip, ...]
    unmatched_first: int
    unmatched_second: int


class _Pair(NamedTuple):
    first: Record
    second: Record


Key = tuple[str, int]


def paired_difference(
    first: Iterable[Record],
    second: Iterable[Record],
    *,
    names: tuple[str, str] = ("first", "second"),
    family: str = "true",
    allow_mixed: bool = False,
    seed: int = 0,
) -> PairedDifference:
    """Compare two runs task by task.

    Args:
        first: Episode records of one run.
        second: Episode records of the other; matched by task id and seed.
        names: What to call the two.
        family: Metric family.
        allow_mixed: Whether they may be of different backends, rule sets or benchmarks.
        seed: Seed of the bootstrap.

    Raises:
        RecordError: a task twice in one run, no shared task, or runs of different worlds that may not be mixed.
    """
    ours, theirs = _by_task(first, names[0]), _by_task(second, names[1])
    shared = sorted(ours.keys() & theirs.keys())
    if not shared:
        raise RecordError(
            f"runs {names[0]!r} ({len(ours)} tasks) and {names[1]!r} ({len(theirs)} tasks) share no task: "
            "expected the same tasks with the same seeds in both"
        )
    pairs = {key: _Pair(ours[key], theirs[key]) for key in shared}
    return PairedDifference(
        first=names[0],
        second=names[1],
        family=family,
        conditions={name: _condition(list(pairs.values()), name, allow_mixed) for name in _SAME},
        overall=_gap(list(pairs.values()), family, seed, RESAMPLES),
        figures=_figures(list(pairs.values()), family, seed),
        groups={
            dimension: {
                name: _gap([pairs[_key(record)] for record in records], family, seed, GROUP_RESAMPLES)
                for name, records in groups.items()
            }
            for dimension, groups in grouped([pair.first for pair in pairs.values()]).items()
        },
        flips=tuple(flip for pair in pairs.values() for flip in _flips(pair, names, family)),
        unmatched_first=len(ours) - len(shared),
        unmatched_second=len(theirs) - len(shared),
    )


def _key(record: Record) -> Key:
    return str(record["task"]["id"]), int(record.get("seed", 0))


def _by_task(records: Iterable[Record], name: str) -> dict[Key, Record]:
    found: dict[Key, Record] = {}
    for record in records:
        check_record(record)
        key = _key(record)
        if key in found:
            raise RecordError(f"run {name!r} plays task {key[0]!r} with seed {key[1]} twice: expected each once")
        found[key] = record
    return found


def _condition(pairs: Sequence[_Pair], name: str, allow_mixed: bool) -> str:
    """The value that the runs share, or both where that is allowed."""
    values = dict.fromkeys(str(record[name]) or "none" for side in zip(*pairs, strict=True) for record in side)
    if len(values) > 1 and not allow_mixed:
        raise RecordError(
            f"cannot pair runs of different {name}: {', '.join(values)}; play both under the same, or say "
            "allow_mixed=true"
        )
    return " against ".join(values)


def _solved(record: Record, family: str) -> bool:
    return bool(FAMILIES[family].measure(record).success)


def _gap(pairs: Sequence[_Pair], family: str, seed: int, resamples: int) -> Gap:
    a, b = ([_solved(pair[side], family) for pair in pairs] for side in (0, 1))
    only_first = sum(x and not y for x, y in zip(a, b, strict=True))
    only_second = sum(y and not x for x, y in zip(a, b, strict=True))
    differences = [float(x) - float(y) for x, y in zip(a, b, strict=True)]
    return Gap(
        tasks=len(pairs),
        first_successes=sum(a),
        second_successes=sum(b),
        difference=(sum(a) - sum(b)) / len(pairs),
        interval=cluster_bootstrap([differences], _scenes(pairs), resamples=resamples, seed=seed)[0],
        only_first=only_first,
        only_second=only_second,
        p_value=mcnemar_exact(only_first, only_second),
    )


def _scenes(pairs: Sequence[_Pair]) -> list[str]:
    return [str(pair.first["scene"]["name"]) for pair in pairs]


def _figures(pairs: Sequence[_Pair], family: str, seed: int) -> dict[str, Estimate]:
    measured = [[FAMILIES[family].figures(record) for record in pair] for pair in pairs]
    names = list(FAMILIES[family].titles)
    columns = [[first[name] - second[name] for first, second in measured] for name in names]
    intervals = cluster_bootstrap(columns, _scenes(pairs), seed=seed)
    means = [math.fsum(column) / len(pairs) for column in columns]
    estimates = [Estimate(mean, interval) for mean, interval in zip(means, intervals, strict=True)]
    return dict(zip(names, estimates, strict=True))


def _flips(pair: _Pair, names: tuple[str, str], family: str) -> Iterable[Flip]:
    solved = [_solved(record, family) for record in pair]
    if solved[0] != solved[1]:
        task, seed = _key(pair.first)
        yield Flip(
            task=task,
            seed=seed,
            scene=str(pair.first["scene"]["name"]),
            instruction=str(pair.first["task"]["instruction"]),
            solved_by=names[solved.index(True)],
            first_end=str(pair.first["end"]),
            second_end=str(pair.second["end"]),
        )
